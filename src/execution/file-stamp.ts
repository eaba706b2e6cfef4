/** By what a file is known to be as it was, without reading it. */
import { statSync } from 'node:fs';

/** Size, mtime and ctime in milliseconds (with fractions), inode; `null`: there is no such file. */
export type Stamp = readonly [size: number, mtime: number, ctime: number, inode: number] | null;

/** `undefined`: no plain file, so more is looked at than it. */
export function stampOf(file: string): Stamp | undefined {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    return stats.isFile() ? [stats.size, stats.mtimeMs, stats.ctimeMs, stats.ino] : undefined;
  } catch {
    // Behind a folder that may not be entered.
    return undefined;
  }
}

export function isSame(a: Stamp | undefined, b: Stamp | undefined): boolean {
  if (a === null || b === null || a === undefined || b === undefined) return a === null && b === null;
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}
