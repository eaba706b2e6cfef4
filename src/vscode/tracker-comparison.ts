/** Runs that are compared in the runs table: their records, and what of a difference opens in the editor. */
import type { Digest } from '../model/fingerprint.ts';
import type { Json } from '../model/json.ts';
import { pointsAt } from '../model/metric-series.ts';
import type { RunState, TaskState } from '../model/run-state.ts';
import { keptIndexes } from '../model/thin-series.ts';
import type { ComparisonData } from '../protocol/tracker-view.ts';
import { compareRuns, type Comparison } from '../query/compare.ts';
import { runKey, type RunRow } from '../query/run-row.ts';
import { openRecorded, openValues, type ChangePlace, type RecordedFile } from './changes.ts';

/** Points of a series that can be told apart in a chart. */
const pointsLimit = 1000;

type Compared = { readonly type: 'compared'; readonly data: ComparisonData } | { readonly type: 'failed'; readonly message: string };

export interface TrackerComparison {
  readonly compare: (rows: readonly RunRow[]) => Promise<Compared>;
  /** A difference between the first run and another one. Returns why there is nothing to be seen. */
  readonly open: (difference: number, run: number) => Promise<string | undefined>;
  /** Of the compared runs only. */
  readonly artifact: (digest: string) => Promise<Uint8Array | undefined>;
}

export function trackerComparison(place: ChangePlace): TrackerComparison {
  let comparison: Comparison | undefined;
  const statesOf = (task: string): readonly (TaskState | undefined)[] => comparison?.tasks.find(({ id }) => id === task)?.states ?? [];
  return {
    compare: async (rows) => {
      const { readRecord } = await import('../store/read-record.ts');
      const { readMakers } = await import('../store/read-makers.ts');
      const states: RunState[] = [];
      for (const row of rows) {
        const record = await readRecord(row.path);
        if (record.type !== 'run') return { type: 'failed', message: record.type === 'unreadable' ? `${row.runId} can't be read: ${record.message}` : `${row.runId} is a trace of another tool, in which there is nothing to compare.` };
        states.push(record.state);
      }
      comparison = compareRuns(states, await readMakers(place.store, states));
      const runs = rows.map((row, index) => ({ key: runKey(row.path), runId: states[index]?.runId ?? row.runId }));
      return { type: 'compared', data: { runs, differences: comparison.differences, series: seriesOf(comparison) } };
    },
    open: async (index, run) => {
      const difference = comparison?.differences[index];
      switch (difference?.type) {
        case 'source':
        case 'input': {
          const { path, digests, tasks } = difference;
          const states = statesOf(tasks[0] ?? '');
          const side = (at: number): RecordedFile => {
            const digest = digests[at] as Digest | undefined;
            const content = difference.type === 'source' ? states[at]?.sources?.[path] : undefined;
            return { ...(digest !== undefined && { digest }), ...(content !== undefined && { content }) };
          };
          return openRecorded(place, path, side(0), side(run), `${path.split('/').at(-1) ?? path} (${comparison?.runs[0] ?? ''} ↔ ${comparison?.runs[run] ?? ''})`);
        }
        case 'output': {
          const { path, digests } = difference;
          const side = (at: number): RecordedFile => (digests[at] === undefined ? {} : { digest: digests[at] as Digest });
          return openRecorded(place, path, side(0), side(run), `${path.split('/').at(-1) ?? path} (first ↔ other)`);
        }
        case 'param':
        case 'definition':
        case 'return':
          await openValues(difference.type === 'definition' ? `${difference.task} ${difference.part}` : difference.name, text(difference.values[0]), text(difference.values[run]));
          return undefined;
        default:
          return undefined;
      }
    },
    artifact: async (digest) => {
      for (const task of comparison?.tasks ?? []) {
        for (const state of task.states) {
          const found = state?.artifacts.find((artifact) => artifact.digest === digest);
          if (found === undefined) continue;
          const { readArtifact } = await import('../recording/artifacts.ts');
          return readArtifact(place.store, found.digest, found.content);
        }
      }
      return undefined;
    },
  };
}

function text(value: Json | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`;
}

function seriesOf({ tasks }: Comparison): ComparisonData['series'] {
  return tasks.flatMap(({ id, states }) => {
    const names = [...new Set(states.flatMap((state) => Object.keys(state?.metrics ?? {})))];
    return names.flatMap((name) => {
      const perRun = states.map((state) => (state !== undefined && Object.hasOwn(state.metrics, name) ? state.metrics[name] : undefined));
      // A single value is no course.
      if (perRun.every((series) => (series?.count ?? 0) < 2)) return [];
      return [
        {
          task: id,
          name,
          perRun: perRun.map((series) => {
            if (series === undefined || series.values.length <= pointsLimit) return series;
            const valueAt = (index: number): number | undefined => {
              const value = series.values[index];
              return typeof value === 'number' ? value : undefined;
            };
            return pointsAt(series, keptIndexes(series.values.length, valueAt, pointsLimit));
          }),
        },
      ];
    });
  });
}
