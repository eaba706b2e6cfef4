/** The same graph as a table, for those who read better than they look. */
import { shownPhase } from '../../src/model/graph-shape.ts';
import { phaseLook } from '../../src/model/phase.ts';
import type { GraphTask } from '../../src/model/graph-task.ts';
import type { GraphViewMessage } from '../../src/protocol/graph-view.ts';
import { formatDuration } from '../../src/model/time.ts';
import { h } from '../dom.ts';
import { icon } from '../icons.ts';

/** Rows beyond this are left out, and counted: a person filters. */
const mostRows = 1000;

export function taskList(tasks: readonly GraphTask[], post: (message: GraphViewMessage) => void): HTMLElement {
  const row = (task: GraphTask): HTMLElement => {
    const phase = shownPhase(task);
    return h(
      'tr',
      {},
      h('td', {}, h('button', { class: 'link', 'data-task': task.id, onclick: () => post({ type: 'open-source', task: task.id }) }, task.id)),
      h('td', { class: 'nowrap' }, h('span', { class: `phase-${phase}` }, icon(phase)), ` ${phaseLook[phase].label}`),
      h('td', { class: 'number' }, task.status.duration === undefined ? '' : formatDuration(task.status.duration)),
      h('td', {}, task.dependencies.join(', ')),
      h('td', {}, task.status.reasons.length > 0 && h('button', { class: 'link', title: 'Show what changed', onclick: () => post({ type: 'explain', task: task.id }) }, task.status.reasons.join('; '))),
      h(
        'td',
        { class: 'nowrap' },
        h('button', { class: 'link', 'aria-label': `Run ${task.id}`, onclick: () => post({ type: 'run', tasks: [task.id] }) }, 'Run'),
        task.hasOutput && ' ',
        task.hasOutput && h('button', { class: 'link', 'aria-label': `Open output of ${task.id}`, onclick: () => post({ type: 'open-output', task: task.id }) }, 'Output'),
      ),
    );
  };
  const head = h('tr', {}, ...['Task', 'State', 'Duration', 'Needs', 'Reasons', 'Actions'].map((name) => h('th', { scope: 'col', class: name === 'Duration' ? 'number' : undefined }, name)));
  return h(
    'div',
    { class: 'scroll-x' },
    h('table', {}, h('caption', { class: 'visually-hidden' }, 'Tasks in the order of the graph'), h('thead', {}, head), h('tbody', {}, ...tasks.slice(0, mostRows).map(row))),
    tasks.length > mostRows && h('p', { class: 'quiet' }, `${tasks.length - mostRows} more tasks: filter to see them.`),
  );
}
