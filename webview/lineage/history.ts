/** Executions of one task, the latest first. */
import { formatDuration } from '../../src/model/time.ts';
import type { LineageAnswer, TaskRunView } from '../../src/query/lineage-answer.ts';
import { valueText } from '../../src/model/whole-float.ts';
import { h, type Child } from '../dom.ts';
import { formatNumber, phaseMark } from '../run/format.ts';
import type { Page, View } from './page.ts';
import { runButton, timeText, traceButton } from './task-card.ts';

type History = Extract<LineageAnswer, { readonly type: 'history' }>;

const mostColumns = 6;

/** Names that occur, those that most executions have first. */
function columnsOf(runs: readonly TaskRunView[], of: (run: TaskRunView) => Readonly<Record<string, unknown>>): readonly string[] {
  const counts = new Map<string, number>();
  for (const run of runs) for (const name of Object.keys(of(run))) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, mostColumns).map(([name]) => name);
}

export function historyView({ executions, total }: History, page: Page): View {
  const params = columnsOf(executions, (run) => run.params);
  const metrics = columnsOf(executions, (run) => run.metrics);
  const several = new Set(executions.map((run) => run.task)).size > 1;
  const row = (run: TaskRunView): HTMLElement =>
    h(
      'tr',
      {},
      h('td', {}, phaseMark(run.outcome)),
      several && h('td', {}, run.task),
      h('td', { class: 'nowrap' }, timeText(run.start)),
      h('td', { class: 'number' }, formatDuration(run.duration)),
      h('td', { class: 'nowrap' }, runButton(run.runId, page)),
      h('td', { class: 'mono' }, run.version ?? ''),
      ...params.map((name) => h('td', { class: 'number' }, run.params[name] === undefined ? '' : valueText(run.params[name]))),
      ...metrics.map((name) => h('td', { class: 'number' }, run.metrics[name] === undefined ? '' : formatNumber(run.metrics[name]))),
      h('td', {}, run.reasons[0] ?? '', run.reasons.length > 1 && h('span', { class: 'quiet' }, `, and ${run.reasons.length - 1} more`)),
      h('td', {}, h('span', { class: 'outputs inline' }, ...run.outputs.slice(0, 4).map((output): Child => traceButton(run.runId, run.task, output.name, page, `${output.flagged ? '⚑ ' : ''}${output.name}`)))),
    );
  const heads = ['Outcome', ...(several ? ['Task'] : []), 'Started', 'Took', 'Run', 'Version', ...params, ...metrics, 'Why it ran', 'Outputs'];
  const said = total === executions.length ? `${total} ${total === 1 ? 'execution' : 'executions'}` : `The latest ${executions.length} of ${total} executions`;
  const table = h('div', { class: 'scroll table-scroll', tabindex: 0, role: 'region', 'aria-label': 'Executions' }, h('table', {}, h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))), h('tbody', {}, ...executions.map(row))));
  return { element: h('div', { class: 'history' }, h('p', { class: 'quiet summary' }, said), table), focus: () => table.focus(), said };
}
