// node bytecode.js FOLDER PACKAGE   run bytecode.py in the Pyodide of the folder: what a page imports for the package is compiled

const { readFileSync } = require('fs'), { join } = require('path');
const [folder, ours] = process.argv.slice(2);

async function main() {
  const lockFileURL = join(folder, 'page-lock.json'), { packages } = JSON.parse(readFileSync(lockFileURL));
  const python = await require(join(folder, 'pyodide.js')).loadPyodide({ indexURL: folder + '/', lockFileURL, packages: [ours] });
  python.runPython(readFileSync(join(__dirname, 'bytecode.py'), 'utf8'));
  const wanted = python.globals.get('imported')(ours), compileIn = python.globals.get('compile_in');
  python.FS.mkdir('/wheels');
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, '/wheels');
  const wheels = Object.values(packages).map(entry => entry.file_name);
  for (const file of ['python_stdlib.zip', ...wheels]) {
    const kept = file.startsWith(ours) || file.startsWith('numpy');  // numpy cannot be imported without its docstrings
    compileIn(`/wheels/${file}`, wanted, file.startsWith(ours), !kept);  // docstrings of all would be 1 MB in a first visit
  }
}

main().catch(error => {
  console.error(String(error.stack ?? error).slice(-2000));
  process.exit(1);
});
