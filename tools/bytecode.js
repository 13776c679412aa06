// node bytecode.js FOLDER [{file, sources, docstrings}, ...]   run bytecode.py on these archives, in the Pyodide of the folder

const { readFileSync } = require('fs'), { join } = require('path');
const [folder, archives] = process.argv.slice(2);

async function main() {
  const python = await require(join(folder, 'pyodide.js')).loadPyodide({ indexURL: folder + '/' });
  python.FS.mkdir('/wheels');
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, '/wheels');
  python.runPython(readFileSync(join(__dirname, 'bytecode.py'), 'utf8'));
  const compile = python.globals.get('compile_wheel');
  for (const { file, sources, docstrings } of JSON.parse(archives)) compile(`/wheels/${file}`, sources, docstrings);
}

main().catch(error => {
  console.error(String(error.stack ?? error).slice(-2000));
  process.exit(1);
});
