"""A Jupyter server extension that stores live figures as pictures.

The file etc/jupyter/jupyter_server_config.d/lecturelib.json enables it, next to the machine's other settings. JupyterLab,
Notebook 7 and JupyterHub load it. In the folder of the lectures it also reads jupyter_lab_config.py. It is separate from
lecturelib.live, so that a server starts without importing matplotlib and ipywidgets.
"""

from pathlib import Path

from traitlets.config import Config, PyFileConfigLoader

__all__ = ["VIEW", "pictures_for_views"]

VIEW = "application/vnd.jupyter.widget-view+json"
SETTINGS = Path(__file__).resolve().parents[1] / "jupyter_lab_config.py"  # exists only in the folder of the lectures


def pictures_for_views(nb: dict) -> bool:
    """Remove the widget views of lecturelib's figures and predictions from the notebook `nb`, in place. True if there were any.

    A view refers to a model in a running kernel. Without that kernel it shows "Error displaying widget" and hides the picture
    and the sentence that are stored with it. Other widgets keep their views, and the state that those need.
    """
    outputs = [output for cell in nb.get("cells", []) for output in _ours(cell.get("outputs", []))]
    for output in outputs:
        del output["data"][VIEW]
        output.get("metadata", {}).pop(VIEW, None)
    if outputs and not any(VIEW in output.get("data", {}) for cell in nb["cells"] for output in cell.get("outputs", [])):
        nb.get("metadata", {}).pop("widgets", None)
    return bool(outputs)


def _ours(outputs):
    """The outputs with a view and a picture with alt text, the sentence of such a picture, or the text of a prediction."""
    views = [output for output in outputs if VIEW in output.get("data", {})]
    alts = [output.get("metadata", {}).get("image/png", {}).get("alt") for output in views]
    said = {alt for alt in alts if alt}
    texts = ["".join(output["data"].get("text/plain", "")) for output in views]  # a file may hold a text as a list of lines
    return [o for o, alt, text in zip(views, alts, texts, strict=True) if alt or text in said or text.startswith("Predict. ")]


def _before_save(model, **_):
    if model["type"] == "notebook":
        pictures_for_views(model["content"])


# What Jupyter calls -----------------------------------------------------------------------------------------------------


def _jupyter_server_extension_points():
    return [{"module": "lecturelib.server"}]


def _link_jupyter_server_extension(serverapp):
    """In the folder of the lectures, apply its settings. The command line takes precedence."""
    here = Path.cwd()
    if not SETTINGS.is_file() or SETTINGS.parent not in (here, *here.parents):
        return
    settings = PyFileConfigLoader(str(SETTINGS)).load_config()
    if any(Path(argument).is_dir() for argument in serverapp.extra_args):  # jupyter lab <folder>
        del settings.ServerApp.root_dir
    settings.merge(Config(serverapp.cli_config))
    serverapp.update_config(settings)
    for app in serverapp.extension_manager.extension_points.values():
        if app.app:  # JupyterLab took its settings before this was called
            app.app.update_config(settings)


def _load_jupyter_server_extension(serverapp):
    """Register the hook that runs before a save. A `pre_save_hook` in the machine's own settings still runs."""
    serverapp.contents_manager.register_pre_save_hook(_before_save)
