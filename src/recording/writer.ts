/**
 * Who writes an event log, so that a log whose writer died can be told from one of a run in progress.
 *
 * A process id alone is reused, in containers at once. On Linux the process's start time and the boot make it unique;
 * elsewhere it is the id alone. A log from another host (a shared or copied folder, a container) can't be asked about:
 * it counts as in use for a day after it was last written to.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { hostname } from 'node:os';

const patience = 24 * 60 * 60 * 1000;

interface Writer {
  readonly type: 'writer';
  readonly pid: number;
  readonly host: string;
  /** Clock ticks since the boot, from `/proc`. */
  readonly startTime?: string;
  readonly boot?: string;
}

/** This process, for the first line of a log. */
export function describeWriter(): Writer {
  if (self === undefined) {
    const startTime = startTimeOf(process.pid);
    const boot = bootId();
    self = { type: 'writer', pid: process.pid, host: hostname(), ...(startTime !== undefined && { startTime }), ...(boot !== undefined && { boot }) };
  }
  return self;
}
let self: Writer | undefined;

/** Whether the process that writes this event log still runs. A log without a readable first line has no writer. */
export function writerIsAlive(logPath: string): boolean {
  const writer = readWriter(logPath);
  if (writer === undefined) return false;
  if (writer.host !== hostname()) return Date.now() - statSync(logPath).mtimeMs < patience;
  if (writer.boot !== bootId()) return false;
  if (!isRunning(writer.pid)) return false;
  return writer.startTime === undefined || writer.startTime === startTimeOf(writer.pid);
}

function readWriter(logPath: string): Writer | undefined {
  try {
    const descriptor = openSync(logPath, 'r');
    const buffer = Buffer.alloc(4096);
    const length = readSync(descriptor, buffer);
    closeSync(descriptor);
    const writer = JSON.parse(buffer.toString('utf8', 0, length).split('\n', 1)[0] ?? '') as Partial<Writer> | null;
    return writer?.type === 'writer' && Number.isSafeInteger(writer.pid) && (writer.pid ?? 0) > 0 ? (writer as Writer) : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startTimeOf(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold anything; start time is field 22 (proc_pid_stat(5)).
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function bootId(): string | undefined {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim();
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
