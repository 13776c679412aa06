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

// A slide that is higher than the window is made smaller, so that nothing of it is cut off.
const SMALLEST = 0.5;
const fit = () => {
  const slide = slides[at() - 1];
  if (!slide) return;
  slide.style.zoom = 1;
  for (let turn = 0; turn < 4; turn++) {  // smaller text takes fewer lines, so what is needed changes with it
    const room = innerHeight - document.querySelector('.turn').offsetHeight - 8, need = slide.getBoundingClientRect().bottom;
    if (need <= room) break;
    slide.style.zoom = Math.max(SMALLEST, slide.style.zoom * room / need);
  }
};

// Code is folded on slides, and is as it was when one reads on.
const fold = presenting => {
  for (const code of document.querySelectorAll('main details')) {
    if (presenting && code.open) [code.open, code.dataset.unfold] = [false, ''];
    else if (!presenting && 'unfold' in code.dataset) { code.open = true; delete code.dataset.unfold; }
  }
};

const show = () => {
  const k = at(), presenting = k > 0;
  if (presenting !== document.body.classList.contains('presenting')) fold(presenting);
  document.body.classList.toggle('presenting', presenting);
  slides.forEach((slide, n) => slide.classList.toggle('shown', n === k - 1));
  back.disabled = k === 1;
  next.disabled = k === slides.length;
  document.querySelector('.turn output').textContent = `${k} of ${slides.length}`;
  if (!k) return;
  scrollTo(0, 0);
  fit();
  if (document.activeElement.closest('.slide:not(.shown)')) document.activeElement.blur();
};

// In a window where even the smallest slide does not fit, the same keys first show the rest of it.
const scrolled = way => {
  const left = way > 0 ? document.documentElement.scrollHeight - innerHeight - scrollY : scrollY;
  if (left < 2) return false;  // browsers round
  scrollBy(0, way * Math.min(left, 0.8 * innerHeight));
  return true;
};

// A clicker sends Page Up and Page Down, so these change the slide wherever the focus is; a slider keeps its arrows, Home and End.
addEventListener('keydown', event => {
  if (!at() || event.ctrlKey || event.altKey || event.metaKey) return;
  const free = !event.target.closest('input, select, summary, button, a');
  const step = { PageDown: 1, PageUp: -1, ...(free && { ArrowRight: 1, ArrowLeft: -1, ' ': 1 }) }[event.key];
  if (step) scrolled(step) || go(at() + step);
  else if (event.key === 'Escape') stop();
  else return;
  event.preventDefault();
});
back.addEventListener('click', () => go(at() - 1));
next.addEventListener('click', () => go(at() + 1));
exit.addEventListener('click', stop);
addEventListener('hashchange', show);
addEventListener('resize', fit);
const grown = new ResizeObserver(() => {  // such as when a picture has come
  grown.disconnect();
  fit();
  requestAnimationFrame(() => slides.forEach(slide => grown.observe(slide)));
});
slides.forEach(slide => grown.observe(slide));
show();
