/**
 * Processes that a task started and that left its process group: daemons, kernels in a session of their own. Nothing
 * tells whose children they were (Node can't be a subreaper), so they are found by what they inherited: the variables
 * that name the run and the task. Only Linux shows other processes' environments. One that overwrites its own is not
 * found.
 *
 * Asked after every attempt, so it must cost little: of all processes only those that are younger than the task's own
 * are looked at, and where few ids were given out since, these are tried and nothing is listed (a listing takes 150 µs).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Process ids that a machine can give out in a millisecond: more processes are not made even by many cores. */
const idsAtOnce = 10;
/** Beyond this many ids a listing is less work. */
const fewIds = 64;
/** A millisecond apart, at a process that is becoming another program. */
const mostLooks = 500;
/** At a process that shows arguments and no variables: it has none, or was becoming another program at each look. */
const mostWithoutVariables = 20;

/** Processes other than this one in whose environment all of `variables` are, as `NAME=value`. */
export function processesWith(variables: readonly string[], youngerThan = 0): readonly number[] {
  if (process.platform !== 'linux' || variables.length === 0) return [];
  const marks = variables.map((variable) => `\0${variable}\0`);
  return idsAfter(youngerThan).filter((pid) => {
    if (pid === process.pid) return false;
    const environment = `\0${environmentOf(pid)}`;
    return marks.every((mark) => environment.includes(mark));
  });
}

/** Variables whose name matches, in the environments of the processes that `processesWith` finds. */
export function variablesOf(variables: readonly string[], youngerThan: number, name: RegExp): readonly { readonly pid: number; readonly name: string; readonly value: string }[] {
  return processesWith(variables, youngerThan).flatMap((pid) =>
    environmentOf(pid).split('\0').flatMap((entry) => {
      const at = entry.indexOf('=');
      return at > 0 && name.test(entry.slice(0, at)) ? [{ pid, name: entry.slice(0, at), value: entry.slice(at + 1) }] : [];
    }),
  );
}

/** Variables with NUL between them; empty for a process of somebody else, and for one that is gone. */
function environmentOf(pid: number): string {
  try {
    let withoutVariables = 0;
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      if (environment !== '') return environment;
      // While a process becomes another program (execve(2)), it shows neither variables nor arguments.
      const hasArguments = readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
      if (hasArguments) {
        if ((withoutVariables += 1) === mostWithoutVariables) return '';
        continue;
      }
      if (hasNoMemory(pid)) return '';
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  } catch {
    // It ended meanwhile.
  }
  return '';
}

/** A thread of the kernel, or a process that has ended: no size of memory in pages (proc(5), `statm`). */
function hasNoMemory(pid: number): boolean {
  return readFileSync(`/proc/${pid}/statm`, 'utf8').startsWith('0 ');
}

/** Ids of processes that began after the one with the id `from`. */
function idsAfter(from: number): readonly number[] {
  const last = lastPid();
  // Process ids rise, until they begin again.
  const hasWrapped = last < from;
  if (!hasWrapped && from > 0 && last - from <= fewIds) {
    return Array.from({ length: last - from }, (_, index) => from + 1 + index).filter((pid) => existsSync(`/proc/${pid}`));
  }
  try {
    return readdirSync('/proc').map(Number).filter((pid) => Number.isInteger(pid) && (hasWrapped || pid > from));
  } catch {
    return [];
  }
}

/**
 * After which id to look for what was started by the process `pid`, which was itself started at `began` (of
 * `performance.now()`): 0, for all, when all ids may have been given out since, so that younger ones may be below it.
 */
export function lookAfter(pid: number, began: number, now = performance.now(), most = (mostIds ??= pidMax())): number {
  return (now - began) * idsAtOnce < most ? pid : 0;
}
let mostIds: number | undefined;

/** proc_sys_kernel(5) */
function pidMax(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'));
  } catch {
    return 32_768;
  }
}

/** Ends them, and what they start meanwhile. */
export function killProcessesWith(variables: readonly string[], youngerThan: number): void {
  const killed = new Set<number>();
  for (let isOver = false; !isOver; ) {
    isOver = true;
    for (const pid of processesWith(variables, youngerThan)) {
      if (killed.has(pid)) continue;
      killed.add(pid);
      isOver = false;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}

/** The id that was given out last: the last field of `/proc/loadavg` (proc(5)). */
function lastPid(): number {
  try {
    return Number(readFileSync('/proc/loadavg', 'utf8').trim().split(' ').at(-1));
  } catch {
    return 0;
  }
}

/** Also one of somebody else; not one that has ended and is a process only until its parent asks how (a zombie). */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    // proc_pid_stat(5): the state follows the command, which may hold spaces and parentheses.
    return !/\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // No `/proc`, or it ended just now.
    return true;
  }
}
