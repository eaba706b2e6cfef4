/** Files that are put back, and by what they are known as that later: by their time, as whoever writes a file changes it. */
import { chmodSync, statSync } from 'node:fs';
import { moveFile } from './set-aside.ts';

/** Gives a file from `staging/` its name and permissions. Returns its time, as `writeTime` does. Throws when the disk refuses. */
export function putInPlace(temporary: string, target: string, mode: number): string {
  moveFile(temporary, target);
  return withMode(target, mode);
}

/** Gives a file these permissions. Returns its time. */
export function withMode(target: string, mode: number): string {
  const stats = statSync(target, { bigint: true });
  if ((Number(stats.mode) & 0o777) !== mode) chmodSync(target, mode);
  return String(stats.mtimeNs);
}

/** When a file was written last, in Unix nanoseconds. Throws where there is none. */
export function writeTime(absolute: string): string {
  return String(statSync(absolute, { bigint: true }).mtimeNs);
}
