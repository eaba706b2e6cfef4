/**
 * One executor a pipeline: `.runweave/live/<pipeline file>.lock` says who holds it (`recording/writer.ts` says how a
 * holder is known), so that a crashed holder does not keep the pipeline locked for ever.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeProcess, holderIsAlive, keepTouched, lockSuffix, readIdentity, type ProcessIdentity } from '../recording/writer.ts';

export interface LockHolder extends ProcessIdentity {
  /** `run`, `watch` or `gc`. */
  readonly purpose: string;
}

export type LockResult = { readonly ok: true; readonly release: () => void } | { readonly ok: false; readonly holder: LockHolder; /** Absolute path of the lock. */ readonly file: string };

export function acquireLock(folder: string, pipelineFile: string, purpose: string): LockResult {
  const directory = path.join(folder, 'live');
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, `${path.basename(pipelineFile)}${lockSuffix}`);
  const temporary = `${file}.${process.pid}`;
  const holder: LockHolder = { ...describeProcess(), purpose };
  try {
    // A link to a finished file appears whole or not at all, and fails if the name is taken.
    writeFileSync(temporary, JSON.stringify(holder));
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        createWhole(temporary, file);
        const stopTouching = keepTouched(file);
        return {
          ok: true,
          release: () => {
            stopTouching();
            release(file);
          },
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = readHolder(file);
      if (other !== undefined && holderIsAlive(file, other)) return { ok: false, holder: other, file };
      removeStale(file, `${temporary}.stale`);
    }
    return { ok: false, holder, file };
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** File systems without hard links (exFAT, some network mounts) have no better than a file that is made and then written. */
function createWhole(temporary: string, file: string): void {
  try {
    linkSync(temporary, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    writeFileSync(file, readFileSync(temporary), { flag: 'wx' });
  }
}

/** Every lock of the folder that somebody holds. */
export function heldLocks(folder: string): readonly { readonly file: string; readonly holder: LockHolder }[] {
  const directory = path.join(folder, 'live');
  return readdirSync(directory).flatMap((name) => {
    if (!name.endsWith(lockSuffix)) return [];
    const file = path.join(directory, name);
    const holder = readHolder(file);
    return holder !== undefined && holderIsAlive(file, holder) ? [{ file, holder }] : [];
  });
}

function release(file: string): void {
  // Somebody may have removed it, and another have taken it.
  const holder = readHolder(file);
  const self = describeProcess();
  if (holder?.pid === self.pid && holder.pidNamespace === self.pidNamespace) rmSync(file, { force: true });
}

/**
 * Takes a lock of a process that is gone out of the way. Of two that do so at once, the second would remove the lock
 * that the first has just taken: so it is moved aside, looked at again, and put back if it is somebody's.
 */
function removeStale(file: string, aside: string): void {
  try {
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (moved !== undefined && holderIsAlive(aside, moved)) linkSync(aside, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(file: string): LockHolder | undefined {
  return readIdentity(file) as LockHolder | undefined;
}
