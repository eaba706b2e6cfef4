/** Every value of a metric of a run: what `runweave show RUN --series NAME` prints. */
import { nearName } from '../model/near-name.ts';
import type { MetricSeries } from '../model/metric-series.ts';
import type { RunState } from '../model/run-state.ts';
import { toDate } from '../model/time.ts';
import { csvText } from '../query/csv.ts';
import { seriesIn, type TaskSeries } from '../store/read-series.ts';
import { oneLine } from './progress/task-lines.ts';
import { table } from './text.ts';
import { userError, type UserError } from './user-error.ts';

interface Point {
  readonly step: number | null;
  /** ISO 8601 */
  readonly time: string;
  /** Not finite as text. */
  readonly value: MetricSeries['values'][number];
}

/** Of all tasks of `state` that have it. */
export function findSeries(state: RunState, name: string): readonly TaskSeries[] | UserError {
  const found = seriesIn(state, name);
  if (found.length > 0) return found;
  const names = state.tasks.flatMap((task) => Object.keys(task.metrics));
  const near = nearName(name, names);
  return userError(`${state.tasks.length === 1 ? (state.tasks[0]?.node.id ?? '') : `run ${state.runId}`} has no metric ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
}

export function seriesJson(found: readonly TaskSeries[], name: string): unknown {
  return { metric: name, series: found.map(({ task, series }) => ({ task, points: pointsOf(series) })) };
}

export function seriesCsv(found: readonly TaskSeries[]): string {
  return csvText([['task', 'step', 'time', 'value'], ...found.flatMap(({ task, series }) => pointsOf(series).map(({ step, time, value }) => [task, step === null ? '' : String(step), time, String(value)]))]);
}

export function seriesLines(found: readonly TaskSeries[]): readonly string[] {
  return table([['TASK', 'STEP', 'TIME', 'VALUE'], ...found.flatMap(({ task, series }) => pointsOf(series).map(({ step, time, value }) => [oneLine(task), step === null ? '-' : String(step), time, String(value)]))]);
}

function pointsOf({ start, times, values, steps }: MetricSeries): readonly Point[] {
  const first = toDate(start).getTime();
  return values.map((value, index) => ({ step: steps?.[index] ?? null, time: new Date(first + (times[index] ?? 0) / 1e6).toISOString(), value }));
}
