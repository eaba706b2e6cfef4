/**
 * Which results are kept, to be restored when a task comes back to the state that they were made in.
 *
 *   .runweave/cache/kept/
 *     results/<pipeline file>/ab.lines   what was made from what: one line a result, by its task's id, in JSON
 *     objects/, small/                   contents of output files (`kept-objects.ts`)
 *     staging/                           files on their way in or out
 *     sum                                bytes of all this, at least
 *
 * Constraints: what a task was seen to read is known only after it ran, so an entry can't be looked up by a digest of
 * all that counts: the entries of a task are its candidates, and each says which files it has to be compared with. Two
 * processes (two pipelines of a folder) write at once, and any may be killed: so there is no index to rewrite. Of two
 * lines of one fingerprint the last holds, and says when it was of use. (A folder for each task, a file for each result,
 * and even a file for each task, took as long to make as the shell to start.) Lines are removed by a new file in the
 * place of the old: what another process appends in that moment is lost, as any of this may be. An entry is written
 * before its objects, so that who removes objects sees that they are wanted; one without its objects is taken as none.
 *
 * Not in `.runweave/objects/`, which holds the artifacts of records: those must never fall to a size limit, and travel
 * with the records, where outputs should not (docs/decisions/0008-kept-outputs-are-a-cache.md).
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Digest, Fingerprint } from '../model/fingerprint.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { digestOf } from './file-digests.ts';
import { namesIn, shardOf, stagingFile } from './kept-folder.ts';
import type { FolderModes } from './restored-folders.ts';
import { keyedLines, openKeyedLines, readKeyedLines, type KeyedLines } from './keyed-lines.ts';

const version = 4;
/** Of one task; the one that was of no use for longest makes room. */
const mostEntries = 20;
/** Of one task, before the file is written anew without those that make room. */
const mostLines = 2 * mostEntries;
const suffix = '.lines';

export interface KeptFile {
  /** Relative to the pipeline's folder, with `/`. */
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Python was seen to write it, for this task. */
  readonly seen?: true;
  /** It was in its folder before the task ran, and something of what it held then may be left in it. */
  readonly before?: true;
  /** The mtime (Unix nanoseconds) that it got when it was restored last: with it, it is what we wrote. */
  readonly restored?: string;
}

export interface KeptEntry {
  readonly version: number;
  /** Of the fingerprint: its task has no other entry with the same. */
  readonly key: string;
  /** When it was last of use, in Unix milliseconds. */
  readonly used: number;
  readonly task: TaskId;
  readonly result: TaskResult & { readonly fingerprint: Fingerprint };
  /** Every file of the outputs. */
  readonly files: readonly KeptFile[];
  /** Absent: none is below the pipeline's folder. */
  readonly folders?: FolderModes;
  /** What Python was seen to write that is no output, and is not restored: files, or of many the folders, with a `/` at the end. */
  readonly beside?: readonly string[];
}

/** An entry and the file that it is a line of. */
export interface FoundEntry {
  readonly file: string;
  /** Bytes of the entry itself. */
  readonly size: number;
  readonly entry: KeptEntry;
}

/** Of one pipeline. */
export interface KeptEntries {
  readonly of: (task: TaskId) => readonly FoundEntry[];
  /** Replaces an entry of the same fingerprint. Throws when the disk refuses. */
  readonly write: (entry: Pick<KeptEntry, 'task' | 'result' | 'files' | 'folders' | 'beside'>) => FoundEntry;
  /** `restored`: times of its files that were put back, by their paths. */
  readonly markUsed: (found: FoundEntry, restored: ReadonlyMap<string, string>) => void;
  /** Files of a task were put back, by their paths. */
  readonly putBack: (task: TaskId, files: ReadonlyMap<string, { readonly digest: Digest; readonly restored: string }>) => void;
  /** Of the files that are held open for more. */
  readonly release: () => void;
}

export function openKeptEntries(kept: string, pipelineFile: string): KeptEntries {
  const shards = new Map<string, KeyedLines>();
  const folder = path.join(kept, 'results', path.basename(pipelineFile));
  const fileOf = (task: TaskId): string => path.join(folder, `${shardOf(digestOf(task))}${suffix}`);
  const linesIn = (file: string): KeyedLines => {
    let lines = shards.get(file);
    if (lines === undefined) shards.set(file, (lines = openKeyedLines(file)));
    return lines;
  };
  const append = (file: string, entry: KeptEntry): number => {
    const key = JSON.stringify(entry.task);
    const text = JSON.stringify(entry);
    if (linesIn(file).append(key, text) > mostLines) replace(kept, file, readEntries(file));
    return Buffer.byteLength(text);
  };
  const of = (task: TaskId): readonly FoundEntry[] => {
    const file = fileOf(task);
    return latest(file, linesIn(file).of(JSON.stringify(task)));
  };
  return {
    of,
    write: ({ task, result, files, folders, beside = [] }) => {
      const file = fileOf(task);
      const key = digestOf(keyText(result.fingerprint)).slice('sha256:'.length, 'sha256:'.length + 32);
      const entry: KeptEntry = { version, key, used: Date.now(), task, result, files, ...(folders !== undefined && Object.keys(folders).length > 0 && { folders }), ...(beside.length > 0 && { beside }) };
      return { file, entry, size: append(file, entry) };
    },
    markUsed: ({ file, entry }, restored) => {
      const files = entry.files.map((each) => ((time) => (time === undefined ? each : { ...each, restored: time }))(restored.get(each.path)));
      append(file, { ...entry, used: Date.now(), files });
    },
    putBack: (task, files) => {
      for (const { file, entry } of of(task)) {
        const isOne = ({ path: name, digest }: KeptFile): boolean => files.get(name)?.digest === digest;
        if (entry.files.some(isOne)) append(file, { ...entry, files: entry.files.map((each) => (isOne(each) ? { ...each, restored: files.get(each.path)?.restored ?? '' } : each)) });
      }
    },
    release: () => {
      for (const lines of shards.values()) lines.release();
    },
  };
}

/** Of all that is compared: also of the order of keys in params, where that says something. */
function keyText(fingerprint: Fingerprint): string {
  const ordered = Object.entries(fingerprint.params).filter(([, value]) => JSON.stringify(value) !== canonicalJson(value));
  return canonicalJson(fingerprint as unknown as Json) + ordered.map(([name, value]) => `\n${name}=${JSON.stringify(value)}`).join('');
}

/** Entries as they were found; each file is written anew once. */
export function removeEntries(kept: string, removed: readonly FoundEntry[]): void {
  const keysIn = new Map<string, Set<string>>();
  for (const { file, entry } of removed) keysIn.set(file, (keysIn.get(file) ?? new Set()).add(`${entry.key} ${entry.task}`));
  for (const [file, keys] of keysIn) replace(kept, file, readEntries(file).filter(({ entry }) => !keys.has(`${entry.key} ${entry.task}`)));
}

function replace(kept: string, file: string, entries: readonly FoundEntry[]): void {
  if (entries.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  const temporary = stagingFile(kept);
  writeFileSync(temporary, keyedLines(entries.map(({ entry }) => [JSON.stringify(entry.task), JSON.stringify(entry)])));
  renameSync(temporary, file);
}

/** Of all pipelines and tasks. */
export function allEntries(kept: string): readonly FoundEntry[] {
  return entryFiles(kept).flatMap((file) => readEntries(file));
}

/** Files of an earlier layout, of which nothing is read any more. */
export function abandonedFiles(kept: string): readonly string[] {
  return resultFiles(kept).filter((file) => !file.endsWith(suffix));
}

function entryFiles(kept: string): readonly string[] {
  return resultFiles(kept).filter((file) => file.endsWith(suffix));
}

function resultFiles(kept: string): readonly string[] {
  const results = path.join(kept, 'results');
  return namesIn(results).flatMap((pipeline) => namesIn(path.join(results, pipeline)).map((name) => path.join(results, pipeline, name)));
}

function readEntries(file: string): readonly FoundEntry[] {
  const byTask = new Map<string, string[]>();
  for (const [key, text] of readKeyedLines(file)) {
    const known = byTask.get(key);
    if (known === undefined) byTask.set(key, [text]);
    else known.push(text);
  }
  return [...byTask.values()].flatMap((texts) => latest(file, texts));
}

/** Of one task's lines: those that count, without what is torn, or of another version. */
function latest(file: string, texts: readonly string[]): readonly FoundEntry[] {
  const known = entriesOf.get(texts);
  if (known !== undefined) return known;
  const found = new Map<string, FoundEntry>();
  for (const text of texts) {
    const entry = parseEntry(text);
    if (entry === undefined) continue;
    // Last in their order is what was written last.
    found.delete(entry.key);
    found.set(entry.key, { file, size: Buffer.byteLength(text), entry });
  }
  const entries = [...found.values()].sort((a, b) => a.entry.used - b.entry.used).slice(-mostEntries);
  entriesOf.set(texts, entries);
  return entries;
}
const entriesOf = new WeakMap<readonly string[], readonly FoundEntry[]>();

function parseEntry(text: string): KeptEntry | undefined {
  try {
    const entry = JSON.parse(text) as KeptEntry;
    const isSound = entry.version === version && entry.files.every(({ digest, path: name }) => /^sha256:[0-9a-f]{64}$/.test(digest) && typeof name === 'string');
    return isSound ? entry : undefined;
  } catch {
    return undefined;
  }
}
