/** Sorting, grouping and reducing rows of runs: what the runs table and `runweave runs` do with them. */
import type { FieldColumn, FieldValue } from './filter/match.ts';

export interface SortKey {
  readonly column: FieldColumn;
  readonly descending: boolean;
}

/**
 * The rows in order, stable. A row without a value comes last, whichever the direction; numbers before text; NaN after
 * numbers; text in the reader's language, digits in it as numbers.
 */
export function sortRows(rows: readonly number[], keys: readonly SortKey[]): readonly number[] {
  if (keys.length === 0) return rows;
  const orders = keys.map(({ column, descending }) => ({ ...orderOf(rows, column), sign: descending ? -1 : 1 }));
  const places = rows.map((_, at) => at).sort((a, b) => {
    for (const { ranks, numbers, sign } of orders) {
      const byRank = (ranks[a] ?? 0) - (ranks[b] ?? 0);
      if (byRank !== 0) return byRank;
      const [left, right] = [numbers[a] ?? 0, numbers[b] ?? 0];
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  });
  return places.map((at) => rows[at] ?? 0);
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** By the place of each row among `rows`, numbers that compare as its first value does: texts are compared once, each with each that is another. */
function orderOf(rows: readonly number[], { number, values }: FieldColumn): { readonly ranks: Uint8Array; readonly numbers: Float64Array } {
  const ranks = new Uint8Array(rows.length);
  const numbers = new Float64Array(rows.length);
  const texts = new Map<string, number[]>();
  for (const [at, row] of rows.entries()) {
    const value = number?.(row) ?? values(row)[0];
    ranks[at] = rank(value);
    if (typeof value === 'number') numbers[at] = Number.isNaN(value) ? 0 : value;
    else if (value !== undefined) {
      const text = String(value);
      const known = texts.get(text);
      if (known === undefined) texts.set(text, [at]);
      else known.push(at);
    }
  }
  let order = 0;
  let before: string | undefined;
  for (const [text, places] of [...texts].sort(([a], [b]) => collator.compare(a, b))) {
    // Texts that only differ in what the collator ignores stay as they were.
    if (before !== undefined && collator.compare(before, text) !== 0) order += 1;
    before = text;
    for (const at of places) numbers[at] = order;
  }
  return { ranks, numbers };
}

function rank(value: FieldValue | undefined): number {
  if (value === undefined) return 3;
  if (typeof value !== 'number') return 1;
  return Number.isNaN(value) ? 2 : 0;
}

export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Of the sample (n − 1); 0 for one value. */
  readonly standardDeviation: number;
  readonly min: number;
  readonly max: number;
}

/** Of the finite numbers among `values`; `undefined` where there is none. By Welford's method, so that large values with small differences keep them. */
export function spreadOf(values: Iterable<FieldValue>): Spread | undefined {
  let count = 0;
  let mean = 0;
  let squares = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    count += 1;
    const difference = value - mean;
    mean += difference / count;
    squares += difference * (value - mean);
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return count === 0 ? undefined : { count, mean, standardDeviation: count === 1 ? 0 : Math.sqrt(squares / (count - 1)), min, max };
}

export interface RowGroup {
  /** One value for each column that is grouped by; `undefined` where rows have none. */
  readonly key: readonly (FieldValue | undefined)[];
  readonly rows: readonly number[];
}

/** Rows with equal values in all of `columns`, in the order in which each group first occurs. */
export function groupRows(rows: readonly number[], columns: readonly FieldColumn[]): readonly RowGroup[] {
  const groups = new Map<string, { readonly key: readonly (FieldValue | undefined)[]; readonly rows: number[] }>();
  for (const row of rows) {
    const key = columns.map((column) => column.values(row)[0]);
    let text = '';
    // With its length, so that no value is taken for two.
    for (const value of key) text += value === undefined ? '-' : `${typeof value}${String(value).length}:${String(value)}`;
    const known = groups.get(text);
    if (known === undefined) groups.set(text, { key, rows: [row] });
    else known.rows.push(row);
  }
  return [...groups.values()];
}

/** Whether the rows differ in a column: not all have the same values. */
export function differs(rows: readonly number[], { number, values }: FieldColumn): boolean {
  const [first] = rows;
  if (first === undefined) return false;
  const expected = values(first);
  const [only] = expected;
  return rows.some((row) => {
    const found = number?.(row);
    if (found !== undefined && found === only && expected.length === 1) return false;
    const others = values(row);
    return others.length !== expected.length || others.some((value, at) => value !== expected[at] && String(value) !== String(expected[at]));
  });
}
