"""How JupyterLab opens this series. `lecturelib.server` reads this file when Jupyter is started in its folder, and only then."""

from pathlib import Path


def no_announcements(handler, page_config):
    """Ask no question about news, and fetch none: the setting for it, fetchNews, cannot be set from a file like this."""
    page_config["disabledExtensions"].append("@jupyterlab/apputils-extension:announcements")
    return page_config


c = get_config()  # noqa: F821  Jupyter provides it
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.allow_root = True  # in a container one is root; the token and 127.0.0.1 guard the door all the same
c.ServerApp.root_dir = str(Path(__file__).resolve().parent)
c.FileContentsManager.preferred_dir = "notebooks"
c.LabApp.default_url = "/lab/tree/notebooks/00-start-here.ipynb"
c.ServerApp.tornado_settings.update({"page_config_hook": no_announcements})  # beside those of the machine
