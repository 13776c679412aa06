"""Build the series as a static site, JupyterLab and Python in the reader's own browser: `make site`.

    .venv/bin/python tools/publish.py [folder]

The site holds all it needs; a reader's browser asks no other host. Pyodide comes from the address in site/jupyter-lite.json, or
from the folder that JUPYTERLITE_PYODIDE_URL names (it contains `pyodide/`).
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pages
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[1]
BUILD = (
    ROOT / "build/site"
)  # what is needed on the way; every build begins anew, for JupyterLite leaves things out of a second one
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
START = "00-start-here.ipynb"


def build(out):
    """The whole site in the folder `out`, which is emptied first. ConnectionError, and nothing is touched: no Pyodide."""
    fetched("pyodide-lock.json", kernel_config(ROOT / "site"))
    for folder in (out, BUILD):
        shutil.rmtree(folder, ignore_errors=True)
    lite = BUILD / "lite"
    shutil.copytree(ROOT / "site", lite, ignore=shutil.ignore_patterns("pages"))
    shutil.copytree(ROOT / "notebooks", lite / "files", ignore=shutil.ignore_patterns(".*"))
    config = kernel_config(lite)
    tools, wheels = install(BUILD)
    pyodide(lite / "static/pyodide", config, wheels)
    run_jupyterlite(tools, wheels, lite, out)
    assert kernel_config(out)["pyodideUrl"] == "./static/pyodide/pyodide.js", "JupyterLite left Pyodide out"
    open_at_start(out / "lab/index.html")
    pages.build(out)
    licences(out)


def kernel_config(folder):
    config = json.loads((folder / "jupyter-lite.json").read_text("utf-8"))
    return config["jupyter-config-data"]["litePluginSettings"][KERNEL]


# -- what it is made of -----------------------------------------------------------------------------------------------------


def install(folder):
    """JupyterLite in a folder of its own, and the wheels for the browser; gives both folders."""
    wheels, tools = folder / "wheels", folder / "tools"
    pip("download", "--no-deps", "--dest", wheels, "--requirement", ROOT / "requirements-site.txt")
    pip("wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    ours = [line for line in (ROOT / "requirements-site.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
    named = [f"{requirement}" for requirement in map(Requirement, ours)][:4]
    pip("install", "--no-deps", "--no-index", "--find-links", wheels, "--target", tools, *named)
    return tools, wheels


def pip(command, *arguments):
    subprocess.run(
        [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", *map(str, arguments)], check=True
    )


def pyodide(folder, config, wheels):
    """Pyodide and our wheels, with one lock file for all: what is in it is imported like the standard library."""
    folder.mkdir(parents=True)
    for name in CORE:
        (folder / name).write_bytes(fetched(name, config))
    lock = json.loads((folder / "pyodide-lock.json").read_text("utf-8"))
    browser = {**{wheel.name: wheel for wheel in in_the_kernel(wheels)}, **{wheel.name: wheel for wheel in wheels.glob("*.whl")}}
    ours = {}
    for wheel in browser.values():
        name, entry = locked(wheel, lock["packages"])
        if name not in ("jupyterlite-core", "jupyterlite-pyodide-kernel", "doit", "pkginfo"):
            ours[name] = entry
            shutil.copy(wheel, folder)
    lock["packages"] = closure({**lock["packages"], **ours}, [*config["loadPyodideOptions"]["packages"], *ours])
    for name, entry in lock["packages"].items():
        if name not in ours:
            content = fetched(entry["file_name"], config)
            if hashlib.sha256(content).hexdigest() != entry["sha256"]:
                raise ValueError(f"{entry['file_name']} is not the file that Pyodide's lock file names: its sha256 differs")
            (folder / entry["file_name"]).write_bytes(content)
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), "utf-8")


def fetched(name, config):
    """A file of Pyodide, from a folder here or from its public address. ConnectionError: it is not there."""
    here = os.environ.get("JUPYTERLITE_PYODIDE_URL")
    place = str(Path(here, "pyodide", name)) if here else config["pyodideUrl"].removesuffix("pyodide.js") + name
    try:
        if here:
            return Path(place).read_bytes()
        with urllib.request.urlopen(place) as answer:
            return answer.read()
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        cure = "Without a network, let JUPYTERLITE_PYODIDE_URL name a folder that contains pyodide/ with Pyodide's files."
        raise ConnectionError(f"Cannot read {place} ({reason}). {cure}") from None


def in_the_kernel(wheels):
    """The wheels inside the kernel's own: ipykernel, piplite and the like, made for a browser. Of two of a name the newest."""
    (kernel,) = wheels.glob("jupyterlite_pyodide_kernel-*.whl")
    folder, newest = wheels.parent / "kernel", {}
    with ZipFile(kernel) as archive:
        for name in archive.namelist():
            if name.endswith(".whl"):
                wheel = Path(archive.extract(name, folder))
                project, version, *_ = parse_wheel_filename(wheel.name)
                newest[project] = max((version, wheel), newest.get(project, (version, wheel)))
    return [wheel for _, wheel in newest.values()]


def locked(wheel, known):
    """The name of a wheel, and its entry for Pyodide's lock file. It depends on what Pyodide or this site has, no more."""
    project, version, *_ = parse_wheel_filename(wheel.name)
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    asked = map(Requirement, metadata(wheel).get_all("Requires-Dist", ()))
    needs = {
        canonicalize_name(r.name) for r in asked if not r.marker or r.marker.evaluate({"sys_platform": "emscripten", "extra": ""})
    }
    browser = {"comm", "ipykernel", "ipywidgets", "jupyterlab-widgets", "num2words", "widgetsnbextension", *known}
    top = {name.split("/")[0].removesuffix(".py") for name in names if ".dist-info" not in name and ".data/" not in name}
    return project, {
        "name": project,
        "version": str(version),
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "imports": sorted(top),
        "depends": sorted(needs & browser),
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def metadata(wheel):
    """What a wheel says of itself."""
    with ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def closure(packages, wanted):
    """The entries that are needed for `wanted`, with all that they depend on."""
    needed, open_ = {}, [canonicalize_name(name) for name in wanted]
    while open_:
        name = open_.pop()
        if name not in needed:
            needed[name] = packages[name]
            open_ += map(canonicalize_name, packages[name]["depends"])
    return {name: needed[name] for name in sorted(needed)}


# -- the lab ----------------------------------------------------------------------------------------------------------------


def run_jupyterlite(tools, wheels, lite, out):
    """`jupyter lite build`, from `lite` into `out`: the lab alone, with the kernel and the widgets."""
    extensions = [next(wheels.glob(f"{name}-*.whl")) for name in ("jupyterlab_widgets", "jupyterlite_pyodide_kernel")]
    options = ["--lite-dir", lite, "--output-dir", out, "--apps", "lab", "--no-sourcemaps", "--no-unused-shared-packages"]
    settings = {
        "LiteBuildConfig": {"ignore_sys_prefix": ["federated_extensions"], "federated_extensions": list(map(str, extensions))}
    }
    (lite / "jupyter_lite_config.json").write_text(json.dumps(settings), "utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "JUPYTERLITE_PYODIDE_URL"}
    command = [sys.executable, "-c", "from jupyterlite_core.app import main; main()", "build", *map(str, options)]
    log = subprocess.run(command, env={**environment, "PYTHONPATH": str(tools)}, cwd=lite, capture_output=True, text=True)
    if log.returncode:
        raise RuntimeError(f"jupyter lite build failed:\n{log.stdout[-2000:]}\n{log.stderr[-4000:]}")


def open_at_start(page):
    """Without a notebook in its address, the lab opens the first one."""
    text = page.read_text("utf-8")
    script = f"<script>if (!location.search) history.replaceState(null, '', location.pathname + '?path={START}');</script>"
    page.write_text(text.replace("<head>", f"<head>\n    {script}", 1), "utf-8")


def licences(out):
    """A page that says what the site ships, under which licence; the full texts lie in the wheels and beside the scripts."""
    lines = ["lecturelib: BSD-3-Clause; its data: see lecturelib/data/README.md in its wheel."]
    lines += ["JupyterLab, JupyterLite and their parts: build/third-party-licenses.json; mostly BSD-3-Clause and MIT."]
    lines += [
        "Pyodide 0.27.7: Mozilla Public License 2.0, source at https://github.com/pyodide/pyodide; it holds CPython 3.12 (PSF)."
    ]
    for wheel in sorted((out / "static/pyodide").glob("*.whl")):
        said = metadata(wheel)
        kinds = [kind.rpartition(" :: ")[2] for kind in said.get_all("Classifier", ()) if kind.startswith("License")]
        licence = said["License-Expression"] or ", ".join(kinds) or (said["License"] or "see the wheel").splitlines()[0]
        lines.append(f"{said['Name']} {said['Version']}: {licence}; the text is in static/pyodide/{wheel.name}")
    (out / "LICENCES.txt").write_text("\n".join(["What this site ships, and under which licence", "", *lines, ""]), "utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist/site").resolve()
    try:
        build(target)
    except ConnectionError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"The site is not built, for this failed, and its reason is above: {' '.join(map(str, error.cmd))}")
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {size / 1e6:.1f} MB")
