/** Runs of a folder as rows: what their records say, and what people said of them afterwards. */
import type { RunListEntry } from '../model/record.ts';
import { newestFirst } from '../model/run-order.ts';
import { indexAnnotations, type AnnotationIndex } from '../query/annotations.ts';
import { runKey, statusOf, type RunRow } from '../query/run-row.ts';
import { readAnnotations } from '../store/annotations.ts';
import { listLiveRuns, listRuns, type ListProgress } from '../store/list-runs.ts';
import type { RecordFolder } from '../store/record-folder.ts';

export interface RunTable {
  readonly rows: readonly RunRow[];
  readonly annotations: AnnotationIndex;
}

/** Newest first, archived ones too. `folder` is `.runweave`. */
export async function readRunTable(folder: string, progress: ListProgress = {}): Promise<RunTable> {
  const [entries, annotations] = await Promise.all([listRuns(folder, progress), readAnnotations(folder)]);
  const index = indexAnnotations(annotations);
  return { rows: entries.map((entry) => rowOf(entry, index)), annotations: index };
}

/** Of several folders, newest first. A run of which there are copies in some of them is listed once, its record before a log. */
export async function readRunTables(folders: readonly RecordFolder[], progress: ListProgress = {}): Promise<RunTable> {
  const [first, ...others] = folders;
  if (first !== undefined && others.length === 0) return readRunTable(first.store, progress);
  const [lists, annotations] = await Promise.all([Promise.all(folders.map(({ store }) => listRuns(store, progress))), Promise.all(folders.map(({ store }) => readAnnotations(store)))]);
  const index = indexAnnotations(annotations.flat());
  const byRun = new Map<string, RunRow>();
  for (const [at, entries] of lists.entries()) {
    for (const entry of entries) {
      const row = { ...rowOf(entry, index), folder: folders[at]?.name ?? '' };
      const key = runKey(row.path);
      const known = byRun.get(key);
      if (known === undefined || (known.status === 'running' && row.status !== 'running')) byRun.set(key, row);
    }
  }
  return { rows: [...byRun].sort(([a], [b]) => newestFirst(a, b)).map(([, row]) => row), annotations: index };
}

/** Runs in progress of several folders, with what was known to be said of runs. */
export async function readLiveRows(folders: readonly RecordFolder[], annotations: AnnotationIndex): Promise<readonly RunRow[]> {
  const lists = await Promise.all(folders.map(async ({ store, name }) => (await listLiveRuns(store)).map((entry) => ({ ...rowOf(entry, annotations), ...(folders.length > 1 && { folder: name }) }))));
  return lists.flat();
}

function rowOf(entry: RunListEntry, annotations: AnnotationIndex): RunRow {
  if (entry.type === 'unreadable') {
    const runId = runKey(entry.path);
    return { runId, path: entry.path, status: 'unreadable', message: entry.message, annotations: annotations.ofRun(runId) };
  }
  const { summary } = entry;
  return { runId: summary.runId, path: summary.path, status: statusOf(summary), summary, annotations: annotations.ofRun(summary.runId) };
}
