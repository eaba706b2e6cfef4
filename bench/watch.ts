/**
 * How long a watch takes from a save to the start of the task's process, and to its output, over graphs of several
 * sizes. The task that is changed is in the last layer. Its process is there when the shell's file is opened to be
 * executed (`opened.py`); the first that the shell does is to write into a pipe, which this process reads.
 *
 * The floor for tools that watch with chokidar is chokidar's own event. It is measured for the same save in the tool's
 * own process (`own-event.cjs`), and a moment after it for a file of this process's own, while the tool has nothing to
 * do: the one file, in a process that does nothing else. (Not for the same save: this process would need a core just when
 * the tool does.)
 *
 * Given are medians and quartiles, as one save in many is late for reasons of its own.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch as watchFiles } from 'chokidar';
import { layeredDag, writeSources } from './dag.ts';
import type { Tool } from './tools.ts';

/** Milliseconds. */
export interface WatchSample {
  /** chokidar's event of another file, in this process. */
  readonly event: number;
  /** chokidar's event in the tool's own process. */
  readonly ownEvent: number;
  /** The task's process is there. */
  readonly started: number;
  /** That after chokidar's event in the tool's own process. */
  readonly over: number;
  /** What the shell does first is heard of. */
  readonly heard: number;
  /** The same command, started by this process when it has nothing else to do, until it is there, and until it is heard of. */
  readonly bare: number;
  readonly bareHeard: number;
  readonly finished: number;
  /** CPU time, as Linux counts it, of the watch over one save that changes nothing, until it is quiet again. */
  readonly idle: number;
}

const patience = 120_000;
/** Until the next save: all that follows from one is over. */
const pause = 800;

export async function measureWatch(tool: Tool & { readonly watch: string }, size: number, saves: number): Promise<readonly WatchSample[]> {
  const shell = await watchStarts('/bin/sh');
  try {
    return await measureSaves(tool, size, saves, shell);
  } finally {
    shell.close();
  }
}

async function measureSaves(tool: Tool & { readonly watch: string }, size: number, saves: number, shell: Starts): Promise<readonly WatchSample[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-bench-'));
  // Not where the watch sees it.
  const elsewhere = mkdtempSync(path.join(tmpdir(), 'runweave-bench-'));
  const ownEvent = path.join(elsewhere, 'event');
  const [ofTask, ofCommand] = ['task', 'command'].map((name) => openPipe(path.join(elsewhere, name))) as [Pipe, Pipe];
  const dag = layeredDag(size).map((node, index) => (index === size - 1 ? { ...node, command: `${ofTask.tell}; ${node.command}` } : node));
  const last = dag.at(-1);
  if (last === undefined) throw new Error('no tasks');
  const [source, output] = [last.source, last.output].map((file) => path.join(folder, file)) as [string, string];
  writeSources(folder, dag);
  tool.prepare(folder, dag);
  const child = spawn('/bin/sh', ['-c', `exec ${tool.watch}`], { cwd: folder, stdio: 'ignore', detached: true, env: { ...process.env, EVENT_FILE: ownEvent, EVENT_OF: last.source, NODE_OPTIONS: `--require ${JSON.stringify(path.join(import.meta.dirname, 'own-event.cjs'))}` } });
  const other = path.join(elsewhere, 'other');
  writeFileSync(other, '');
  const watcher = watchFiles(other, { ignoreInitial: true, atomic: true });
  try {
    await until(() => readOr(output) !== '', child);
    await sleep(2000 + size);
    const samples: WatchSample[] = [];
    for (let number = 0; number < saves; number += 1) {
      const before = statSync(output).mtimeMs;
      rmSync(ownEvent, { force: true });
      const [opened, heard] = [shell.started(), ofTask.heard()];
      const saved = now();
      writeFileSync(source, `change ${number} of ${size}\n`);
      const [started, told] = [await opened, await heard];
      // Some remove it first.
      await until(() => (statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? before) !== before, child);
      await until(() => readOr(ownEvent) !== '', child);
      const own = Number(readOr(ownEvent));
      const finished = statSync(output).mtimeMs - saved;
      await sleep(pause);
      const cpu = cpuOf(child.pid ?? 0);
      writeFileSync(source, `change ${number} of ${size}\n`);
      await sleep(pause);
      const idle = cpuOf(child.pid ?? 0) - cpu;
      const seen = once(watcher, 'all').then(now);
      const savedOther = now();
      writeFileSync(other, `change ${number}\n`);
      const event = (await seen) - savedOther;
      await sleep(pause);
      const [bareOpened, bareTold] = [shell.started(), ofCommand.heard()];
      const bareStart = now();
      spawn('/bin/sh', ['-c', ofCommand.tell], { stdio: 'ignore' });
      const [bare, bareHeard] = [(await bareOpened) - bareStart, (await bareTold) - bareStart];
      samples.push({ event, ownEvent: own - saved, started: started - saved, over: started - own, heard: told - saved, bare, bareHeard, finished, idle });
    }
    return samples;
  } finally {
    await watcher.close();
    for (const each of [ofTask, ofCommand]) each.close();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    for (const each of [folder, elsewhere]) rmSync(each, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Pipe {
  /** What a shell does itself, without another process. */
  readonly tell: string;
  /** When it is done next. */
  readonly heard: () => Promise<number>;
  readonly close: () => void;
}

function openPipe(file: string): Pipe {
  execFileSync('mkfifo', [file]);
  // Open for writing too, so that it does not end with who writes.
  const socket = new Socket({ fd: openSync(file, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false });
  socket.resume();
  return { tell: `echo > ${file}`, heard: () => once(socket, 'data').then(now), close: () => void socket.destroy() };
}

interface Starts {
  /** When the program is started next, by whomever. */
  readonly started: () => Promise<number>;
  readonly close: () => void;
}

async function watchStarts(program: string): Promise<Starts> {
  const child = spawn('python3', [path.join(import.meta.dirname, 'opened.py'), program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const ended = once(child, 'close').then((): never => {
    throw new Error(`what starts ${program} is not told of`);
  });
  // Also when nobody waits.
  ended.catch(() => undefined);
  const next = async (): Promise<string> => String((await Promise.race([once(lines, 'line'), ended]))[0]);
  await next();
  return { started: async () => Number(await next()), close: () => void child.kill() };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function until(isSo: () => boolean, child: ChildProcess): Promise<void> {
  const end = Date.now() + patience;
  while (!isSo()) {
    await sleep(3);
    if (child.exitCode !== null) throw new Error(`the watch ended with ${child.exitCode}`);
    if (Date.now() > end) throw new Error('nothing happened');
  }
}

/** User and system time so far, in ms: proc_pid_stat(5), in ticks of 10 ms. */
function cpuOf(pid: number): number {
  const stat = readOr(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
