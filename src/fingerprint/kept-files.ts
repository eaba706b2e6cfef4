/**
 * Contents of kept output files on their way into the store and out of it. They are copied, by the file system's
 * copy-on-write where it has that, and never linked: a task that writes in place into a restored file must not reach
 * the object. Either way the copy's digest is looked at before the copy gets its name.
 */
import { constants, chmodSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { Digest } from '../model/fingerprint.ts';
import { digestOf, digestOfFile } from './file-digests.ts';
import { makeFolder, objectFile, stagingFile } from './kept-entries.ts';

/** Below this, one read and one write are less work than what goes on around a copy. */
const small = 1024 * 1024;

/** A copy under a name in `staging/`; `undefined` when `source` has other contents than `digest` says. Throws when it can't be read or written. */
async function copyChecked(kept: string, source: string, digest: Digest, mode: number): Promise<string | undefined> {
  const temporary = stagingFile(kept);
  try {
    if (statSync(source).size < small) {
      const bytes = readFileSync(source);
      if (digestOf(bytes) !== digest) return undefined;
      writeFileSync(temporary, bytes);
    } else {
      await copyFile(source, temporary, constants.COPYFILE_FICLONE);
      if ((await digestOfFile(temporary)) !== digest) {
        rmSync(temporary, { force: true });
        return undefined;
      }
    }
    chmodSync(temporary, mode);
    return temporary;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * A small object under its name at once, which is half the work. What a crash tears has another size, so it is stored
 * anew, and another digest, so it is not taken. `undefined`: there is one already, or the file is large.
 */
function storeNew(object: string, source: string, digest: Digest, size: number): boolean | undefined {
  if (size >= small || existsSync(object)) return undefined;
  const bytes = readFileSync(source);
  if (digestOf(bytes) !== digest) return false;
  try {
    writeFileSync(object, bytes, { flag: 'wx', mode: 0o444 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    rmSync(object, { force: true });
    throw error;
  }
}

/** `false`: the file has other contents by now. Throws when the disk refuses. */
export async function storeObject(kept: string, source: string, digest: Digest, size: number): Promise<boolean> {
  const object = objectFile(kept, digest);
  if (statSync(object, { throwIfNoEntry: false })?.size === size) {
    // Seen by who is about to remove it as unused.
    const now = new Date();
    utimesSync(object, now, now);
    return true;
  }
  makeFolder(path.dirname(object));
  const isThere = storeNew(object, source, digest, size);
  if (isThere !== undefined) return isThere;
  const copy = await copyChecked(kept, source, digest, 0o444);
  if (copy === undefined) return false;
  renameSync(copy, object);
  return true;
}

/** A copy in `staging/`, to be renamed; `undefined` when the object is gone, or damaged, and so removed. */
export async function takeObject(kept: string, digest: Digest, mode: number): Promise<string | undefined> {
  const object = objectFile(kept, digest);
  if (!existsSync(object)) return undefined;
  const copy = await copyChecked(kept, object, digest, mode);
  if (copy === undefined) rmSync(object, { force: true });
  return copy;
}

/** Whether neither the path nor a folder on it, below `folder`, is a link. What is not there is none. */
export function isWithoutLinks(folder: string, relative: string): boolean {
  let current = folder;
  for (const part of relative.split('/')) {
    current = path.join(current, part);
    const stats = lstatSync(current, { throwIfNoEntry: false });
    if (stats === undefined) return true;
    if (stats.isSymbolicLink()) return false;
  }
  return true;
}
