// In the page of live.py: what each figure shows, and when. A spot is a cell with a figure; below it stands what must not move.
({ bits, square, width, height }) => {
  const spots = {}, blobs = [];  // `blobs`: when each frame of ours came
  let input = 0;                 // when the last key or mouse move came
  for (const kind of ['keydown', 'mousemove']) addEventListener(kind, e => { input = e.timeStamp; }, true);
  const make = URL.createObjectURL;
  URL.createObjectURL = blob => {
    if (blob.type === 'image/png') blobs.push(performance.now());
    return make.call(URL, blob);
  };

  const small = new OffscreenCanvas(bits * square, square).getContext('2d', { willReadFrequently: true });
  const read = picture => {  // the number in the strip, or -1
    const own = [picture.naturalWidth ?? picture.width, picture.naturalHeight ?? picture.height];
    const scale = Math.round(own[0] / width), w = bits * square, h = square;
    const x = (own[0] / scale - width) / 2, y = (own[1] / scale - height) / 2;  // the inline backend adds a narrow margin
    small.fillStyle = 'white';
    small.fillRect(0, 0, w, h);
    small.drawImage(picture, x * scale, own[1] - (h + y) * scale, w * scale, h * scale, 0, 0, w, h);
    const pixels = small.getImageData(0, h / 2, w, 1).data;
    let code = 0;
    for (let bit = 0; bit < bits; bit++) if (pixels[4 * Math.floor((bit + 0.5) * square)] < 128) code |= 1 << bit;
    return code >> (bits - 1) ? code & ((1 << bits - 1) - 1) : -1;
  };

  // Every way ends here, with a picture in the page that is decoded. It is shown by the next animation frame; the strip is read
  // after the clock, and counts only if it differs from the last (a sharper picture of the same values is no new frame).
  const arrived = (spot, picture) => requestAnimationFrame(() => {
    const now = performance.now(), code = read(picture);
    if (code === spot.code || code < 0) return;
    spot.code = code;
    spot.wake?.([now - input, code, blobs.filter(t => t > input).length]);
  });
  const image = (spot, img) => spot.dragged || img.decode().then(() => arrived(spot, img), () => {});  // refused when a newer picture replaced it
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    draw.apply(this, args);
    for (const spot of Object.values(spots)) if (spot.cell.contains(this.canvas)) arrived(spot, this.canvas);
  };

  const cells = () => [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
  const picture = cell => cell.querySelector('.jp-OutputArea-output canvas, .jp-OutputArea-output img');
  const add = (name, index) => {
    const spot = spots[name] = { cell: cells()[index], below: cells()[index + 1] };
    new MutationObserver(changes => {
      for (const change of changes) {
        if (change.type === 'attributes') { image(spot, change.target); continue; }
        for (const node of change.addedNodes) if (node.querySelectorAll) {
          const inside = node.matches('img') ? [node] : node.querySelectorAll('img');
          inside.forEach(img => image(spot, img));
        }
      }
    }).observe(spot.cell, { childList: true, subtree: true, attributes: true, attributeFilter: ['src'] });
    spot.code = read(picture(spot.cell));
  };

  // At each animation frame: whether the picture or what stands below it has moved.
  const sample = spot => {
    const top = spot.cell.getBoundingClientRect().top, seat = picture(spot.cell)?.getBoundingClientRect();
    const edges = [seat?.top, seat?.bottom, seat?.width, spot.below.getBoundingClientRect().top];
    const place = edges.map(edge => Math.round(edge - top)).join();
    if (spot.place && spot.place !== place) spot.jumps++;
    spot.place = place;
    if (spot.sampling) requestAnimationFrame(() => sample(spot));
  };

  // Drag the handle, which the mouse holds, back and forth over the middle of its slider. At each animation frame one move is
  // made here, which is when a browser reports them: a driver waits for each to be handled, and so makes too few.
  const drag = async (spot, milliseconds) => {
    const track = handles(spot)[0].closest('.noUi-base').getBoundingClientRect(), clientY = track.y;
    const start = performance.now(), codes = [];
    let now = start;
    spot.dragged = true;  // here the strip is read at each animation frame
    while (now < start + milliseconds) {
      const swing = Math.abs(4 * (now - start) / milliseconds % 2 - 1), clientX = track.x + track.width * (0.2 + 0.6 * swing);
      document.body.dispatchEvent(new MouseEvent('mousemove', { clientX, clientY, buttons: 1, bubbles: true }));
      await new Promise(requestAnimationFrame);
      now = performance.now();
      const img = picture(spot.cell);
      if (img.complete) codes.push(read(img));  // until a new picture has come, the old one is shown and cannot be read
    }
    spot.dragged = false;
    spot.code = codes.at(-1);
    const frames = codes.filter((code, k) => k && code !== codes[k - 1]).length;
    return [1000 * frames / (now - start), blobs.filter(t => t > start + 100).length];
  };

  const box = element => { const b = element.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; };
  const fields = spot => [...spot.cell.querySelectorAll('.widget-readout, select, input[type=checkbox]')];
  const values = spot => fields(spot).map(field => {
    return field.type === 'checkbox' ? field.checked : field.value ?? Number(field.textContent);
  });
  const handles = spot => [...spot.cell.querySelectorAll('.noUi-handle, select, input[type=checkbox]')];
  const tasks = {
    values,
    reach: spot => spot.cell.scrollIntoView({ block: 'center', behavior: 'instant' }),
    focus: (spot, k) => { handles(spot)[k].focus({ preventScroll: true }); return values(spot); },
    approach: spot => { handles(spot)[0].focus({ preventScroll: true }); return performance.now(); },
    handle: spot => box(handles(spot)[0]),
    state: spot => [values(spot), read(picture(spot.cell)), spot.cell.querySelector('.live-caption')?.textContent],
    arm: spot => { spot.shown = new Promise(done => { spot.wake = done; setTimeout(done, 20000, null); }); },
    next: spot => spot.shown,  // milliseconds since the key, the number in the strip, frames of ours that have come meanwhile
    drag,
    picture: spot => box(picture(spot.cell)),
    begin: spot => sample(Object.assign(spot, { jumps: 0, place: '', sampling: true })),
    end: spot => { spot.sampling = false; return spot.jumps; },
  };
  window.bench = {
    add, blobs, pictures: () => cells().filter(picture).length, ask: ([name, task, ...more]) => tasks[task](spots[name], ...more),
  };
}
