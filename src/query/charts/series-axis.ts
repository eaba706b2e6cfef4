/** A series as a line of a chart: what its points stand above, in ascending order. */
import type { SeriesPoints } from './packed-series.ts';

/** The step that was logged; time since the series began; the clock. */
export const seriesAxes = ['step', 'relative', 'wall'] as const;
export type SeriesAxis = (typeof seriesAxes)[number];

export interface AxisOptions {
  readonly axis: SeriesAxis;
  /** A logarithm has no place for what is not above 0: such points are left out of `x`, and are gaps in `y`. */
  readonly logX?: boolean;
  readonly logY?: boolean;
}

export interface AxisLine {
  /** Steps, milliseconds since the first point, or Unix milliseconds; ascending. */
  readonly x: Float64Array;
  /** NaN: a gap. */
  readonly y: Float64Array;
  /** Points that are not drawn: not finite, or not above 0 on a logarithmic axis. */
  readonly left: number;
}

/** `values`: the series' own, or what was made of them, one for each of its points. */
export function axisLine(series: SeriesPoints, values: Float64Array, { axis, logX = false, logY = false }: AxisOptions): AxisLine {
  const x = columnOf(series, axis);
  const order = ascending(x, logX);
  let left = x.length - (order?.length ?? x.length);
  const y = new Float64Array(order?.length ?? x.length);
  for (let at = 0; at < y.length; at += 1) {
    const value = values[order?.[at] ?? at] ?? NaN;
    const isDrawn = Number.isFinite(value) && !(logY && value <= 0);
    if (!isDrawn) left += 1;
    y[at] = isDrawn ? value : NaN;
  }
  return { x: order === undefined ? x : Float64Array.from(order, (index) => x[index] ?? NaN), y, left };
}

/** One a point. A point without a step counts on from the one before it. */
export function columnOf({ start, times, steps }: SeriesPoints, axis: SeriesAxis): Float64Array {
  switch (axis) {
    case 'step': {
      if (steps === undefined) return Float64Array.from(times, (_, index) => index);
      let last = -1;
      return steps.map((step) => (last = Number.isNaN(step) ? last + 1 : step));
    }
    case 'relative':
      return times;
    case 'wall':
      return times.map((time) => start + time);
    default:
      return axis satisfies never;
  }
}

/** Indexes in the order of their values, `undefined` when that is the order they are in: nearly always. */
function ascending(x: Float64Array, positive: boolean): readonly number[] | undefined {
  let isSorted = true;
  for (let index = 1; index < x.length && isSorted; index += 1) isSorted = (x[index] ?? 0) >= (x[index - 1] ?? 0);
  if (isSorted && !(positive && (x[0] ?? 1) <= 0)) return undefined;
  const indexes = Array.from(x, (_, index) => index).filter((index) => !positive || (x[index] ?? 0) > 0);
  return isSorted ? indexes : indexes.sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0) || a - b);
}
