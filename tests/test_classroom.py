"""What docs/classroom.md recommends: its files are read as JupyterHub and a student's server read them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema  # it comes with nbformat
import pytest
import yaml
from traitlets.config import PyFileConfigLoader

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXT = (DOCS / "classroom.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.M | re.S)
MACHINE = TEXT[TEXT.index("## One machine") : TEXT.index("## Kubernetes")]
READ = """
import json, sys
from traitlets.config import PyFileConfigLoader
print(json.dumps(PyFileConfigLoader(sys.argv[1]).load_config()))
"""


def student(home):
    """What a student's server is told, when it starts with this home."""
    file = DOCS / "student/jupyter_server_config.py"
    env = os.environ | {"HOME": str(home)}
    run = subprocess.run([sys.executable, "-c", READ, file], env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_hub_starts_students_in_the_first_notebook_with_their_own_settings():
    hub = PyFileConfigLoader(str(DOCS / "jupyterhub_config.py")).load_config()
    assert (ROOT / "notebooks" / Path(hub.Spawner.default_url).name).is_file()
    assert Path(hub.Spawner.default_url).parent == Path("/lab/tree/lectures")
    assert Path(hub.Spawner.environment["JUPYTER_CONFIG_PATH"], "jupyter_server_config.py").is_file()
    assert hub.Spawner.environment["OPENBLAS_NUM_THREADS"] == "1"
    assert hub.Spawner.environment["LIVE_DRAW_AHEAD"] == "0"
    assert hub.PAMAuthenticator.allowed_groups >= hub.PAMAuthenticator.admin_groups  # nobody else may log in


@pytest.mark.skipif(sys.platform == "win32", reason="JupyterHub does not run on Windows")
def test_notebooks_are_handed_out_and_a_students_work_is_kept(tmp_path):
    told = student(tmp_path)
    assert told["MappingKernelManager"]["cull_idle_timeout"] > 0
    assert told["KernelManager"]["transport"] == "ipc"
    lectures, given = tmp_path / "lectures", {path.name: path.read_bytes() for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name: path.read_bytes() for path in lectures.iterdir()} == given
    worked, renamed = lectures / "01-scalar-explosion.ipynb", lectures / "02-iterated-functions.ipynb"
    worked.write_text("my work")
    renamed.rename(lectures / "mine.ipynb")
    student(tmp_path)
    assert worked.read_text() == "my work"
    assert renamed.read_bytes() == (lectures / "mine.ipynb").read_bytes() == given[renamed.name]


def test_a_students_server_stores_pictures(tmp_path):
    """With the settings of docs/student before those of the installation, our extension is still switched on."""
    code = """
from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager
print(ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions()["lecturelib.server"])
"""
    env = os.environ | {"HOME": str(tmp_path), "JUPYTER_CONFIG_PATH": str(DOCS / "student")}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert run.stdout.strip() == "True", run.stderr


def test_the_files_and_commands_that_the_page_names_are_there():
    for link in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (DOCS / link).exists(), link
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z-]+)`", TEXT)) <= targets


@pytest.mark.parametrize("commands", COMMANDS, ids=lambda commands: commands.split("\n")[0][:40])
def test_every_shell_block_is_shell(commands):
    bash = shutil.which("bash") if sys.platform != "win32" else None  # there it may be that of a subsystem without a Linux
    if not bash:
        pytest.skip("there is no bash")
    told = subprocess.run([bash, "-n"], input=re.sub("<[a-z ]+>", "name", commands), capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


# What needs root or the network is written down instead; all else is done, with a repository of the files that it needs.
STAND_INS = """
set -euo pipefail
make() { grep -q "^$1:" Makefile; }
sudo() {
    case "$1" in
        */bin/pip) test -f "$4"; echo "$PWD: $*" | tee -a "$DONE" ;;
        */python3) "$PYTHON" "${@:2}" --without-pip ;;
        git|cp) "$@" ;;
        *) echo "$*" | tee -a "$DONE" ;;
    esac
}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the recipe is for Linux")
@pytest.mark.skipif(not shutil.which("git"), reason="the recipe clones a repository")
def test_the_recipe_does_what_it_says(tmp_path):
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    shutil.copytree(DOCS, tmp_path / "origin/docs")
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / "origin")
    git = ["git", "-C", tmp_path / "origin", "-c", "user.name=we", "-c", "user.email=we@example.org"]
    for words in ("init --quiet", "add .", "commit --quiet --message=all"):
        subprocess.run([*git, *words.split()], check=True)
    blocks = re.findall(r"^```sh\n(.*?)^```", MACHINE, re.M | re.S)
    recipe = re.sub(r"(?<= )/(?=opt/|etc/)", f"{tmp_path}/", STAND_INS + "".join(blocks))
    for name, stands_for in {"<this repository>": f"'{tmp_path}/origin'", "<name>": "ann", "<you>": "you"}.items():
        recipe = recipe.replace(name, stands_for)
    env = os.environ | {"HOME": str(tmp_path), "PYTHON": sys.executable, "DONE": str(tmp_path / "done")}
    ran = subprocess.run(["bash"], input=recipe, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    done = (tmp_path / "done").read_text().splitlines()
    assert done[1] == f"{tmp_path}/opt/lecturelib: {tmp_path}/opt/hub/bin/pip install -r requirements.txt jupyterhub==6.1.*"
    (unit,) = (tmp_path / "etc/systemd/system").iterdir()
    assert f"systemctl enable --now {unit.stem}" in done
    (python, option, config) = re.search("^ExecStart=(.*)", unit.read_text(), re.M)[1].split()
    assert (tmp_path / python[1:]).with_name("python").exists() and option == "-f"
    assert (tmp_path / config[1:]).read_bytes() == (DOCS / "jupyterhub_config.py").read_bytes()
    hub = PyFileConfigLoader(str(DOCS / "jupyterhub_config.py")).load_config()
    assert {f"groupadd {group}" for group in hub.PAMAuthenticator.allowed_groups} <= set(done)


def test_the_versions_that_the_page_names_are_the_pinned_ones():
    pins = dict(re.findall(r"^([a-z-]+)==([\d.]+)\.\*", (ROOT / "requirements.txt").read_text("utf-8"), re.M))
    pins["jupyterhub"] = re.search(r"jupyterhub==([\d.]+)\.\*", TEXT)[1]
    measured = TEXT[TEXT.index("**Memory.**") : TEXT.index("**Handing out.**")]
    named = re.findall(r"(Jupyter(?:Hub|Lab)) (\d+\.\d+)", measured)
    assert named == [(name, pins[name.lower()]) for name in ("JupyterHub", "JupyterLab")]


def closed(*needed, **properties):
    return {"type": "object", "additionalProperties": False, "required": [*needed], "properties": properties}


# What the chart allows of the keys that we use, in our words. The source is jupyterhub/values.schema.yaml in the repository
# jupyterhub/zero-to-jupyterhub-k8s, at commit 02dd73df01bd.
CHART = closed(
    singleuser=closed(
        image=closed("name", "tag", name={"type": "string"}, tag={"type": "string"}),
        defaultUrl={"type": ["string", "null"]},
        extraEnv={"type": "object", "additionalProperties": {"type": "string"}},  # the schema is laxer; Kubernetes is not
        memory=closed(guarantee={"type": ["number", "string", "null"]}, limit={"type": ["number", "string", "null"]}),
    )
)


def test_the_values_for_kubernetes_fit_the_chart_the_image_and_the_hub_here():
    values = yaml.safe_load((DOCS / "z2jh-values.yaml").read_text("utf-8"))
    jsonschema.validate(values, CHART)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"singleuser": {**values["singleuser"], "default_url": "/lab"}}, CHART)
    hub, told = PyFileConfigLoader(str(DOCS / "jupyterhub_config.py")).load_config(), values["singleuser"]
    assert told["defaultUrl"] == hub.Spawner.default_url
    series = Path(re.search(r"--target-repo-dir (\S+)", TEXT)[1])
    assert (ROOT / Path(told["extraEnv"]["JUPYTER_CONFIG_PATH"]).relative_to(series) / "jupyter_server_config.py").is_file()


def test_binder_finds_one_recipe_in_the_root():
    """repo2docker takes the first of these; `-r` and `-e .` below environment.yml make it copy all before it installs."""
    before = ("binder", ".binder", "Dockerfile", "apt.txt", "Pipfile", "runtime.txt")
    assert not [name for name in before if (ROOT / name).exists()]
    assert {"pip": ["-r requirements.txt"]} in yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
