// The figure alone in a page, for test_figure_js.py: its source is a fake that answers when it is told to, and the time is ours.

import { Figure, stopsFrom } from './figure.js';

const SIZE = [300, 100];
const held = new Set(), made = { urls: 0 };
const { createObjectURL, revokeObjectURL } = URL;
URL.createObjectURL = blob => {
  const url = createObjectURL.call(URL, blob);
  made.urls++;
  held.add(url);
  return url;
};
URL.revokeObjectURL = url => {
  if (!held.delete(url)) throw Error(`${url} is revoked twice`);
  revokeObjectURL.call(URL, url);
};

// -- the time --

let now = 0, last = 0;
const timers = new Map();
export const setTimeout = (action, after) => (timers.set(++last, { at: now + after, action }), last);
export const clearTimeout = id => timers.delete(id);
export const performance = { now: () => now };

function pass(milliseconds) {
  const end = now + milliseconds;
  for (;;) {
    const [id, next] = [...timers].sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
    if (!next || next.at > end) break;
    timers.delete(id);
    now = next.at;
    next.action();
  }
  now = end;
}

// -- frames: the colour of a picture is its values, its scale and its layout --

const canvas = Object.assign(document.createElement('canvas'), { width: 3, height: 1 });
const brush = canvas.getContext('2d', { willReadFrequently: true });

function png([a, b, c], scale, narrow) {
  [[a, b, 0], [c === 'yes' ? 1 : 0, scale, narrow ? 1 : 0]].forEach(([r, g, b], x) => {
    brush.fillStyle = `rgb(${r},${g},${b})`;
    brush.fillRect(x, 0, 1, 1);
  });
  return Uint8Array.from(atob(canvas.toDataURL('image/png').split(',')[1]), sign => sign.charCodeAt());
}

const text = values => `This is ${values.join(', ')}.`;

function frame(values, scale, narrow, milliseconds) {
  return { values, text: text(values), png: png(values, scale, narrow), size: SIZE, scale, narrow, milliseconds };
}

async function codeIn(picture) {
  if (!picture.src) return null;
  await picture.decode();
  brush.drawImage(picture, 0, 0, 3, 1);
  const [a, b, , , c, scale, narrow] = brush.getImageData(0, 0, 2, 1).data;
  return { values: [a, b, c ? 'yes' : 'no'], scale, narrow: Boolean(narrow) };
}

// -- the source, and the figure --

class Source {
  questions = [];  // all that were asked
  waiting = [];    // of these, those without an answer
  ahead_ = [];     // what it was asked to draw ahead, list by list; an empty one means: drop them
  queue = [];      // of these, those that are not drawn yet

  draw(values, scale, narrow) {
    this.questions.push({ values, scale, narrow });
    this.waiting.push({ values, scale, narrow });
    this.queue = [];
  }

  ahead(lists, narrow) {
    this.ahead_.push(lists);
    this.queue = lists.length ? [...this.queue, ...lists.map(values => ({ values, scale: 1, narrow }))] : [];
  }

  // One answer, as a kernel gives it: questions first. Gives whether there was one to give.
  answer(wrong = null, milliseconds = 1) {
    const question = this.waiting.shift() ?? this.queue.shift();
    if (!question) return false;
    const { values, scale, narrow } = question;
    figure.receive(wrong ? { values, error: wrong, narrow } : frame(values, scale, narrow, milliseconds));
    return true;
  }
}

const place = document.getElementById('place');
const source = new Source(), said = [];
let figure = null, state = [0, 0, 'no'], controls = [];

const alone = {
  source, made, pass, stopsFrom, frame,

  async start({ width = 800, none = false, drawAhead = true, at = [0, 0, 'no'] }) {
    state = at;
    place.style.width = `${width}px`;
    const stops = [{ lo: 0, hi: 240, step: 1, log: false }, { lo: 0, hi: 240, step: 1, log: false }, ['no', 'yes']];
    controls = none ? [] : stops.map((stops, k) => ({ value: () => state[k], stops }));
    figure = new Figure(place, controls, source, { first: frame(none ? [] : [...state], 2, false), drawAhead });
    new MutationObserver(() => said.push(figure.spoken.textContent)).observe(figure.spoken, { childList: true });
    await alone.laid();
  },

  // The page is laid out, and the observers have been told.
  laid: () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))),

  async widen(width) {
    place.style.width = `${width}px`;
    await alone.laid();
  },

  move(value, k = 0) {
    state[k] = value;
    figure.moved(controls[k]);
    return figure.picture.src;
  },

  approach(k = 0) { figure.approached(controls[k]); },
  push(given) { figure.receive(given, true); },
  close() { figure.close(); },
  answerAll(milliseconds) { while (source.answer(null, milliseconds)); },

  async look() {
    const { picture, caption, spoken } = figure;
    const { width, height } = picture.getBoundingClientRect();
    return {
      picture: await codeIn(picture), src: picture.src, alt: picture.alt, caption: caption.textContent, spoken: spoken.textContent,
      wrong: caption.classList.contains('live-error'), box: [width, height], said: said.filter(Boolean),
      held: held.size, holds: held.has(picture.src), timers: timers.size, now: state,
    };
  },

  // Random moves of a reader, and a source that is late, answers in bursts and cannot draw some. Gives all that is wrong.
  async wander(moves, seed, scale) {
    const random = below => (seed = (seed * 48271) % 2147483647) % below;
    const bad = ([a, b]) => a % 16 === 5 && b % 3 === 0;
    const answer = () => {
      const next = source.waiting[0] ?? source.queue[0];
      return source.answer(next && bad(next.values) ? `no ${next.values}` : null, 100);
    };
    const found = [], wrong = what => found.push(`${what} at ${state}`);
    figure.picture.addEventListener('error', () => wrong('a picture is broken'));
    const box = () => JSON.stringify(figure.picture.getBoundingClientRect()), first = box();
    let seen = 0, rests = 0;
    for (let k = 0; k < moves; k++) {
      const which = [0, 0, 0, 0, 0, 1, 1, 1, 2][random(9)];
      alone.move([Math.min(Math.max(state[0] + random(5) - 2, 0), 240), random(30), ['no', 'yes'][random(2)]][which], which);
      if (random(7) === 0) alone.approach(random(3));
      if (random(60) === 0) {
        source.waiting.forEach(question => { question.late = true; });
        await alone.widen(random(2) ? 400 : 800);
      }
      if (source.waiting.filter(question => !question.late).length > 1) wrong('two questions at a time');
      pass([0, 10, 16, 40, 200][random(5)]);
      for (let n = [0, 0, 1, 1, 3, 20][random(6)]; n > 0; n--) answer();
      if (k % 40 === 0) await alone.laid();
      if (box() !== first) wrong('the picture moves');
      if (random(10)) continue;
      for (let n = 0; n < 6; n++) { while (answer()); pass(200); }
      rests++;
      const { picture, alt, caption, wrong: failed, held: urls, holds } = await alone.look();
      if (urls > 200 || !holds) wrong(`${urls} pictures are held`);
      if (bad(state) !== failed || caption !== (failed ? `no ${state}` : text(state))) wrong(`it says ${caption}`);
      if (failed) continue;
      seen++;
      if (String(picture.values) !== String(state) || alt !== text(state)) wrong(`the picture is ${picture.values}, alt ${alt}`);
      if (picture.scale < scale) wrong('it is not sharp');
      if (picture.narrow !== place.clientWidth < 560) wrong('it is of the other layout');
    }
    return { found, seen, errors: rests - seen };
  },
};
window.alone = alone;
