/**
 * Which results are kept, to be restored when a task comes back to the state that they were made in.
 *
 *   .runweave/cache/kept/
 *     entries/<pipeline file>/<task>/<fingerprint>.json   what was made from what: one file a result
 *     objects/ab/cdef…                                    contents of output files, by SHA-256; read-only
 *     staging/                                            files on their way in or out
 *     sum                                                 bytes of all this, at least
 *
 * Constraints: what a task was seen to read is known only after it ran, so an entry can't be looked up by a digest of
 * all that counts: the entries of a task are its candidates, and each says which files it has to be compared with. Two
 * processes (two pipelines of a folder) write at once, and any may be killed: so there is no index to rewrite, a file
 * is renamed into its place, and its time of modification is when it was last of use. An entry is written before its
 * objects, so that who removes objects sees that they are wanted; one without its objects is taken as none.
 *
 * Not in `.runweave/objects/`, which holds the artifacts of records: those must never fall to a size limit, and travel
 * with the records, where outputs should not (docs/decisions/0008-kept-outputs-are-a-cache.md).
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Digest, Fingerprint } from '../model/fingerprint.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { digestOf } from './file-digests.ts';

const version = 1;
/** Of one task; the one that was of no use for longest makes room. */
const mostEntries = 20;

export interface KeptFile {
  /** Relative to the pipeline's folder, with `/`. */
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface KeptEntry {
  readonly version: number;
  readonly task: TaskId;
  readonly result: TaskResult & { readonly fingerprint: Fingerprint };
  /** Every file of the outputs. */
  readonly files: readonly KeptFile[];
}

/** An entry and its file. */
export interface FoundEntry {
  readonly file: string;
  /** When it was last of use, in Unix milliseconds. */
  readonly used: number;
  /** Bytes of the entry itself. */
  readonly size: number;
  readonly entry: KeptEntry;
}

/** `store` is `.runweave`. */
export function keptFolder(store: string): string {
  return path.join(store, 'cache', 'kept');
}

export function objectFile(kept: string, digest: Digest): string {
  const hex = digest.slice('sha256:'.length);
  return path.join(kept, 'objects', hex.slice(0, 2), hex.slice(2));
}

/** A name that nobody else uses; the folder is made. */
export function stagingFile(kept: string): string {
  const folder = path.join(kept, 'staging');
  makeFolder(folder);
  return path.join(folder, `${process.pid}-${randomBytes(6).toString('hex')}`);
}

function entriesFolder(kept: string, pipelineFile: string, task: TaskId): string {
  return path.join(kept, 'entries', path.basename(pipelineFile), digestOf(task).slice('sha256:'.length, 'sha256:'.length + 32));
}

/** Replaces an entry of the same fingerprint. Returns its file, and its bytes. */
export function writeEntry(kept: string, pipelineFile: string, { task, result, files }: Omit<KeptEntry, 'version'>): { readonly file: string; readonly size: number } {
  const folder = entriesFolder(kept, pipelineFile, task);
  const isFirst = makeFolder(folder);
  const file = path.join(folder, `${digestOf(canonicalJson(result.fingerprint as unknown as Json)).slice('sha256:'.length, 'sha256:'.length + 32)}.json`);
  const temporary = stagingFile(kept);
  const bytes = Buffer.from(JSON.stringify({ version, task, result, files } satisfies KeptEntry));
  writeFileSync(temporary, bytes);
  renameSync(temporary, file);
  const names = isFirst ? [] : readdirSync(folder);
  if (names.length > mostEntries) {
    const byUse = names.map((name) => path.join(folder, name)).sort((a, b) => usedAt(b) - usedAt(a));
    for (const old of byUse.slice(mostEntries)) if (old !== file) rmSync(old, { force: true });
  }
  return { file, size: bytes.length };
}

/** Most are there already, and to ask takes a tenth of what making it takes. Whether it was made now. */
export function makeFolder(folder: string): boolean {
  if (existsSync(folder)) return false;
  mkdirSync(folder, { recursive: true });
  return true;
}

export function markUsed(file: string): void {
  const now = new Date();
  utimesSync(file, now, now);
}

export function entriesOf(kept: string, pipelineFile: string, task: TaskId): readonly FoundEntry[] {
  const folder = entriesFolder(kept, pipelineFile, task);
  return namesIn(folder).flatMap((name) => readEntry(path.join(folder, name)) ?? []).filter(({ entry }) => entry.task === task);
}

/** Of all pipelines and tasks. */
export function allEntries(kept: string): readonly FoundEntry[] {
  const entries = path.join(kept, 'entries');
  const folders = namesIn(entries).flatMap((pipeline) => namesIn(path.join(entries, pipeline)).map((task) => path.join(entries, pipeline, task)));
  return folders.flatMap((folder) => namesIn(folder).flatMap((name) => readEntry(path.join(folder, name)) ?? []));
}

/** `undefined` for what is torn, gone meanwhile, or of another version. */
function readEntry(file: string): FoundEntry | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const entry = JSON.parse(text) as KeptEntry;
    const isSound = entry.version === version && entry.files.every(({ digest, path: name }) => /^sha256:[0-9a-f]{64}$/.test(digest) && typeof name === 'string');
    return isSound ? { file, used: usedAt(file), size: text.length, entry } : undefined;
  } catch {
    return undefined;
  }
}

function usedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
