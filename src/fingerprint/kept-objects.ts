/**
 * Contents of kept output files on their way into the store and out of it. They are copied, and never linked: a
 * task that writes in place into a restored file must not reach the object. The copy's digest is looked at before the
 * copy gets its name.
 *
 *   objects/ab/cdef…   by SHA-256, read-only
 *   small/ab.lines     those below 4 kB, which take a block of the disk each as files: lines of a digest and base64
 */
import { chmodSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { Digest } from '../model/fingerprint.ts';
import { copyLarge } from './checked-copy.ts';
import { digestOf } from './file-digests.ts';
import { makeFolder, namesIn, shardOf, stagingFile } from './kept-folder.ts';
import { keyedLines, openKeyedLines, readKeyedLines, type KeyedLines } from './keyed-lines.ts';

/** Bytes: from here on it is a file of its own. */
const largeObject = 4096;
/** Below this, one read and one write are less work than what goes on around a copy. */
const small = 1024 * 1024;

export interface KeptObjects {
  /** Not whether it is sound. */
  readonly has: (digest: Digest, size: number) => boolean;
  /** `false`: the file has other contents by now. `content`: what has this digest, where that is known. Throws when the disk refuses. */
  readonly store: (source: string, digest: Digest, size: number, content?: Uint8Array) => Promise<boolean>;
  /** A copy in `staging/`, to be renamed, with `mode` at most; `undefined` when the object is gone, or damaged. */
  readonly take: (digest: Digest, size: number, mode: number) => Promise<string | undefined>;
  /** Of the files that are held open for more. */
  readonly release: () => void;
}

export function openKeptObjects(kept: string): KeptObjects {
  const shards = new Map<string, KeyedLines>();
  const linesFor = (digest: Digest): KeyedLines => {
    const file = smallFile(kept, digest);
    let lines = shards.get(file);
    if (lines === undefined) shards.set(file, (lines = openKeyedLines(file)));
    return lines;
  };
  const readSmall = (digest: Digest): Buffer | undefined => soundOf(digest, linesFor(digest).of(digest));

  const storeSmall = (source: string, digest: Digest, content: Uint8Array | undefined): boolean => {
    const lines = linesFor(digest);
    if (readSmall(digest) !== undefined) {
      // Seen by who is about to remove it as unused.
      lines.touch();
      return true;
    }
    const bytes = content ?? readFileSync(source);
    if (content === undefined && digestOf(bytes) !== digest) return false;
    lines.append(digest, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'));
    return true;
  };

  return {
    has: (digest, size) => (size < largeObject ? linesFor(digest).count(digest) > 0 : existsSync(objectFile(kept, digest))),
    store: (source, digest, size, content) => (size < largeObject ? Promise.resolve(storeSmall(source, digest, content)) : storeLarge(kept, source, digest, size)),
    take: async (digest, size, mode) => {
      if (size >= largeObject) return takeLarge(kept, digest, mode);
      const bytes = readSmall(digest);
      if (bytes === undefined) return undefined;
      const temporary = stagingFile(kept);
      try {
        // Never readable by more than it should be; what the umask takes is given back with its name.
        writeFileSync(temporary, bytes, { mode });
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
      return temporary;
    },
    release: () => {
      for (const lines of shards.values()) lines.release();
    },
  };
}

/** What is kept under a digest, for who wants to look at it; `undefined` when there is nothing. */
export function readKeptSmall(kept: string, digest: Digest): Buffer | undefined {
  return soundOf(digest, readKeyedLines(smallFile(kept, digest)).flatMap(([key, text]) => (key === digest ? [text] : [])));
}

/** Where a large one is. */
export function objectFile(kept: string, digest: Digest): string {
  const hex = digest.slice('sha256:'.length);
  return path.join(kept, 'objects', hex.slice(0, 2), hex.slice(2));
}

/** Removes what is not `wanted`, but for what was written or asked for since `began` (Unix milliseconds). */
export function removeObjects(kept: string, wanted: ReadonlySet<Digest>, began: number, dryRun: boolean): { readonly objects: number; readonly freed: number } {
  const removed = { objects: 0, freed: 0 };
  const isRecent = (file: string): boolean => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats === undefined || Math.max(stats.mtimeMs, stats.ctimeMs) >= began;
  };
  const objects = path.join(kept, 'objects');
  for (const folder of namesIn(objects)) {
    for (const name of namesIn(path.join(objects, folder))) {
      const object = path.join(objects, folder, name);
      if (wanted.has(`sha256:${folder}${name}` as Digest) || isRecent(object)) continue;
      removed.freed += statSync(object).size;
      removed.objects += 1;
      if (!dryRun) rmSync(object, { force: true });
    }
  }
  for (const name of namesIn(path.join(kept, 'small'))) {
    const file = path.join(kept, 'small', name);
    const lines = readKeyedLines(file);
    const left = lines.filter(([key]) => wanted.has(key as Digest));
    if (left.length === lines.length || isRecent(file)) continue;
    removed.freed += lines.reduce((sum, [, text]) => sum + text.length, 0) - left.reduce((sum, [, text]) => sum + text.length, 0);
    removed.objects += lines.length - left.length;
    if (dryRun) continue;
    const temporary = stagingFile(kept);
    writeFileSync(temporary, keyedLines(left));
    renameSync(temporary, file);
  }
  return removed;
}

function smallFile(kept: string, digest: Digest): string {
  return path.join(kept, 'small', `${shardOf(digest)}.lines`);
}

/** A line that was torn, or damaged, is none. */
function soundOf(digest: Digest, texts: readonly string[]): Buffer | undefined {
  return texts.map((text) => Buffer.from(text, 'base64')).find((bytes) => digestOf(bytes) === digest);
}

/** A copy under a name in `staging/`; `undefined` when `source` has other contents than `digest` says. Throws when it can't be read or written. */
async function copyChecked(kept: string, source: string, digest: Digest, mode: number): Promise<string | undefined> {
  const temporary = stagingFile(kept);
  try {
    if (statSync(source).size < small) {
      const bytes = readFileSync(source);
      if (digestOf(bytes) !== digest) return undefined;
      writeFileSync(temporary, bytes, { mode });
    } else if ((await copyLarge(source, temporary, mode)) !== digest) {
      rmSync(temporary, { force: true });
      return undefined;
    }
    chmodSync(temporary, mode);
    return temporary;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * An object under its name at once, which is half the work. What a crash tears has another size, so it is stored
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

async function storeLarge(kept: string, source: string, digest: Digest, size: number): Promise<boolean> {
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

async function takeLarge(kept: string, digest: Digest, mode: number): Promise<string | undefined> {
  const object = objectFile(kept, digest);
  if (!existsSync(object)) return undefined;
  const copy = await copyChecked(kept, object, digest, mode);
  // So that it is stored anew.
  if (copy === undefined) rmSync(object, { force: true });
  return copy;
}

/** Whether neither the path nor a folder on it, below `folder`, is a link. What is not there is none. */
export function isWithoutLinks(folder: string, relative: string): boolean {
  return followPath(folder, relative) !== 'link';
}

/** Whether a file, or a folder on its path below `folder`, is a link: for many files at a time, of which each folder is looked at once. */
export function linkFinder(folder: string): (relative: string) => boolean {
  const folders = new Map<string, boolean>();
  return (relative) => {
    const parent = path.posix.dirname(relative);
    let isBehind = parent !== '.' && folders.get(parent);
    if (isBehind === undefined) folders.set(parent, (isBehind = !isWithoutLinks(folder, parent)));
    return isBehind || lstatSync(path.join(folder, relative), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  };
}

/** What is there; `undefined` also where there is a link on the way, or at its end. */
export function statWithoutLinks(folder: string, relative: string): Stats | undefined {
  const found = followPath(folder, relative);
  return found === 'link' ? undefined : found;
}

function followPath(folder: string, relative: string): Stats | 'link' | undefined {
  let current = folder;
  let stats: Stats | undefined;
  for (const part of relative.split('/')) {
    current = path.join(current, part);
    stats = lstatSync(current, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink()) return 'link';
  }
  return stats;
}
