"""How JupyterLab opens this series.

Jupyter reads no configuration from the folder it is started in, so `pip install -e .` puts a copy of this file where it does look
(.venv/etc/jupyter), and `jupyter lab` then opens the same as `make lab`. Outside the series' folder the copy does nothing.
"""

import sys
import warnings
from pathlib import Path

import lecturelib

HERE = Path(lecturelib.__file__).resolve().parents[1]


def no_announcements(handler, page_config):
    """Ask no question about news, and fetch none: the setting for it, fetchNews, cannot be set from a file like this."""
    page_config["disabledExtensions"].append("@jupyterlab/apputils-extension:announcements")
    return page_config


if HERE in (Path.cwd(), *Path.cwd().parents):
    sys.path.append(str(HERE / "tools"))
    from widgets_out import drop_widgets

    c = get_config()  # noqa: F821  Jupyter provides it
    c.ServerApp.ip = "127.0.0.1"
    c.ServerApp.allow_root = True  # in a container one is root; the token and 127.0.0.1 guard the door all the same
    c.ServerApp.root_dir = str(HERE)
    c.FileContentsManager.preferred_dir = "notebooks"
    c.FileContentsManager.pre_save_hook = drop_widgets
    warnings.filterwarnings("ignore", r"Overriding existing pre_save_hook \(drop_widgets\)")  # Jupyter applies this file twice
    c.LabApp.default_url = "/lab/tree/notebooks/00-start-here.ipynb"
    c.ServerApp.tornado_settings = {"page_config_hook": no_announcements}
