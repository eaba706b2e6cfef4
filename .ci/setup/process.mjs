// Child processes of the set-up: started without a shell, waited for, and ended with all that they started.
// Must run on Node 20: a bare machine may have nothing newer before the pinned Node is installed.
import { spawn, spawnSync } from 'node:child_process';

const windows = process.platform === 'win32';

/** What was started and may still run; ended with this process. */
const running = new Set();

/** The process and everything below it, deepest last; as the system lists it now. */
function processTree(pid) {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const childrenOf = new Map();
  for (const line of (stdout ?? '').trim().split('\n')) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), child]);
  }
  const tree = [pid];
  for (const each of tree) tree.push(...(childrenOf.get(each) ?? []));
  return tree;
}

/** Ends a process and all its descendants, also those with a process group of their own. Synchronous, for `exit` handlers. */
export function killTree(pid) {
  if (windows) {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    return;
  }
  for (const each of processTree(pid)) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // Ended by itself in the meantime.
    }
  }
}

/** Has the process tree of `child` ended when this process ends, however it ends. */
export function endWithUs(child) {
  if (running.size === 0) installExitHandlers();
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

let handlersInstalled = false;

function installExitHandlers() {
  if (handlersInstalled) return;
  handlersInstalled = true;
  process.on('exit', () => {
    for (const child of running) killTree(child.pid);
  });
  for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]]) {
    process.on(signal, () => process.exit(128 + number));
  }
}

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, quiet?: boolean, timeout?: number }} [options]
 *   `quiet` keeps the output for the caller instead of showing it; `timeout` in milliseconds, after which the tree is ended.
 * @returns {Promise<{ code: number, output: string }>} `output` is empty unless quiet; code 127 if the command is not there,
 *   124 after a timeout, as `timeout(1)` has it.
 */
export function run(command, args, { cwd, env, quiet = false, timeout } = {}) {
  return new Promise((resolve) => {
    // npm is a .cmd file on Windows, and those start only through a shell.
    const shell = windows && command === 'npm';
    const child = endWithUs(spawn(command, args, { cwd, env: env ?? process.env, shell, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' }));
    let output = '';
    let timedOut = false;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    const timer = timeout === undefined ? undefined : setTimeout(() => {
      timedOut = true;
      killTree(child.pid);
    }, timeout);
    child.once('error', (error) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: 127, output: error.message });
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: timedOut ? 124 : (code ?? (signal === 'SIGINT' ? 130 : 1)), output });
    });
  });
}

/** The last lines of a command's output, for a message about its failure. */
export function tail(output, lines = 15) {
  return output.trimEnd().split('\n').slice(-lines).map((line) => `    ${line}`).join('\n');
}
