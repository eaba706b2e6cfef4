/**
 * A series on its way to a webview: columns of 64-bit floats, little-endian, in base64. A million points as JSON are
 * twice as long and take ten times as long to be read; a buffer could not stand in a file of a static page.
 */
import type { MetricSeries } from '../../model/metric-series.ts';
import { pointsAt } from '../../model/metric-series.ts';
import type { TaskId } from '../../model/pipeline.ts';
import { keptIndexes } from '../../model/thin-series.ts';
import { toDate } from '../../model/time.ts';

export interface PackedSeries {
  readonly task: TaskId;
  readonly name: string;
  /** Unix milliseconds of the first point. */
  readonly start: number;
  /** How many points were logged; there may be fewer here. */
  readonly length: number;
  /** How many points are known already, to which these are added; 0: these take the place of all. */
  readonly from: number;
  /** Milliseconds since `start`. */
  readonly times: string;
  /** Not finite as they were logged. */
  readonly values: string;
  /** Absent when no point has one; NaN where one has none. */
  readonly steps?: string;
}

/** A series as charts read it; see `PackedSeries`. */
export interface SeriesPoints {
  readonly task: TaskId;
  readonly name: string;
  readonly start: number;
  readonly length: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly steps?: Float64Array;
}

export interface PackOptions {
  /** A longer series is thinned to about so many points, which keep its lowest and highest. */
  readonly most?: number;
  readonly from?: number;
}

export function packSeries(task: TaskId, name: string, series: MetricSeries, { most = Infinity, from = 0 }: PackOptions = {}): PackedSeries {
  const points = pointsOfSeries(task, name, series, { most, from });
  return {
    task,
    name,
    start: points.start,
    length: points.length,
    from,
    times: toBase64(points.times),
    values: toBase64(points.values),
    ...(points.steps !== undefined && { steps: toBase64(points.steps) }),
  };
}

/** The same without being packed, for a page that has the series already. */
export function pointsOfSeries(task: TaskId, name: string, whole: MetricSeries, { most = Infinity, from = 0 }: PackOptions = {}): SeriesPoints {
  const { values } = whole;
  const series = values.length - from > most ? pointsAt(whole, keptIndexes(values.length, (index) => finite(values[index]), most)) : whole;
  const column = <T>(list: readonly T[], number: (value: T) => number): Float64Array => Float64Array.from(from === 0 ? list : list.slice(from), number);
  return {
    task,
    name,
    start: toDate(whole.start).getTime(),
    length: whole.count,
    times: column(series.times, (time) => time / 1e6),
    values: column(series.values, Number),
    ...(series.steps !== undefined && { steps: column(series.steps, (step) => step ?? NaN) }),
  };
}

function finite(value: MetricSeries['values'][number] | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function unpackSeries(packed: PackedSeries): SeriesPoints {
  const { task, name, start, length, times, values, steps } = packed;
  return { task, name, start, length, times: fromBase64(times), values: fromBase64(values), ...(steps !== undefined && { steps: fromBase64(steps) }) };
}

/** `more` as it comes after `known`. `undefined` where points are missing in between. */
export function joinSeries(known: SeriesPoints | undefined, packed: PackedSeries): SeriesPoints | undefined {
  const more = unpackSeries(packed);
  if (packed.from === 0) return more;
  if (known?.values.length !== packed.from) return undefined;
  const none = (length: number): Float64Array => new Float64Array(length).fill(NaN);
  const hasSteps = known.steps !== undefined || more.steps !== undefined;
  return {
    ...known,
    length: more.length,
    times: join(known.times, more.times),
    values: join(known.values, more.values),
    ...(hasSteps && { steps: join(known.steps ?? none(known.values.length), more.steps ?? none(more.values.length)) }),
  };
}

function join(a: Float64Array, b: Float64Array): Float64Array {
  const joined = new Float64Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** As many arguments as a call takes everywhere. */
const slice = 0x8000;

/** In plain JavaScript: it runs in Node and in pages. The machines that Node and browsers run on are little-endian. */
function toBase64(numbers: Float64Array): string {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += slice) parts.push(String.fromCharCode(...bytes.subarray(at, at + slice)));
  return btoa(parts.join(''));
}

function fromBase64(text: string): Float64Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length - (binary.length % 8));
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return new Float64Array(bytes.buffer);
}
