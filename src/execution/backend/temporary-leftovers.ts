/**
 * Folders that processes of ours have in the temporary folder while they run: `runweave-<pid>-…` of who looks at a file of
 * another format (what it was converted to), `rw<pid>-…` of notebooks (sockets). (The executor had one with a socket.)
 * Who is killed leaves them, so the next that makes one removes those of the dead.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

/** Before names had the process in them. */
const namedBefore = /^runweave-(?:open-)?[A-Za-z0-9]{6}$/;
const named = /^(?:runweave-|rw)(\d+)-/;
/** Another container may share the folder, where the ids of processes mean others: what is young stays. */
const youngest = 60 * 60 * 1000;
const youngestOfUnknown = 7 * 24 * youngest;

/** `isAlive` of a process id. Never throws: what can't be removed now is not. */
export function removeTemporaryLeftovers(folder: string, isAlive: (pid: number) => boolean, now = Date.now()): void {
  try {
    for (const name of readdirSync(folder)) {
      const pid = named.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) removeOld(path.join(folder, name), now - youngest);
      // Six letters may be anybody's word.
      else if (namedBefore.test(name) && holdsOurs(path.join(folder, name))) removeOld(path.join(folder, name), now - youngestOfUnknown);
    }
  } catch {
    // The folder can't be read.
  }
}

function removeOld(file: string, before: number): void {
  try {
    const { uid, mtimeMs } = statSync(file);
    // In a folder that all share, others may give theirs such a name.
    if ((process.getuid === undefined || uid === process.getuid()) && mtimeMs < before) rmSync(file, { recursive: true, force: true });
  } catch {
    // Somebody else removes it at the same time.
  }
}

function holdsOurs(folder: string): boolean {
  try {
    return readdirSync(folder).every((name) => name === 'warm' || name === 'runs' || name === 'objects');
  } catch {
    return false;
  }
}
