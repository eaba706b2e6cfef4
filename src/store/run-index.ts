/**
 * What the first lines of all records say, kept in `cache/runs.index`, so that a folder of many thousand runs is listed
 * at once.
 *
 * Only a cache: name, time and size of a file decide whether what is known of it still holds (a record never changes,
 * but one of the same name may be copied over it), and what is not known, or not understood, is read again. Times are
 * compared to a millisecond: copies keep no more of them (`utimes` takes seconds in a double, Node 20 whole milliseconds).
 *
 * What was read is appended as a chunk; when most of the file is out of date, or in small chunks, it is written anew.
 */
import { statSync, type Stats } from 'node:fs';
import { appendFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { groupBy } from '../model/group-by.ts';
import { packRuns } from '../model/pack-runs.ts';
import type { RunListEntry } from '../model/record.ts';
import { blockOf, keyIn, openBlock, PackedRun, type OpenBlock, type RunBlock } from '../model/run-block.ts';
import { decodeChunk, encodeChunk, fileHeader, type Chunk, type RecordStats } from './index-file.ts';
import type { RunFile } from './run-files.ts';

/** Reading is bound by parsing; more at once only holds more in memory. */
const concurrency = 8;
/** Work between two turns of the event loop, in files: a few milliseconds. */
const batch = 500;
/** Records a chunk. What was read is kept now and then, so that a first listing that is broken off was not in vain. */
const chunkSize = 1000;

/** What is known of a record. */
interface Known extends RecordStats {
  entry: RunListEntry;
}

interface Fresh {
  readonly at: number;
  readonly file: RunFile;
  readonly stats: Stats;
  readonly entry: RunListEntry;
}

export interface RunIndex {
  /**
   * Entries of `files`, in their order; of a file that is not known yet, or another now, by `read`. Files that are gone
   * meanwhile are left out. Rejects only when `signal` is aborted.
   */
  readonly entries: (
    files: readonly RunFile[],
    read: (file: RunFile) => Promise<RunListEntry>,
    progress?: { readonly onProgress?: (read: number, total: number) => void; readonly signal?: AbortSignal },
  ) => Promise<readonly RunListEntry[]>;
}

/** `folder` is `.runweave`. */
export function openRunIndex(folder: string): RunIndex {
  const file = path.join(folder, 'cache', 'runs.index');
  /** By key, the name of the file without its ending. */
  const known = new Map<string, Known>();
  let loading: Promise<void> | undefined;
  /** Of the file, also what a later chunk has replaced; `chunks` is infinite where it must be written anew. */
  let chunks = 0;
  let records = 0;
  let saving: Promise<void> = Promise.resolve();

  const load = async (): Promise<void> => {
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    // Also where it is of another version, or not there.
    chunks = Infinity;
    if (!bytes.subarray(0, fileHeader.length).equals(fileHeader)) return;
    let from = fileHeader.length;
    let count = 0;
    for (let next = decodeChunk(bytes, from); next !== undefined; next = decodeChunk(bytes, from)) {
      remember(next.chunk);
      count += 1;
      records += next.chunk.stats.length;
      from = next.end;
      await nextTurn();
    }
    if (from === bytes.length) chunks = count;
  };

  const remember = ({ block, unreadable, stats }: Chunk<OpenBlock>): void => {
    const runs = block.offsets.length;
    for (const [at, each] of stats.entries()) {
      if (each.size === gone.size) continue;
      const failed = unreadable[at - runs];
      // Where they are is known when they are found there: the folder may have been moved.
      if (failed === undefined) known.set(keyIn(block, at), { ...each, entry: { type: 'run', summary: new PackedRun(block, at, '') } });
      else known.set(failed.key, { ...each, entry: { type: 'unreadable', path: '', message: failed.message } });
    }
  };

  const save = async (fresh: Chunk<RunBlock>, files: readonly RunFile[]): Promise<void> => {
    // A folder into which records were only copied is somebody else's: nothing is written there.
    if (files.every((each) => path.dirname(each.path) === path.resolve(folder))) return;
    try {
      await mkdir(path.dirname(file), { recursive: true });
      chunks += 1;
      records += fresh.stats.length;
      if (records > 2 * files.length + chunkSize || chunks > (4 * files.length) / chunkSize + 64) await writeAnew(files);
      else await appendFile(file, encodeChunk(fresh));
    } catch {
      // A folder that can't be written, a full disk: the next process reads the records again.
    }
  };

  const writeAnew = async (files: readonly RunFile[]): Promise<void> => {
    const temporary = `${file}.${process.pid}.tmp`;
    const handle = await open(temporary, 'w');
    try {
      chunks = 0;
      records = 0;
      await handle.writeFile(fileHeader);
      for (const chunk of chunksOf(files, known)) {
        await handle.writeFile(encodeChunk(chunk));
        chunks += 1;
        records += chunk.stats.length;
      }
      await handle.close();
      await rename(temporary, file);
      // Of an earlier version.
      await rm(path.join(folder, 'cache', 'runs.jsonl'), { force: true });
    } catch (error) {
      await handle.close();
      await rm(temporary, { force: true });
      throw error;
    }
  };

  const entries: RunIndex['entries'] = async (files, read, { onProgress, signal } = {}) => {
    await (loading ??= load());
    const results: (RunListEntry | undefined)[] = [];
    const unknown: { readonly at: number; readonly file: RunFile; readonly stats: Stats }[] = [];
    for (const [at, candidate] of files.entries()) {
      const stats = statSync(candidate.path, { throwIfNoEntry: false });
      const match = candidate.live ? undefined : known.get(candidate.id);
      if (stats === undefined) results[at] = undefined;
      else if (match?.size === stats.size && Math.abs(match.mtimeMs - stats.mtimeMs) < 1 && match.isDocument === isDocument(candidate)) results[at] = match.entry = withPath(match.entry, candidate.path);
      else unknown.push({ at, file: candidate, stats });
      if (at % batch === batch - 1) await nextTurn();
    }
    let done = 0;
    let fresh: Fresh[] = [];
    const keep = (): void => {
      if (fresh.length === 0) return;
      const chunk = chunkOf(fresh.map(({ file: { id }, stats: { mtimeMs, size }, file: of, entry }) => ({ key: id, mtimeMs, size, isDocument: isDocument(of), entry })));
      const block = openBlock(chunk.block);
      if (block !== undefined) remember({ ...chunk, block });
      for (const { at, file: { id, path: record } } of fresh) {
        const found = known.get(id);
        if (found !== undefined) results[at] = found.entry = withPath(found.entry, record);
      }
      fresh = [];
      saving = saving.then(() => save(chunk, files));
    };
    const work = async (): Promise<void> => {
      for (let next = unknown.pop(); next !== undefined; next = unknown.pop()) {
        signal?.throwIfAborted();
        const entry = await read(next.file);
        results[next.at] = entry;
        // What a log says of a run in progress holds while it has that size; who writes it may be gone any time.
        if (!next.file.live) fresh.push({ ...next, entry });
        done += 1;
        if (fresh.length >= chunkSize) keep();
        if (done % 100 === 0) onProgress?.(done, done + unknown.length);
      }
    };
    try {
      await Promise.all(Array.from({ length: concurrency }, work));
    } finally {
      keep();
      await saving;
    }
    return results.filter((entry) => entry !== undefined);
  };
  return { entries };
}

function isDocument({ path: record }: RunFile): boolean {
  return record.endsWith('.json');
}

/** The same entry where it has that path. */
function withPath(entry: RunListEntry, record: string): RunListEntry {
  if (entry.type === 'unreadable') return entry.path === record ? entry : { ...entry, path: record };
  const { summary } = entry;
  if (summary.path === record) return entry;
  return { type: 'run', summary: summary instanceof PackedRun ? new PackedRun(summary.block, summary.run, record) : { ...summary, path: record } };
}

type KeyedEntry = RecordStats & { readonly key: string; readonly entry: RunListEntry };

function chunkOf(records: readonly KeyedEntry[]): Chunk<RunBlock> {
  const runs = records.flatMap(({ entry, ...each }) => (entry.type === 'run' ? [{ ...each, summary: entry.summary }] : []));
  const failed = records.flatMap(({ entry, ...each }) => (entry.type === 'unreadable' ? [{ ...each, message: entry.message }] : []));
  return { block: packRuns(runs), unreadable: failed.map(({ key, message }) => ({ key, message })), stats: [...runs, ...failed] };
}

/** Of a record that is gone: of no file. */
const gone: RecordStats = { mtimeMs: -1, size: -1, isDocument: false };

/** Of all that is known of `files`. Blocks that are large, and mostly of use, stay as they are. */
function* chunksOf(files: readonly RunFile[], known: ReadonlyMap<string, Known>): Generator<Chunk<RunBlock>> {
  const records = files.flatMap(({ id }): readonly KeyedEntry[] => {
    const found = known.get(id);
    return found === undefined ? [] : [{ key: id, ...found }];
  });
  const loose: KeyedEntry[] = [];
  for (const [block, of] of groupBy(records, ({ entry }) => (entry.type === 'run' && entry.summary instanceof PackedRun ? entry.summary.block : undefined))) {
    if (block === undefined || of.length < chunkSize / 2 || of.length * 2 < block.offsets.length) loose.push(...of);
    else {
      const byRun = new Map(of.map((each) => [each.entry.type === 'run' && each.entry.summary instanceof PackedRun ? each.entry.summary.run : -1, each]));
      yield { block: blockOf(block), unreadable: [], stats: Array.from(block.offsets, (_, run) => byRun.get(run) ?? gone) };
    }
  }
  for (let at = 0; at < loose.length; at += chunkSize) yield chunkOf(loose.slice(at, at + chunkSize));
}
