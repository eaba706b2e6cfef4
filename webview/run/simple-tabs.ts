/** The tabs that are tables. */
import { runParamsGiven, taskParamsGiven } from '../../src/model/as-given.ts';
import { describeReason } from '../../src/model/fingerprint.ts';
import type { AttemptState, TaskState } from '../../src/model/run-state.ts';
import { valueText } from '../../src/model/whole-float.ts';
import { h } from '../dom.ts';
import { ansiText } from './ansi.ts';
import { lineChart } from './chart.ts';
import { formatNumber, pairs, phaseMark, taskDuration } from './format.ts';
import type { Context } from './panel.ts';
import { skipText, taskDetail } from './task-detail.ts';

/** Lines of output that are shown at once; of a task that runs fewer, as they are drawn many times a second. */
const mostLines = 5000;
const mostLinesLive = 1000;
/** Characters of these lines. */
const mostCharacters = 500_000;

export function tasksTab(context: Context): HTMLElement {
  const { run, selected } = context;
  const task = run.tasks.find((each) => each.node.id === selected);
  const row = (each: TaskState): HTMLElement => {
    const { node, attempts } = each;
    return h(
      'tr',
      { class: node.id === selected ? 'chosen' : undefined },
      h('td', {}, h('button', { class: 'link', 'data-key': `task ${node.id}`, 'aria-pressed': String(node.id === selected), onclick: () => context.select(node.id, 'tasks') }, node.id)),
      h('td', {}, phaseMark(each.phase)),
      h('td', { class: 'number' }, taskDuration(each)),
      task === undefined && h('td', { class: 'number' }, attempts.length === 0 ? '' : attempts.length),
      // Beside a table with a detail there is no room; the detail says why.
      task === undefined && h('td', {}, each.phase === 'skip' ? skipText(each, context) : (each.failure?.message ?? each.reasons.map(describeReason).join('; '))),
    );
  };
  const table = h('table', {}, h('thead', {}, h('tr', {}, ...['Task', 'State', 'Duration', ...(task === undefined ? ['Attempts', 'Reasons'] : [])].map((name) => h('th', { scope: 'col', class: name === 'Duration' || name === 'Attempts' ? 'number' : undefined }, name)))), h('tbody', {}, ...run.tasks.map(row)));
  return h('div', { class: task === undefined ? 'pad' : 'pad split' }, h('div', { class: 'scroll-x' }, table), task !== undefined && taskDetail(task, context));
}

export function parametersTab({ run }: Context): HTMLElement {
  const rows = run.tasks.flatMap((task) => [...Object.entries(taskParamsGiven(task)).map(([name, value]) => [task, name, value, 'declared'] as const), ...Object.entries(task.loggedParams).map(([name, value]) => [task, name, value, 'logged'] as const)]);
  return h(
    'div',
    { class: 'pad' },
    h('h2', {}, 'Of the pipeline'),
    pairs(Object.entries(runParamsGiven(run)).map(([name, value]) => [name, valueText(value)]), ['Parameter', 'Value']),
    h('h2', {}, 'Of its tasks'),
    rows.length === 0
      ? h('p', { class: 'quiet' }, 'None.')
      : h('div', { class: 'scroll-x' }, h('table', {}, h('thead', {}, h('tr', {}, ...['Task', 'Parameter', 'Value', 'Origin'].map((name) => h('th', { scope: 'col' }, name)))), h('tbody', {}, ...rows.map(([task, name, value, origin], index) => h('tr', {}, h('td', {}, rows[index - 1]?.[0] === task ? h('span', { class: 'visually-hidden' }, task.node.id) : task.node.id), h('td', {}, name), h('td', { class: 'mono' }, valueText(value)), h('td', { class: 'quiet' }, origin)))))),
  );
}

export function metricsTab({ run, lengthOf, charted, chart }: Context): HTMLElement {
  const rows = run.tasks.flatMap((task) => Object.entries(task.metrics).map(([name, series]) => ({ task, name, series })));
  if (rows.length === 0) return h('p', { class: 'quiet pad' }, 'No task of this run logged a metric. In Python: runweave.log_metric("accuracy", 0.98).');
  const extremes = ({ min, max }: TaskState['metrics'][string]): readonly [string, string] => (min === undefined || max === undefined ? ['', ''] : [formatNumber(min), formatNumber(max)]);
  const head = ['Task', 'Metric', 'Last', 'Lowest', 'Highest', 'Values', 'Course'];
  return h(
    'div',
    { class: 'pad scroll-x' },
    h(
      'table',
      { class: 'metrics' },
      h('thead', {}, h('tr', {}, ...head.map((name, index) => h('th', { scope: 'col', class: index >= 2 && index <= 5 ? 'number' : undefined }, name)))),
      h('tbody', {}, ...rows.map(({ task, name, series }) => h('tr', {}, h('td', {}, task.node.id), h('td', {}, name), h('td', { class: 'number strong' }, formatNumber(series.last)), ...extremes(series).map((text) => h('td', { class: 'number' }, text)), h('td', { class: 'number' }, lengthOf(task.node.id, name)), h('td', {}, lineChart(`${name} of ${task.node.id}`, series, lengthOf(task.node.id, name)), series.count > 1 && h('button', { class: 'link', 'data-key': `chart ${task.node.id} ${name}`, 'aria-pressed': String(charted.includes(name)), onclick: () => chart(name, !charted.includes(name)) }, charted.includes(name) ? 'Hide chart' : 'Chart', h('span', { class: 'visually-hidden' }, ` of ${name}`)))))),
    ),
  );
}

/** The end of an output, as few elements: lines of one stream that follow each other are one. */
function lastLines(output: AttemptState['output'], most: number): { readonly blocks: readonly { readonly look: string; readonly text: string }[]; readonly isCut: boolean } {
  const blocks: { readonly look: string; text: string }[] = [];
  let lines = 0;
  let characters = 0;
  let at = output.length;
  for (; at > 0 && lines < most && characters < mostCharacters; at -= 1) {
    const chunk = output[at - 1];
    if (chunk === undefined) break;
    characters += chunk.text.length;
    lines += chunk.text.split('\n').length - 1;
    const first = blocks[0];
    // A log record stands for itself, in the look of its severity.
    const look = chunk.log === undefined ? chunk.stream : `log severity-${Math.ceil(chunk.log.severityNumber / 4)}`;
    if (first?.look === look && chunk.log === undefined) first.text = chunk.text + first.text;
    else blocks.unshift({ look, text: chunk.text });
  }
  const [first, ...rest] = blocks.map(({ look, text }) => ({ look, text: text.replace(/\r?\n$/, '') }));
  if (first === undefined) return { blocks: [], isCut: false };
  const beyond = lines - most;
  return { blocks: [beyond > 0 ? { ...first, text: first.text.split('\n').slice(beyond).join('\n') } : first, ...rest], isCut: at > 0 || beyond > 0 };
}

export function outputTab(context: Context): HTMLElement {
  const { run, selected, cutOutput } = context;
  const withOutput = run.tasks.filter((task) => task.attempts.some((attempt) => attempt.output.length > 0));
  const task = withOutput.find((each) => each.node.id === selected) ?? withOutput.find((each) => each.failure !== undefined) ?? withOutput[0];
  if (task === undefined) return h('p', { class: 'quiet pad' }, 'No task of this run wrote to its output.');
  const choice = h('select', { id: 'output-task', 'data-key': 'output-task' }, ...withOutput.map((each) => h('option', { value: each.node.id, selected: each === task }, each.node.id)));
  choice.addEventListener('change', () => context.select(choice.value as never, 'output'));
  return h(
    'div',
    { class: 'pad' },
    h('p', { class: 'output-head' }, h('label', { for: 'output-task' }, 'Task'), choice, phaseMark(task.phase)),
    cutOutput.has(task.node.id) && h('p', { class: 'quiet' }, 'This output is long: its middle is left out here. `runweave logs` prints all of it.'),
    ...task.attempts.flatMap((attempt) => {
      const { blocks, isCut } = lastLines(attempt.output, attempt.end === undefined ? mostLinesLive : mostLines);
      return [
        task.attempts.length > 1 && h('h3', {}, `Attempt ${attempt.number}`),
        isCut && h('p', { class: 'quiet' }, 'Earlier lines are left out here. `runweave logs` prints all of them.'),
        h('div', { class: 'output mono', role: 'region', 'aria-label': `Output of ${task.node.id}, attempt ${attempt.number}`, tabindex: '0', 'data-key': `output ${task.node.id} ${attempt.number}`, 'data-running': String(attempt.end === undefined) }, ...blocks.map(({ look, text }) => h('div', { class: look }, look === 'stderr' && h('span', { class: 'visually-hidden' }, 'error stream: '), ...ansiText(text)))),
      ];
    }),
  );
}
