"""Compile what a page imports to bytecode: it takes half of the time until the page is live.

Not run here, but by Pyodide, since no other Python writes what that one reads: see bytecode.js.
"""

import importlib.util
import pkgutil
import sys
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc  # type: ignore[attr-defined]

NO_PAGE = ("anywidget", "traitlets")  # what shows widgets and what serves JupyterLab need them, but no page does
PLACES = ("/lib/python3.12/site-packages/", "/lib/python312.zip/")


def imported(package: str) -> set[str]:
    """The sources, as archives name them, of all modules of the package that a page can import, and of what they need."""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in NO_PAGE:
                raise
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    return {file.removeprefix(place) for file in files for place in PLACES if file.startswith(place) and file.endswith(".py")}


def compile_in(path: str, wanted: set[str], ours: bool, bare: bool) -> None:
    """Compile the modules `wanted` in the archive at `path`, without docstrings if it is to be `bare`.

    The bytecode of our own stands beside the source, which readers may want to see, and an import does not compare the two. That
    of others takes the place of the source.
    """
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name in wanted & set(files):
        content = files[name] if ours else files.pop(name)
        code = compile(content, PLACES[0] + name, "exec", dont_inherit=True, optimize=2 if bare else 0)
        where = importlib.util.cache_from_source(name) if ours else f"{name}c"
        files[where] = bytes(_code_to_hash_pyc(code, importlib.util.source_hash(content), False))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
