/**
 * Whether a file was left alone while a task ran. By its times alone that can't be told of one that was saved just
 * before: Linux stamps files with the time of its last tick, so a change a moment after the start looks the same. Who
 * watches starts a task two milliseconds after the save, so for those files the stamp and the content are compared.
 *
 * (On a kernel whose times have no more than ticks, before 6.13, a content that comes and goes within one tick is not
 * seen.)
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { digestOf } from './file-digests.ts';

/** Milliseconds by which a file's mtime may lag behind the clock. */
export const coarseClock = 10;
/** Bytes; of a larger one only the times are looked at. */
const largest = 8 * 1024 * 1024;

/** `files`, relative to `folder`, are looked at now, as the task starts. The result says of one of them whether it is as it was. */
export function lookAtYoung(folder: string, files: readonly string[], startedAt: number): (relative: string) => boolean {
  const atStart = new Map<string, string>();
  for (const relative of files) {
    const seen = look(path.resolve(folder, relative), startedAt - coarseClock);
    if (seen !== undefined) atStart.set(relative, seen);
  }
  return (relative) => {
    const before = atStart.get(relative);
    return before !== undefined && look(path.resolve(folder, relative), 0) === before;
  };
}

/** `undefined` for what is no file, is older than `since` (Unix milliseconds), or too large. */
function look(absolute: string, since: number): string | undefined {
  try {
    const stats = statSync(absolute, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() !== true || stats.size > largest || Number(stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs) / 1e6 <= since) return undefined;
    return `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino} ${digestOf(readFileSync(absolute))}`;
  } catch {
    return undefined;
  }
}
