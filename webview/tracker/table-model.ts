/** From rows and what a person asked for to the lines of the table. No page is needed for it. */
import type { ColumnState, TableState } from '../../src/protocol/tracker-view.ts';
import type { FieldColumn } from '../../src/query/filter/match.ts';
import { compileFilter } from '../../src/query/filter/match.ts';
import { parseFilter } from '../../src/query/filter/parse.ts';
import type { FilterMistake } from '../../src/query/filter/filter.ts';
import { runFields, type RunFields } from '../../src/query/run-fields.ts';
import type { RunRow } from '../../src/query/run-row.ts';
import { differs, groupRows, sortRows } from '../../src/query/select-runs.ts';
import { columnOf, valueText, type Column } from './columns.ts';

export type Line =
  | { readonly type: 'run'; readonly row: number; readonly level: number }
  | { readonly type: 'group'; readonly key: string; readonly title: string; readonly rows: readonly number[]; readonly expanded: boolean };

export interface Extremes {
  readonly best: number;
  readonly worst: number;
}

export interface TableModel {
  readonly rows: readonly RunRow[];
  readonly fields: RunFields;
  readonly columns: readonly Column[];
  readonly lines: readonly Line[];
  /** Rows that pass the filter. */
  readonly passing: number;
  /** Of columns whose metric says what is good, over what passes. */
  readonly extremes: ReadonlyMap<Column, Extremes>;
}

export interface TableQuestion {
  readonly table: TableState & { readonly columns: readonly ColumnState[] };
  /** Keys of groups whose runs are shown. */
  readonly expanded: ReadonlySet<string>;
  /** Columns in which these rows are the same are left out, and those in which they differ are shown. */
  readonly onlyDiffering?: readonly number[];
}

/** Columns are looked up once, however often a filter is typed, and numbers are kept: 9 bytes a row and column that was asked for. */
export function cachedFields(rows: readonly RunRow[], now: number): RunFields {
  const fields = runFields(rows, now);
  const columns = new Map<string, FieldColumn>();
  return {
    ...fields,
    column: (names) => {
      const key = names.join('\n');
      const known = columns.get(key);
      if (known !== undefined) return known;
      const column = fields.column(names);
      if ('message' in column) return column;
      const cached = { ...column, number: keptNumbers(column.values, rows.length) };
      columns.set(key, cached);
      return cached;
    },
  };
}

const unknown = 0;
const isNumber = 1;
const isOther = 2;

function keptNumbers(values: FieldColumn['values'], count: number): NonNullable<FieldColumn['number']> {
  let kept: { readonly kinds: Uint8Array; readonly numbers: Float64Array } | undefined;
  return (row) => {
    const { kinds, numbers } = (kept ??= { kinds: new Uint8Array(count), numbers: new Float64Array(count) });
    if (kinds[row] === unknown) {
      const found = values(row);
      const [only] = found;
      const isOnly = found.length === 1 && typeof only === 'number';
      kinds[row] = isOnly ? isNumber : isOther;
      if (isOnly) numbers[row] = only;
    }
    return kinds[row] === isNumber ? numbers[row] : undefined;
  };
}

/** A filter as a test of rows; a mistake with its place. */
export function compile(text: string, fields: RunFields): { readonly ok: true; readonly test: (row: number) => boolean } | { readonly ok: false; readonly mistake: FilterMistake } {
  const parsed = parseFilter(text);
  return parsed.ok ? compileFilter(parsed.filter, fields) : parsed;
}

export function buildTable(rows: readonly RunRow[], fields: RunFields, test: (row: number) => boolean, question: TableQuestion): TableModel {
  const { table, expanded, onlyDiffering } = question;
  const passing: number[] = [];
  rows.forEach(({ annotations }, row) => {
    if ((table.archived || !annotations.archived) && test(row)) passing.push(row);
  });
  const columns = shownColumns(table.columns, fields, rows.length, onlyDiffering);
  const keys = table.sort.flatMap(({ field, descending }) => {
    const column = columnOf({ field }, fields, rows.length);
    return column === undefined ? [] : [{ column, descending }];
  });
  const sorted = sortRows(passing, keys);
  return { rows, fields, columns, lines: linesOf(sorted, table.group, fields, rows.length, expanded), passing: passing.length, extremes: extremesOf(columns, passing, rows.length) };
}

function shownColumns(states: readonly ColumnState[], fields: RunFields, count: number, onlyDiffering: readonly number[] | undefined): readonly Column[] {
  const built = (each: readonly ColumnState[]): Column[] => each.flatMap((state) => columnOf(state, fields, count) ?? []);
  if (onlyDiffering === undefined) return pinnedFirst(built(states));
  const isPinned = new Set(states.filter(({ pinned }) => pinned).map(({ field }) => field));
  const known = new Set(states.map(({ field }) => field));
  const others = fields.names().filter((name) => /^(params|metrics|tags)\./.test(name) && !known.has(name)).map((field) => ({ field }));
  return pinnedFirst(built([...states, ...others]).filter((column) => isPinned.has(column.field) || differs(onlyDiffering, column)));
}

function pinnedFirst(columns: readonly Column[]): readonly Column[] {
  return [...columns.filter(({ pinned }) => pinned), ...columns.filter(({ pinned }) => !pinned)];
}

function linesOf(sorted: readonly number[], group: readonly string[], fields: RunFields, count: number, expanded: ReadonlySet<string>): readonly Line[] {
  const columns = group.flatMap((field) => columnOf({ field }, fields, count) ?? []);
  if (columns.length === 0) return sorted.map((row) => ({ type: 'run', row, level: 1 }));
  return groupRows(sorted, columns).flatMap(({ key, rows }): readonly Line[] => {
    const title = key.map((value, at) => `${columns[at]?.title ?? ''} ${value === undefined ? 'none' : valueText(value, columns[at] ?? { kind: 'value', field: '' })}`).join(', ');
    const isExpanded = expanded.has(title);
    return [{ type: 'group', key: title, title, rows, expanded: isExpanded }, ...(isExpanded ? rows.map((row): Line => ({ type: 'run', row, level: 2 })) : [])];
  });
}

interface Ranges {
  readonly least: Float64Array;
  readonly most: Float64Array;
}
const knownRanges = new WeakMap<Column['values'], Ranges>();

/** The least and the greatest finite value of each row; infinities where it has none. Looked up once: a column of a matrix has many values a row. */
function rangesOf({ values, number }: Column, count: number): Ranges {
  const known = knownRanges.get(values);
  if (known !== undefined) return known;
  const [least, most] = [new Float64Array(count).fill(Infinity), new Float64Array(count).fill(-Infinity)];
  for (let row = 0; row < count; row += 1) {
    const only = number?.(row);
    for (const value of only === undefined ? values(row) : [only]) {
      if (typeof value !== 'number' || !Number.isFinite(value)) continue;
      least[row] = Math.min(least[row] ?? value, value);
      most[row] = Math.max(most[row] ?? value, value);
    }
  }
  const ranges = { least, most };
  knownRanges.set(values, ranges);
  return ranges;
}

function extremesOf(columns: readonly Column[], rows: readonly number[], count: number): ReadonlyMap<Column, Extremes> {
  const found = new Map<Column, Extremes>();
  for (const column of columns) {
    if (column.direction === 'none') continue;
    const range = rangesOf(column, count);
    let [least, most] = [Infinity, -Infinity];
    /** One alone is neither the best nor the worst, whatever its tasks have. */
    let runs = 0;
    for (const row of rows) {
      least = Math.min(least, range.least[row] ?? Infinity);
      most = Math.max(most, range.most[row] ?? -Infinity);
      if (range.least[row] !== Infinity) runs += 1;
    }
    if (runs > 1 && least < most) found.set(column, column.direction === 'higher' ? { best: most, worst: least } : { best: least, worst: most });
  }
  return found;
}
