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
  const values = keys.map(({ column }) => {
    const known = new Map<number, FieldValue | undefined>();
    for (const row of rows) known.set(row, column.values(row)[0]);
    return known;
  });
  return [...rows].sort((a, b) => {
    for (const [index, { descending }] of keys.entries()) {
      const order = compareValues(values[index]?.get(a), values[index]?.get(b), descending);
      if (order !== 0) return order;
    }
    return 0;
  });
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compareValues(a: FieldValue | undefined, b: FieldValue | undefined, descending: boolean): number {
  const rankA = rank(a);
  const rankB = rank(b);
  if (rankA !== rankB) return rankA - rankB;
  const order = typeof a === 'number' && typeof b === 'number' ? (rankA === 0 ? a - b : 0) : a === undefined ? 0 : collator.compare(String(a), String(b));
  return descending ? -order : order;
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
    const text = JSON.stringify(key.map((value) => (value === undefined ? [] : [typeof value, String(value)])));
    const known = groups.get(text);
    if (known === undefined) groups.set(text, { key, rows: [row] });
    else known.rows.push(row);
  }
  return [...groups.values()];
}

/** Whether the rows differ in a column: not all have the same values. */
export function differs(rows: readonly number[], column: FieldColumn): boolean {
  const [first, ...rest] = rows;
  if (first === undefined) return false;
  const text = (row: number): string => JSON.stringify(column.values(row).map(String));
  const expected = text(first);
  return rest.some((row) => text(row) !== expected);
}
