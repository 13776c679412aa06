"""A real JupyterLab on this machine for the benchmarks, a network before it, and the browser."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN = ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
OWN += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def chromium():
    """The system's Chromium; None, if there is none, stands for the one that Playwright installs."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def comes_up(url, process):
    """Wait until the server of a process answers at `url`: whether it did, before the process ended or the patience did."""
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return True
        except OSError:
            if process.poll() is not None:
                return False
            time.sleep(0.2)
    return False


class Lab:
    """A real `jupyter lab` on 127.0.0.1 with its token, in a folder of its own, as if on a fresh account."""

    def __init__(self, folder):
        self.folder, self.notebooks = folder, folder / "notebooks"
        self.notebooks.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = os.urandom(16).hex()
        own = {name: folder / name.lower() for name in OWN}
        for path in own.values():
            path.mkdir()
        news = own["JUPYTER_CONFIG_DIR"] / "labconfig/page_config.json"  # no question about news
        cells = own["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
        for file, text in {
            news: '{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}',
            cells: '{"windowingMode": "none"}',  # all cells are in the page, also those out of sight
        }.items():
            file.parent.mkdir(parents=True)
            file.write_text(text)
        path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
        environment = os.environ | {name: str(path) for name, path in own.items()} | dict.fromkeys(THREADS, "1")
        environment |= {"PYTHONPATH": path, "JUPYTER_TOKEN": self.token}
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True"]
        command += [f"--port={self.port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.root_dir={self.notebooks}"]
        self.out = (folder / "lab.log").open("w")
        self.process = subprocess.Popen(command, env=environment, cwd=folder, stdout=self.out, stderr=subprocess.STDOUT)

    def url(self, path, port=None):
        return f"http://127.0.0.1:{port or self.port}/{path}?token={self.token}"

    def __enter__(self):
        if not comes_up(self.url("api/status"), self.process):
            self.__exit__()
            raise RuntimeError("jupyter lab did not start:\n" + Path(self.out.name).read_text()[-2000:])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.out.close()


class Network:
    """A TCP proxy on 127.0.0.1 before a port there. All that passes is `trip / 2` seconds late, in both directions."""

    def __init__(self, port):
        self.far, self.trip = port, 0.0
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._connect, "127.0.0.1", 0), loop).result()
        self.port = server.sockets[0].getsockname()[1]

    async def _connect(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far)
        await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))

    async def _carry(self, reader, writer):
        now, late = asyncio.get_running_loop().time, asyncio.Queue()

        async def deliver():
            while item := await late.get():
                due, data = item
                await asyncio.sleep(due - now())
                writer.write(data)
            writer.close()

        delivering = asyncio.create_task(deliver())
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                late.put_nowait((now() + self.trip / 2, data))
        late.put_nowait(None)
        await delivering
