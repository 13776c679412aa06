"""Compile the modules of wheels to bytecode, which takes half of the time until a page is live. Not run here, but by Pyodide,
since no other Python writes what that one reads: `bytecode.js`."""

import importlib.util
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc  # type: ignore[attr-defined]
from pathlib import PurePosixPath

PLACE = "/lib/python3.12/site-packages/"


def compile_wheel(path: str, sources: bool, docstrings: bool) -> None:
    """Put bytecode into the archive at `path`: beside each module if its source is to stay, else in its place."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            code = _compiled(name, content, 0 if docstrings else 2) if name.endswith(".py") else None
            if code is None or sources:
                archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
            if code is not None:
                where = importlib.util.cache_from_source(name) if sources else f"{PurePosixPath(name)}c"
                archive.writestr(zipfile.ZipInfo(where, (2020, 1, 1, 0, 0, 0)), code, zipfile.ZIP_DEFLATED)


def _compiled(name, content, optimize):
    """The bytecode, which is not compared with its source when it is imported, or None for a template that is no Python."""
    try:
        code = compile(content, PLACE + name, "exec", dont_inherit=True, optimize=optimize)
    except SyntaxError:
        return None
    return bytes(_code_to_hash_pyc(code, importlib.util.source_hash(content), False))
