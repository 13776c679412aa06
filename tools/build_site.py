"""Build the series as a static site, with JupyterLab and Python running in the reader's own browser: `make site`.

    .venv/bin/python tools/build_site.py [folder]

The site contains all it needs, so a reader's browser contacts no other host. The build takes Pyodide from the address in
site/jupyter-lite.json, or, if JUPYTERLITE_PYODIDE_URL is set, from that folder, which must contain `pyodide/`.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Container, Iterable, Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import nbformat
import playwright
import site_docs
import site_front
import site_pages
import site_reference
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version
from processors import ROOT
from pyodide_lock import PackageSpec, PyodideLockSpec
from pyodide_lock.utils import add_wheels_to_spec
from run_notebooks import paths_in

from lecturelib.edition import LECTURERS

BUILD = ROOT / "build/site"  # intermediate files, made anew each time: a second JupyterLite build there leaves things out
TOOLS = ("jupyterlite-core", "jupyterlite-pyodide-kernel", "doit", "pkginfo")  # in requirements-site.txt: not for the browser
CORE = {  # Pyodide's own files, with their sha256; its lock file has that of every wheel
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    "pyodide-lock.json": "8ab8a69ce9fcbb13136116e1606744ccf5e76988cb524fc45aa70e7480e72602",
}
EXTENSIONS = ("anywidget", "jupyterlab_widgets", "jupyterlite_pyodide_kernel")  # of JupyterLab
UNUSED = ("docopt", "fonttools", "pytz")  # only for the command of num2words, and for what we do not use of matplotlib
NO_PAGE = ("anywidget", "ipywidgets", "matplotlib-pyodide")  # a page has Python, but not Jupyter
FONTS = r"fonts/(afm|pdfcorefonts|ttf/(DejaVuSerif|DejaVuSansMono-|DejaVuSans-BoldO|STIXGeneralBolI))"
WINDOWS = r"qt_|_backend_(gtk|tk)|web_backend|backend_(cairo|gtk|mac|nbagg|pgf|ps|qt|tk|webagg|wx)"
PARTS = rf"_animation|_qhull|_ttconv|animation|sphinxext|testing|backends/({WINDOWS})|mpl-data/(sample_data|images|{FONTS})"
TRIMMED = {  # files of wheels that nothing here reads
    "matplotlib": rf"matplotlib/({PARTS})|mpl_toolkits/ax",
    "pillow": r"PIL/_(imagingcms|imagingft|imagingtk|webp)\.|PIL/(?!Bmp|Gif|Jpeg|Png|Ppm|Tiff)\w+ImagePlugin|PIL/P(df|SDraw)",
    "numpy": r"numpy/(f2py|linalg/lapack_lite|_core/include|testing/tests|.+\.(pyi|pxd|a)$)",
    "python-dateutil": r"dateutil/zoneinfo/.+\.tar\.gz",
    "jedi": r"jedi/third_party/django-stubs",
}
CODES = r"encodings/(cp(?!437|1252)|mac_|iso\d|koi8|big5|euc_|gb|johab|shift_|hp_|kz|ptcp|tis_)"  # of letters
UNASKED = r"_pydatetime|_pydecimal|_pyio|doctest|ftplib|imaplib|mailbox|pickletools|poplib|smtplib"
OUTDATED = r"aifc|cgi|cgitb|compileall|mailcap|modulefinder|pipes|pyclbr|sndhdr|sunau|tabnanny|trace|uu|zipapp"
ELSEWHERE = r"asyncio/(windows_events|windows_utils|proactor_events)"
MODULES = rf"(multiprocessing|wsgiref|xmlrpc)/|({UNASKED}|{OUTDATED}|{ELSEWHERE})\.py"
OLD_FONTS = ("eot", "svg", "ttf", "woff")  # of the lab's icons: a browser that runs WebAssembly reads woff2
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
START = "00-start-here.ipynb"


def build(out: Path) -> None:
    """Build the whole site in the folder `out`, which is emptied first. ConnectionError: no Pyodide, and ValueError: not the one
    that we know; `out` is then left alone."""
    fetched("pyodide-lock.json", kernel_config(ROOT / "site"), CORE["pyodide-lock.json"])
    for folder in (out, BUILD):
        shutil.rmtree(folder, ignore_errors=True)
    lite = BUILD / "lite"
    shutil.copytree(ROOT / "site", lite, ignore=shutil.ignore_patterns("pages"))
    (lite / "files").mkdir()
    for path in paths_in([]):  # each text as one string: the lab in the browser puts commas between the lines of a list
        (lite / "files" / path.name).write_text(json.dumps(nbformat.read(path, as_version=4), ensure_ascii=False), "utf-8")
    config = kernel_config(lite)
    tools, wheels = install(BUILD)
    pyodide(lite / "static/pyodide", config, wheels)
    run_jupyterlite(tools, wheels, lite, out)
    assert kernel_config(out)["pyodideUrl"] == "./static/pyodide/pyodide.js", "JupyterLite left out Pyodide"
    for font in [font for kind in OLD_FONTS for font in (out / "build").glob(f"fa-*.{kind}")]:
        font.unlink()
    for script in (out / "build").glob("*.js"):
        if "org.eclipse.elk" in script.read_text("utf-8"):  # another layout for Mermaid's diagrams, 1.5 MB
            script.unlink()
    open_at_start(out / "lab/index.html")
    site_pages.build(out)
    site_docs.build(out)
    (out / "index.html").write_text(site_front.front(paths_in([])), "utf-8")
    site_reference.build(out / "reference")
    licences(out)


def kernel_config(folder: Path) -> dict[str, Any]:
    """The settings of Python in the browser, from the folder's jupyter-lite.json."""
    config = json.loads((folder / "jupyter-lite.json").read_text("utf-8"))
    return config["jupyter-config-data"]["litePluginSettings"][KERNEL]


# -- its parts -------------------------------------------------------------------------------------------------------------


def install(folder: Path) -> tuple[Path, Path]:
    """Install JupyterLite into a separate folder, and collect the wheels for the browser in another; return both."""
    wheels, tools = folder / "wheels", folder / "tools"
    pure = ("--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none")  # psygnal is compiled for other places
    pip("download", "--no-deps", *pure, "--dest", wheels, "--requirement", ROOT / "requirements-site.txt")
    pip("wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    pip("install", "--no-deps", "--no-index", "--find-links", wheels, "--target", tools, *TOOLS)
    return tools, wheels


def pip(command: str, *arguments: str | Path) -> None:
    """Run a command of pip."""
    start = [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check"]
    subprocess.run([*start, *map(str, arguments)], check=True)


def pyodide(folder: Path, config: Mapping[str, Any], wheels: Path) -> None:
    """Put Pyodide and our wheels into one folder with one lock file: Python then imports what it lists like its own library."""
    folder.mkdir(parents=True)
    for name, sha256 in CORE.items():
        (folder / name).write_bytes(fetched(name, config, sha256))
    ours = [Path(shutil.copy(wheel, folder)) for wheel in browser_wheels(wheels)]
    ours.append(data_apart(next(folder.glob("lecturelib-*.whl"))))
    lock = lock_with(ours, folder / "pyodide-lock.json", config["loadPyodideOptions"]["packages"])
    page = lock.model_copy(deep=True)
    reduce(page, ["lecturelib", "lecturelib-data"], NO_PAGE)
    for name, entry in lock.packages.items():
        file = folder / entry.file_name
        if not file.exists():
            file.write_bytes(fetched(entry.file_name, config, entry.sha256))
        if name in TRIMMED:
            without(file, re.compile(TRIMMED[name]))
    without(folder / "python_stdlib.zip", re.compile(f"{CODES}|{MODULES}"))
    write_locks(folder, lock, page)
    precompile(folder)
    write_locks(folder, lock, page)


def write_locks(folder: Path, lock: PyodideLockSpec, page: PyodideLockSpec) -> None:
    """Write both lock files, with the hashes that the wheels have now."""
    for kind, packages in (("pyodide", lock), ("page", page)):
        for entry in packages.packages.values():
            entry.sha256 = hashlib.sha256((folder / entry.file_name).read_bytes()).hexdigest()
        packages.to_json(folder / f"{kind}-lock.json")


def precompile(folder: Path) -> None:
    """Compile what a page imports to bytecode."""
    node = Path(str(playwright.__file__)).with_name("driver") / ("node.exe" if os.name == "nt" else "node")  # it brings its own
    command = [str(node), str(ROOT / "tools/bytecode.js"), str(folder), "lecturelib"]
    log = subprocess.run(command, capture_output=True, text=True)
    if log.returncode:
        raise RuntimeError(f"compiling the wheels failed:\n{log.stdout[-2000:]}\n{log.stderr[-4000:]}")


def fetched(name: str, config: Mapping[str, Any], sha256: str) -> bytes:
    """A file of Pyodide, from the folder that JUPYTERLITE_PYODIDE_URL names or from its public address.

    Raises ConnectionError if there is none, and ValueError if its hash is not `sha256`.
    """
    here = os.environ.get("JUPYTERLITE_PYODIDE_URL")
    place = str(Path(here, "pyodide", name)) if here else config["pyodideUrl"].removesuffix("pyodide.js") + name
    try:
        if here:
            content = Path(place).read_bytes()
        else:
            with urllib.request.urlopen(place) as answer:
                content = answer.read()
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        cure = "Without a network, set JUPYTERLITE_PYODIDE_URL to a folder that contains pyodide/ with Pyodide's files."
        raise ConnectionError(f"Cannot read {place} ({reason}). {cure}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{place} is not the file of Pyodide 0.27.7 that this site was tested with: its sha256 differs")
    return content


def browser_wheels(wheels: Path) -> list[Path]:
    """The wheels for Python in the browser: ours, and those that the wheel of JupyterLite's kernel contains.

    The kernel brings ipykernel, piplite and the like, adapted to a browser. If it has two versions, the newest counts.
    """
    (kernel,) = wheels.glob("jupyterlite_pyodide_kernel-*.whl")
    found: dict[str, tuple[Version, Path]] = {}
    with ZipFile(kernel) as archive:
        inside = [Path(archive.extract(name, wheels.parent / "kernel")) for name in archive.namelist() if name.endswith(".whl")]
    for wheel in [*inside, *wheels.glob("*.whl")]:
        project, version, *_ = parse_wheel_filename(wheel.name)
        if project not in TOOLS:
            found[project] = max((version, wheel), found.get(project, (version, wheel)))
    return [wheel for _, wheel in found.values()]


def without(wheel: Path, unwanted: re.Pattern[str]) -> None:
    """Take files out of a wheel, or another archive."""
    with ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not unwanted.match(name)}
    with ZipFile(wheel, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            archive.writestr(ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, ZIP_DEFLATED)


def data_apart(wheel: Path) -> Path:
    """Move our data into a wheel of its own, which most pages need not load."""
    with ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".npz")}
    version = wheel.name.split("-")[1]
    data, about = wheel.with_name(f"lecturelib_data-{version}-py3-none-any.whl"), f"lecturelib_data-{version}.dist-info"
    files[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: lecturelib-data\nVersion: {version}\n".encode()
    files[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/RECORD"] = b""
    files["lecturelib_data.py"] = b""  # Pyodide's lock file wants something that can be imported
    with ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, ZIP_DEFLATED)
    without(wheel, re.compile(rf".+\.npz$|lecturelib/({'|'.join(LECTURERS)})$"))  # a browser marks nobody
    return data


def lock_with(ours: Sequence[Path], lock_file: Path, wanted: Iterable[str]) -> PyodideLockSpec:
    """Pyodide's lock file with our wheels added, reduced to them, to the packages `wanted`, and to all that these need."""
    lock = add_wheels_to_spec(PyodideLockSpec.from_json(lock_file), list(ours), ignore_missing_dependencies=True)
    added = [entry for entry in lock.packages.values() if entry.file_name in {wheel.name for wheel in ours}]
    reduce(lock, [*wanted, *(entry.name for entry in added)], UNUSED)
    return lock


def reduce(lock: PyodideLockSpec, wanted: Iterable[str], unused: Container[str]) -> None:
    """Keep only the packages `wanted` and all that they need, without those that are `unused`."""
    for entry in lock.packages.values():
        entry.depends = [needed for needed in entry.depends if canonicalize_name(needed) not in unused]
    needed: dict[str, PackageSpec] = {}
    queue = list(wanted)
    while queue:
        name = canonicalize_name(queue.pop())
        if name not in needed:
            needed[name] = lock.packages[name]
            queue += needed[name].depends
    lock.packages = dict(sorted(needed.items()))


def metadata(wheel: Path) -> Message:
    """The metadata of a wheel."""
    with ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


# -- the lab ----------------------------------------------------------------------------------------------------------------


def run_jupyterlite(tools: Path, wheels: Path, lite: Path, out: Path) -> None:
    """Run `jupyter lite build` from `lite` into `out`: only the lab, with the kernel and the widgets."""
    extensions = [next(wheels.glob(f"{name}-*.whl")) for name in EXTENSIONS]
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


def open_at_start(page: Path) -> None:
    """Make the lab open the first notebook if its address names none."""
    text = page.read_text("utf-8")
    script = f"<script>if (!location.search) history.replaceState(null, '', location.pathname + '?path={START}');</script>"
    page.write_text(text.replace("<head>", f"<head>\n    {script}", 1), "utf-8")


def licences(out: Path) -> None:
    """Write a page that says what the site contains and under which licence; the full texts are in the wheels and scripts."""
    lines = [
        "lecturelib: BSD-3-Clause; its data: see lecturelib/data/README.md in its wheel.",
        "JupyterLab, JupyterLite and their parts: see build/third-party-licenses.json; mostly BSD-3-Clause and MIT.",
        "Pyodide 0.27.7: Mozilla Public License 2.0, source at https://github.com/pyodide/pyodide; contains CPython 3.12 (PSF).",
    ]
    for wheel in sorted((out / "static/pyodide").glob("*.whl")):
        said = metadata(wheel)
        kinds = [kind.rpartition(" :: ")[2] for kind in said.get_all("Classifier", ()) if kind.startswith("License")]
        licence = said["License-Expression"] or ", ".join(kinds) or (said["License"] or "see the wheel").splitlines()[0]
        lines.append(f"{said['Name']} {said['Version']}: {licence}; the text is in static/pyodide/{wheel.name}")
    (out / "LICENCES.txt").write_text("\n".join(["What this site contains, and under which licence", "", *lines, ""]), "utf-8")


def main(arguments: Sequence[str]) -> int | str:
    """Build the site and print its size; a string says why it was not built."""
    parser = argparse.ArgumentParser(description="Build the series as a static site.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist/site", help="dist/site by default")
    target = parser.parse_args(arguments).folder.resolve()
    try:
        build(target)
    except (ConnectionError, ValueError) as error:
        return str(error)
    except subprocess.CalledProcessError as error:
        return f"The site was not built, because this command failed (see above): {' '.join(map(str, error.cmd))}"
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
