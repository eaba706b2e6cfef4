/** What a node says: in its second line, in its tooltip, and to a screen reader. */
import { countStates, isMatrixValue, shownPhase, summaryPhase } from '../../src/model/graph-shape.ts';
import { countsText } from '../../src/model/mermaid.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { TaskPhase } from '../../src/model/run-state.ts';
import type { GraphTask } from '../../src/model/graph-task.ts';
import { h } from '../dom.ts';
import { icon } from '../icons.ts';

/** Of a running task, the time since it started. */
function durationOf(task: GraphTask, now: number): number | undefined {
  const { phase, duration, startedAt } = task.status;
  return phase === 'running' ? (startedAt === undefined ? undefined : Math.max(0, now - startedAt)) : duration;
}

/** Whole seconds while it runs: tenths would flicker. */
function durationText(task: GraphTask, now: number): string | undefined {
  const duration = durationOf(task, now);
  if (duration === undefined) return undefined;
  return task.status.phase === 'running' && duration < 59_000 ? `${Math.floor(duration / 1000)} s` : formatDuration(duration);
}

export function phaseOf(tasks: readonly GraphTask[]): TaskPhase {
  return summaryPhase(tasks);
}

export function detailOf(tasks: readonly GraphTask[], single: boolean, now: number): string {
  const task = tasks[0];
  if (task === undefined) return '';
  if (!single) return countsText(tasks);
  const phase = shownPhase(task);
  const time = durationText(task, now);
  const reason = phase === 'success' ? undefined : (task.status.failure ?? task.status.reasons[0]);
  const parts = phase === 'success' || phase === 'running' ? [time ?? phaseLook[phase].label, reason] : [reason ?? phaseLook[phase].label, phase === 'stale' ? undefined : time];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** Begins with the text that is to be seen, so that who speaks to the computer can say what they see. */
export function labelOf(visible: string, tasks: readonly GraphTask[], single: boolean, now: number): string {
  const task = tasks[0];
  if (task === undefined) return visible;
  if (!single) return `${visible}, ${tasks.length} tasks: ${[...countStates(tasks)].map(([phase, count]) => `${count} ${phaseLook[phase].label}`).join(', ')}`;
  const time = durationText(task, now);
  const parts = [visible, isMatrixValue(task) ? task.id : undefined, phaseLook[shownPhase(task)].label, time === undefined || visible.includes(time) ? undefined : time, ...[task.status.failure, ...task.status.reasons].filter((text) => text !== undefined && !visible.includes(text))];
  return parts.filter((part) => part !== undefined).join(', ');
}

const mostLines = 8;

/** `explains`: W and the right button show what changed. */
export function tooltipOf(label: string, tasks: readonly GraphTask[], single: boolean, now: number, explains = true): HTMLElement {
  const phase = phaseOf(tasks);
  const head = h('div', { class: 'tooltip-head' }, h('span', { class: `phase-${phase}` }, icon(phase)), h('strong', {}, label));
  const task = tasks[0];
  if (task === undefined) return head;
  const body = h('div', {}, head);
  if (!single) {
    body.append(h('ul', {}, ...[...countStates(tasks)].map(([state, count]) => h('li', {}, `${count} ${phaseLook[state].label}`))));
    return body;
  }
  const time = durationText(task, now);
  body.append(h('div', { class: 'quiet' }, [phaseLook[shownPhase(task)].label, time, task.kind].filter((part) => part !== undefined).join(' · ')));
  body.append(h('div', { class: 'mono' }, task.source));
  const { failure, reasons, metrics = {} } = task.status;
  if (failure !== undefined) body.append(h('div', {}, failure));
  if (reasons.length > 0) body.append(h('ul', {}, ...reasons.slice(0, mostLines).map((reason) => h('li', {}, reason)), reasons.length > mostLines && h('li', {}, `and ${reasons.length - mostLines} more`)));
  if (reasons.length > 0 && explains) body.append(h('div', { class: 'quiet' }, 'W or the right button: what changed'));
  const entries = Object.entries(metrics);
  if (entries.length > 0) body.append(h('table', {}, h('tbody', {}, ...entries.slice(0, mostLines).map(([name, value]) => h('tr', {}, h('td', {}, name), h('td', { class: 'number' }, typeof value === 'number' ? Number(value.toPrecision(5)) : value))))));
  return body;
}
