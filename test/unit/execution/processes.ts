/** What tests of real processes share: waiting for an end that only the system knows of. */
import { readFileSync } from 'node:fs';

/** Whether a process is gone; one that has ended and waits for its parent to notice is. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    // No /proc, or gone between the two questions: the next round tells.
    return false;
  }
}

/** Resolves when a process is gone; rejects after `limit` milliseconds. */
export async function untilGone(pid: number, limit = 2000): Promise<void> {
  const start = performance.now();
  while (!isGone(pid)) {
    if (performance.now() - start > limit) throw new Error(`process ${pid} is still there after ${limit} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
