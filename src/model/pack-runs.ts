/** Makes a block of summaries; what it looks like is told in `run-block.ts`. */
import type { Json } from './json.ts';
import type { RunSummary } from './record.ts';
import { flag, splitTime, type RunBlock, type RunShape, type SeriesWidth } from './run-block.ts';
import { numbersOf } from './series-numbers.ts';
import type { UnixNano } from './time.ts';

export interface KeyedSummary {
  /** The name of the run's file without its ending. */
  readonly key: string;
  readonly summary: RunSummary;
}

export function packRuns(runs: readonly KeyedSummary[]): RunBlock {
  const shapes = new Map<string, { readonly index: number; readonly shape: RunShape }>();
  const values: Json[] = [];
  const numbers: number[] = [];
  const texts = new Map<string, number>();
  const others = new Map<string, number>();
  const placeOf = (value: Json | undefined): number => {
    if (value === undefined) return -1;
    const [known, name] = typeof value === 'string' ? [texts, value] : [others, JSON.stringify(value)];
    const at = known.get(name) ?? values.push(value) - 1;
    known.set(name, at);
    return at;
  };
  const shapeOf = (shape: RunShape): number => {
    const name = JSON.stringify([shape.params, shape.taskParams, shape.tags, shape.series]);
    const known = shapes.get(name) ?? { index: shapes.size, shape };
    shapes.set(name, known);
    return known.index;
  };
  const timeOf = (time: UnixNano | undefined): readonly [milliseconds: number, rest: number] => {
    if (time === undefined) return [-1, 0];
    const { milliseconds, rest, exact } = splitTime(time);
    return exact ? [milliseconds, rest] : [Number.isFinite(milliseconds) ? milliseconds : 0, -2 - placeOf(time)];
  };
  for (const { key, summary } of runs) {
    const { runId, traceId, pipeline, start, end, outcome, interrupted, counts, params, taskParams, series, tags, branch, commit, dirty, imported } = summary;
    const tuples = series.map(numbersOf);
    const widthOf = (tuple: (typeof tuples)[number] | undefined): SeriesWidth => (tuple?.length === 2 ? (tuple[0] === 1 ? 1 : 2) : 5);
    numbers.push(
      shapeOf({ params: Object.keys(params), taskParams: Object.keys(taskParams), tags: Object.keys(tags), series: series.map(({ task, name }, at) => [task, name, widthOf(tuples[at])]) }),
      placeOf(key),
      runId === key ? -1 : placeOf(runId),
      placeOf(traceId),
      placeOf(pipeline),
      ...timeOf(start),
      ...timeOf(end),
      placeOf(outcome),
      (interrupted ? flag.interrupted : 0) | (dirty === undefined ? 0 : flag.dirtyKnown | (dirty ? flag.dirty : 0)),
      counts.total,
      counts.executed,
      counts.succeeded,
      counts.failed,
      counts.skipped,
      placeOf(branch),
      placeOf(commit),
      placeOf(imported),
    );
    for (const named of [params, taskParams, tags]) for (const value of Object.values<Json>(named)) numbers.push(placeOf(value));
    for (const tuple of tuples) for (const value of widthOf(tuple) === 1 ? tuple.slice(1) : tuple) numbers.push(Number(value));
  }
  return { count: runs.length, shapes: [...shapes.values()].map(({ shape }) => shape), values, numbers: Float64Array.from(numbers) };
}
