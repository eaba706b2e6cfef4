// A real VS Code to test in, in `.vscode-test/`: the desktop editor, downloaded by @vscode/test-electron, and the VS Code server
// that the npm package code-server carries, which a browser opens. The server needs nothing but the npm registry, so that the
// tests also run where the desktop editor can't be downloaded or has no display.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDebianPackages } from './debian.mjs';
import { root } from './node-packages.mjs';
import { run, tail } from './process.mjs';

/** code-server 4.x carries VS Code 1.x. */
const codeServerVersion = '4.139.1';
const desktopVersion = '1.139.1';

const cache = join(root, '.vscode-test');
const serverFolder = join(cache, `code-server-${codeServerVersion}`);
const vscodeFolder = join('node_modules', 'code-server', 'lib', 'vscode');

/**
 * The VS Code server; installed once, which takes about a minute and a half.
 *
 * @returns {Promise<{ serverMain: string } | { problem: string }>} the script to run with the pinned Node
 */
export async function ensureCodeServer() {
  const serverMain = join(serverFolder, vscodeFolder, 'out', 'server-main.js');
  if (existsSync(serverMain)) return { serverMain };
  console.log(`Installing the VS Code server of code-server ${codeServerVersion} (once, about a minute and a half) …`);
  await mkdir(cache, { recursive: true });
  for (const left of await readdir(cache)) {
    const folder = join(cache, left);
    if (left.startsWith('installing-') && Date.now() - (await stat(folder)).mtimeMs > 3_600_000) await rm(folder, { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(cache, 'installing-'));
  try {
    const problem = await installCodeServer(folder);
    if (problem !== undefined) return { problem: `code-server ${codeServerVersion} could not be installed: ${problem}` };
    // Whole or not at all; and if another process was faster, its installation is as good.
    await rename(folder, serverFolder).catch((error) => {
      if (!existsSync(serverMain)) throw error;
    });
    return { serverMain };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Its native parts are built here, against the headers of the Node that runs it. */
async function installCodeServer(folder) {
  const system = process.platform === 'linux' ? await ensureDebianPackages(['libkrb5-dev', 'g++', 'make', 'python3', 'pkg-config']) : undefined;
  if (system !== undefined) console.log(`Building it needs system packages; ${system}. Trying without.`);

  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const quiet = { quiet: true, timeout: 900_000 };
  const npm = ['install', '--no-save', '--no-audit', '--no-fund'];
  // Without scripts: what code-server itself adds to VS Code is not needed, so its parts are not built.
  const fetched = await run('npm', [...npm, '--ignore-scripts', `code-server@${codeServerVersion}`, `${nodePackage}@${process.versions.node}`], { ...quiet, cwd: folder });
  if (fetched.code !== 0) return `npm install ended with ${fetched.code}:\n${tail(fetched.output)}`;

  const headers = join(folder, 'node_modules', nodePackage);
  const env = existsSync(join(headers, 'include')) ? { ...process.env, npm_config_nodedir: headers } : process.env;
  const vscode = join(folder, vscodeFolder);
  const built = await run('npm', [...npm, '--omit=dev'], { ...quiet, cwd: vscode, env });
  if (built.code !== 0) return `npm install of its VS Code ended with ${built.code}:\n${tail(built.output)}`;

  await rm(headers, { recursive: true, force: true });
  // It would only ask for a sign-in.
  await rm(join(vscode, 'extensions', 'copilot'), { recursive: true, force: true });
  return undefined;
}

/**
 * The desktop editor, downloaded once; a failed download is not tried again for a day.
 *
 * @returns {Promise<{ executable: string } | { problem: string }>}
 */
export async function ensureDesktopVscode() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return { problem: 'it needs a display, and there is none' };
  const failure = join(cache, 'download-failed.json');
  if (existsSync(failure)) {
    const { at, problem } = JSON.parse(readFileSync(failure, 'utf8'));
    if (Date.now() - at < 86_400_000) return { problem: `${problem}; it is tried again a day later, or once .vscode-test/download-failed.json is deleted` };
  }
  const { downloadAndUnzipVSCode, SilentReporter } = await import('@vscode/test-electron');
  try {
    const executable = await downloadAndUnzipVSCode({ version: desktopVersion, cachePath: cache, timeout: 10_000, reporter: new SilentReporter() });
    await rm(failure, { force: true });
    return { executable };
  } catch (error) {
    const problem = `VS Code ${desktopVersion} could not be downloaded: ${error.message}`;
    await mkdir(cache, { recursive: true });
    await writeFile(failure, JSON.stringify({ at: Date.now(), problem }));
    return { problem };
  }
}
