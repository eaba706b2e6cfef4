/**
 * Content digests of files, folders and globs, with a cache by (size, mtime, inode) so that a file is read once.
 *
 * A file whose mtime is younger than `racyWindow` when it is read could change again without its mtime changing, so
 * its digest is used but not cached: the rule of git's index for racily clean entries
 * (git's Documentation/technical/racy-git.txt).
 */
import { hash, createHash } from 'node:crypto';
import { lstatSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { globSync } from 'tinyglobby';
import type { Digest } from '../model/fingerprint.ts';

const racyWindow = 50_000_000n;
/** Above this a file is read in pieces between which other work goes on. */
const largeFile = 8n * 1024n * 1024n;

export interface PathDigest {
  readonly digest: Digest;
  /** Bytes; of a folder or glob the sum. */
  readonly size: number;
}

/** size, mtime in ns, inode, digest: short keys, as the cache file holds one for every file. */
type Entry = readonly [size: string, mtime: string, inode: string, digest: Digest];

export interface FileDigests {
  /** Digest of one file's content; `undefined` when there is no such file. */
  readonly ofFile: (absolute: string) => Promise<PathDigest | undefined>;
  /**
   * Digest of a file, folder or glob relative to `folder`. `undefined` when a file or folder is missing; a glob
   * without a match is an empty set, which has a digest.
   */
  readonly ofPath: (folder: string, relative: string) => Promise<PathDigest | undefined>;
  readonly export: () => Readonly<Record<string, Entry>>;
}

export function digestOf(content: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', content, 'hex')}` as Digest;
}

export function isGlob(pattern: string): boolean {
  return /[*?[\]{}!]/.test(pattern);
}

/** Every file that `relative` (a file, folder or glob) stands for now, as sorted absolute paths. */
export function filesOf(folder: string, relative: string): readonly string[] {
  const absolute = path.resolve(folder, relative);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return [absolute];
  const options = { absolute: true, dot: true, followSymbolicLinks: false, expandDirectories: false, ignore: ['**/.runweave/**', '**/__pycache__/**', '**/.ipynb_checkpoints/**'] };
  if (stats?.isDirectory() === true) return globSync('**/*', { ...options, cwd: absolute }).sort();
  return isGlob(relative) ? globSync(relative, { ...options, cwd: folder }).sort() : [];
}

export function createFileDigests(cached: Readonly<Record<string, Entry>> = {}): FileDigests {
  const entries = new Map<string, Entry>(Object.entries(cached));

  const ofFile = async (absolute: string): Promise<PathDigest | undefined> => {
    const stats = statSync(absolute, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() !== true) return undefined;
    const [size, mtime, inode] = [String(stats.size), String(stats.mtimeNs), String(stats.ino)];
    const known = entries.get(absolute);
    if (known?.[0] === size && known[1] === mtime && known[2] === inode) return { digest: known[3], size: Number(stats.size) };
    let digest: Digest;
    try {
      digest = stats.size > largeFile ? await digestLargeFile(absolute) : digestOf(readFileSync(absolute));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    if (isSettled(stats)) entries.set(absolute, [size, mtime, inode, digest]);
    else entries.delete(absolute);
    return { digest, size: Number(stats.size) };
  };

  const ofPath = async (folder: string, relative: string): Promise<PathDigest | undefined> => {
    const absolute = path.resolve(folder, relative);
    const single = await ofFile(absolute);
    if (single !== undefined) return single;
    if (!isGlob(relative) && lstatSync(absolute, { throwIfNoEntry: false }) === undefined) return undefined;
    const listing: string[] = [];
    let size = 0;
    for (const file of filesOf(folder, relative)) {
      const found = await ofFile(file);
      if (found === undefined) continue;
      listing.push(`${path.relative(folder, file).replaceAll(path.sep, '/')}\0${found.digest}\n`);
      size += found.size;
    }
    return { digest: digestOf(listing.join('')), size };
  };

  return { ofFile, ofPath, export: () => Object.fromEntries(entries) };
}

function isSettled(stats: BigIntStats): boolean {
  return BigInt(Date.now()) * 1_000_000n - stats.mtimeNs > racyWindow;
}

async function digestLargeFile(absolute: string): Promise<Digest> {
  const sha = createHash('sha256');
  const handle = await open(absolute);
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false })) sha.update(chunk as Buffer);
  } finally {
    await handle.close();
  }
  return `sha256:${sha.digest('hex')}` as Digest;
}
