"""What docs/classroom.md recommends: its files are read as JupyterHub and a student's server read them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from traitlets.config import PyFileConfigLoader

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXT = (DOCS / "classroom.md").read_text("utf-8")
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
    assert hub.PAMAuthenticator.allowed_groups >= hub.PAMAuthenticator.admin_groups  # nobody else may log in


@pytest.mark.skipif(sys.platform == "win32", reason="JupyterHub does not run on Windows")
def test_notebooks_are_handed_out_and_a_students_work_is_kept(tmp_path):
    told = student(tmp_path)
    assert told["MappingKernelManager"]["cull_idle_timeout"] > 0
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


def test_binder_finds_one_recipe_in_the_root():
    """repo2docker takes the first of these; `-r` and `-e .` below environment.yml make it copy all before it installs."""
    before = ("binder", ".binder", "Dockerfile", "apt.txt", "Pipfile", "runtime.txt")
    assert not [name for name in before if (ROOT / name).exists()]
    assert {"pip": ["-r requirements.txt"]} in yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
