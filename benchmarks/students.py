"""What a class takes of one machine: JupyterHub as docs/classroom.md sets it up, its proxy, and students who all slide at once.

    [LIVE_DRAW_AHEAD=1] /opt/hub/bin/python benchmarks/students.py [students ...]

For each number of students (1 5 10 20) a hub is started anew, with docs/jupyterhub_config.py. All students log in at once, run
02-iterated-functions.ipynb from top to bottom, and then move its sliders for two minutes: bursts of moves, three in a second,
with pauses to read. They speak HTTP and the kernel's websocket, as the browser does, but need no browser (browserless.py).

A slide lasts from the move to the bytes of a frame at the client. A move whose frame the page has kept, because it was drawn
ahead, asks nobody and is counted apart. LIVE_DRAW_AHEAD=1 draws ahead. Memory is the proportional set size (PSS):
a page that k processes share counts 1/k for each.

Not as in a class: no PAM, all servers run as the user who runs this, the screens have one pixel per CSS pixel, and the students
run on the same machine. Linux only. It needs JupyterHub in this Python, and configurable-http-proxy.
"""

import asyncio
import importlib.util
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

import numpy as np
import psutil  # it comes with ipykernel
import requests  # it comes with JupyterLab
from browserless import Kernel, now
from lab import comes_up

ROOT = Path(__file__).resolve().parent.parent
BOOK = "02-iterated-functions.ipynb"
SLIDING = 120  # seconds
BURST, BETWEEN, READING = (8, 16), (0.2, 0.45), (2.0, 8.0)  # moves; seconds between them; seconds between bursts
SYSTEM = 1500  # MB of memory that is left to it
SMOOTH = 0.15  # seconds; a slide that takes longer is felt
HERE = f"""
load_subconfig({str(ROOT / "docs/jupyterhub_config.py")!r})
c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.Spawner.args = ["--allow-root"]
c.Spawner.environment["LIVE_DRAW_AHEAD"] = {os.environ.get("LIVE_DRAW_AHEAD", "0")!r}
"""


def free_ports(count):
    """Ports of 127.0.0.1 that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Hub:
    """JupyterHub with its proxy, on 127.0.0.1, in a folder of its own, in which each student also has a home."""

    def __init__(self, folder):
        port, hub, api = free_ports(3)
        self.url = f"http://127.0.0.1:{port}/"
        own = f"c.SimpleLocalProcessSpawner.home_dir_template = {str(folder / '{username}')!r}\n"
        own += f"c.JupyterHub.bind_url = {self.url!r}\nc.JupyterHub.hub_port = {hub}\n"
        own += f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{api}'\n"
        (folder / "config.py").write_text(HERE + own)
        self.log = (folder / "hub.log").open("w")
        command = [sys.executable, "-m", "jupyterhub", "-f", "config.py"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=subprocess.STDOUT)

    def __enter__(self):
        if not comes_up(f"{self.url}hub/health", self.process):
            self.__exit__()
            raise RuntimeError("JupyterHub did not start:\n" + Path(self.log.name).read_text()[-2000:])
        return self

    def __exit__(self, *_):
        self.process.terminate()  # it stops the proxy and all servers
        self.process.wait(120)
        self.log.close()

    def processes(self):
        """All processes by what they are: those of the hub (and the proxy), the students' servers, and their kernels."""
        own = psutil.Process(self.process.pid)
        children = own.children()
        servers = [child for child in children if any("jupyterhub-singleuser" in part for part in child.cmdline())]
        kernels = [kernel for server in servers for kernel in server.children(recursive=True)]
        return {
            "hub and proxy": [own, *(child for child in children if child not in servers)],
            "servers": servers,
            "kernels": kernels,
        }


class Student:
    """One student: logs in, opens the notebook, runs it, moves sliders. `opened` and `ran` are the seconds that this took."""

    def __init__(self, hub, number):
        self.hub, self.name, self.random = hub, f"student{number}", random.Random(number)
        self.web, self.home = requests.Session(), f"{hub.url}user/student{number}/"
        self.kernel = Kernel()

    async def arrive(self):
        """Log in, wait for the server, and open the notebook: until its kernel has answered."""
        began = time.monotonic()
        book, address = await asyncio.to_thread(self._log_in)
        cookies = self.web.prepare_request(requests.Request("GET", self.home)).headers["Cookie"]
        await self.kernel.connect(address, {"Cookie": cookies, "Origin": self.hub.url.rstrip("/")})
        self.opened = time.monotonic() - began
        self.code = [cell["source"] for cell in book["content"]["cells"] if cell["cell_type"] == "code"]

    def _log_in(self):
        login = f"{self.hub.url}hub/login"
        self._page("GET", login)
        self._page("POST", login, data={"username": self.name, "password": "", "_xsrf": self._token("/hub/")})
        self._page("GET", f"{self.hub.url}hub/spawn/{self.name}")
        while not self._page("GET", f"{self.hub.url}hub/api/users/{self.name}").json()["servers"].get("", {}).get("ready"):
            time.sleep(0.2)
        lab = self._page("GET", f"{self.home}lab/tree/lectures/{BOOK}")
        for script in re.findall(r'<script[^>]* src="([^"]+)"', lab.text):
            self._page("GET", urljoin(lab.url, script))
        for path in ("lab/api/settings", "api/kernelspecs", "api/contents/lectures"):
            self._page("GET", self.home + path)
        book = self._page("GET", f"{self.home}api/contents/lectures/{BOOK}").json()
        session = {"path": f"lectures/{BOOK}", "name": BOOK, "type": "notebook", "kernel": {"name": "python3"}}
        token = {"X-XSRFToken": self._token(f"/user/{self.name}/")}
        made = self._page("POST", f"{self.home}api/sessions", json=session, headers=token).json()
        return book, f"{self.home.replace('http', 'ws', 1)}api/kernels/{made['kernel']['id']}/channels?session_id={made['id']}"

    def _page(self, method, address, **more):
        answer = self.web.request(method, address, timeout=180, **more)
        if not answer.ok:
            raise RuntimeError(f"{method} {address}: {answer.status_code} {answer.text[:500]}")
        return answer

    def _token(self, path):
        return next(cookie.value for cookie in self.web.cookies if cookie.name == "_xsrf" and cookie.path == path)

    async def run(self):
        began = time.monotonic()
        for code in self.code:
            await self.kernel.run(code)
        self.ran = time.monotonic() - began

    async def slide(self, seconds):
        """Move sliders, as a hand on the arrow keys does."""
        figures, end = list(self.kernel.figures.values()), now() + seconds
        while now() < end:
            await asyncio.sleep(self.random.uniform(*READING))
            figure = self.random.choice(figures)
            control = self.random.choice([control for control in figure.controls if control.slides])
            stops, way = control.ladder(), self.random.choice((-1, 1))
            figure.approach(control)
            for _ in range(self.random.randint(*BURST)):
                here = control.nearest(stops)
                if not 0 <= here + way < len(stops):
                    way = -way
                figure.move(control, stops[here + way])
                await asyncio.sleep(self.random.uniform(*BETWEEN))
        while any(figure.waiting for figure in figures):
            if self.kernel.listening.done():
                self.kernel.listening.result()
            await asyncio.sleep(0.1)


class Row(NamedTuple):
    """What was measured with a number of students."""

    students: int
    opened: np.ndarray  # seconds, one for each student
    ran: np.ndarray
    took: np.ndarray  # seconds, one for each slide that waited for the kernel
    at_once: int  # slides whose frame the page had kept
    memory: dict  # PSS in MB, of all processes of a kind together
    cores: dict  # that they were using while the students slid
    others: float  # cores that all else on the machine used


def megabytes(processes):
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def seconds_used(processes):
    return sum(sum(process.cpu_times()[:2]) for process in processes)


async def lesson(hub, count):
    """The row of a class of `count` students."""
    students = [Student(hub, k) for k in range(count)]
    # A thread for each login, and some for what asyncio itself does in threads.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(count + 8))
    await asyncio.gather(*(student.arrive() for student in students))
    await asyncio.gather(*(student.run() for student in students))
    kinds = hub.processes() | {"the students' side": [psutil.Process()]}
    before, clock, all_before = {kind: seconds_used(those) for kind, those in kinds.items()}, time.monotonic(), psutil.cpu_times()
    await asyncio.gather(*(student.slide(SLIDING) for student in students))
    passed, after = time.monotonic() - clock, psutil.cpu_times()
    cores = {kind: (seconds_used(those) - before[kind]) / passed for kind, those in kinds.items()}
    busy = sum(after) - sum(all_before) - (after.idle - all_before.idle) - (after.iowait - all_before.iowait)
    memory = {kind: megabytes(those) for kind, those in kinds.items()}
    figures = [figure for student in students for figure in student.kernel.figures.values()]
    for student in students:
        student.kernel.close()
    return Row(
        count,
        np.array([student.opened for student in students]),
        np.array([student.ran for student in students]),
        np.array([took for figure in figures for took in figure.took]),
        sum(figure.at_once for figure in figures),
        memory,
        cores,
        busy / passed - sum(cores.values()),
    )


def measured(count):
    """A lesson on a hub of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Hub(Path(folder)) as hub:
        return asyncio.run(lesson(hub, count))


def all_slides(row):
    """The 95th percentile of the seconds that a slide takes, when one that the page had kept takes none."""
    return np.quantile([*row.took, *[0.0] * row.at_once], 0.95)


def described(row):
    """A row in words."""
    p50, p95 = np.quantile(row.took, (0.5, 0.95)) * 1000
    moves, each = len(row.took) + row.at_once, {kind: number / row.students for kind, number in row.memory.items()}
    cores = ", ".join(f"{kind} {number:.2f}" for kind, number in row.cores.items())
    return f"""{row.students} students
  from the login to the notebook: median {np.median(row.opened):.1f} s, longest {row.opened.max():.1f} s
  all cells of the notebook: median {np.median(row.ran):.1f} s, longest {row.ran.max():.1f} s
  a slide that waits for the kernel: p50 {p50:.0f} ms, p95 {p95:.0f} ms ({len(row.took)} of {moves})
  of all slides, those at once that the page had kept: p95 {all_slides(row) * 1000:.0f} ms
  MB for each student: server {each["servers"]:.0f}, kernel {each["kernels"]:.0f}; hub and proxy {row.memory["hub and proxy"]:.0f}
  cores while they slide: {cores}; all else on the machine {row.others:.2f}"""


def main(counts):
    """Print a row for each number of students, and what a machine of 16 GB has room for."""
    if not importlib.util.find_spec("jupyterhub") or not shutil.which("configurable-http-proxy"):
        sys.exit("JupyterHub or configurable-http-proxy is missing; docs/classroom.md says how to install them")
    memory = psutil.virtual_memory().total / 1e9
    print(f"{os.cpu_count()} cores, {memory:.0f} GB, load before: {os.getloadavg()[0]:.1f}", flush=True)
    rows = []
    for count in counts:
        rows.append(measured(count))
        print(described(rows[-1]), flush=True)
    last = rows[-1]
    each = (last.memory["servers"] + last.memory["kernels"]) / last.students
    room = (16000 - SYSTEM - last.memory["hub and proxy"]) / each
    print(f"Room in 16 GB, with {SYSTEM} MB for the system: {room:.0f} students with this notebook open")
    smooth = [row.students for row in rows if all_slides(row) <= SMOOTH]
    most = f"{max(smooth)} students" if smooth else "none of these numbers of students"
    print(f"p95 of all slides is at most {SMOOTH * 1000:.0f} ms with {most} on {os.cpu_count()} cores")


if __name__ == "__main__":
    given = sys.argv[1:] or ["1", "5", "10", "20"]
    if not all(count.isdecimal() and int(count) for count in given):
        sys.exit(f"the numbers of students must be whole and positive, not {' '.join(given)}")
    main([int(count) for count in given])
