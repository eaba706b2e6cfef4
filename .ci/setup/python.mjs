// Python environments: virtual environments with pinned requirements, made once.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ensureDebianPackages } from './debian.mjs';
import { root } from './node-packages.mjs';
import { run, tail } from './process.mjs';

const windows = process.platform === 'win32';

/** Asks a Python for itself: through a version manager's shim this names the interpreter behind it. */
const whoAreYou = 'import sys; print(sys.executable); print(sys.version_info >= (3, 9))';

/** The real interpreter behind `python3`; undefined if there is none from 3.9 on. */
async function findPython() {
  const candidates = windows ? [['py', '-3'], ['python']] : [['python3'], ['python'], ['/usr/bin/python3']];
  for (const [command, ...args] of candidates) {
    const { code, output } = await run(command, [...args, '-c', whoAreYou], { quiet: true, timeout: 30_000 });
    const [executable, recent] = output.trim().split(/\r?\n/);
    if (code === 0 && recent === 'True') return executable;
  }
  return undefined;
}

/** Makes the virtual environment; says why it can't. */
async function createEnvironment(python, folder) {
  const parts = await run(python, ['-c', 'import venv, ensurepip'], { quiet: true });
  if (parts.code !== 0) {
    // Debian ships the standard library's venv as a package of its own.
    const problem = await ensureDebianPackages(['python3-venv']);
    if (problem !== undefined) return `${python} has no venv module; ${problem}`;
  }
  const { code, output } = await run(python, ['-m', 'venv', '--clear', folder], { quiet: true, timeout: 300_000 });
  return code === 0 ? undefined : `${python} -m venv ended with ${code}:\n${tail(output)}`;
}

/**
 * Makes sure that a `.venv` has the packages of a requirements file. Costs nothing when it has.
 *
 * @param {string} requirements absolute path of the requirements file
 * @param {string} [folder] where `.venv` is; default beside the requirements file
 * @returns {Promise<{ python: string } | { problem: string }>} the environment's interpreter, or what could not be got and why
 */
export async function ensurePython(requirements, folder = dirname(requirements)) {
  const environment = join(folder, '.venv');
  const python = join(environment, windows ? 'Scripts\\python.exe' : 'bin/python');
  const stamp = join(environment, '.requirements.sha256');
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex');

  // A virtual environment is dead once the Python that it was made from has gone.
  const alive = existsSync(python) && (await run(python, ['-c', ''], { quiet: true, timeout: 30_000 })).code === 0;
  if (alive && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return { python };

  if (!alive) {
    const base = await findPython() ?? ((await ensureDebianPackages(['python3', 'python3-venv'])) === undefined ? await findPython() : undefined);
    if (base === undefined) return { problem: 'Python 3.9 or newer was not found: install it from https://www.python.org or your system\'s packages' };
    console.log(`Making a Python environment in ${relative(root, environment)} with ${base} …`);
    const problem = await createEnvironment(base, environment);
    if (problem !== undefined) return { problem };
  }
  console.log(`Installing Python packages from ${relative(root, requirements)} …`);
  const pip = await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-r', requirements], { quiet: true, timeout: 1_200_000 });
  if (pip.code !== 0) return { problem: `pip install -r ${relative(root, requirements)} ended with ${pip.code}:\n${tail(pip.output)}` };
  writeFileSync(stamp, digest);
  return { python };
}
