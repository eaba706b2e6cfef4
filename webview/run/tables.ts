/** Tables of artifacts: rows in pieces, as many as are asked for. */
import { readCsv } from '../../src/query/csv.ts';
import type { Child } from '../dom.ts';
import { h } from '../dom.ts';

/** Rows that are shown at once, and columns in all. */
export const pageOfRows = 200;
const mostColumns = 200;
const longestCell = 500;

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
  const { rows: [heads = []], next = text.length } = readCsv(text, separator, 1);
  let at = next;
  return {
    heads,
    next: (most) => {
      const { rows, next: after = text.length } = readCsv(text, separator, most, at);
      at = after;
      return Promise.resolve(rows);
    },
  };
}
