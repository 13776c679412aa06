// Python in a worker of the page, for one notebook. Messages to it:
//
//   {start: {python, packages}}   first: the folder of Pyodide, and what to load
//   {run: {cell, source}}         run a cell; the answer is {ran: {cell, text, error}}
//   {cell, ask}                   a message of figure.js to the figure of that cell; the answer is {cell, frame, png}
//
// It tells what it waits for by {waits: text}, that it is ready by {ready: true}, and by {failed: text} that there is no Python.

let notebook;  // a promise of the Python object that runs the cells

onmessage = async ({ data }) => {
  if (data.start) {
    notebook = start(data.start);
    notebook.then(() => postMessage({ ready: true }), error => postMessage({ failed: String(error.message ?? error) }));
    return;
  }
  const own = await notebook;
  if (data.run) {
    const answer = own.run(data.run.cell, data.run.source);
    postMessage({ ran: { cell: data.run.cell, ...plain(answer) } });
    answer.destroy();
  } else {
    const content = toPython(data.ask);
    own.asked(data.cell, content);
    content.destroy();
  }
};

let toPython;

async function start({ python, packages }) {
  postMessage({ waits: 'Python' });
  importScripts(`${python}pyodide.js`);
  const loaded = await loadPyodide({ indexURL: python, lockFileURL: `${python}page-lock.json`, packages });
  toPython = value => loaded.toPy(value);
  postMessage({ waits: 'the library' });
  const send = (cell, answer) => {
    const frame = plain(answer), png = frame.png;
    delete frame.png;
    postMessage({ cell, frame, png }, png ? [png.buffer] : []);
  };
  return loaded.pyimport('lecturelib.live.page').Notebook(send);
}

const plain = proxy => proxy.toJs({ dict_converter: Object.fromEntries });
