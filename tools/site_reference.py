"""The reference of the library as pages of the site, made by pdoc from the docstrings."""

from pathlib import Path

import pdoc
from processors import ROOT

import lecturelib

MODULES = ("lecturelib", "!lecturelib.lectures", "!lecturelib.server")  # these two are not for others to call


def build(folder: Path) -> None:
    """Write the reference into `folder`; its first page is lecturelib.html."""
    pdoc.render.configure(
        template_directory=ROOT / "site/pages/reference",
        footer_text=f"lecturelib {lecturelib.__version__}",
        search=False,  # the index is as large as all pages together
        show_source=False,
    )
    pdoc.pdoc(*MODULES, output_directory=folder)
