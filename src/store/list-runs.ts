import type { Json } from '../model/json.ts';
import type { RunListEntry, RunSummary } from '../model/record.ts';
import { countPhases } from '../model/run-state.ts';
import type { RunState } from '../model/run-state.ts';
import { vcsDirty, vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { writerIsAlive } from '../recording/writer.ts';
import { readRecordHead } from './read-record.ts';
import { readEach } from './run-heads.ts';
import { runFiles } from './run-files.ts';
import type { RunFile } from './run-files.ts';

const cache: Parameters<typeof readEach<RunListEntry>>[1] = new Map();

/** All runs of a `.runweave` folder, newest first, also those in progress. Reads of each record its first line, once. */
export async function listRuns(folder: string): Promise<readonly RunListEntry[]> {
  const entries = await readEach(await runFiles(folder), cache, readEntry);
  return entries.filter((entry) => entry !== undefined);
}

async function readEntry(file: RunFile): Promise<RunListEntry> {
  try {
    const summary = summarize(await readRecordHead(file.path), file.path);
    // Nobody writes it any more: it is sealed when the next session opens.
    const isCutOff = file.live && summary.outcome === undefined && !writerIsAlive(file.path);
    return { type: 'run', summary: isCutOff ? { ...summary, interrupted: true, outcome: 'error' } : summary };
  } catch (error) {
    return { type: 'unreadable', path: file.path, message: (error as Error).message };
  }
}

/** What a list shows of a run. */
export function summarize(state: RunState, path: string): RunSummary {
  const phases = countPhases(state);
  const total = state.tasks.length;
  const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
  const branch = text(state.resource[vcsRefHeadName]);
  const commit = text(state.resource[vcsRefHeadRevision]);
  const dirty = state.resource[vcsDirty];
  return {
    runId: state.runId,
    traceId: state.traceId,
    path,
    pipeline: state.pipeline.name,
    start: state.start,
    ...(state.end !== undefined && { end: state.end }),
    ...(state.outcome !== undefined && { outcome: state.outcome }),
    interrupted: state.interrupted,
    counts: {
      total,
      executed: total - phases.skip - phases.pending - phases.stale,
      succeeded: phases.success,
      failed: phases.failure + phases.error + phases.timeout,
      skipped: phases.skip,
    },
    params: state.params,
    metrics: lastMetrics(state),
    ...(branch !== undefined && { branch }),
    ...(commit !== undefined && { commit }),
    ...(typeof dirty === 'boolean' && { dirty }),
  };
}

function lastMetrics(state: RunState): Record<string, number> {
  const entries = state.tasks.flatMap((task) =>
    Object.entries(task.metrics).map(([name, { last }]): readonly [string, number] => [`${task.node.id}.${name}`, Number(last)]),
  );
  return Object.fromEntries(entries);
}
