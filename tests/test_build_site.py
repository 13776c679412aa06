"""The lock file of Python in the browser."""

import json
import re
from hashlib import sha256
from zipfile import ZipFile

import build_site
import pytest
import site_pages
import site_reference
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LOCK = {
    "info": {"arch": "wasm32", "platform": "emscripten_3_1_58", "python": "3.12.7", "version": "0.27.7"},
    "packages": {
        name: {"name": name, "version": "1", "file_name": f"{name}.whl", "install_dir": "site", "depends": depends}
        for name, depends in {"numpy": ["blas"], "blas": [], "ssl": [], "unused": ["numpy"]}.items()
    },
}
METADATA = """\
Metadata-Version: 2.4
Name: ours
Version: 0.1
Requires-Dist: NumPy>=2
Requires-Dist: docopt
Requires-Dist: pywin32; sys_platform == "win32"
Requires-Dist: tomli; python_version < "3.12"
"""


def test_the_lock_file_has_our_wheels_and_what_they_need_in_the_browser_and_no_more(tmp_path):
    (tmp_path / "lock.json").write_text(json.dumps(LOCK))
    wheel = tmp_path / "ours-0.1-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("ours/__init__.py", "")
        archive.writestr("ours-0.1.dist-info/METADATA", METADATA)
    packages = build_site.lock_with([wheel], tmp_path / "lock.json", ["ssl"]).packages
    assert list(packages) == ["blas", "numpy", "ours", "ssl"]
    ours = packages["ours"]
    assert (ours.file_name, ours.imports, ours.depends) == (wheel.name, ["ours"], ["numpy"])
    assert ours.sha256 == sha256(wheel.read_bytes()).hexdigest()


def test_a_file_of_pyodide_is_the_one_that_we_know_or_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTERLITE_PYODIDE_URL", str(tmp_path))
    (tmp_path / "pyodide").mkdir()
    (tmp_path / "pyodide/pyodide.js").write_bytes(b"known")
    assert build_site.fetched("pyodide.js", {}, sha256(b"known").hexdigest()) == b"known"
    with pytest.raises(ValueError, match=r"pyodide\.js is not the file of Pyodide 0\.27\.7"):
        build_site.fetched("pyodide.js", {}, build_site.CORE["pyodide.js"])
    with pytest.raises(ConnectionError, match=r"pyodide-lock\.json"):
        build_site.fetched("pyodide-lock.json", {}, build_site.CORE["pyodide-lock.json"])


def test_the_reference_describes_every_public_module_and_asks_no_other_host(tmp_path):
    site_reference.build(tmp_path)
    for path in (build_site.ROOT / "lecturelib").glob("*.py"):
        if path.stem not in ("__init__", "server"):
            page = (tmp_path / f"lecturelib/{path.stem}.html").read_text("utf-8")
            assert 'href="../../index.html"' in page
            assert not re.search(r"src=.https?:|<link[^>]+https?:|Alias for field number", page)
    assert "W_h" in (tmp_path / "lecturelib/cells.html").read_text("utf-8")
    assert not (tmp_path / "lecturelib/lectures").exists()


def test_an_exercise_without_a_solution_is_named():
    cell = new_code_cell("check.answer('fold', ...)", id="exercise-fold", metadata={"tags": ["exercise"]})
    with pytest.raises(ValueError, match="exercise-fold has no solution: add one under its id"):
        site_pages.cell_html(cell, {})


@pytest.mark.parametrize("changed", ["code", "text", "tags"])
def test_figures_are_drawn_anew_when_what_they_depend_on_changes(changed):
    """The text before a figure names values that are stored, and a tag names the control that they are stored for."""

    def book(text="Set w to 1.", code="live.figure(draw)", tags=("live",)):
        return new_notebook(cells=[new_markdown_cell(text, id="do"), new_code_cell(code, id="figure", metadata={"tags": tags})])

    other = {"code": {"code": "live.figure(other)"}, "text": {"text": "Set w to 2."}, "tags": {"tags": ("live", "stored:w")}}
    assert site_pages.depends_on(book()) == site_pages.depends_on(book())
    assert site_pages.depends_on(book(**other[changed])) != site_pages.depends_on(book())
