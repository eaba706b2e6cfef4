/**
 * What the first lines of all records say, kept in `cache/runs.jsonl`, so that a folder of many thousand runs is listed
 * at once.
 *
 * Only a cache: name, time and size of a file decide whether what is known of it still holds (a record never changes,
 * but one of the same name may be copied over it), and what is not known, or not understood, is read again. Times are
 * compared to a millisecond: copies keep no more of them (`utimes` takes seconds in a double, Node 20 whole milliseconds).
 *
 * Layout, version 1: the first line is `{"runweave":"run index","version":1}`; each other line is
 * `[name, mtime in ms, size, entry, series]`, where a later line of a name wins. The entry has no path (the folder may
 * be moved) and no series; these, most of what there is, stand as tuples behind it. Lines are appended with one write,
 * so that processes that do so at the same time lose nothing; when most lines are out of date the file is written anew.
 */
import { statSync, type Stats } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TaskId } from '../model/pipeline.ts';
import type { RunListEntry, SeriesSummary } from '../model/record.ts';
import type { RunFile } from './run-files.ts';

const version = 1;
const header = JSON.stringify({ runweave: 'run index', version });
/** Reading is bound by parsing; more at once only holds more in memory. */
const concurrency = 8;
/** Work between two turns of the event loop, in files: a few milliseconds. */
const batch = 500;
/** What was read is kept now and then, so that a first listing that is broken off was not in vain. */
const saveEvery = 1000;

interface Known {
  readonly mtimeMs: number;
  readonly size: number;
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
  const file = path.join(folder, 'cache', 'runs.jsonl');
  const known = new Map<string, Known>();
  let loading: Promise<void> | undefined;
  /** Lines in the file, also those that a later one has replaced. */
  let lines = 0;
  let saving: Promise<void> = Promise.resolve();

  const load = async (): Promise<void> => {
    // Bytes, cut into lines here: of very many runs there is more than a string holds.
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    const start = header.length + 1;
    if (bytes.toString('utf8', 0, start) !== `${header}\n`) return;
    // What does not end in a line would be joined with what is appended next: it is written anew then.
    if (bytes.at(-1) !== 10) lines = Infinity;
    for (let from = start, end = bytes.indexOf(10, from); end !== -1; from = end + 1, end = bytes.indexOf(10, from)) {
      const parsed = parseRow(bytes.toString('utf8', from, end));
      if (parsed !== undefined) known.set(parsed.name, parsed.known);
      lines += 1;
      if (known.size % batch === 0) await nextTurn();
    }
  };

  const save = async (names: readonly string[], files: readonly RunFile[]): Promise<void> => {
    // A folder into which records were only copied is somebody else's: nothing is written there.
    if (files.every((each) => path.dirname(each.path) === path.resolve(folder))) return;
    try {
      await mkdir(path.dirname(file), { recursive: true });
      // Also where the file is of another version, or not there.
      if (lines === 0 || lines + names.length > 2 * files.length + 1000) {
        const rows = files.map(({ path: record }) => rowOf(path.basename(record), known));
        const temporary = `${file}.${process.pid}.tmp`;
        await writeFile(temporary, [header, ...rows.filter((row) => row !== undefined), ''].join('\n'));
        await rename(temporary, file).catch(async (error: unknown) => {
          await rm(temporary, { force: true });
          throw error;
        });
        lines = rows.length;
      } else {
        await appendFile(file, names.map((name) => `${rowOf(name, known) ?? ''}\n`).join(''));
        lines += names.length;
      }
    } catch {
      // A folder that can't be written, a full disk: the next process reads the records again.
    }
  };

  const entries: RunIndex['entries'] = async (files, read, { onProgress, signal } = {}) => {
    await (loading ??= load());
    const results: (RunListEntry | undefined)[] = [];
    const unknown: { readonly at: number; readonly file: RunFile; readonly stats: Stats }[] = [];
    for (const [at, candidate] of files.entries()) {
      const stats = statSync(candidate.path, { throwIfNoEntry: false });
      const match = known.get(path.basename(candidate.path));
      if (stats === undefined) results[at] = undefined;
      else if (match?.size === stats.size && Math.abs(match.mtimeMs - stats.mtimeMs) < 1) results[at] = withPath(match.entry, candidate.path);
      else unknown.push({ at, file: candidate, stats });
      if (at % batch === batch - 1) await nextTurn();
    }
    let done = 0;
    let fresh: string[] = [];
    const keep = (): void => {
      const names = fresh;
      fresh = [];
      if (names.length > 0) saving = saving.then(() => save(names, files));
    };
    const work = async (): Promise<void> => {
      for (let next = unknown.pop(); next !== undefined; next = unknown.pop()) {
        signal?.throwIfAborted();
        const { at, file: candidate, stats } = next;
        const entry = await read(candidate);
        results[at] = entry;
        const name = path.basename(candidate.path);
        // What a log says of a run in progress holds while it has that size; who writes it may be gone any time.
        if (!candidate.live) {
          known.set(name, { mtimeMs: stats.mtimeMs, size: stats.size, entry });
          fresh.push(name);
        }
        done += 1;
        if (fresh.length >= saveEvery) keep();
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

/** The folder may be elsewhere now. */
function withPath(entry: RunListEntry, record: string): RunListEntry {
  if (entry.type === 'unreadable') return entry.path === record ? entry : { ...entry, path: record };
  return entry.summary.path === record ? entry : { ...entry, summary: { ...entry.summary, path: record } };
}

type SeriesRow = readonly [task: string, name: string, count: number, last: SeriesSummary['last'], min?: number, max?: number | undefined, mean?: number | undefined];

function rowOf(name: string, known: ReadonlyMap<string, Known>): string | undefined {
  const found = known.get(name);
  if (found === undefined) return undefined;
  const { mtimeMs, size, entry } = found;
  if (entry.type === 'unreadable') return JSON.stringify([name, mtimeMs, size, { ...entry, path: '' }]);
  const { series, ...summary } = entry.summary;
  const rows = series.map(({ task, name: metric, count, last, min, max, mean }): SeriesRow => (min === undefined ? [task, metric, count, last] : [task, metric, count, last, min, max, mean]));
  return JSON.stringify([name, mtimeMs, size, { type: 'run', summary: { ...summary, path: '' } }, rows]);
}

function parseRow(row: string): { readonly name: string; readonly known: Known } | undefined {
  try {
    const [name, mtimeMs, size, entry, series] = JSON.parse(row) as [unknown, unknown, unknown, RunListEntry | undefined, readonly SeriesRow[] | undefined];
    if (typeof name !== 'string' || typeof mtimeMs !== 'number' || typeof size !== 'number') return undefined;
    if (entry?.type === 'unreadable') return { name, known: { mtimeMs, size, entry } };
    if (entry?.type !== 'run' || typeof entry.summary.runId !== 'string' || series === undefined) return undefined;
    const summaries = series.map(([task, metric, count, last, min, max, mean]): SeriesSummary => ({
      task: task as TaskId,
      name: metric,
      count,
      last,
      ...(min !== undefined && max !== undefined && mean !== undefined && { min, max, mean }),
    }));
    return { name, known: { mtimeMs, size, entry: { type: 'run', summary: { ...entry.summary, series: summaries } } } };
  } catch {
    // Torn, by a full disk or a killed process.
    return undefined;
  }
}
