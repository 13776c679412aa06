"""Leave widgets out of stored notebooks."""

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def without_widgets(nb: dict) -> dict:
    """Drop the widget views and the widget state from the notebook `nb`, in place, and return it.

    A view points at a model in a running kernel. Opened without that kernel it reads "Error displaying widget", where the
    picture and the sentence stored beside it could be seen.
    """
    for cell in nb.get("cells", []):
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    nb.get("metadata", {}).pop("widgets", None)
    return nb


def drop_widgets(model, **_):
    """What Jupyter is told to do before it saves: a notebook opened again then shows its figures before it is run."""
    if model["type"] == "notebook":
        without_widgets(model["content"])
