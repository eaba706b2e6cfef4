/** Tables of artifacts: rows in pieces, as many as are asked for. */
import type { Child } from '../dom.ts';
import { h } from '../dom.ts';

/** Rows that are shown at once, and columns in all. */
export const pageOfRows = 200;
const mostColumns = 200;
const longestCell = 500;

/** Rows of comma-separated values (RFC 4180): from a character on, at most `most`. `next` is where to go on; absent at the end. */
export function parseCsv(text: string, separator: string, from: number, most: number): { readonly rows: readonly (readonly string[])[]; readonly next?: number } {
  const cell = new RegExp(`("(?:[^"]|"")*"|[^${separator}"\\n\\r]*)(${separator}|\\r?\\n|$)`, 'y');
  cell.lastIndex = from;
  const rows: string[][] = [];
  let row: string[] = [];
  while (cell.lastIndex < text.length && rows.length < most) {
    const match = cell.exec(text);
    // A quotation mark within a value that does not begin with one: the rest is no table.
    if (match === null) return { rows };
    const value = match[1] ?? '';
    row.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (match[2] === separator) continue;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return { rows, ...(cell.lastIndex < text.length && { next: cell.lastIndex }) };
}

export interface RowSource {
  readonly heads: readonly string[];
  /** Rows in all, where that is known. */
  readonly total?: number;
  /** The next rows; none at the end. */
  readonly next: (most: number) => Promise<readonly (readonly string[])[]>;
}

/** A table that begins with one page of rows. */
export function pagedTable(source: RowSource): HTMLElement {
  const columns = source.heads.slice(0, mostColumns);
  const body = h('tbody');
  const foot = h('div', { class: 'output-head' });
  let shown = 0;
  const cut = (value: string): string => (value.length > longestCell ? `${value.slice(0, longestCell)}…` : value);
  const more = async (): Promise<void> => {
    const rows = await source.next(pageOfRows);
    body.append(...rows.map((row) => h('tr', {}, ...columns.map((_, index) => h('td', {}, cut(row[index] ?? ''))))));
    shown += rows.length;
    const isAll = rows.length < pageOfRows || shown === source.total;
    const count = source.total === undefined ? (isAll ? `${shown} rows` : `The first ${shown} rows`) : isAll ? `${shown} rows` : `The first ${shown} of ${source.total} rows`;
    const left: Child = isAll ? false : h('button', { class: 'link', onclick: () => void more() }, `Show ${pageOfRows} more`);
    foot.replaceChildren(h('span', { class: 'quiet' }, source.heads.length > mostColumns ? `${count}, the first ${mostColumns} of ${source.heads.length} columns` : count), ...(left === false ? [] : [left]));
  };
  void more();
  return h('div', {}, h('div', { class: 'scroll-x table-view', tabindex: '0', role: 'region', 'aria-label': 'Table' }, h('table', {}, h('thead', {}, h('tr', {}, ...columns.map((name) => h('th', { scope: 'col' }, cut(name))))), body)), foot);
}

export function csvSource(text: string, separator: string): RowSource {
  const { rows: [heads = []], next = text.length } = parseCsv(text, separator, text.startsWith('\ufeff') ? 1 : 0, 1);
  let at = next;
  return {
    heads,
    next: (most) => {
      const { rows, next: after = text.length } = parseCsv(text, separator, at, most);
      at = after;
      return Promise.resolve(rows);
    },
  };
}
