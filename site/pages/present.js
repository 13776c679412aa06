// Shows the page as slides, for a projector: at #slide-1, #slide-2 ... The slide types of the notebook's cells say where each starts.
const slides = [...document.querySelectorAll('.slide')];
const [back, next, exit] = document.querySelectorAll('.turn button');
const at = () => Math.min(+(location.hash.match(/^#slide-(\d+)$/) || [0, 0])[1], slides.length); // 0: the page is read as a whole
// Address and page change together, so a key pressed right afterwards reaches the new slide and not a slider of the old one.
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
  next.disabled = k === slides.length;
  document.querySelector('.turn output').textContent = `${k} of ${slides.length}`;
  if (!k) return;
  scrollTo(0, 0);
  if (document.activeElement.closest('.slide:not(.shown)')) document.activeElement.blur();
};

// A clicker sends Page Up and Page Down, so these change the slide wherever the focus is; a slider keeps its arrows, Home and End.
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
next.addEventListener('click', () => go(at() + 1));
exit.addEventListener('click', stop);
addEventListener('hashchange', show);
show();
