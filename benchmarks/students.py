"""What a student takes of a classroom's machine: a server and one kernel with a notebook that has run from top to bottom.

    .venv/bin/python benchmarks/students.py [students] [notebook]

All students work at the same time, each with a JupyterLab and a page of their own. Memory is the proportional set size (PSS) of
the server and all below it: a page that k processes share counts 1/k for each. Linux only.
"""

import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil  # it comes with ipykernel
from edition import opened
from lab import ROOT, Lab, chromium
from playwright.sync_api import sync_playwright


def megabytes(*processes):
    """Their proportional set sizes together, in MB."""
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def main(students=4, book="03-attractors.ipynb"):
    """Print the memory of each student's server and kernel."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, ExitStack() as labs:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        servers = []
        for k in range(int(students)):
            (own := Path(folder, str(k))).mkdir()
            lab = labs.enter_context(Lab(own))
            shutil.copy(ROOT / "notebooks" / book, lab.notebooks)
            opened(browser, lab.url(f"lab/tree/{book}"))
            servers.append(psutil.Process(lab.process.pid))
        parts = np.array([[megabytes(server), megabytes(*server.children(recursive=True))] for server in servers])
        browser.close()
    each = parts.sum(1)
    server, kernel = parts.mean(0)
    print(f"{book}, {students} students: {each.mean():.0f} MB each ({each.min():.0f} to {each.max():.0f}),", end=" ")
    print(f"of it the server {server:.0f} and the kernel {kernel:.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
