import { phaseLook } from '../../src/model/phase.ts';
import type { MetricValue } from '../../src/model/metric-series.ts';
import type { TaskPhase, TaskState } from '../../src/model/run-state.ts';
import { elapsed, formatDuration, toDate, type UnixNano } from '../../src/model/time.ts';
import { h } from '../dom.ts';
import { icon } from '../icons.ts';

export function phaseMark(phase: TaskPhase): HTMLElement {
  return h('span', { class: 'mark' }, h('span', { class: `phase-${phase}` }, icon(phase)), phaseLook[phase].label);
}

export function formatTime(time: UnixNano): string {
  return toDate(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const unit = bytes < 1e6 ? 1 : bytes < 1e9 ? 2 : 3;
  return `${(bytes / 1000 ** unit).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][unit] ?? ''}`;
}

export function formatNumber(value: MetricValue): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : value;
}

export function taskDuration(task: TaskState): string {
  if (task.phase === 'skip' || task.start === undefined || task.end === undefined) return '';
  return formatDuration(elapsed(task.start, task.end));
}

/** `name  value` rows. */
export function pairs(entries: readonly (readonly [name: string, value: string | Node])[], heads: readonly [string, string] = ['Name', 'Value']): HTMLElement {
  if (entries.length === 0) return h('p', { class: 'quiet' }, 'None.');
  return h('div', { class: 'scroll-x' }, h('table', { class: 'pairs' }, h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))), h('tbody', {}, ...entries.map(([name, value]) => h('tr', {}, h('td', {}, name), h('td', { class: 'mono' }, value))))));
}
