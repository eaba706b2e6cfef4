/**
 * One executor a pipeline: `.runweave/live/<pipeline file>.lock` says who holds it. The holder is known by process id
 * and, where the system tells it, by its start time, so that a crashed holder's id that was given to another process
 * does not keep the pipeline locked for ever.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { processExists } from '../execution/backend/descendants.ts';

export interface LockHolder {
  readonly pid: number;
  /** Of `/proc/<pid>/stat`, in clock ticks since boot; absent where there is none. */
  readonly startTime?: string;
  readonly host: string;
  /** `run`, `watch` or `gc`. */
  readonly purpose: string;
}

export type LockResult = { readonly ok: true; readonly release: () => void } | { readonly ok: false; readonly holder: LockHolder; /** Absolute path of the lock. */ readonly file: string };

export function acquireLock(folder: string, pipelineFile: string, purpose: string): LockResult {
  const directory = path.join(folder, 'live');
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, `${path.basename(pipelineFile)}.lock`);
  const temporary = `${file}.${process.pid}`;
  const startTime = processStartTime(process.pid);
  const holder: LockHolder = { pid: process.pid, ...(startTime !== undefined && { startTime }), host: hostname(), purpose };
  try {
    // A link to a finished file appears whole or not at all, and fails if the name is taken.
    writeFileSync(temporary, JSON.stringify(holder));
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        createWhole(temporary, file);
        return { ok: true, release: () => release(file) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = readHolder(file);
      if (other !== undefined && isAlive(other)) return { ok: false, holder: other, file };
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
    if (!name.endsWith('.lock')) return [];
    const file = path.join(directory, name);
    const holder = readHolder(file);
    return holder !== undefined && isAlive(holder) ? [{ file, holder }] : [];
  });
}

function release(file: string): void {
  // Somebody may have removed it, and another have taken it.
  if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
}

/**
 * Takes a lock of a process that is gone out of the way. Of two that do so at once, the second would remove the lock
 * that the first has just taken: so it is moved aside, looked at again, and put back if it is somebody's.
 */
function removeStale(file: string, aside: string): void {
  try {
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (moved !== undefined && isAlive(moved)) linkSync(aside, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(file: string): LockHolder | undefined {
  try {
    const parsed = JSON.parse(readFileSync(file, 'utf8')) as Partial<LockHolder>;
    return typeof parsed.pid === 'number' && typeof parsed.host === 'string' ? (parsed as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

/** Of another host nothing is known, so its lock holds until somebody removes it. */
function isAlive(holder: LockHolder): boolean {
  if (holder.host !== hostname()) return true;
  if (!processExists(holder.pid)) return false;
  const startTime = processStartTime(holder.pid);
  return holder.startTime === undefined || startTime === undefined || startTime === holder.startTime;
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)); the name in field 2 may hold spaces and parentheses. */
export function processStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
