"""A student's server in a class: the notebooks lie in ~/lectures, and what nobody uses is stopped."""

import atexit
import os
import resource
import shutil
import tempfile
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

# Kernels are reached by files that only their student may open: on TCP, all accounts of the machine could read what they print.
sockets = tempfile.mkdtemp(prefix="kernels-")  # not below the home folder: the path of a socket has at most 107 characters
os.environ["JUPYTER_RUNTIME_DIR"] = sockets
atexit.register(shutil.rmtree, sockets, ignore_errors=True)

c = get_config()  # noqa: F821  Jupyter provides it
c.KernelManager.transport = "ipc"
c.MappingKernelManager.cull_idle_timeout = 1 * HOURS
c.MappingKernelManager.cull_connected = True  # a browser that was left open does not count as work
c.ServerApp.shutdown_no_activity_timeout = 2 * HOURS
