// Each figure has a folder of numbered frames, one for each combination of its inputs. The last input varies fastest.
for (const figure of document.querySelectorAll('figure.sliding')) {
  const inputs = [...figure.querySelectorAll('.controls input, .controls select')];
  const caption = figure.querySelector('figcaption');
  const sentences = [...figure.querySelector('template').content.querySelectorAll('li')].map(li => li.textContent);
  const count = input => input.options ? input.options.length : +input.max + 1;
  const place = input => input.options ? input.selectedIndex : +input.value;
  const frames = [];

  // Pictures are decoded before they are shown, so that none flickers.
  const load = () => sentences.forEach((sentence, k) => {
    const image = new Image();
    image.src = `${figure.dataset.frames}/${String(k).padStart(2, '0')}.webp`;
    image.alt = sentence;
    image.decode().then(() => { frames[k] = image; if (k === number()) show(); }, () => {});
  });
  const number = () => inputs.reduce((sum, input) => sum * count(input) + place(input), 0);
  const show = () => {
    const k = number();
    for (const input of inputs) if (!input.options) {
      const text = input.dataset.texts.split(' ')[+input.value];
      input.parentElement.querySelector('output').textContent = text;
      input.setAttribute('aria-valuetext', text);
    }
    caption.textContent = sentences[k];
    if (frames[k]) figure.querySelector(':scope > img').replaceWith(frames[k]);
  };

  inputs.forEach(input => input.addEventListener('input', show));
  new IntersectionObserver((seen, observer) => {
    if (seen.some(entry => entry.isIntersecting)) { observer.disconnect(); load(); }
  }, { rootMargin: '600px' }).observe(figure);
}
