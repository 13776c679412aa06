// The front end of a live figure: it shows the frame for the present values of the controls, says its sentence, and keeps frames.
//
// A frame is {values, text, png, size, scale, narrow}, with an address, `url`, in the place of `png` if it is a file, or it is
// {values, error, narrow}. It is a function of the values, so one that is kept is shown without asking. All others come from a
// source:
//
//   source.draw(values, scale, narrow)   draw this frame now; what was to be drawn ahead is dropped
//   source.ahead([values, ...], narrow)  draw these too when there is nothing else to do, one by one; none: drop those that wait
//
// Each answer arrives by `receive(frame)`, with the values as they were asked for. A control is {value(), stops}.

const REST = 150;      // milliseconds without a move until the picture is sharpened and frames are drawn ahead
const SPEAK = 500;     // milliseconds without a move until the sentence is announced
const MOST = 200;      // frames kept for a figure
const BATCH = 8;       // frames asked for at a time; twice as many are under way
const BUDGET = 1000;   // milliseconds of drawing ahead for each rest or approach
const PATIENCE = 10000;  // milliseconds until a question without an answer is asked again
const NARROW = 560;    // CSS pixels; on less, the panels stand one below the other

/** A number as the source cleans it, so that 1.0000000000000002 and 1 are one value. */
export const clean = value => typeof value === 'number' ? +value.toPrecision(12) : value;

const keyOf = values => JSON.stringify(values.map(clean));

/** The stops of a slider {lo, hi, step, log} in order: `last` is the place of the highest, `at` gives the value of a place and
 *  `place` the nearest place to a value. */
export function ladder({ lo, hi, step, log }) {
  const place = value => (log ? Math.log10(value / lo) : value - lo) / step;
  const last = Math.ceil(place(hi) - 1e-6);  // `hi` is a stop too where the steps do not reach it
  const at = k => k === last ? hi : clean(log ? lo * 10 ** (k * step) : lo + k * step);
  return { last, at, place: value => value === hi ? last : Math.round(place(value)) };
}

/** The stops of a control from `here` outward, without `here`. Those of a slider are {lo, hi, step, log}; all others are a list. */
export function* stopsFrom(stops, here) {
  if (Array.isArray(stops)) {
    yield* stops.filter(stop => stop !== here);
    return;
  }
  const { last, at, place } = ladder(stops), start = place(here);
  for (let away = 1; start + away <= last || start - away >= 0; away++) {
    if (start + away <= last) yield at(start + away);
    if (start - away >= 0) yield at(start - away);
  }
}

/** Show a figure in `el`; `first` is its frame until another is asked for. Each control's owner calls `moved` and `approached`. */
export class Figure {
  #kept = new Map();  // frames by the key of their values; the one that was needed last comes last
  #shown = null;      // the frame in the picture
  #asked = null;      // the key of the frame that the source is drawing, and when it was asked for
  #plan = null;       // what is being drawn ahead
  #narrow = null;     // unknown until the figure is in the page
  #timers = {};
  #about = null;      // the key of the values that the caption is about
  #unsaid = false;    // whether the reader has moved something since a sentence was said
  #said = '';

  constructor(el, controls, source, { first, drawAhead }) {
    Object.assign(this, { el, controls, source, first, drawAhead });
    this.picture = append(el, 'img', 'live-picture');
    this.caption = append(el, 'p', 'live-caption');
    this.spoken = append(el, 'div', 'live-spoken');
    this.spoken.setAttribute('role', 'status');
    this.picture.decoding = 'sync';
    this.sizes = new ResizeObserver(() => this.#lay());
    this.sizes.observe(el);
  }

  close() {
    this.sizes.disconnect();
    Object.values(this.#timers).forEach(clearTimeout);
    this.#forget();
  }

  get values() { return this.controls.map(control => clean(control.value())); }

  /** A control has been moved, by the reader or by the source. */
  moved(control) {
    if (this.#narrow === null) return;
    const cancelled = this.#plan && this.#plan.control !== control;
    if (cancelled) this.#plan = null;
    this.#refresh();
    if (cancelled && !this.#asked) this.source.ahead([], this.#narrow);
    this.#later('rest', REST, () => this.#rested(control));
    this.#later('speak', SPEAK, () => this.#speak());
    this.#unsaid = true;
  }

  /** A control is about to be moved: the pointer or the focus is on it. */
  approached(control) {
    if (!this.#timers.rest && this.#narrow !== null) this.#drawAhead(control);
  }

  /** A frame has come. `pushed`: nobody here asked for it, so it is also said. */
  receive(frame, pushed = false) {
    if (this.#narrow === null) this.first = frame;
    if (Boolean(frame.narrow) !== this.#narrow) return;  // it was drawn for the other layout
    const key = keyOf(frame.values), present = keyOf(this.values);
    const answers = this.#asked?.key === key;
    if (answers) this.#asked = null;
    if (frame.error) {
      if (key === present) this.#say(frame.error, true, key);
    } else {
      if (pushed) this.#release(this.#kept.get(key));
      const now = this.#keep(key, frame);
      if (key === present || (answers && !this.#kept.has(present))) this.#show(now);
    }
    if (answers && key !== present) this.#refresh();
    this.#drawn(key, frame);
    if (pushed && key === present) this.#unsaid = true;
    if (!this.#timers.speak) this.#speak();
  }

  /** All frames that are kept are of another source than those to come: get the present one from there. */
  renew() {
    if (this.#narrow === null) return;
    this.#forget();
    [this.#asked, this.#plan] = [null, null];
    this.#ask(this.values, sharp());
  }

  // -- the picture and the sentence --

  #show(frame) {
    if (frame !== this.#shown) {
      [this.picture.width, this.picture.height] = frame.size;
      this.picture.src = frame.url;
      this.picture.alt = frame.text;
      this.#shown = frame;
    }
    this.#say(frame.text, false, frame.key);
  }

  #say(text, wrong, key) {
    this.#about = key;
    if (this.caption.textContent !== text) this.caption.textContent = text;
    this.caption.classList.toggle('live-error', wrong);
  }

  // A sentence is spoken once, when a slide rests or when it comes after that, and is then removed: whoever reads on finds it in
  // the caption.
  #speak() {
    if (!this.#unsaid || this.#about !== keyOf(this.values)) return;
    const sentence = this.caption.textContent;
    this.#unsaid = false;
    if (sentence === this.#said) return;
    this.#said = this.spoken.textContent = sentence;
    this.#later('hush', 4 * SPEAK, () => { this.spoken.textContent = ''; });
  }

  // A kept frame is shown. All others are asked for, one at a time, so that the latest move wins.
  #refresh() {
    const values = this.values, key = keyOf(values), frame = this.#kept.get(key);
    if (frame) {
      this.#needed(key, frame);
      this.#show(frame);
    } else if (!this.#asked || performance.now() - this.#asked.at > PATIENCE) {
      this.#ask(values, 1);
    }
  }

  #ask(values, scale) {
    this.#asked = { key: keyOf(values), at: performance.now() };
    this.#plan = null;
    this.source.draw(values, scale, this.#narrow);
  }

  #rested(control) {
    const values = this.values;
    if (this.#asked) return this.#later('rest', REST, () => this.#rested(control));
    if (this.#shown?.key !== keyOf(values)) return;  // it could not be drawn
    if (this.#shown.scale < sharp()) this.#ask(values, sharp());
    this.#drawAhead(control);
  }

  #lay() {
    const width = this.el.clientWidth;
    const narrow = width < NARROW && this.controls.length > 0;  // a run that is watched has no other layout
    if (!width || narrow === this.#narrow) return;
    this.#narrow = narrow;
    this.#forget();
    [this.#asked, this.#plan] = [null, null];
    if (this.first?.values) this.receive(this.first);
    if (!this.#shown && this.first?.values) this.#show(this.#keep(null, this.first));  // until the one for this layout comes
    if (!this.#kept.has(keyOf(this.values))) this.#ask(this.values, sharp());
  }

  // -- frames that are kept, and drawn ahead --

  #keep(key, frame) {
    const known = this.#kept.get(key);
    if (known?.scale >= frame.scale) return known;
    this.#release(known);
    const now = this.#pictured(frame, key);
    this.#kept.set(key, now);
    for (const oldest of this.#kept.values()) {
      if (this.#kept.size <= MOST) break;
      if (oldest !== this.#shown) this.#release(oldest);
    }
    return now;
  }

  #pictured(frame, key = null) {
    const made = frame.url ? null : URL.createObjectURL(new Blob([frame.png], { type: 'image/png' }));
    return { ...frame, key, png: null, url: frame.url ?? made, made };
  }

  #needed(key, frame) {
    this.#kept.delete(key);
    this.#kept.set(key, frame);
  }

  #release(frame) {
    if (!frame) return;
    this.#kept.delete(frame.key);
    if (frame.made) URL.revokeObjectURL(frame.made);  // a picture that shows it already keeps what it has loaded
  }

  #forget() { [...this.#kept.values()].forEach(frame => this.#release(frame)); }

  #drawAhead(control) {
    const values = this.values, place = this.controls.indexOf(control);
    if (!this.drawAhead || !this.#kept.has(keyOf(values))) return;
    if (this.#plan) this.source.ahead([], this.#narrow);
    const stops = stopsFrom(control.stops, values[place]);
    this.#plan = { control, values, place, stops, left: MOST - 1, spent: 0, waiting: new Set() };
    this.#more();
  }

  #more() {
    const plan = this.#plan;
    while (plan.waiting.size <= BATCH && plan.spent < BUDGET) {
      const batch = this.#next(plan);
      if (!batch.length) return;
      batch.forEach(values => plan.waiting.add(keyOf(values)));
      this.source.ahead(batch, this.#narrow);
    }
  }

  #next(plan) {
    const batch = [];
    while (batch.length < BATCH && plan.left-- > 0) {
      const { value, done } = plan.stops.next();
      if (done) break;
      const values = plan.values.with(plan.place, value), key = keyOf(values), known = this.#kept.get(key);
      if (known) this.#needed(key, known);
      else batch.push(values);
    }
    return batch;
  }

  #drawn(key, frame) {
    if (!this.#plan?.waiting.delete(key)) return;
    this.#plan.spent += frame.milliseconds;
    this.#more();
  }

  #later(name, milliseconds, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => { this.#timers[name] = 0; action(); }, milliseconds);
  }
}

const sharp = () => devicePixelRatio > 1 ? 2 : 1;

function append(parent, tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  parent.append(made);
  return made;
}

// -- in a notebook: the source is a kernel, the controls are ipywidgets -----------------------------------------------------------

const calm = matchMedia('(prefers-reduced-motion: reduce)');

export default {
  async render({ model, el }) {
    const find = reference => model.widget_manager.get_model(reference.slice('IPY_MODEL_'.length));
    const controls = await Promise.all(model.get('controls').map(async described => {
      const own = await find(described.model), play = described.play && await find(described.play);
      const value = () => described.menu ? described.stops[own.get('index')] : own.get('value');
      return { ...described, own, play, value, changes: described.menu ? 'change:index' : 'change:value' };
    }));
    const source = {
      draw: (values, scale, narrow) => model.send({ draw: values, scale, narrow }),
      ahead: (list, narrow) => model.send({ ahead: list, narrow }),
    };
    const figure = new Figure(el, controls, source, { first: model.get('frame'), drawAhead: model.get('ahead') });
    const answered = (frame, [png]) => frame.reset ? controls.forEach(reset) : figure.receive({ ...frame, png });
    const pushed = () => figure.receive(model.get('frame'), true);
    model.on('msg:custom', answered);
    model.on('change:frame', pushed);
    const stop = controls.map(control => listen(control, figure));
    const named = nameControls(el, controls, figure);
    return () => {
      model.off('msg:custom', answered);
      model.off('change:frame', pushed);
      [...stop, named].forEach(end => end());
      figure.close();
    };
  },
};

function reset({ own, menu, stops, at }) {
  own.set(...(menu ? ['index', stops.indexOf(at)] : ['value', at]));
  own.save_changes();
}

// Where less motion is wanted, a press of Play moves one step: Play has taken it when it is stopped.
function listen(control, figure) {
  const moved = () => figure.moved(control);
  const played = () => { if (calm.matches) queueMicrotask(() => control.play.set('playing', false)); };
  control.own.on(control.changes, moved);
  control.play?.on('change:playing', played);
  return () => {
    control.own.off(control.changes, moved);
    control.play?.off('change:playing', played);
  };
}

// ipywidgets gives its sliders and Play buttons no names, and writes the exponent of a log slider where its value belongs.
function nameControls(el, controls, figure) {
  const set = (field, name, text) => { if (field.getAttribute(name) !== text) field.setAttribute(name, text); };
  const name = (part, control) => {
    part.querySelectorAll('.noUi-handle, select, input').forEach(field => set(field, 'aria-label', control.spoken));
    // The keys of JupyterLab and Notebook would move from cell to cell, or delete one, where a control's move its value.
    part.querySelectorAll('select, .noUi-handle').forEach(field => set(field, 'data-lm-suppress-shortcuts', 'true'));
    const readout = part.querySelector('.widget-readout'), handle = part.querySelector('.noUi-handle');
    if (!readout) return;
    set(handle, 'aria-valuetext', readout.textContent);
    set(readout, 'role', 'textbox');
    set(readout, 'aria-label', `${control.spoken}, number`);
  };
  const known = new WeakSet();
  const look = root => controls.forEach((control, k) => {
    const part = root.querySelector(`.live-control-${k}`), play = root.querySelector(`.live-play-${k}`);
    if (part) name(part, control);
    if (part && !known.has(part)) {
      known.add(part);
      for (const event of ['pointerenter', 'focusin']) part.addEventListener(event, () => figure.approached(control));
    }
    ['Play', 'Stop', 'Repeat'].forEach((verb, i) => {
      const button = play?.querySelectorAll('button')[i];
      if (button) set(button, 'aria-label', `${verb} ${control.spoken}`);
    });
  });
  const changes = new MutationObserver(() => look(el.closest('.live-figure')));
  const inPage = new ResizeObserver(() => {
    const root = el.closest('.live-figure');
    if (!root) return;
    inPage.disconnect();
    look(root);
    changes.observe(root, { childList: true, subtree: true, characterData: true, attributeFilter: ['aria-valuetext'] });
  });
  inPage.observe(el);
  return () => { inPage.disconnect(); changes.disconnect(); };
}
