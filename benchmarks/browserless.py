"""A student's page without a browser: a kernel's websocket, and the figures of figure.js, whose messages it sends and awaits.

A figure here asks, keeps and draws ahead by the rules of `lecturelib/live/figure.js`, with the same waits and limits; it paints
nothing. So what a hub must do for a student is real, and twenty students need no twenty Chromiums.
"""

import asyncio
import json
import math
import uuid
from datetime import UTC, datetime
from itertools import pairwise

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

PROTOCOL = "v1.kernel.websocket.jupyter.org"  # JupyterLab's own: the kernel's bytes as they are, without JSON around them
REST, MOST, BATCH, BUDGET = 0.15, 200, 8, 1000  # as in figure.js: seconds, frames, frames, milliseconds


def packed(channel, *parts):
    """A message for the websocket: where each of its parts begins, and the parts."""
    parts = [channel.encode(), *(json.dumps(part).encode() for part in parts)]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return b"".join(number.to_bytes(8, "little") for number in (len(offsets), *offsets)) + b"".join(parts)


def unpacked(message):
    """The header, the parent's header and the content of a message from the websocket."""
    count = int.from_bytes(message[:8], "little")
    offsets = [int.from_bytes(message[8 * k : 8 * k + 8], "little") for k in range(1, count + 1)]
    _, header, parent, _, content, *_ = (message[a:b] for a, b in pairwise(offsets))
    return json.loads(header), json.loads(parent), json.loads(content)


class Kernel:
    """A kernel behind its websocket, the widgets that it has opened, and the figures among them, in `figures` by their id."""

    def __init__(self):
        self.figures = {}
        self._session, self._waiting, self._idle = uuid.uuid4().hex, {}, {}
        self._unsent = {}  # of a control whose last move the kernel has not taken yet: the latest value, or None

    async def connect(self, address, headers):
        request = HTTPRequest(address, headers=headers, connect_timeout=180)
        self.socket = await websocket_connect(request, subprotocols=[PROTOCOL], max_message_size=100 << 20)
        assert self.socket.selected_subprotocol == PROTOCOL, self.socket.selected_subprotocol
        self.listening = asyncio.create_task(self._listen())
        await self.ask("kernel_info_request", {})

    def close(self):
        for figure in self.figures.values():
            figure.close()
        self.listening.cancel()
        self.socket.close()

    def send(self, kind, content):
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self._session, "username": "", "version": "5.3"}
        header["date"] = datetime.now(UTC).isoformat()
        self.socket.write_message(packed("shell", header, {}, {}, content), binary=True)
        return header["msg_id"]

    async def ask(self, kind, content):
        """The content of the kernel's reply."""
        self._waiting[self.send(kind, content)] = reply = asyncio.get_running_loop().create_future()
        return await reply

    async def run(self, code):
        reply = await self.ask("execute_request", {"code": code, "store_history": True, "stop_on_error": True})
        if reply["status"] != "ok":
            raise RuntimeError("\n".join(reply["traceback"]))

    def widget(self, model, data):
        return self.send("comm_msg", {"comm_id": model, "data": data})

    def move(self, model, value):
        """Tell a control's model its value as ipywidgets does: one message under way, and then the latest value."""
        if model in self._unsent:
            self._unsent[model] = value
            return
        self._unsent[model] = None
        message = self.widget(model, {"method": "update", "state": {"value": value}, "buffer_paths": []})
        self._idle[message] = model

    def _taken(self, model):
        value = self._unsent.pop(model)
        if value is not None:
            self.move(model, value)

    async def _listen(self):
        try:
            while message := await self.socket.read_message():
                self._hear(*unpacked(message))
        finally:
            for reply in self._waiting.values():
                reply.set_exception(RuntimeError("the kernel is not heard any more"))

    def _hear(self, header, parent, content):
        kind, asked = header["msg_type"], parent.get("msg_id")
        if kind.endswith("_reply") and asked in self._waiting:
            self._waiting.pop(asked).set_result(content)
        elif kind == "status" and content["execution_state"] == "idle" and asked in self._idle:
            self._taken(self._idle.pop(asked))
        elif kind == "comm_open":
            self._opened(content["comm_id"], content["data"]["state"])
        elif kind == "comm_msg":
            self._widget_says(content["comm_id"], content["data"])

    def _opened(self, model, state):
        if state.get("controls"):  # only a figure's picture has them
            self.figures[model] = Figure(self, model, state["controls"], state["ahead"])

    def _widget_says(self, model, data):
        figure = self.figures.get(model)
        if figure and data["method"] == "custom" and "values" in data["content"]:
            figure.receive(data["content"])
        elif figure and "frame" in data.get("state", ()):
            figure.keep(data["state"]["frame"])


class Control:
    """What a page knows of a control: its widget, where it stands, and the stops of a slider."""

    def __init__(self, described):
        self.model = described["model"].removeprefix("IPY_MODEL_")
        self.value, self.stops = described["at"], described["stops"]
        self.slides = isinstance(self.stops, dict)

    def ladder(self):
        """All stops of a slider in order."""
        lo, hi, step, log = (self.stops[name] for name in ("lo", "hi", "step", "log"))
        last = math.ceil((math.log10(hi / lo) if log else hi - lo) / step - 1e-6)
        return [*(clean(lo * 10 ** (k * step) if log else lo + k * step) for k in range(last)), hi]

    def outward(self):
        """The other stops, from where it stands outward."""
        if not self.slides:
            return [stop for stop in self.stops if stop != self.value]
        stops = self.ladder()
        here = self.nearest(stops)
        return [stops[k] for k in sorted(range(len(stops)), key=lambda k: (abs(k - here), -k)) if k != here]

    def nearest(self, stops):
        return min(range(len(stops)), key=lambda k: abs(stops[k] - self.value))


def clean(value):
    return float(f"{value:.12g}") if isinstance(value, float) else value


def key_of(values):
    return tuple(float(value) if isinstance(value, int) else value for value in values)  # JavaScript has one kind of number


class Figure:
    """The page's side of a live figure. `took` holds the seconds that each move waited for a frame from the kernel."""

    def __init__(self, kernel, model, controls, ahead):
        self.kernel, self.model, self.controls = kernel, model, [Control(described) for described in controls]
        self.ahead, self.took, self.at_once = ahead, [], 0
        self._kept, self._asked, self._plan, self._rest = {}, None, None, None
        self.waiting = []  # the moves without a frame: when, and its key

    def close(self):
        if self._rest:
            self._rest.cancel()

    @property
    def values(self):
        return [control.value for control in self.controls]

    def move(self, control, value):
        control.value = value
        if self._plan and self._plan["control"] is not control:
            self._plan = None
            if not self._asked:
                self._say({"ahead": []})
        self.waiting.append((now(), key_of(self.values)))
        self._refresh()
        self.kernel.move(control.model, value)
        if self._rest:
            self._rest.cancel()
        self._later(control)

    def approach(self, control):
        if not self._rest and key_of(self.values) in self._kept:
            self._draw_ahead(control)

    def keep(self, frame):
        key = key_of(frame["values"]) if "values" in frame else key_of(self.values)
        self._kept[key] = self._kept.pop(key, True)
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def receive(self, frame):
        key, present = key_of(frame["values"]), key_of(self.values)
        answers, plan = key == self._asked, self._plan
        if answers:
            self._asked = None
        if "error" in frame:
            raise RuntimeError(frame["error"])
        self.keep(frame)
        if key == present or answers:
            self._shown(key)
        if answers and key != present:
            self._refresh()
        if plan and plan is self._plan and key in plan["waiting"]:
            plan["waiting"].discard(key)
            plan["spent"] += frame["milliseconds"]
            self._more()

    def _shown(self, key):
        """A frame that the kernel has sent is in the page: no move before its own waits any longer."""
        places = [k for k, (_, wanted) in enumerate(self.waiting) if wanted == key]
        if places:
            self.took += [now() - since for since, _ in self.waiting[: places[-1] + 1]]
            del self.waiting[: places[-1] + 1]

    def _refresh(self):
        key = key_of(self.values)
        if key in self._kept:
            self._kept[key] = self._kept.pop(key)
            self.took += [now() - since for since, _ in self.waiting[:-1]]
            self.at_once += bool(self.waiting)
            self.waiting.clear()
        elif self._asked is None:
            self._asked, self._plan = key, None
            self._say({"draw": self.values, "scale": 1})

    def _say(self, content):
        self.kernel.widget(self.model, {"method": "custom", "content": {**content, "narrow": False}})

    def _later(self, control):
        self._rest = asyncio.get_running_loop().call_later(REST, self._rested, control)

    def _rested(self, control):
        self._rest = None
        if self._asked:
            self._later(control)
        elif key_of(self.values) in self._kept:
            self._draw_ahead(control)

    def _draw_ahead(self, control):
        if not self.ahead:
            return
        if self._plan:
            self._say({"ahead": []})
        place, stops = self.controls.index(control), iter(control.outward()[: MOST - 1])
        self._plan = {"control": control, "place": place, "stops": stops, "values": self.values, "spent": 0, "waiting": set()}
        self._more()

    def _more(self):
        plan = self._plan
        while len(plan["waiting"]) <= BATCH and plan["spent"] < BUDGET:
            batch = []
            for stop in plan["stops"]:
                values = [*plan["values"]]
                values[plan["place"]] = stop
                if key_of(values) not in self._kept:
                    batch.append(values)
                if len(batch) == BATCH:
                    break
            if not batch:
                return
            plan["waiting"].update(map(key_of, batch))
            self._say({"ahead": batch})


def now():
    return asyncio.get_running_loop().time()
