/** Two versions of a table: rows matched by a key column, or by their place, and the cells that differ. */
import type { Table } from './compared-table.ts';

export interface CellChange {
  readonly column: string;
  readonly before: string;
  readonly after: string;
}

export interface RowDifference {
  readonly type: 'changed' | 'added' | 'removed';
  /** Value of the key column, or the number of the row from 1. */
  readonly key: string;
  /** Of a changed row, its cells that differ, in columns of both tables; of another one, all its cells. */
  readonly cells: readonly CellChange[];
}

export interface TableDiff {
  /** Absent: rows are matched by their place. */
  readonly key?: string;
  /** Columns that can be the key: no value twice in either table. */
  readonly keys: readonly string[];
  readonly columns: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** In the order of the second table; removed ones last. At most `mostDifferences`. */
  readonly rows: readonly RowDifference[];
  readonly counts: { readonly same: number; readonly changed: number; readonly added: number; readonly removed: number; /** In changed rows. */ readonly cells: number };
  /** One of the tables has more rows than were compared. */
  readonly isCut: boolean;
}

/** Rows that are told of. */
const mostDifferences = 1000;

/** `key`: a column, or empty for the rows' place; without one, the first column whose values tell rows apart. */
export function compareTables(before: Table, after: Table, key?: string): TableDiff {
  const keys = before.columns.filter((column) => column !== '' && canBeKey(before, column) && canBeKey(after, column) && shareValues(before, after, column));
  const chosen = key === undefined ? keys.find((column) => !isMeasured(after, column)) : keys.find((column) => column === key);
  const shared = [...new Set(after.columns)].filter((column) => before.columns.includes(column));
  const [rowsBefore, rowsAfter] = [before, after].map((table) => rowsByKey(table, chosen)) as [Rows, Rows];
  const counts = { same: 0, changed: 0, added: 0, removed: 0, cells: 0 };
  const rows: RowDifference[] = [];
  const tell = (row: RowDifference): void => {
    counts[row.type] += 1;
    if (rows.length < mostDifferences) rows.push(row);
  };
  for (const [name, row] of rowsAfter.rows) {
    const other = rowsBefore.rows.get(name);
    if (other === undefined) {
      tell({ type: 'added', key: name, cells: after.columns.map((column, at) => ({ column, before: '', after: row[at] ?? '' })) });
      continue;
    }
    const cells = shared.flatMap((column): readonly CellChange[] => {
      const [from = '', to = ''] = [other[rowsBefore.at(column)], row[rowsAfter.at(column)]];
      return isSame(from, to) ? [] : [{ column, before: from, after: to }];
    });
    counts.cells += cells.length;
    if (cells.length === 0) counts.same += 1;
    else tell({ type: 'changed', key: name, cells });
  }
  for (const [name, row] of rowsBefore.rows) if (!rowsAfter.rows.has(name)) tell({ type: 'removed', key: name, cells: before.columns.map((column, at) => ({ column, before: row[at] ?? '', after: '' })) });
  return {
    ...(chosen !== undefined && { key: chosen }),
    keys,
    columns: { added: after.columns.filter((column) => !before.columns.includes(column)), removed: before.columns.filter((column) => !after.columns.includes(column)) },
    rows,
    counts,
    isCut: before.isCut || after.isCut,
  };
}

interface Rows {
  readonly rows: ReadonlyMap<string, readonly string[]>;
  readonly at: (column: string) => number;
}

function rowsByKey({ columns, rows }: Table, key: string | undefined): Rows {
  const at = new Map<string, number>();
  for (const [index, column] of columns.entries()) if (!at.has(column)) at.set(column, index);
  const place = key === undefined ? undefined : at.get(key);
  return { rows: new Map(rows.map((row, index) => [place === undefined ? String(index + 1) : (row[place] ?? ''), row])), at: (column) => at.get(column) ?? -1 };
}

function canBeKey({ columns, rows }: Table, column: string): boolean {
  const at = columns.indexOf(column);
  if (at < 0 || rows.length === 0) return false;
  const seen = new Set<string>();
  for (const row of rows) {
    const value = row[at] ?? '';
    if (value === '' || seen.has(value)) return false;
    seen.add(value);
  }
  return true;
}

/** What is measured anew in each run tells rows apart too, and is no key: most of its values must come again. */
function shareValues(before: Table, after: Table, column: string): boolean {
  const [inBefore, inAfter] = [before, after].map(({ columns, rows }) => new Set(rows.map((row) => row[columns.indexOf(column)]))) as [Set<string>, Set<string>];
  let common = 0;
  for (const value of inAfter) if (inBefore.has(value)) common += 1;
  return common * 2 >= Math.min(inBefore.size, inAfter.size);
}

/** A number with a fraction names nothing. */
function isMeasured({ columns, rows }: Table, column: string): boolean {
  const at = columns.indexOf(column);
  return rows.some((row) => /^[-+]?\d*\.\d*[1-9]/.test(row[at] ?? ''));
}

/** `1.0` is `1`. */
function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  const isNumber = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;
  return isNumber.test(a) && isNumber.test(b) && Number(a) === Number(b) && Math.abs(Number(a)) <= Number.MAX_SAFE_INTEGER;
}
