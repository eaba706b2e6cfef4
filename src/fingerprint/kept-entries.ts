/**
 * Which results are kept, to be restored when a task comes back to the state that they were made in.
 *
 *   .runweave/cache/kept/
 *     results/<pipeline file>/<task>.jsonl   what was made from what: one line a result
 *     objects/ab/cdef…                       contents of output files, by SHA-256; read-only
 *     staging/                               files on their way in or out
 *     sum                                    bytes of all this, at least
 *
 * Constraints: what a task was seen to read is known only after it ran, so an entry can't be looked up by a digest of
 * all that counts: the entries of a task are its candidates, and each says which files it has to be compared with. Two
 * processes (two pipelines of a folder) write at once, and any may be killed: so there is no index to rewrite. A line is
 * appended after a line end of its own, so that one that was torn spoils no other; of two of one fingerprint the last
 * holds, and says when it was of use. (A file for each result, and a folder for each task, took longer to make than the
 * shell to start.) Lines are removed by a new file in the place of the old: what another process appends in that moment
 * is lost, as any of this may be. An entry is written before its objects, so that who removes objects sees that they
 * are wanted; one without its objects is taken as none.
 *
 * Not in `.runweave/objects/`, which holds the artifacts of records: those must never fall to a size limit, and travel
 * with the records, where outputs should not (docs/decisions/0008-kept-outputs-are-a-cache.md).
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Digest, Fingerprint } from '../model/fingerprint.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { digestOf } from './file-digests.ts';

const version = 2;
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
  /** Of the fingerprint: it holds no other entry of its task with the same. */
  readonly key: string;
  /** When it was last of use, in Unix milliseconds. */
  readonly used: number;
  readonly task: TaskId;
  readonly result: TaskResult & { readonly fingerprint: Fingerprint };
  /** Every file of the outputs. */
  readonly files: readonly KeptFile[];
}

/** An entry and the file that it is a line of. */
export interface FoundEntry {
  readonly file: string;
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

function entriesFile(kept: string, pipelineFile: string, task: TaskId): string {
  return path.join(kept, 'results', path.basename(pipelineFile), `${digestOf(task).slice('sha256:'.length, 'sha256:'.length + 32)}.jsonl`);
}

/** Replaces an entry of the same fingerprint. */
export function writeEntry(kept: string, pipelineFile: string, { task, result, files }: Pick<KeptEntry, 'task' | 'result' | 'files'>): FoundEntry {
  const file = entriesFile(kept, pipelineFile, task);
  const key = digestOf(canonicalJson(result.fingerprint as unknown as Json)).slice('sha256:'.length, 'sha256:'.length + 32);
  const entry: KeptEntry = { version, key, used: Date.now(), task, result, files };
  return { file, entry, size: append(kept, file, entry) };
}

export function markUsed(kept: string, { file, entry }: FoundEntry): void {
  append(kept, file, { ...entry, used: Date.now() });
}

export function removeEntry(kept: string, { file, entry }: FoundEntry): void {
  replace(kept, file, readEntries(file).filter((found) => found.entry.key !== entry.key).map((found) => found.entry));
}

/** Returns the bytes of the entry. */
function append(kept: string, file: string, entry: KeptEntry): number {
  const line = JSON.stringify(entry);
  const lines = linesOf(file);
  if (lines.length === 0) makeFolder(path.dirname(file));
  if (lines.length >= mostEntries) {
    const others = readEntries(file).map((found) => found.entry).filter(({ key }) => key !== entry.key);
    replace(kept, file, [...others.sort((a, b) => a.used - b.used).slice(-mostEntries + 1), entry]);
  } else appendFileSync(file, lines.length === 0 ? `${line}\n` : `\n${line}\n`);
  return Buffer.byteLength(line);
}

function replace(kept: string, file: string, entries: readonly KeptEntry[]): void {
  if (entries.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  const temporary = stagingFile(kept);
  writeFileSync(temporary, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  renameSync(temporary, file);
}

/** Most are there already, and to ask takes a tenth of what making it takes. Whether it was made now. */
export function makeFolder(folder: string): boolean {
  if (existsSync(folder)) return false;
  mkdirSync(folder, { recursive: true });
  return true;
}

export function entriesOf(kept: string, pipelineFile: string, task: TaskId): readonly FoundEntry[] {
  return readEntries(entriesFile(kept, pipelineFile, task)).filter(({ entry }) => entry.task === task);
}

/** Of all pipelines and tasks. */
export function allEntries(kept: string): readonly FoundEntry[] {
  const results = path.join(kept, 'results');
  return namesIn(results).flatMap((pipeline) => namesIn(path.join(results, pipeline)).flatMap((name) => readEntries(path.join(results, pipeline, name))));
}

/** Without what is torn, or of another version. */
function readEntries(file: string): readonly FoundEntry[] {
  const found = new Map<string, FoundEntry>();
  for (const line of linesOf(file)) {
    const entry = parseEntry(line);
    if (entry !== undefined) found.set(entry.key, { file, size: Buffer.byteLength(line), entry });
  }
  return [...found.values()];
}

function parseEntry(line: string): KeptEntry | undefined {
  try {
    const entry = JSON.parse(line) as KeptEntry;
    const isSound = entry.version === version && entry.files.every(({ digest, path: name }) => /^sha256:[0-9a-f]{64}$/.test(digest) && typeof name === 'string');
    return isSound ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Also of a file that is not there. */
function linesOf(file: string): readonly string[] {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '') : [];
  } catch {
    return [];
  }
}

export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
