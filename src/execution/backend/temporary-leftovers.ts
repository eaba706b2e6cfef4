/**
 * Folders with sockets that processes of ours have in the temporary folder while they run: `runweave-<pid>-…` of the
 * executor, `rw<pid>-…` of notebooks. Who is killed leaves them, so the next that makes one removes those of the dead.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const named = /^(?:runweave-|rw)(\d+)-/;
/** Another container may share the folder, where the ids of processes mean others: what is young stays. */
const youngest = 60 * 60 * 1000;

/** `isAlive` of a process id. Never throws: what can't be removed now is not. */
export function removeTemporaryLeftovers(folder: string, isAlive: (pid: number) => boolean, now = Date.now()): void {
  try {
    for (const name of readdirSync(folder)) {
      const pid = named.exec(name)?.[1];
      if (pid === undefined || isAlive(Number(pid))) continue;
      const file = path.join(folder, name);
      const stats = statSync(file, { throwIfNoEntry: false });
      // In a folder that all share, others may give theirs such a name.
      if (stats === undefined || (process.getuid !== undefined && stats.uid !== process.getuid()) || now - stats.mtimeMs < youngest) continue;
      rmSync(file, { recursive: true, force: true });
    }
  } catch {
    // Somebody else removes it at the same time.
  }
}
