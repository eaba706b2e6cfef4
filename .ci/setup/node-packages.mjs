// Node packages first, then the pinned Node: what every script here starts with. Imports nothing that npm has to bring,
// and must run on Node 20, because a bare machine may have nothing newer.
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './process.mjs';

/** The repository's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const readJson = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'));

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes what it installed to a lock file of its own, at the
 * very end, so that an interrupted installation is seen too; contents are compared because a checkout changes file times.
 */
function packagesAreCurrent() {
  if (!existsSync(pinnedNode) || !existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const wanted = readJson('package-lock.json').packages;
  const present = readJson('node_modules', '.package-lock.json').packages;
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    path === '' || (present[path] === undefined ? optional === true : present[path].version === version));
}

/** Installs the Node packages if they are missing or are not those of package-lock.json; ends the process if it can't. */
export async function ensureNodePackages() {
  if (packagesAreCurrent()) return;
  console.log('Installing Node packages (npm ci) …');
  const { code } = await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
  if (code === 0 && packagesAreCurrent()) return;
  console.error(code === 127
    ? 'npm was not found. Install Node.js 20 or newer with npm, then try again.'
    : `The Node packages could not be installed (npm ci ended with ${code}, see above). This needs the npm registry, and install scripts allowed.`);
  process.exit(1);
}

/**
 * Returns on the pinned Node with node_modules/.bin first on PATH; on any other Node, runs the script again on the pinned one
 * and ends with its exit code.
 *
 * @param {string} script the caller's import.meta.url
 */
export async function continueOnPinnedNode(script) {
  const bin = join(root, 'node_modules', '.bin');
  if (process.env.PATH?.split(delimiter)[0] !== bin) process.env.PATH = `${bin}${delimiter}${process.env.PATH ?? ''}`;
  if (process.version === `v${readJson('node_modules', 'node', 'package.json').version}`) return;
  const { code } = await run(pinnedNode, [fileURLToPath(script), ...process.argv.slice(2)]);
  process.exit(code);
}
