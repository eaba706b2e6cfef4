/**
 * Processes that a task started and that left its process group: daemons, kernels in a session of their own. Nothing
 * tells whose children they were (Node can't be a subreaper), so they are found by what they inherited: the variables
 * that name the run and the task. Only Linux shows other processes' environments. One that overwrites its own is not
 * found.
 *
 * Asked after every attempt, so it must cost little: of all processes only those that are younger than the task's own
 * are looked at (50 µs for the listing, 5 µs each).
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Processes other than this one in whose environment all of `variables` are, as `NAME=value`. */
export function processesWith(variables: readonly string[], youngerThan = 0): readonly number[] {
  if (process.platform !== 'linux') return [];
  let names: readonly string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  // Process ids rise, until they begin again.
  const from = lastPid() < youngerThan ? 0 : youngerThan;
  const marks = variables.map((variable) => `\0${variable}\0`);
  return names.map(Number).filter((pid) => {
    if (!Number.isInteger(pid) || pid <= from || pid === process.pid) return false;
    try {
      const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
      return marks.every((mark) => environment.includes(mark));
    } catch {
      // Somebody else's, or gone.
      return false;
    }
  });
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
