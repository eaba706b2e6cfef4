/** A snapshot for the run panel holds of each long series as many points as can be drawn; all of them are in the record. */
import type { RunEvent } from '../model/run-event.ts';
import { pointsAt } from '../model/metric-series.ts';
import type { MetricValue } from '../model/metric-series.ts';
import type { RunState } from '../model/run-state.ts';
import { keptIndexes } from '../model/thin-series.ts';
import type { SeriesLength } from '../protocol/run-view.ts';

export interface CutSeries {
  readonly state: RunState;
  /** Of the series of which points were left out: how many there are. */
  readonly seriesLengths: readonly SeriesLength[];
}

/** `most` points a series. The state itself is not changed. */
export function cutSeries(state: RunState, most: number): CutSeries {
  const seriesLengths: SeriesLength[] = [];
  const tasks = state.tasks.map((task) => {
    const series = Object.entries(task.metrics);
    if (series.every(([, { values }]) => values.length <= most)) return task;
    const metrics = series.map(([name, points]) => {
      const { values, count } = points;
      if (values.length <= most) return [name, points] as const;
      seriesLengths.push({ task: task.node.id, name, length: count });
      return [name, pointsAt(points, keptIndexes(values.length, (index) => finite(values[index]), most))] as const;
    });
    return { ...task, metrics: Object.fromEntries(metrics) };
  });
  return { state: seriesLengths.length === 0 ? state : { ...state, tasks }, seriesLengths };
}

function finite(value: MetricValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Of a batch of new points each series keeps its lowest, its highest and its last; everything else stays, in order. */
export function thinBatch(events: readonly RunEvent[]): readonly RunEvent[] {
  const series = new Map<string, number[]>();
  for (const [at, event] of events.entries()) {
    if (event.type !== 'metric') continue;
    const key = `${event.attempt} ${event.task} ${event.name}`;
    const points = series.get(key);
    if (points === undefined) series.set(key, [at]);
    else points.push(at);
  }
  const value = (at: number | undefined): number | undefined => {
    const event = at === undefined ? undefined : events[at];
    return event?.type === 'metric' && typeof event.value === 'number' ? event.value : undefined;
  };
  const left = new Set<number>();
  for (const points of series.values()) {
    const kept = new Set(keptIndexes(points.length, (index) => value(points[index]), 4));
    for (const [index, at] of points.entries()) if (!kept.has(index)) left.add(at);
  }
  const kept = left.size === 0 ? events : events.filter((_, at) => !left.has(at));
  return kept.some((event) => event.type === 'metrics') ? kept.map(thinEvent) : kept;
}

function thinEvent(event: RunEvent): RunEvent {
  if (event.type !== 'metrics') return event;
  const { times, values, steps } = event;
  const indexes = keptIndexes(values.length, (index) => finite(values[index]), 4);
  return {
    ...event,
    times: indexes.map((index) => times[index] ?? 0),
    values: indexes.map((index) => values[index] ?? 'NaN'),
    ...(steps !== undefined && { steps: indexes.map((index) => steps[index] ?? null) }),
  };
}
