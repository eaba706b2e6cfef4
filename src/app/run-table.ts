/** Runs of a folder as rows: what their records say, and what people said of them afterwards. */
import type { RunListEntry } from '../model/record.ts';
import { indexAnnotations, type AnnotationIndex } from '../query/annotations.ts';
import { runKey, type RunRow, type RunStatus } from '../query/run-row.ts';
import { readAnnotations } from '../store/annotations.ts';
import { listRuns, type ListProgress } from '../store/list-runs.ts';

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

function rowOf(entry: RunListEntry, annotations: AnnotationIndex): RunRow {
  if (entry.type === 'unreadable') {
    const runId = runKey(entry.path);
    return { runId, path: entry.path, status: 'unreadable', message: entry.message, annotations: annotations.ofRun(runId) };
  }
  const { summary } = entry;
  const status: RunStatus = summary.interrupted ? 'interrupted' : (summary.outcome ?? 'running');
  return { runId: summary.runId, path: summary.path, status, summary, annotations: annotations.ofRun(summary.runId) };
}
