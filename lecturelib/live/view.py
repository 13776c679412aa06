"""A picture in the page: the image widget, its accessibility, and what a notebook stores of it."""

import uuid

import ipywidgets as widgets

from lecturelib.live.render import DRAW_LOCK, Renderer, quick_png, small_png

SHARP = 2  # image pixels per CSS pixel of a picture at rest; while a slider moves it is 1
MIN_WIDTH = 520  # CSS pixels; on a narrower screen the picture scrolls sideways, so that its text stays readable

# ipywidgets has no alt text, no live regions and no accessible names for slider handles. This script runs once, where the caption
# is shown. It announces the caption when it changes, copies it to the alt text, and names the handles after their labels.
_SCRIPT_AND_STYLE = """<style onload="(me => {
  const caption = document.querySelectorAll('.CAPTION'), mine = '.PICTURE img, img.PICTURE';
  const speak = () => {
    const images = document.querySelectorAll(mine);
    if (!images.length) return setTimeout(speak, 100);
    images.forEach(i => i.alt = caption[0].textContent);
    document.querySelectorAll('.CONTROLS .widget-inline-hbox').forEach(row => row.querySelectorAll('.noUi-handle').forEach(
      h => { h.setAttribute('aria-label', row.querySelector('label').textContent);
             const r = row.querySelector('.widget-readout'); if (r) h.setAttribute('aria-valuetext', r.textContent); }));
  };
  caption.forEach(c => { c.setAttribute('role', 'status');
    new MutationObserver(speak).observe(c, {childList: true, subtree: true, characterData: true}); });
  speak();
})(this)">
.CAPTION { line-height: 1.4; min-height: 3.6em; max-width: WIDTHpx; font-size: 1.05em; }
.CAPTION .error { color: #b00020; font-weight: bold; }
.CONTROLS .noUi-handle:focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
</style>"""


def new_mark(kind: str) -> str:
    """A prefix for the CSS classes of one figure, different from that of every other."""
    return f"{kind}-{uuid.uuid4().hex[:8]}"


def accessibility_widget(mark: str, width: int) -> widgets.HTML:
    """An invisible widget with the script and the style above, for the parts whose classes begin with `mark`."""
    source = _SCRIPT_AND_STYLE.replace("WIDTH", str(max(width, 640)))
    for part in ("caption", "picture", "controls"):
        source = source.replace(part.upper(), f"{mark}-{part}")
    return widgets.HTML(source, layout=widgets.Layout(display="none"))


class Picture:
    """Shows the frames of a renderer in an image widget. A frame becomes a PNG once somebody sees it or asks for it."""

    def __init__(self, renderer: Renderer, mark: str) -> None:
        self._renderer = renderer
        width = renderer.size[0]
        layout = {"width": f"{width}px", "max_width": "100%", "min_width": f"{min(width, MIN_WIDTH)}px", "height": "auto"}
        image = widgets.Image(format="png", layout=widgets.Layout(**layout))
        image.add_class(f"{mark}-picture")
        self._image = image
        self.widget = widgets.Box([image], layout=widgets.Layout(overflow="auto hidden"))
        self._in_page, self._scale = False, SHARP
        self._png: bytes | None = None

    def show(self, scale: int) -> None:
        """Show the current frame with `scale` image pixels per CSS pixel."""
        with DRAW_LOCK:
            pixels = self._renderer.pixels(scale)  # what cannot be rendered raises here, seen or not
            self._scale, self._png = scale, quick_png(pixels) if self._in_page else None
            if self._png:
                self._image.value = self._png

    @property
    def png(self) -> bytes:
        """The frame that was last shown, as a PNG file."""
        with DRAW_LOCK:
            if self._png is None:
                self._png = quick_png(self._renderer.pixels(self._scale))
            return self._png

    def bundle(self, view: widgets.Widget, text: str) -> tuple[dict, dict]:
        """MIME data and metadata: `view` where a kernel runs, elsewhere the current frame with `text` as its alt text."""
        with DRAW_LOCK:
            self._in_page, self._image.value = True, self.png
            pixels = self._renderer.pixels(SHARP).copy()
        data = {**view._repr_mimebundle_(), "image/png": small_png(pixels), "text/plain": text}
        height, width = pixels.shape[:2]
        return data, {"image/png": {"alt": text, "width": width // SHARP, "height": height // SHARP}}
