/** What stands in the lines of the runs table. */
import { statusLabels, type RunStatus } from '../../src/query/run-row.ts';
import { h, type Child } from '../dom.ts';
import { icon, type IconName } from '../icons.ts';
import { cellText, spreadText, type Column } from './columns.ts';
import type { GridLine } from './grid.ts';
import type { Line, TableModel } from './table-model.ts';

const looks: Readonly<Record<RunStatus, { readonly icon: IconName; readonly phase: string }>> = {
  success: { icon: 'success', phase: 'success' },
  failure: { icon: 'failure', phase: 'failure' },
  error: { icon: 'error', phase: 'error' },
  timeout: { icon: 'timeout', phase: 'timeout' },
  cancellation: { icon: 'cancellation', phase: 'cancellation' },
  skip: { icon: 'skip', phase: 'skip' },
  running: { icon: 'running', phase: 'running' },
  interrupted: { icon: 'warning', phase: 'error' },
  unreadable: { icon: 'warning', phase: 'error' },
};

export function lineCells(line: Line, model: TableModel, selected: ReadonlySet<string>): GridLine {
  if (line.type === 'group') {
    const { title, rows, expanded } = line;
    const first = h('span', { class: 'group-title' }, h('span', { 'aria-hidden': 'true' }, expanded ? '▾ ' : '▸ '), `${title} · ${rows.length} ${rows.length === 1 ? 'run' : 'runs'}`);
    return { level: 1, expanded, selected: false, marks: [], cells: model.columns.map((column, at) => (at === 0 ? [first] : [spreadText(column, rows)])) };
  }
  const row = model.rows[line.row];
  if (row === undefined) return { level: line.level, selected: false, marks: [], cells: model.columns.map(() => []) };
  const { annotations } = row;
  const isSelected = selected.has(row.path);
  const marks: Child[] = [
    h('span', { class: 'check', 'aria-hidden': 'true' }, isSelected ? '☑' : '☐'),
    annotations.star && mark('★', 'starred', 'star'),
    annotations.flags.length > 0 && mark('⚑', 'flagged', 'flag'),
    annotations.archived && mark('▣', 'archived', 'quiet'),
  ];
  return { level: line.level, selected: isSelected, marks, cells: model.columns.map((column) => cell(column, line.row, model)) };
}

function mark(sign: string, means: string, look: string): HTMLElement {
  return h('span', { class: look, title: means }, h('span', { 'aria-hidden': 'true' }, sign), h('span', { class: 'visually-hidden' }, means));
}

function cell(column: Column, row: number, model: TableModel): readonly Child[] {
  const run = model.rows[row];
  if (run === undefined) return [];
  if (column.field === 'status') {
    const look = looks[run.status];
    const why = run.status === 'unreadable' ? run.message : undefined;
    return [h('span', { class: 'status', ...(why !== undefined && { title: why }) }, h('span', { class: `phase-${look.phase}` }, icon(look.icon)), statusLabels[run.status])];
  }
  if (column.field === 'tag') return column.values(row).map((tag) => h('span', { class: 'tag' }, String(tag)));
  const text = cellText(column, row);
  const extremes = model.extremes.get(column);
  if (extremes === undefined) return [text];
  const values = column.values(row);
  // Signs beside the colour: who can't tell the colours, and who listens, is told too.
  if (values.includes(extremes.best)) return [h('span', { class: 'best' }, h('span', { 'aria-hidden': 'true' }, '▲ '), text, h('span', { class: 'visually-hidden' }, ', best'))];
  if (values.includes(extremes.worst)) return [h('span', { class: 'worst' }, h('span', { 'aria-hidden': 'true' }, '▽ '), text, h('span', { class: 'visually-hidden' }, ', worst'))];
  return [text];
}
