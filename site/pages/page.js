// The page of a notebook. figure.js stands above this in the same module, so that a page also works as a file.
//
// At first the figures slide through stored frames. Python starts in a worker when somebody asks for it: with a control that has no
// stored frames, an exercise, or the button; from then on it draws all frames.

const about = JSON.parse(document.getElementById('page-facts').textContent);
const LONG = 5000;  // milliseconds in which a line of text is read
const status = document.getElementById('python-status');
const node = (tag, more = {}, ...inside) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(more)) name in made ? made[name] = value : made.setAttribute(name, value);
  made.append(...inside);
  return made;
};

// -- Python -----------------------------------------------------------------------------------------------------------------

const python = {
  worker: null,
  live: new Set(),  // the cells that have been run
  running: {},      // what waits for the answer of a cell, by cell

  /** Start Python, and run the notebook's cells in order. Does nothing if it has started. */
  start() {
    if (this.worker) return this.started;
    this.started = new Promise((done, refused) => {
      try {
        if (typeof WebAssembly === 'undefined') throw new Error('this browser has no WebAssembly');
        if (location.protocol === 'file:') throw new Error('a page that is opened as a file may not start it');
        this.worker = new Worker('python.js');
      } catch (error) { return refused(error); }
      this.worker.onerror = event => refused(new Error(event.message));
      this.worker.onmessage = ({ data }) => {
        if (data.waits) say(`Starting Python in this page: ${data.waits} ...`);
        if (data.failed) refused(new Error(data.failed));
        if (data.ready) done();
        if (data.ran) this.ran(data.ran);
        if (data.frame) figures[data.cell].receive({ ...data.frame, png: data.png });
      };
      this.worker.postMessage({ start: { python: new URL('static/pyodide/', location).href, packages: about.packages } });
    });
    this.all = this.started.then(() => this.runAll());
    this.all.catch(error => say(`Python does not run here: ${error.message}. The stored pictures still slide.`));
    return this.started;
  },

  async runAll() {
    const { worker } = this;
    for (const { cell, source } of about.cells) {
      say('Running the cells of this page ...');
      await this.run(cell, source);
      if (this.worker !== worker) return;  // it was stopped
    }
    say('Python runs in this page: every control moves, and code can be run.');
    setTimeout(() => { status.hidden = true; }, LONG);
    document.body.classList.add('is-live');
  },

  /** Run a cell: {text, error}. */
  run(cell, source) {
    return new Promise(done => {
      this.running[cell] = done;
      this.worker.postMessage({ run: { cell, source } });
    });
  },

  ran(answer) {
    const done = this.running[answer.cell];
    delete this.running[answer.cell];
    this.live.add(answer.cell);
    figures[answer.cell]?.woken();
    done(answer);
  },

  /** End what runs, with all that Python knows, and start it again. */
  stop() {
    this.worker.terminate();
    this.worker = null;
    this.live.clear();
    for (const done of Object.values(this.running)) done({ text: '', error: 'stopped' });
    this.running = {};
    document.body.classList.remove('is-live');
    for (const figure of Object.values(figures)) figure.renewed = false;
    this.start();
  },
};

function say(text) {
  status.hidden = false;
  status.textContent = text;
}

// -- controls ------------------------------------------------------------------------------------------------------------------

/** A control's elements in the page, and its value. `tell` is called when the reader moves it. */
class Control {
  constructor(described, tell) {
    Object.assign(this, described, { tell });
    this.full = this.stops;
    this.element = node('label', { className: `control ${this.kind}` }, node('span', {}, this.label));
    ({ slider: this.slider, choice: this.menu, toggle: this.toggle, text: this.text })[this.kind].call(this);
    if (this.kind === 'toggle') this.element.prepend(this.input);
    this.element.addEventListener('pointerenter', () => this.tell('approached'));
    this.element.addEventListener('focusin', () => this.tell('approached'));
  }

  field(tag, more) {
    this.input = node(tag, { 'aria-label': this.spoken, ...more });
    this.element.append(this.input);
    return this.input;
  }

  slider() {
    this.field('input', { type: 'range', min: 0 }).addEventListener('input', () => this.moved());
    this.input.addEventListener('keydown', event => {
      const step = { PageUp: 5, PageDown: -5 }[event.key];
      if (!step || document.body.classList.contains('presenting')) return;
      event.preventDefault();
      this.input.value = +this.input.value + step;
      this.moved();
    });
    this.number = node('input', { className: 'number', inputMode: 'decimal', 'aria-label': `${this.spoken}, number`, size: 7 });
    this.number.addEventListener('change', () => this.typed(this.number.value));
    this.element.append(this.number);
    if (this.play) this.element.append(playButton(this));
    this.allow(this.full);
    this.set(this.at);
  }

  menu() {
    this.field('select', {}).append(...this.stops.map(option => node('option', {}, option)));
    this.input.addEventListener('input', () => this.moved());
    this.set(this.at);
  }

  toggle() { this.field('input', { type: 'checkbox', checked: this.at }).addEventListener('input', () => this.moved()); }

  text() {
    const list = node('datalist', { id: `list-${Math.random()}` }, ...this.stops.map(value => node('option', { value })));
    this.element.append(list);
    this.field('input', { value: this.at, size: 40 }).setAttribute('list', list.id);
    this.input.addEventListener('input', () => this.moved());
  }

  /** Let a slider stand on these stops only: a list of values, or {lo, hi, step, log}. */
  allow(stops) {
    const value = this.input.max && this.ladder ? this.value() : this.at;
    this.stops = stops;
    this.ladder = Array.isArray(stops) ? listed(stops) : ladder(stops);
    this.input.max = this.ladder.last;
    this.set(value);
  }

  value() {
    if (this.kind === 'slider') return this.ladder.at(+this.input.value);
    return this.kind === 'toggle' ? this.input.checked : this.input.value;
  }

  set(value) {
    if (this.kind === 'toggle') this.input.checked = value;
    else this.input.value = this.kind === 'slider' ? this.ladder.place(value) : value;
    this.show();
  }

  show() {
    if (this.kind !== 'slider') return;
    const value = this.value(), said = this.log ? String(+value.toPrecision(value < 1000 ? 3 : 4)) : value.toFixed(this.digits);
    this.number.value = said;
    this.input.setAttribute('aria-valuetext', said);
  }

  typed(said) {
    const value = Number(said.replace('\u2212', '-')), { lo, hi } = this.full;
    if (said.trim() && Number.isFinite(value)) {
      if (Array.isArray(this.stops) && !this.stops.includes(value)) this.allow(this.full);
      this.set(Math.min(Math.max(value, lo), hi));
      this.moved();
    }
    this.show();
  }

  moved() { this.show(); this.tell('moved'); }
}

/** A ladder, as of figure.js, on listed values. */
function listed(values) {
  const away = (k, value) => Math.abs(values[k] - value);
  const place = value => values.reduce((best, _, k) => away(k, value) < away(best, value) ? k : best, 0);
  return { last: values.length - 1, at: k => values[k], place };
}

function playButton(control) {
  let timer = 0;
  const button = node('button', { type: 'button', className: 'play', 'aria-label': `Play ${control.spoken}` }, '\u25b6');
  const stop = () => { clearInterval(timer); timer = 0; button.textContent = '\u25b6'; button.ariaLabel = `Play ${control.spoken}`; };
  const step = () => {
    if (button.closest('.live-figure').querySelector('.behind')) return;  // Python is still starting: wait for its picture
    if (+control.input.value >= control.ladder.last) return stop();
    control.input.value = +control.input.value + 1;
    control.moved();
  };
  button.addEventListener('click', () => {
    if (timer) return stop();
    if (+control.input.value >= control.ladder.last) { control.input.value = 0; control.moved(); }
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return step();
    timer = setInterval(step, 150);
    button.textContent = '\u25a0';
    button.ariaLabel = `Stop ${control.spoken}`;
  });
  return button;
}

// -- figures ---------------------------------------------------------------------------------------------------------------------

/** A figure's controls and its picture: first with its stored frames, then, when Python has run its cell, with Python's. */
class Live {
  constructor(id, { controls, stored, size, narrow }) {
    const element = document.getElementById(id), view = element.querySelector('.view');
    Object.assign(this, { id, view, stored, size, narrow, waiting: null, renewed: false });
    this.controls = controls.map(described => new Control(described, what => this.told(what, described.name)));
    this.named = Object.fromEntries(this.controls.map(control => [control.name, control]));
    const reset = node('button', { type: 'button' }, 'Reset');
    reset.addEventListener('click', () => this.reset());
    element.querySelector('.controls').replaceChildren(...this.controls.map(control => control.element), reset);
    for (const [name, stops] of Object.entries(stored.values)) if (this.named[name].kind === 'slider') this.named[name].allow(stops);
    view.replaceChildren();
    const source = { draw: (...asked) => this.draw(...asked), ahead: (...asked) => this.ahead(...asked) };
    const first = this.frame(this.controls.map(control => control.at), false);
    this.figure = new Figure(view, this.controls, source, { first, drawAhead: true });
  }

  told(what, name) {
    if (this.waiting === null && python.live.has(this.id)) this.wake();
    this.figure?.[what](this.named[name]);
  }

  reset() {
    for (const control of this.controls) control.set(control.at);
    this.told('moved', this.controls[0].name);
  }

  receive(frame) {
    if (!this.waiting || frame.error || python.live.has(this.id)) this.view.classList.remove('behind');
    this.figure.receive(frame);
  }

  /** The stored frame of these values, or null. */
  frame(values, narrow) {
    let number = 0;
    for (const [name, allowed] of Object.entries(this.stored.values)) {
      const place = allowed.indexOf(values[this.controls.indexOf(this.named[name])]);
      if (place < 0) return null;
      number = number * allowed.length + place;
    }
    if (this.controls.some((control, k) => !(control.name in this.stored.values) && values[k] !== control.at)) return null;
    const file = `${this.stored.where}/${String(number).padStart(2, '0')}${narrow ? 'n' : ''}.webp`;
    return { values, text: this.stored.sentences[number], url: file, size: narrow ? this.narrow : this.size, scale: 2, narrow };
  }

  // Pictures are decoded before they are shown, so that none flickers.
  show(frame) {
    const image = new Image();
    image.src = frame.url;
    const shown = () => this.receive({ ...frame, milliseconds: 0 });
    image.decode().then(shown, shown);
  }

  draw(values, scale, narrow) {
    const frame = !python.live.has(this.id) && this.frame(values, narrow);
    if (frame) {
      this.waiting = null;
      return this.show(frame);
    }
    if (python.live.has(this.id)) return python.worker.postMessage({ cell: this.id, ask: { draw: values, scale, narrow } });
    this.waiting = { values, narrow };
    this.view.classList.add('behind');
    python.start().catch(error => this.receive({ values, narrow, error: `Python does not run here: ${error.message}` }));
  }

  ahead(list, narrow) {
    if (python.live.has(this.id)) return python.worker.postMessage({ cell: this.id, ask: { ahead: list, narrow } });
    list.map(values => this.frame(values, narrow)).filter(Boolean).forEach(frame => this.show(frame));
  }

  /** Python has run the cell. What waits for it is drawn now, all else when the figure is next touched. */
  woken() { if (this.waiting) this.wake(); }

  wake() {
    if (this.renewed) return;
    [this.renewed, this.waiting] = [true, null];
    for (const control of this.controls) if (control.kind === 'slider') control.allow(control.full);
    this.figure.renew();
  }
}

const figures = Object.fromEntries(Object.entries(about.figures).map(([id, described]) => [id, new Live(id, described)]));

// -- questions --------------------------------------------------------------------------------------------------------------------

/** The cells that answer a question: from the first output after it up to the next question, Do, or end of the section. */
function answers(question) {
  const cells = [...document.querySelectorAll('main :is(section, figure)[id]')], found = [];
  for (const cell of cells.slice(cells.indexOf(question) + 1)) {
    if (cell.matches('.predict') || cell.querySelector('h2')) break;
    if (found.length && [...cell.querySelectorAll('strong')].some(word => word.textContent.startsWith('Do'))) break;
    if (found.length || cell.querySelector('img, .view, pre:not(.code pre)')) found.push(cell);
  }
  return found;
}

for (const question of document.querySelectorAll('.predict')) {
  const buttons = [...question.querySelectorAll('button')], reply = question.querySelector('[role=status]'), hidden = answers(question);
  const reveal = () => hidden.forEach(cell => cell.classList.remove('blurred'));
  if (hidden.length) reply.textContent = 'What answers this is blurred until you choose, or touch it.';
  for (const cell of hidden) {
    cell.classList.add('blurred');
    for (const touched of ['pointerdown', 'focusin']) cell.addEventListener(touched, reveal);
  }
  for (const button of buttons) button.addEventListener('click', () => {
    for (const other of buttons) other.dataset.mark = 'right' in other.dataset ? '\u2713' : other === button ? '\u2717' : '';
    reply.textContent = button.dataset.reply;
    reveal();
  });
}

// -- code that is run ---------------------------------------------------------------------------------------------------------------

const memory = {
  get(key) { try { return JSON.parse(localStorage.getItem(`lecturelib/${key}`)); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(`lecturelib/${key}`, JSON.stringify(value)); } catch { /* a page that may store nothing */ } },
};

/** A cell's code in a text box, and what it says when it is run. Of an exercise, the browser keeps what the reader writes. */
class Editor {
  constructor(section) {
    Object.assign(this, { section, id: section.id, wrong: 0, running: false });
    this.skeleton = about.cells.find(({ cell }) => cell === this.id).source;
    this.answer = section.querySelector('.answer');
    this.key = this.answer && `${about.name}/${this.id}`;
    const kept = this.key && memory.get(this.key);
    this.box = node('textarea', { value: kept?.source ?? this.skeleton, 'aria-label': 'Code', spellcheck: false, wrap: 'off' });
    this.box.addEventListener('keydown', event => this.pressed(event));
    this.box.addEventListener('input', () => this.keep());
    this.output = node('pre', { className: 'output', role: 'status', textContent: kept?.said ?? '' });
    const button = (text, does, hidden = false) => {
      const made = node('button', { type: 'button', hidden }, text);
      made.addEventListener('click', does);
      return made;
    };
    this.stop = button('Stop', () => python.stop(), true);
    this.show = button('Show an answer', () => { this.answer.hidden = false; }, true);
    const bar = node('div', { className: 'bar' }, button('Run', () => this.run()), this.stop, button('Start over', () => this.restore()), this.show);
    section.querySelector('details').replaceWith(this.box, bar, this.output);
    section.classList.add('editor');
    this.fit();
  }

  fit() { this.box.rows = this.box.value.split('\n').length + 1; }

  keep(more = {}) {
    this.fit();
    if (this.key) memory.set(this.key, { ...memory.get(this.key), source: this.box.value, ...more });
  }

  pressed(event) {
    if (event.key !== 'Enter') return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) { event.preventDefault(); return this.run(); }
    const line = this.box.value.slice(0, this.box.selectionStart).split('\n').at(-1);
    const indent = line.match(/^ */)[0] + (/:\s*$/.test(line) ? '    ' : '');
    if (!indent) return;
    event.preventDefault();
    document.execCommand('insertText', false, `\n${indent}`);  // unlike setRangeText, it can be undone
  }

  async run() {
    if (this.running) return;
    this.running = true;
    this.stop.hidden = false;
    this.section.querySelectorAll(':scope > pre:not(.output), :scope > figure').forEach(stored => stored.remove());
    this.output.textContent = python.worker ? 'running ...' : 'starting Python ...';
    try {
      await python.start();
      await python.all;  // the notebook's other cells come first
      const { text, error } = await python.run(this.id, this.box.value);
      this.say([text.trimEnd(), error].filter(Boolean).join('\n'));
    } catch (error) {
      this.say(`Python does not run here: ${error.message}`);
    }
    this.running = false;
    this.stop.hidden = true;
  }

  say(text) {
    this.output.textContent = text;
    if (!this.key) return;
    const done = text.startsWith('Right.');
    if (text.startsWith('Not yet:')) this.wrong += 1;
    this.show.hidden = done || this.wrong < 2;
    this.keep(done ? { done, said: text } : {});
  }

  restore() {
    this.box.value = this.skeleton;
    this.keep();
    this.box.focus();
  }
}

for (const section of document.querySelectorAll('.exercise')) new Editor(section);
for (const section of document.querySelectorAll('.claim')) {
  const button = node('button', { type: 'button', className: 'change' }, 'Change and run');
  button.addEventListener('click', () => { button.remove(); new Editor(section).box.focus(); });
  section.append(button);
}

for (const card of document.querySelectorAll('[data-exercises]')) {
  const [name, cells] = JSON.parse(card.dataset.exercises), done = cells.filter(cell => memory.get(`${name}/${cell}`)?.done).length;
  if (done) card.querySelector('.progress').textContent = `${done} of ${cells.length} exercises done`;
}
for (const button of document.querySelectorAll('.make-live')) button.addEventListener('click', () => python.start().catch(() => {}));
