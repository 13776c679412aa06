"""Small live figures for the tests of lecturelib.live, and how they are moved and looked at.

A control is moved as a browser moves it: its widget gets the value, and the page asks for the frame, inside an event loop: a
kernel always runs one.
"""

import asyncio
import html
import io
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from PIL import Image

from lecturelib import live

VIEW = "application/vnd.jupyter.widget-view+json"


def line(ax, w, T):
    ax.set(xlim=(0, 10), ylim=(-3, 3), xlabel="step t")
    ax.plot(np.arange(T), w * np.ones(T))
    return f"w = {w:.2f}, T = {T}."


def make(draw=line, **changed):
    controls = {"w": live.slider(-3.0, 3.0, at=1.0, step=0.1), "T": live.slider(2, 10, at=5)}
    return live.figure(draw, **{**controls, **changed})


def of_w(body, **options):
    """A live figure of w alone whose picture is `body(ax, w)`; w is a whole number from 0 to 3, at 1."""

    def draw(ax, w):
        ax.set(xlim=(0, 3), ylim=(0.1, 3))
        ax.plot([0, 3], [0, w])
        body(ax, w)
        return f"w = {w}."

    return live.figure(draw, w=live.slider(0, 3, at=1), **{"size": (3, 2)} | options)  # small: quickly drawn


def in_a_loop(coroutine):
    """Run it in an event loop, in a thread: the browser tests leave their own loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, coroutine).result()


class Page:
    """What figure.js does, without a browser: it asks for frames, and `got` holds the answers, each with its PNG."""

    def __init__(self, figure):
        self.figure, self.got = figure, []
        self.view = figure._widgets()
        self.view.picture.send = lambda content, buffers: self.got.append(content | ({"png": buffers[0]} if buffers[0] else {}))

    def ask(self, scale=1, narrow=False, **values):
        """Move controls, and ask for the frame; gives the answer."""
        for name, value in values.items():
            self.view.widgets[name].value = value
        values = [widget.value for widget in self.view.widgets.values()]
        self.tell(draw=values, scale=scale, narrow=narrow)
        return self.got[-1]

    def tell(self, **content):
        self.view.picture._handle_custom_msg(content, [])

    def ahead(self, *lists, narrow=False):
        """Ask for frames ahead, and wait until the kernel has nothing more to do; gives the answers."""

        async def wait():
            self.tell(ahead=[list(values) for values in lists], narrow=narrow)
            while not self.figure._ahead._task.done():
                await asyncio.sleep(0.001)

        before = len(self.got)
        in_a_loop(wait())
        return self.got[before:]


def move(figure, **values):
    """Slide: each control to its value; gives the answer that the page gets."""
    return Page(figure).ask(**values)


def picture(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def inside(widget):
    """The widget and all that it holds."""
    return [widget, *(part for child in getattr(widget, "children", ()) for part in inside(child))]


def rendered(markdown):
    """What a reader sees of the Markdown. None of it may be more than text, and no text node may hold a formula for MathJax."""
    page = markdown2html_mistune(markdown).strip()
    assert re.fullmatch(r"<p>([^<]|</?span>)*</p>", page), page
    pieces = [html.unescape(piece) for piece in re.split(r"<[^>]*>", page)]
    assert not [piece for piece in pieces if "$" in piece.strip("$") or re.search(r"\\([()\[\]]|begin|end)", piece)], pieces
    assert not re.search(r"\$|\\\\[()\[\]]", markdown)  # JupyterLab looks for formulas before it reads the Markdown
    return "".join(pieces)
