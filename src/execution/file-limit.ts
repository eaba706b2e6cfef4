/** What to do while no more files can be opened, by this process or on the whole system: wait for others to be closed. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds. */
const interval = 50;
const longest = 60_000;

/** What `look` gives once files can be opened; rejects if that takes a minute, or `signal` says not to wait. `look` may be begun any number of times. */
export async function whenFilesOpen<T>(signal: AbortSignal, look: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + longest; ; ) {
    try {
      // What lists folders finds nothing in them then, and says nothing of it.
      closeSync(openSync(devNull, 'r'));
      return await look();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'EMFILE' && code !== 'ENFILE') || signal.aborted || performance.now() > end) throw error;
    }
    await pause(interval);
  }
}
