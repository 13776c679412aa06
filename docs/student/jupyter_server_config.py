"""A student's server in a class: the notebooks lie in ~/lectures, and what nobody uses is stopped."""

import resource
import shutil
from pathlib import Path

import lecturelib

SERIES = Path(lecturelib.__file__).resolve().parents[1]
HOURS = 3600

# Handed out: what is not there yet. What a student has is never touched; a fresh copy comes for a file that was renamed.
lectures = Path.home() / "lectures"
lectures.mkdir(exist_ok=True)
for notebook in (SERIES / "notebooks").glob("*.ipynb"):
    if not (lectures / notebook.name).exists():
        shutil.copyfile(notebook, lectures / notebook.name)

resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))  # of the server, and of each kernel: 2 GB, then a MemoryError

c = get_config()  # noqa: F821  Jupyter provides it
c.MappingKernelManager.cull_idle_timeout = 1 * HOURS
c.MappingKernelManager.cull_connected = True  # a browser that was left open does not count as work
c.ServerApp.shutdown_no_activity_timeout = 2 * HOURS
