/**
 * How files were when a task started, so that it can be told afterwards whether they were left alone meanwhile.
 *
 * A stamp says so: every change of a file, or of what has its name, has a time or an inode of its own. But where the
 * system stamps files with the time of its last tick, a second change within that tick leaves no trace, and who watches
 * starts a task two milliseconds after the save: so of files that young, the content is compared as well.
 *
 * (On a kernel whose times have no more than ticks, before 6.13, a content that comes and goes within one tick is not
 * seen.)
 */
import { readFileSync, statSync, type BigIntStats } from 'node:fs';
import path from 'node:path';
import { isGlob } from '../definition/paths.ts';
import { digestOf, filesOf, type FileDigests } from './file-digests.ts';

/** Milliseconds by which a file's mtime may lag behind the clock. */
export const coarseClock = 10;
/** Bytes; of a larger one only the stamp is looked at. */
const largest = 8 * 1024 * 1024;
const missing = 'none';

export interface StartLook {
  readonly knows: (relative: string) => boolean;
  /** Whether a file was left alone since; `undefined`: it was not looked at. */
  readonly heldStill: (relative: string) => boolean | undefined;
  /** Whether a file had this stamp. */
  readonly had: (relative: string, stamp: string) => boolean;
}

export interface LookedAt {
  readonly folder: string;
  /** Files, folders and globs, relative to it. */
  readonly used: readonly string[];
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly digests: Pick<FileDigests, 'lastChangeWithin'>;
}

/** As the task starts. Of a folder or glob, only what is young is looked at: of the rest, the times say enough. */
export function lookAtStart({ folder, used, startedAt, digests }: LookedAt): StartLook {
  const since = startedAt - coarseClock;
  const seen = new Map<string, string>();
  for (const relative of used) {
    const absolute = path.resolve(folder, relative);
    const stats = statOf(absolute);
    if (stats?.isDirectory() === true || (stats === undefined && isGlob(relative))) {
      if ((digests.lastChangeWithin(absolute) ?? Infinity) <= since) continue;
      for (const file of filesOf(folder, relative)) {
        const found = statOf(file);
        if (found !== undefined && lastChangeOf(found) > since) seen.set(path.relative(folder, file).replaceAll(path.sep, '/'), look(file, found, since));
      }
    } else seen.set(relative, look(absolute, stats, since));
  }
  return {
    knows: (relative) => seen.has(relative),
    heldStill: (relative) => {
      const before = seen.get(relative);
      if (before === undefined) return undefined;
      const absolute = path.resolve(folder, relative);
      return isSame(before, look(absolute, statOf(absolute), before.includes(':') ? -Infinity : Infinity));
    },
    had: (relative, stamp) => stamp !== '' && seen.get(relative)?.split(' sha256:', 1)[0] === stamp,
  };
}

/** But for its ctime, which `chmod` and another link change as well. */
function isSame(before: string, now: string): boolean {
  const [one, other] = [before.split(' '), now.split(' ')];
  return one.length === other.length && one.every((part, index) => index === 2 || part === other[index]);
}

/** Its size, mtime, ctime and inode, or that there is none. Follows links. */
export function fileStamp(absolute: string): string {
  return stampOf(statOf(absolute));
}

/** When a file that has such a stamp changed last, in Unix milliseconds; `undefined`: it says nothing of a file. */
export function lastChangeIn(stamp: string): number | undefined {
  const [, mtime, ctime] = stamp.split(' ').map(Number);
  return mtime === undefined || ctime === undefined ? undefined : Math.max(mtime, ctime) / 1e6;
}

/** Likewise when it was written last. */
export function lastWriteIn(stamp: string): number | undefined {
  const [, mtime] = stamp.split(' ').map(Number);
  return mtime === undefined ? undefined : mtime / 1e6;
}

export function isMissing(stamp: string): boolean {
  return stamp === missing;
}

function look(absolute: string, stats: BigIntStats | undefined, since: number): string {
  const stamp = stampOf(stats);
  if (stats?.isFile() !== true || stats.size > largest || lastChangeOf(stats) <= since) return stamp;
  try {
    return `${stamp} ${digestOf(readFileSync(absolute))}`;
  } catch {
    return stamp;
  }
}

function stampOf(stats: BigIntStats | undefined): string {
  return stats === undefined ? missing : `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
}

function lastChangeOf({ mtimeNs, ctimeNs }: BigIntStats): number {
  return Number(mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1e6;
}

function statOf(absolute: string): BigIntStats | undefined {
  try {
    return statSync(absolute, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
