// The page as slides, for a projector: its address ends in #slide-1, #slide-2 ... The notebook's slide marks say where one ends.
const slides = [...document.querySelectorAll('.slide')];
const [back, on, leave] = document.querySelectorAll('nav button');
const at = () => Math.min(+(location.hash.match(/^#slide-(\d+)$/) || [0, 0])[1], slides.length); // 0: it is read, not shown
// The address and the page change at once: a key that follows at once finds the next slide, not the slider of the last.
const turn = address => { history.replaceState(null, '', address); show(); };
const go = k => turn(`#slide-${Math.max(1, Math.min(k, slides.length))}`);
const stop = () => {
  const shown = slides[at() - 1];
  turn('#');
  shown.scrollIntoView();
};

const show = () => {
  const k = at();
  document.body.classList.toggle('presenting', k > 0);
  slides.forEach((slide, n) => slide.classList.toggle('shown', n === k - 1));
  back.disabled = k === 1;
  on.disabled = k === slides.length;
  document.querySelector('nav output').textContent = `${k} of ${slides.length}`;
  if (!k) return;
  scrollTo(0, 0);
  if (document.activeElement.closest('.slide:not(.shown)')) document.activeElement.blur();
};

// A clicker sends the page keys, so they turn the slide wherever the focus is; a slider keeps its arrows, Home and End.
addEventListener('keydown', event => {
  if (!at() || event.ctrlKey || event.altKey || event.metaKey) return;
  const free = !event.target.closest('input, select, summary, button, a');
  const step = { PageDown: 1, PageUp: -1, ...(free && { ArrowRight: 1, ArrowLeft: -1, ' ': 1 }) }[event.key];
  if (step) go(at() + step);
  else if (event.key === 'Escape') stop();
  else return;
  event.preventDefault();
});
back.addEventListener('click', () => go(at() - 1));
on.addEventListener('click', () => go(at() + 1));
leave.addEventListener('click', stop);
addEventListener('hashchange', show);
show();
