/** Timelines of the compared runs side by side, on one scale. */
import { formatDuration } from '../../src/model/time.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { slowerTasks, type ComparedBar, type TimelineRow, type Timelines } from '../../src/query/compare-timelines.ts';
import { h, s, type Child } from '../dom.ts';
import { letter } from './letters.ts';

const shownRows = 40;
const shownTasks = 4;

export function timelinesView(timelines: Timelines): HTMLElement {
  const { lengths, rows } = timelines;
  const longest = Math.max(...lengths, 1);
  const shown = rows.slice(0, shownRows);
  const table = h(
    'table',
    { class: 'timelines' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Task'), ...lengths.map((length, at) => h('th', { scope: 'col' }, `${letter(at)} `, h('span', { class: 'quiet' }, formatDuration(length)))))),
    h('tbody', {}, ...shown.map((row) => h('tr', {}, h('th', { scope: 'row' }, row.task), ...row.bars.map((bar, at) => h('td', {}, ...barCell(row, bar, at, longest)))))),
  );
  return h(
    'div',
    {},
    ...lengths.slice(1).map((_, at) => h('p', {}, sentence(timelines, at + 1))),
    h('div', { class: 'scroll-x', tabindex: 0, role: 'region', 'aria-label': 'Timelines' }, table),
    rows.length > shown.length && h('p', { class: 'quiet' }, `The first ${shown.length} of ${rows.length} tasks.`),
    h('p', { class: 'quiet' }, 'Filled: the tasks that the run waited for, its critical path. A task without a bar did not run.'),
  );
}

function sentence(timelines: Timelines, run: number): string {
  const { lengths } = timelines;
  const change = (lengths[run] ?? 0) - (lengths[0] ?? 0);
  const slower = slowerTasks(timelines, run);
  const list = (critical: boolean): string => {
    const tasks = slower.filter((task) => task.critical === critical);
    const more = tasks.length - shownTasks;
    return `${tasks.slice(0, shownTasks).map((task) => `${task.task} ${signed(task.change)}`).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  };
  const waited = list(true);
  const besides = list(false);
  return `${letter(run)} took ${Math.abs(change) < 1 ? 'as long as' : `${formatDuration(Math.abs(change))} ${change > 0 ? 'longer' : 'less'} than`} ${letter(0)}.${waited === '' ? '' : ` What the runs waited for: ${waited}.`}${besides === '' ? '' : ` Beside that: ${besides}.`}`;
}

function signed(change: number): string {
  return `${change < 0 ? '−' : '+'}${formatDuration(Math.abs(change))}`;
}

function barCell({ changes }: TimelineRow, bar: ComparedBar | undefined, at: number, longest: number): readonly Child[] {
  if (bar === undefined) return [h('span', { class: 'quiet' }, 'did not run')];
  const percent = (time: number): string => `${((100 * time) / longest).toFixed(2)}%`;
  const change = changes[at] ?? 0;
  const width = Math.max(bar.end - bar.start, longest / 200);
  return [
    s('svg', { class: 'bar', 'aria-hidden': true }, s('rect', { x: percent(bar.start), y: 2, width: percent(width), height: 10, class: `phase-${bar.phase}${bar.critical ? ' critical' : ''}` })),
    h('span', { class: 'bar-text' }, formatDuration(bar.end - bar.start), at > 0 && Math.abs(change) >= 100 && h('span', { class: 'quiet' }, ` ${signed(change)}`), bar.phase !== 'success' && ` ${phaseLook[bar.phase].label}`, bar.critical && h('span', { class: 'visually-hidden' }, ', the run waited for it')),
  ];
}
