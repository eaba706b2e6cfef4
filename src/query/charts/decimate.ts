/**
 * Which points of a line have to be drawn: of each column of pixels the first, the lowest, the highest and the last.
 * A line through these covers the same pixels as a line through all (U. Jugel et al., "M4: A Visualization-Oriented
 * Time Series Data Aggregation", VLDB 2014), so that no peak is lost, however many points there are.
 */

export interface Window {
  /** In the units of `x`, both included. */
  readonly from: number;
  readonly to: number;
  /** Columns of pixels. */
  readonly columns: number;
  /** Where columns are equally wide in the logarithm of `x`. */
  readonly log?: boolean;
}

/**
 * Ascending indexes of points in the window, at most four a column, and the point before and after it, to which the
 * line runs on. `x` ascends. A `y` that is no finite number is a gap: one of each column is kept, if it is its first or last.
 */
export function visiblePoints(x: Float64Array, y: Float64Array, { from, to, columns, log = false }: Window): readonly number[] {
  const begin = lowerBound(x, from);
  const end = upperBound(x, to);
  const kept: number[] = [];
  const keep = (index: number): void => {
    if (index >= 0 && index < x.length && kept.at(-1) !== index) kept.push(index);
  };
  keep(begin - 1);
  if (end - begin <= 4 * columns) {
    for (let index = begin; index < end; index += 1) keep(index);
  } else {
    const place = log ? Math.log : (value: number): number => value;
    const low = place(from);
    const width = (place(to) - low) / columns;
    // What stands on the right edge belongs to the last one.
    const columnOf = (index: number): number => Math.min(columns - 1, Math.floor((place(x[index] ?? 0) - low) / width));
    for (let index = begin; index < end; ) {
      const column = columnOf(index);
      const first = index;
      let lowest = index;
      let highest = index;
      for (; index < end && (index === first || columnOf(index) <= column); index += 1) {
        const value = y[index] ?? NaN;
        // The first number takes the place of a first point that is none: comparing with NaN is never true.
        if (!(value >= (y[lowest] ?? NaN)) && !Number.isNaN(value)) lowest = index;
        if (!(value <= (y[highest] ?? NaN)) && !Number.isNaN(value)) highest = index;
      }
      keep(first);
      keep(Math.min(lowest, highest));
      keep(Math.max(lowest, highest));
      keep(index - 1);
    }
  }
  keep(end);
  return kept;
}

/** The index of the first value that is not below `wanted`. */
export function lowerBound(ascending: Float64Array, wanted: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(ascending: Float64Array, wanted: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
