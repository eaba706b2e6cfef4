/** The ends of an axis, on numbers that read well. */
export interface AxisRange {
  readonly min: number;
  readonly max: number;
  /** Between two marks; absent on a logarithmic axis, whose marks are powers of ten. */
  readonly interval?: number;
}

/** Around all of `low` to `high`, with about `marks` marks. On a logarithmic axis both are above 0. */
export function niceRange(low: number, high: number, log = false, marks = 5): AxisRange {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return log ? { min: 1, max: 10 } : { min: 0, max: 1, interval: 0.2 };
  if (log) {
    const [min, max] = [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))];
    return { min, max: max > min ? max : min * 10 };
  }
  const width = high - low;
  // One value alone, or what rounding makes of it.
  if (width <= Math.abs(high) * 1e-12) {
    const room = high === 0 ? 1 : Math.abs(high) / 2;
    return niceRange(low - room, high + room, false, marks);
  }
  const rough = width / marks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = ([1, 2, 2.5, 5, 10].find((step) => step * power >= rough * 0.999) ?? 10) * power;
  // Without the digits that multiplying adds: 0.30000000000000004.
  const clean = (value: number): number => Number(value.toPrecision(12));
  return { min: clean(Math.floor(low / interval + 1e-9) * interval), max: clean(Math.ceil(high / interval - 1e-9) * interval), interval };
}

/** Where a value stands between the ends of an axis, from 0 to 1. */
export function placeInRange(value: number, { min, max }: AxisRange, log = false): number {
  return log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
}

/** The value at a place; see `placeInRange`. */
export function valueAtPlace(place: number, { min, max }: AxisRange, log = false): number {
  return log ? min * (max / min) ** place : min + place * (max - min);
}
