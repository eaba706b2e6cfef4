/**
 * How long a watch takes from a save to the start of the task's process, and to its output, over graphs of several
 * sizes. The task that is changed is in the last layer and writes when it was started. Measured together with
 * chokidar's own event for the same save, as seen by a process that does nothing else: the floor for tools that watch
 * with it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch as watchFiles } from 'chokidar';
import { layeredDag, writeSources, type Node } from './dag.ts';
import type { Tool } from './tools.ts';

/** Milliseconds. */
export interface WatchSample {
  /** chokidar's event in another process. */
  readonly event: number;
  /** The same command, started by this process when it has nothing else to do, until it wrote what the clock says. */
  readonly bare: number;
  /** The task's process wrote what the clock says. */
  readonly started: number;
  readonly finished: number;
  /** CPU time, as Linux counts it, of the watch over one save that changes nothing, until it is quiet again. */
  readonly idle: number;
}

const stampCommand = 'date +%s%N > stamp.txt';
const patience = 120_000;
/** Until the next save: all that follows from one is over. */
const pause = 800;

export async function measureWatch(tool: Tool & { readonly watch: string }, size: number, saves: number): Promise<readonly WatchSample[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-bench-'));
  // What the command alone writes is no change that the watch sees: a save right after it would not be a save alone.
  const elsewhere = mkdtempSync(path.join(tmpdir(), 'runweave-bench-'));
  const dag = withStamp(layeredDag(size));
  const last = dag.at(-1);
  if (last === undefined) throw new Error('no tasks');
  const [source, output, stamp] = [last.source, last.output, 'stamp.txt'].map((file) => path.join(folder, file)) as [string, string, string];
  writeSources(folder, dag);
  tool.prepare(folder, dag);
  const child = spawn('/bin/sh', ['-c', `exec ${tool.watch}`], { cwd: folder, stdio: 'ignore', detached: true });
  const watcher = watchFiles(path.dirname(source), { ignoreInitial: true, atomic: true });
  try {
    await until(() => readOr(output) !== '', child);
    await sleep(2000 + size);
    const samples: WatchSample[] = [];
    for (let number = 0; number < saves; number += 1) {
      const event = new Promise<number>((resolve) => watcher.once('all', () => resolve(now())));
      const saved = now();
      writeFileSync(source, `change ${number} of ${size}\n`);
      const seen = await event;
      await until(() => statSync(output).mtimeMs > saved && Number(readOr(stamp)) / 1e6 > saved, child);
      const started = Number(readOr(stamp)) / 1e6 - saved;
      const finished = statSync(output).mtimeMs - saved;
      await sleep(pause);
      const cpu = cpuOf(child.pid ?? 0);
      writeFileSync(source, `change ${number} of ${size}\n`);
      await sleep(pause);
      const bareStart = now();
      spawnSync('/bin/sh', ['-c', stampCommand], { cwd: elsewhere });
      const bare = Number(readOr(path.join(elsewhere, path.basename(stamp)))) / 1e6 - bareStart;
      samples.push({ event: seen - saved, bare, started, finished, idle: cpuOf(child.pid ?? 0) - cpu });
    }
    return samples;
  } finally {
    await watcher.close();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    for (const each of [folder, elsewhere]) rmSync(each, { recursive: true, force: true, maxRetries: 5 });
  }
}

function withStamp(dag: readonly Node[]): readonly Node[] {
  return dag.map((node, index) => (index === dag.length - 1 ? { ...node, command: `${stampCommand}; ${node.command}` } : node));
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
