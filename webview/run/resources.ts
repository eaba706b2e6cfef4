/** What attempts used of the machine: in all, and over time. */
import { resourceSeries } from '../../src/model/resource-series.ts';
import type { AttemptState, TaskState } from '../../src/model/run-state.ts';
import { elapsed, formatDuration } from '../../src/model/time.ts';
import { h } from '../dom.ts';
import { formatSize, pairs, phaseMark } from './format.ts';
import type { Context } from './panel.ts';
import { formatResource, sampleTable, sparkline } from './spark.ts';

function secondsOf({ resources, start, end }: AttemptState): number {
  return elapsed(start, end ?? resources.at(-1)?.time ?? start) / 1000;
}

/** Charts of one attempt, and the table behind them. */
function courses(of: string, key: string, attempt: AttemptState): readonly (HTMLElement | false)[] {
  const series = resourceSeries(attempt.resources, attempt.start).filter(({ highest }) => highest > 0);
  if (series.length === 0) return [];
  const samples = h('div');
  const table = h('details', { 'data-key': `${key}/samples` }, h('summary', { class: 'quiet' }, 'As a table'), samples);
  table.addEventListener('toggle', () => {
    if (table.open && samples.childElementCount === 0) samples.append(sampleTable(series));
  });
  return [
    h('ul', { class: 'sparks' }, ...series.map((each) => h('li', {}, h('span', {}, each.name, h('span', { class: 'quiet' }, ` at most ${formatResource(each.highest, each.unit)}`)), sparkline(`${each.name} of ${of}`, each, secondsOf(attempt))))),
    table,
  ];
}

/** What an attempt has used so far; its last sample is up to a second old. */
export function resourcesView(task: TaskState, attempt: AttemptState): HTMLElement | false {
  const { resources, start, number } = attempt;
  const last = resources.at(-1);
  if (last === undefined) return false;
  const peak = (name: 'memory' | 'gpuMemory'): number => resources.reduce((most, point) => Math.max(most, point[name] ?? 0), 0);
  const seconds = elapsed(start, last.time) / 1000;
  const busy = seconds > 0 ? ` (${((100 * last.cpu) / seconds).toFixed(0)} % of one processor)` : '';
  return h(
    'div',
    {},
    pairs(
      [
        ['CPU time', `${formatDuration(1000 * last.cpu)}${busy}`],
        ['Memory at most', formatSize(peak('memory'))],
        ['Read from storage', formatSize(last.read)],
        ['Written to storage', formatSize(last.written)],
        ...(last.received === undefined || last.sent === undefined ? [] : [['Network, of the whole machine', `${formatSize(last.received)} received, ${formatSize(last.sent)} sent`] as const]),
        ...(peak('gpuMemory') > 0 ? [['GPU memory at most', formatSize(peak('gpuMemory'))] as const] : []),
      ],
      ['Resource', 'Used'],
    ),
    ...courses(`${task.node.id}, attempt ${number}`, `${task.node.id}/${number}`, attempt),
  );
}

export function resourcesTab({ run, select }: Context): HTMLElement {
  const used = run.tasks.flatMap((task) => task.attempts.flatMap((attempt) => (attempt.resources.length === 0 ? [] : [{ task, attempt }])));
  if (used.length === 0) return h('p', { class: 'quiet pad' }, 'No task of this run was seen for long enough to be measured: the first sample is taken after a moment.');
  const peak = (attempt: AttemptState): number => attempt.resources.reduce((most, { memory }) => Math.max(most, memory), 0);
  const sorted = [...used].sort((a, b) => (b.attempt.resources.at(-1)?.cpu ?? 0) - (a.attempt.resources.at(-1)?.cpu ?? 0));
  const row = ({ task, attempt }: (typeof used)[number]): HTMLElement => {
    const last = attempt.resources.at(-1);
    const name = task.attempts.length > 1 ? `${task.node.id}, attempt ${attempt.number}` : task.node.id;
    const [cpu, memory] = ['CPU', 'Memory'].map((wanted) => resourceSeries(attempt.resources, attempt.start).find((series) => series.name === wanted));
    const chart = (series: typeof cpu): HTMLElement => h('td', {}, series !== undefined && sparkline(`${series.name} of ${name}`, series, secondsOf(attempt)));
    return h(
      'tr',
      {},
      h('td', {}, h('button', { class: 'link', 'data-key': `resources ${name}`, onclick: () => select(task.node.id, 'tasks') }, name), ' ', phaseMark(attempt.outcome ?? 'running')),
      h('td', { class: 'number' }, formatDuration(1000 * (last?.cpu ?? 0))),
      chart(cpu),
      h('td', { class: 'number' }, formatSize(peak(attempt))),
      chart(memory),
      h('td', { class: 'number' }, formatSize(last?.read ?? 0)),
      h('td', { class: 'number' }, formatSize(last?.written ?? 0)),
    );
  };
  const heads = ['Task', 'CPU time', 'CPU', 'Memory at most', 'Memory', 'Read', 'Written'];
  return h(
    'div',
    { class: 'pad' },
    h('div', { class: 'scroll-x' }, h('table', { class: 'metrics usage' }, h('thead', {}, h('tr', {}, ...heads.map((name) => h('th', { scope: 'col', class: name === 'Task' || name === 'CPU' || name === 'Memory' ? undefined : 'number' }, name)))), h('tbody', {}, ...sorted.map(row)))),
    h('p', { class: 'quiet' }, 'Sampled from outside while the tasks ran, their child processes included; 100 % is one processor. A task’s page has every sample as a table.'),
  );
}
