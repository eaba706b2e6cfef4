/**
 * What a process and all below it use, from `/proc` (proc(5)). CPU time and bytes of children that have ended are in
 * their parents' numbers. Memory is the sum of what each process holds, so that what they share counts once for each.
 *
 * Not the network: Linux counts it for the whole network namespace, and what others sent is nothing a task used.
 * Elsewhere than on Linux there is nothing to be had without starting a process for each look.
 */
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessUsage {
  /** Seconds, user and system, since the process started. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes from and to storage, since the process started. */
  readonly read: number;
  readonly written: number;
  /** The process and all below it. */
  readonly pids: readonly number[];
}

/** `sysconf(_SC_CLK_TCK)` and the page size: what Linux has on every architecture that Node runs on, but for pages of arm64 (16 or 64 KiB on some). */
const ticks = 100;
const pageSize = 4096;
/** Children hang on the thread that started them; of processes with more threads only the first are looked at. */
const threadsLookedAt = 64;

/** `undefined` when the process is gone, or where there is no `/proc`. */
export function processUsage(root: number): ProcessUsage | undefined {
  if (process.platform !== 'linux') return undefined;
  const pids: number[] = [];
  let [cpu, memory, read, written] = [0, 0, 0, 0];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // After the program's name, which may hold anything: state is field 3.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const field = (number: number): number => Number(fields[number - 3]);
      cpu += (field(14) + field(15) + field(16) + field(17)) / ticks;
      memory += field(24) * pageSize;
      pids.push(pid);
      waiting.push(...childrenOf(pid));
      const io = readFileSync(`/proc/${pid}/io`, 'latin1');
      read += Number(/^read_bytes: (\d+)$/m.exec(io)?.[1] ?? 0);
      written += Number(/^write_bytes: (\d+)$/m.exec(io)?.[1] ?? 0);
    } catch {
      // It has ended meanwhile, or is somebody else's (a program with the rights of another user).
    }
  }
  return pids.length === 0 ? undefined : { cpu, memory, read, written, pids };
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`)
    .slice(0, threadsLookedAt)
    .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter((child) => child !== '').map(Number));
}
