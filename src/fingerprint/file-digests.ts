/**
 * Content digests of files, folders and globs, with a cache by (size, mtime, ctime, inode) so that a file is read once.
 * The ctime is there for `cp -p` and tools like it, which write another content and set the mtime back.
 *
 * A file whose mtime or ctime is younger than `racyWindow` when it is read could change again without these changing, so
 * its digest is used but not cached: the rule of git's index for racily clean entries
 * (git's Documentation/technical/racy-git.txt). Where every change has a time of its own (`fine-times.ts`), what a task has
 * made is cached at once, as nobody writes it any more.
 */
import { hash, createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, type BigIntStats, type Dirent } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { globSync } from 'tinyglobby';
import { isGlob } from '../definition/paths.ts';
import type { Digest } from '../model/fingerprint.ts';
import { hasFineTimes } from './fine-times.ts';
import { labelled, type LabelledParts } from './function-slice.ts';
import { readImports } from './import-chain.ts';
import { isCurrent, meaningOf, type Meaning, type SourceKind } from './meaning.ts';
import { shareLooks } from './shared-looks.ts';

const racyWindow = 50_000_000n;
/** Above this a file is read in pieces between which other work goes on. */
const largeFile = 8n * 1024n * 1024n;

export interface PathDigest {
  readonly digest: Digest;
  /** Bytes; of a folder or glob the sum. */
  readonly size: number;
}

/** Times in ns; a tuple and not an object, as the cache file holds one for every file. */
type Entry = readonly [size: string, mtime: string, ctime: string, inode: string, digest: Digest];

/** Meanings are kept like digests, by kind of source; `null`: looked at, not understood. */
type MeaningEntry = readonly [...Entry, meaning: Meaning | null];

/** Which contents of a source an interpreter was seen to compile. */
type CompiledEntry = readonly [digest: Digest, interpreter: string];

export type CachedDigests = Readonly<Record<string, Entry | MeaningEntry | CompiledEntry | LabelledParts>>;

/** What the keys of entries other than those of files begin with. */
const compiledKey = 'compiled:';
const partsKey = 'parts:';

/** Bytes below which the content of an output is held until it is asked for, of so many at most. */
const smallFile = 4096;
const mostContents = 64;

/** What stands for the content of a file that is there but may not be read: the task itself says so best, when it tries. */
const unreadable = digestOf('unreadable');
const none: ReadonlySet<string> = new Set();
/** Files of a folder between which other work goes on. */
const filesInOneGo = 200;
/** A folder or glob of more files is compared, but which of them changed is not said. */
const mostFilesTold = 1000;
/** Likewise of the states before the last few of one folder or glob. */
const mostStatesTold = 8;

export interface FileDigests {
  /** Digest of one file's content; `undefined` when there is no such file. */
  readonly ofFile: (absolute: string) => Promise<PathDigest | undefined>;
  /**
   * Digest of a file, folder or glob relative to `folder`. `undefined` when a file or folder is missing, or something else
   * (a named pipe, a device) has its name; a glob without a match is an empty set, which has a digest. `isMade`: by a task that has ended, so that nobody is writing it.
   */
  readonly ofPath: (folder: string, relative: string, isMade?: boolean) => Promise<PathDigest | undefined>;
  /** When a file changed last (Unix milliseconds), as `ofFile` or `ofPath` saw it last; `undefined` where that is not known. */
  readonly lastChange: (absolute: string) => number | undefined;
  /** When a file, or any of a folder or glob, was written last: without changes of its mode, owner or names. Otherwise as `lastChange`. */
  readonly lastWrite: (absolute: string) => number | undefined;
  /** When any file of a folder or glob changed last, as `ofPath` saw it last; `undefined` where that is not known; of none, 0. */
  readonly lastChangeWithin: (absolute: string) => number | undefined;
  /** Bytes of what a digest that was given stands for. */
  readonly sizeOf: (digest: Digest) => number | undefined;
  /** The bytes themselves of a small file that was made a moment ago; for one who asks. */
  readonly takeContent: (digest: Digest) => Uint8Array | undefined;
  /** Whether there is a plain file. */
  readonly isFile: (absolute: string) => boolean;
  /** Names of what is in a folder: the same set as long as nothing came, went or was renamed. `undefined` when there is no such folder. */
  readonly namesIn: (absolute: string) => ReadonlySet<string> | undefined;
  /** Those of them that are folders, and no links to one. */
  readonly foldersIn: (absolute: string) => ReadonlySet<string>;
  /** Those of them that are links, to whatever. */
  readonly linksIn: (absolute: string) => ReadonlySet<string>;
  /** Meaning of a Python source or notebook; `undefined` when it is not understood, or there is no such file. */
  readonly meaningOf: (absolute: string, kind: SourceKind) => Meaning | undefined;
  /** Code cells of a notebook by which `to` differs from `from`, from 1, as far as both were seen; empty where cells only went. */
  readonly changedCells: (from: Digest, to: Digest) => readonly number[] | undefined;
  /** What a digest of several things stands for: of parts of a module, of a listing. */
  readonly rememberParts: (digest: Digest, parts: LabelledParts) => void;
  /** The same, also of a whole module and of a folder or glob that were seen. */
  readonly rememberedParts: (digest: Digest) => LabelledParts | undefined;
  /** Whether it is that of a part of a module, as far as it was seen. */
  readonly isSlice: (digest: Digest) => boolean;
  /** Whether `interpreter` is known to compile a source as it is now. */
  readonly isCompiled: (absolute: string, interpreter: string) => Promise<boolean>;
  /** It compiled these contents. */
  readonly markCompiled: (absolute: string, content: Digest, interpreter: string) => void;
  /** Modules that a Python source names in its import statements; read anew only when the file changed. */
  readonly importsOf: (absolute: string) => readonly string[];
  readonly export: () => CachedDigests;
  /** Whether any file was read that was not known. */
  readonly isNew: () => boolean;
}

export function digestOf(content: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', content, 'hex')}` as Digest;
}

/** Every file that `relative` (a file, folder or glob) stands for now, as sorted absolute paths. */
export function filesOf(folder: string, relative: string): readonly string[] {
  const absolute = path.resolve(folder, relative);
  const stats = statOf(absolute);
  if (stats?.isFile() === true) return [absolute];
  const options = { absolute: true, dot: true, extglob: false, expandDirectories: false, ignore: ['**/.runweave/**', '**/__pycache__/**', '**/.ipynb_checkpoints/**'] };
  if (stats?.isDirectory() === true) return globSync('**/*', { ...options, cwd: absolute }).sort();
  return isGlob(relative) ? globSync(relative, { ...options, cwd: folder }).sort() : [];
}

/** `cached` is asked for when the first file is; `isFine`: whether a file's times tell each change from the one before. */
export function createFileDigests(cached: () => CachedDigests = () => ({}), isFine = hasFineTimes): FileDigests {
  let loaded: { readonly entries: Map<string, Entry | MeaningEntry>; readonly compiled: Map<string, CompiledEntry>; readonly parts: Map<string, LabelledParts> } | undefined;
  let isNew = false;
  const known = (): NonNullable<typeof loaded> => (loaded ??= sortCached(cached()));
  const entries = (): Map<string, Entry | MeaningEntry> => known().entries;
  const folders = new Map<string, { readonly stamp: string; readonly isSettled: boolean; readonly names: ReadonlySet<string>; readonly within: ReadonlySet<string>; readonly links: ReadonlySet<string> }>();
  const imports = new Map<string, { readonly version: string; readonly modules: readonly string[] }>();
  const changedWithin = new Map<string, number>();
  const toldWithin = new Map<string, readonly Digest[]>();
  const writtenWithin = new Map<string, number>();
  const cells = new Map<Digest, readonly string[]>();
  /** Those that were asked for: of the earlier ones, others are forgotten. */
  const parts = new Map<Digest, LabelledParts>();
  const remember = (meaning: Meaning | null | undefined): void => {
    if (meaning?.module !== undefined) {
      const all = labelled(meaning.module.parts);
      moduleParts.set(meaning.code, all);
      moduleParts.set(meaning.docstrings, all);
    }
    if (meaning?.cells === undefined) return;
    cells.set(meaning.code, meaning.cells);
    cells.set(meaning.docstrings, meaning.cells);
  };
  /** Of whole modules: known from their meanings. */
  const moduleParts = new Map<Digest, LabelledParts>();

  const sizes = new Map<Digest, number>();
  const sized = (digest: Digest, size: number): PathDigest => {
    sizes.set(digest, size);
    return { digest, size };
  };

  /** Of the latest outputs: to be kept they would be read again. */
  const contents = new Map<Digest, Uint8Array>();
  const keepContent = (digest: Digest, bytes: Uint8Array): void => {
    contents.set(digest, bytes);
    for (const first of contents.keys()) {
      if (contents.size <= mostContents) break;
      contents.delete(first);
    }
  };
  const takeContent = (digest: Digest): Uint8Array | undefined => {
    const bytes = contents.get(digest);
    contents.delete(digest);
    return bytes;
  };

  const ofFile = (absolute: string): Promise<PathDigest | undefined> => ofSeen(absolute, statOf(absolute), false);
  const ofSeen = async (absolute: string, stats: BigIntStats | undefined, isMade: boolean): Promise<PathDigest | undefined> => {
    if (stats?.isFile() !== true) {
      entries().delete(absolute);
      return undefined;
    }
    const [size, mtime, ctime, inode] = [String(stats.size), String(stats.mtimeNs), String(stats.ctimeNs), String(stats.ino)];
    const known = entries().get(absolute);
    if (known?.[0] === size && known[1] === mtime && known[2] === ctime && known[3] === inode) return sized(known[4], Number(stats.size));
    // Asked before the file is read: what changes while it is read counts as young.
    // The time of a write is that of its beginning: of a file that somebody may be writing it says nothing yet.
    const settled = isOld(stats) || (isMade && isFine(absolute, stats));
    let digest: Digest;
    try {
      if (stats.size > largeFile) digest = await digestOfFile(absolute);
      else {
        const bytes = readFileSync(absolute);
        digest = digestOf(bytes);
        if (isMade && bytes.length < smallFile) keepContent(digest, bytes);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
      return { digest: unreadable, size: Number(stats.size) };
    }
    isNew = true;
    if (settled) entries().set(absolute, [size, mtime, ctime, inode, digest]);
    else entries().delete(absolute);
    return sized(digest, Number(stats.size));
  };

  const namesIn = (absolute: string): ReadonlySet<string> | undefined => {
    const stats = statOf(absolute);
    if (stats?.isDirectory() !== true) {
      folders.delete(absolute);
      return undefined;
    }
    const stamp = `${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
    const known = folders.get(absolute);
    if (known?.isSettled === true && known.stamp === stamp) return known.names;
    const settled = isOld(stats);
    let there: readonly Dirent[];
    try {
      there = readdirSync(absolute, { withFileTypes: true });
    } catch {
      return undefined;
    }
    const names = new Set(there.map(({ name }) => name));
    const those = (are: (each: Dirent) => boolean): ReadonlySet<string> => new Set(there.flatMap((each) => (are(each) ? [each.name] : [])));
    folders.set(absolute, { stamp, isSettled: settled, names, within: those((each) => each.isDirectory()), links: those((each) => each.isSymbolicLink()) });
    return names;
  };
  const foldersIn = (absolute: string): ReadonlySet<string> => (namesIn(absolute) === undefined ? none : (folders.get(absolute)?.within ?? none));
  const linksIn = (absolute: string): ReadonlySet<string> => (namesIn(absolute) === undefined ? none : (folders.get(absolute)?.links ?? none));

  const ofMeaning = (absolute: string, kind: SourceKind): Meaning | undefined => {
    const key = `${kind}:${absolute}`;
    const stats = statOf(absolute);
    const known = entries().get(key);
    remember(known?.[5]);
    if (stats?.isFile() !== true) {
      entries().delete(key);
      return undefined;
    }
    const [size, mtime, ctime, inode] = [String(stats.size), String(stats.mtimeNs), String(stats.ctimeNs), String(stats.ino)];
    if (known?.[0] === size && known[1] === mtime && known[2] === ctime && known[3] === inode) {
      const meaning = known[5];
      if (meaning === null || (meaning !== undefined && isCurrent(meaning))) return meaning ?? undefined;
    }
    entries().delete(key);
    if (stats.size > largeFile) return undefined;
    const settled = isOld(stats);
    let bytes: Buffer;
    try {
      bytes = readFileSync(absolute);
    } catch {
      // Gone, or not to be read: so its bytes say.
      return undefined;
    }
    const meaning = meaningOf(bytes, kind, absolute.endsWith('.ipynb'));
    remember(meaning);
    isNew = true;
    if (settled) entries().set(key, [size, mtime, ctime, inode, digestOf(bytes), meaning ?? null]);
    return meaning;
  };

  const lastWrite = (absolute: string): number | undefined => {
    const known = entries().get(absolute);
    return known === undefined ? writtenWithin.get(absolute) : Number(known[1]) / 1e6;
  };
  const lastChange = (absolute: string): number | undefined => {
    const known = entries().get(absolute);
    return known && Math.max(Number(known[1]), Number(known[2])) / 1e6;
  };
  const ofPath = async (folder: string, relative: string, isMade = false): Promise<PathDigest | undefined> => {
    const absolute = path.resolve(folder, relative);
    const stats = statOf(absolute);
    const single = await ofSeen(absolute, stats, isMade);
    if (single !== undefined) return single;
    return !isGlob(relative) && stats?.isDirectory() !== true ? undefined : shared(`${folder}\0${relative}`, () => ofWithin(folder, relative));
  };
  const shared = shareLooks<PathDigest>();
  const ofWithin = async (folder: string, relative: string): Promise<PathDigest> => {
    const absolute = path.resolve(folder, relative);
    const files: (readonly [name: string, content: Digest])[] = [];
    let size = 0;
    let sizeAtTurn = 0;
    let youngest = 0;
    let lastWritten = 0;
    for (const [index, file] of filesOf(folder, relative).entries()) {
      if (size - sizeAtTurn > largeFile || (index + 1) % filesInOneGo === 0) {
        sizeAtTurn = size;
        await nextTurn();
      }
      const found = await ofFile(file);
      if (found === undefined) continue;
      youngest = Math.max(youngest, lastChange(file) ?? Infinity);
      lastWritten = Math.max(lastWritten, lastWrite(file) ?? Infinity);
      files.push([path.relative(folder, file).replaceAll(path.sep, '/'), found.digest]);
      size += found.size;
    }
    changedWithin.set(absolute, youngest);
    writtenWithin.set(absolute, lastWritten);
    const digest = digestOf(files.map(([name, content]) => `${name}\0${content}\n`).join(''));
    if (files.length <= mostFilesTold && partsOf(digest) === undefined) {
      rememberParts(digest, files.map(([name, content]) => [name, content.slice('sha256:'.length, 'sha256:'.length + 16)]));
      const told = [...(toldWithin.get(absolute) ?? []), digest];
      for (const old of told.splice(0, Math.max(0, told.length - mostStatesTold))) parts.delete(old);
      toldWithin.set(absolute, told);
    }
    return sized(digest, size);
  };

  const changedCells = (from: Digest, to: Digest): readonly number[] | undefined => {
    const [before, after] = [cells.get(from), cells.get(to)];
    if (before === undefined || after === undefined) return undefined;
    const shorter = Math.min(before.length, after.length);
    let start = 0;
    while (start < shorter && before[start] === after[start]) start += 1;
    let end = 0;
    while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
    return after.flatMap((cell, index) => (index >= start && index < after.length - end && !(before.length === after.length && before[index] === cell) ? [index + 1] : []));
  };

  const importsOf = (absolute: string): readonly string[] => {
    const stats = statOf(absolute);
    const version = `${stats?.size} ${stats?.mtimeNs} ${stats?.ctimeNs}`;
    const known = imports.get(absolute);
    if (known?.version === version) return known.modules;
    const modules = readImports(absolute);
    imports.set(absolute, { version, modules });
    return modules;
  };

  const partsOf = (digest: Digest): LabelledParts | undefined => {
    const found = parts.get(digest) ?? known().parts.get(digest);
    if (found !== undefined) parts.set(digest, found);
    return found ?? moduleParts.get(digest);
  };
  const rememberParts = (digest: Digest, labels: LabelledParts): void => {
    isNew = true;
    parts.set(digest, labels);
  };
  const isCompiled = async (absolute: string, interpreter: string): Promise<boolean> => {
    const entry = known().compiled.get(absolute);
    return entry?.[1] === interpreter && entry[0] === (await ofFile(absolute))?.digest;
  };

  const exported = (): CachedDigests => ({
    ...Object.fromEntries(entries()),
    ...Object.fromEntries([...known().compiled].map(([file, entry]) => [compiledKey + file, entry])),
    ...Object.fromEntries([...parts].map(([digest, known]) => [partsKey + digest, known])),
  });
  return {
    changedCells,
    isSlice: (digest) => parts.has(digest) || known().parts.has(digest),
    isCompiled,
    markCompiled: (absolute, content, interpreter) => {
      isNew = true;
      known().compiled.set(absolute, [content, interpreter]);
    },
    rememberedParts: partsOf,
    rememberParts,
    importsOf,
    isFile: (absolute) => statOf(absolute)?.isFile() === true,
    namesIn,
    foldersIn,
    linksIn,
    ofFile,
    ofPath,
    lastChange,
    lastWrite,
    lastChangeWithin: (absolute) => changedWithin.get(absolute),
    sizeOf: (digest) => sizes.get(digest),
    takeContent,
    meaningOf: ofMeaning,
    export: exported,
    isNew: () => isNew,
  };
}

function sortCached(cached: CachedDigests): { readonly entries: Map<string, Entry | MeaningEntry>; readonly compiled: Map<string, CompiledEntry>; readonly parts: Map<string, LabelledParts> } {
  const sorted = { entries: new Map<string, Entry | MeaningEntry>(), compiled: new Map<string, CompiledEntry>(), parts: new Map<string, LabelledParts>() };
  for (const [key, entry] of Object.entries(cached)) {
    if (key.startsWith(compiledKey)) sorted.compiled.set(key.slice(compiledKey.length), entry as CompiledEntry);
    else if (key.startsWith(partsKey)) sorted.parts.set(key.slice(partsKey.length), entry as LabelledParts);
    else sorted.entries.set(key, entry as Entry | MeaningEntry);
  }
  return sorted;
}

/** Follows links; `undefined` also for a link to nothing or to itself, and for what lies behind a folder that may not be entered. */
function statOf(absolute: string): BigIntStats | undefined {
  try {
    return statSync(absolute, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isOld(stats: BigIntStats): boolean {
  const youngest = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  return BigInt(Date.now()) * 1_000_000n - youngest > racyWindow;
}

/** Read in pieces, between which other work goes on. */
export async function digestOfFile(absolute: string): Promise<Digest> {
  const sha = createHash('sha256');
  const handle = await open(absolute);
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false })) sha.update(chunk as Buffer);
  } finally {
    await handle.close();
  }
  return `sha256:${sha.digest('hex')}` as Digest;
}
