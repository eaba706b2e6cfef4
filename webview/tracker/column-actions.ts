/** Columns as a person wants them: their order, width, title and statistic, and by which the table is ordered and grouped. */
import type { ColumnState, TableState } from '../../src/protocol/tracker-view.ts';
import { statistics } from '../../src/query/run-fields.ts';
import { splitStatistic, titleOf, withStatistic, type Column } from './columns.ts';
import { askText, chooseColumns } from './dialogs.ts';
import { openMenu, type MenuItem } from './menu.ts';

/** The table whose columns they are. */
export interface ArrangedTable {
  readonly table: () => TableState;
  readonly change: (next: Partial<TableState>) => void;
  /** The shown ones, in their order. */
  readonly chosen: () => readonly ColumnState[];
  /** All that can be shown. */
  readonly fieldNames: () => readonly string[];
  readonly isKnown: (state: ColumnState) => boolean;
  readonly focus: () => void;
}

export interface ColumnActions {
  readonly sortBy: (column: Column | undefined, add: boolean) => void;
  readonly changeColumn: (field: string | undefined, next: Partial<ColumnState>) => void;
  readonly placeColumn: (field: string | undefined, at: string | undefined) => void;
  readonly openHeadMenu: (column: Column | undefined, rect: DOMRect) => void;
  readonly openColumns: () => void;
}

export function createColumnActions(arranged: ArrangedTable): ColumnActions {
  function sortBy(column: Column | undefined, add: boolean): void {
    if (column === undefined) return;
    const known = arranged.table().sort.find(({ field }) => field === column.field);
    // First what one looks for: numbers from the largest, text from A; then the other way; then not at all.
    const first = column.numeric || column.kind === 'time';
    const next = known === undefined ? [{ field: column.field, descending: first }] : known.descending === first ? [{ field: column.field, descending: !first }] : [];
    const at = arranged.table().sort.findIndex(({ field }) => field === column.field);
    const others = add ? arranged.table().sort.filter(({ field }) => field !== column.field) : [];
    arranged.change({ sort: add && at >= 0 ? [...others.slice(0, at), ...next, ...others.slice(at)] : [...others, ...next] });
  }

  function changeColumn(field: string | undefined, next: Partial<ColumnState>): void {
    arranged.change({ columns: arranged.chosen().map((state) => (state.field === field ? { ...state, ...next } : state)) });
  }

  function moveColumn(field: string, by: -1 | 1): void {
    const columns = [...arranged.chosen()];
    const from = columns.findIndex((state) => state.field === field);
    const [state] = columns.splice(from, 1);
    if (state !== undefined) columns.splice(Math.max(0, from + by), 0, state);
    arranged.change({ columns });
  }

  /** Puts a column where another is: before it on the way left, behind it on the way right. Pinned ones stay before the others. */
  function placeColumn(field: string | undefined, at: string | undefined): void {
    const columns = arranged.chosen();
    const [from, to] = [field, at].map((each) => columns.findIndex((state) => state.field === each));
    const moved = columns[from ?? -1];
    const target = columns[to ?? -1];
    if (moved === undefined || target === undefined || to === undefined) return;
    const others = columns.filter((state) => state !== moved);
    arranged.change({ columns: [...others.slice(0, to), { ...moved, pinned: target.pinned === true }, ...others.slice(to)] });
  }

  function openHeadMenu(column: Column | undefined, rect: DOMRect): void {
    if (column === undefined) return;
    const { field, title, pinned, width } = column;
    const others = arranged.table().sort.filter((each) => each.field !== field);
    const isMetric = /^metrics?\./.test(field);
    const { statistic: current } = splitStatistic(field);
    const items: MenuItem[] = [
      { label: 'Sort ascending', run: () => arranged.change({ sort: [{ field, descending: false }] }) },
      { label: 'Sort descending', run: () => arranged.change({ sort: [{ field, descending: true }] }) },
      ...(others.length === 0 ? [] : [{ label: 'Then by this, ascending', run: () => arranged.change({ sort: [...others, { field, descending: false }] }) }, { label: 'Then by this, descending', run: () => arranged.change({ sort: [...others, { field, descending: true }] }) }]),
      { label: 'Group by this', run: () => arranged.change({ group: [...arranged.table().group.filter((each) => each !== field), field] }) },
      ...(arranged.table().group.length === 0 ? [] : [{ label: 'Group by nothing', run: () => arranged.change({ group: [] }) }]),
      'line',
      ...(isMetric ? [...statistics.map((statistic): MenuItem => ({ label: statistic, checked: statistic === current, run: () => changeField(field, withStatistic(field, statistic)) })), 'line' as const] : []),
      { label: 'Move left', run: () => moveColumn(field, -1) },
      { label: 'Move right', run: () => moveColumn(field, 1) },
      { label: pinned ? 'Unpin' : 'Pin', run: () => changeColumn(field, { pinned: !pinned }) },
      { label: 'Wider', run: () => changeColumn(field, { width: width + 40 }) },
      { label: 'Narrower', run: () => changeColumn(field, { width: Math.max(40, width - 40) }) },
      { label: 'Rename…', run: () => askText('Title of the column', title, (text) => changeColumn(field, { title: text === '' ? titleOf(field) : text }), arranged.focus) },
      { label: 'Hide', run: () => arranged.change({ columns: arranged.chosen().filter((state) => state.field !== field) }) },
      { label: 'Columns…', run: openColumns },
    ];
    openMenu(`Column ${title}`, items, rect, arranged.focus);
  }

  function changeField(from: string, to: string): void {
    arranged.change({ columns: arranged.chosen().map((state) => (state.field === from ? { ...state, field: to } : state)), sort: arranged.table().sort.map((key) => (key.field === from ? { ...key, field: to } : key)) });
  }

  function openColumns(): void {
    chooseColumns(arranged.chosen(), arranged.fieldNames(), (columns) => arranged.change({ columns: columns.filter(arranged.isKnown) }), arranged.focus);
  }

  return { sortBy, changeColumn, placeColumn, openHeadMenu, openColumns };
}
