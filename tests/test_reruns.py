"""A cell that is run again frees the figure that it replaces; every other figure lives. With IPython, as in a kernel."""

import ast
import gc
import weakref

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel

from lecturelib import live
from lecturelib.live import reruns

MAKE = "fig = live.figure(draw, w=live.slider(0, 3, at=1, play=True), unit=live.choice('a', 'b'), on=live.toggle())"


def draw(ax, w, unit, on):
    ax.plot([0, w])
    return f"w = {w}, {unit}, {on}."


def count():
    return len(widgets.widget._instances)


@pytest.fixture
def run(monkeypatch, capsys):
    """run(cell id, code): run a cell in IPython; gives its names."""
    shell = InteractiveShell()
    shell.user_ns.update(live=live, draw=draw)
    monkeypatch.setattr(reruns, "get_ipython", lambda: shell)
    monkeypatch.setattr(reruns.CELLS, "_by_cell", {})
    monkeypatch.setattr(reruns.CELLS, "_current", [])
    monkeypatch.setattr(reruns.CELLS, "_shell", None)

    def cell(name, code):
        shell.run_cell(code, store_history=True, cell_id=name).raise_error()
        return shell.user_ns

    yield cell
    for things in reruns.CELLS._by_cell.values():
        for thing in things:
            thing.close()


def test_ten_runs_of_a_cell_keep_one_figure(run):
    run("a", f"{MAKE}\nfig")
    after_one, renderers = count(), []
    for _ in range(9):
        renderers.append(weakref.ref(run("a", f"{MAKE}\nfig.set(w=2)\nfig")["fig"]._renderer))
    gc.collect()
    assert count() == after_one
    assert sum(renderer() is not None for renderer in renderers) == 1
    assert run("b", "fig.set(w=3)")["fig"].text == "w = 3, a, False."


def test_figures_of_two_cells_and_two_of_one_cell_live(run):
    run("a", f"{MAKE}\none = fig\n{MAKE}\ntwo = fig\ndisplay(one)\ntwo")
    names = run("b", f"{MAKE}\nthree = fig\nthree")
    run("c", "1 + 1")
    for name, w in (("one", 0), ("two", 2), ("three", 3)):
        assert names[name].set(w=w) == f"w = {w}, a, False."
        assert names[name]._widgets().widgets["w"].comm is not None
    old = [names["one"], names["two"]]
    run("a", f"{MAKE}\none = two = fig\nfig")
    assert names["three"].set(w=1) == "w = 1, a, False."
    for figure in old:
        with pytest.raises(ValueError, match="this figure is closed"):
            figure.set(w=1)


def test_a_figure_that_another_cell_shows_lives(run):
    names = run("make", MAKE)
    shown = names["fig"]
    run("show", "fig")
    run("make", MAKE)
    assert shown.set(w=2) == "w = 2, a, False."
    run("show", "fig")
    with pytest.raises(ValueError, match="its cell has been run again"):
        shown.set(w=1)
    assert shown.text == "w = 2, a, False." and shown.values == {"w": 2, "unit": "a", "on": False}


def test_predictions_are_freed_too(run):
    ask = "live.predict('Which?', 'a', 'b', right='a', reason='So.')"
    run("a", ask)
    after_one = count()
    for _ in range(3):
        run("a", ask)
    assert count() == after_one


def test_where_cells_have_no_id_nothing_is_freed(run):
    first = run(None, f"{MAKE}\nfig")["fig"]
    run(None, f"{MAKE}\nfig")
    assert first.set(w=2) == "w = 2, a, False."


CELL = """\
import ipywidgets
from lecturelib import live
def draw(ax, w):
    ax.plot([0, w])
    return f"w = {w}."
counts = [*globals().get("counts", []), len(ipywidgets.widgets.widget._instances)]
live.figure(draw, w=live.slider(0, 3, at=1, play=True))"""


def test_a_kernel_frees_what_the_front_end_runs_again():
    """JupyterLab and Notebook send a cell's id with its code."""
    manager, client = start_new_kernel()
    try:

        def send(code, **metadata):
            message = client.session.msg("execute_request", {"code": code, "silent": False}, metadata=metadata)
            client.shell_channel.send(message)
            while client.get_shell_msg(timeout=120)["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                pass
            return message["header"]["msg_id"]

        for _ in range(4):
            send(CELL, cellId="one")
        send(CELL, cellId="two")
        asked = send("print(counts)", cellId="three")
        while True:
            told = client.get_iopub_msg(timeout=120)
            if told["msg_type"] == "stream" and told["parent_header"]["msg_id"] == asked:
                break
        counts = ast.literal_eval(told["content"]["text"])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert counts[0] < counts[1] == counts[2] == counts[3] == counts[4]


def test_without_ipython_every_figure_lives():
    figures = [live.figure(draw, w=live.slider(0, 3, at=1), unit=live.choice("a", "b"), on=live.toggle()) for _ in range(3)]
    assert [figure.set(w=2) for figure in figures] == ["w = 2, a, False."] * 3
    for figure in figures:
        figure.close()
        figure.close()
