/**
 * A metric's points in columns: three million of them take about 24 bytes each, where an object a point took over 100.
 * What is shown of a series at a glance is kept beside them as they come, so that nobody walks through them for it.
 */
import type { JsonObject } from './json.ts';
import type { UnixNano } from './time.ts';

/** NaN and the infinities as text: JSON has no numbers for them. */
export type MetricValue = number | 'NaN' | 'Infinity' | '-Infinity';

export interface MetricSummary {
  /** Points that were logged; a series that was thinned for drawing holds fewer. */
  readonly count: number;
  readonly last: MetricValue;
  /** Those of the points that are numbers; the next three are of these, and absent when there is none. */
  readonly finite: number;
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
}

export interface MetricSeries extends MetricSummary {
  /** When the first point was logged. */
  readonly start: UnixNano;
  /** Nanoseconds since `start`, in the order logged. */
  readonly times: readonly number[];
  readonly values: readonly MetricValue[];
  /** Absent when no point has a step. */
  readonly steps?: readonly (number | null)[];
  /** What else is known of each point; absent when of none. */
  readonly details?: readonly (JsonObject | null)[];
}

export type GrowingSeries = { -readonly [K in keyof MetricSeries]: MetricSeries[K] } & { times: number[]; values: MetricValue[]; steps?: (number | null)[]; details?: (JsonObject | null)[] };

export function newSeries(start: UnixNano): GrowingSeries {
  return { start, times: [], values: [], count: 0, finite: 0, last: 'NaN' };
}

/** `time`: nanoseconds since the series' start. */
export function addPoint(series: GrowingSeries, time: number, value: MetricValue, step: number | null | undefined, detail?: JsonObject): void {
  if (typeof step === 'number') series.steps ??= series.values.map(() => null);
  if (detail !== undefined) series.details ??= series.values.map(() => null);
  series.times.push(time);
  series.values.push(value);
  series.steps?.push(step ?? null);
  series.details?.push(detail ?? null);
  series.count += 1;
  series.last = value;
  if (typeof value !== 'number') return;
  series.finite += 1;
  series.min = Math.min(series.min ?? value, value);
  series.max = Math.max(series.max ?? value, value);
  series.mean = (series.mean ?? 0) + (value - (series.mean ?? 0)) / series.finite;
}

export function nanosecondsSince(start: UnixNano, time: UnixNano): number {
  return Number(BigInt(time) - BigInt(start));
}

/** The points at these indexes, with the summary of all. */
export function pointsAt(series: MetricSeries, indexes: readonly number[]): MetricSeries {
  return {
    ...series,
    times: indexes.map((index) => series.times[index] ?? 0),
    values: indexes.map((index) => series.values[index] ?? 'NaN'),
    ...(series.steps !== undefined && { steps: indexes.map((index) => series.steps?.[index] ?? null) }),
    ...(series.details !== undefined && { details: indexes.map((index) => series.details?.[index] ?? null) }),
  };
}
