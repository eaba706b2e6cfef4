/** The *Pipeline* view as data: which rows there are, and how each looks. Knows nothing of `vscode`. */
import type { TaskId } from '../model/pipeline.ts';
import type { TaskPhase } from '../model/run-state.ts';
import { formatDuration } from '../model/time.ts';
import type { TaskStatus } from '../protocol/graph-view.ts';
import type { LoadedTask } from '../protocol/session.ts';

export type TaskRow =
  | { readonly type: 'task'; readonly id: TaskId; readonly label: string }
  /** All values of a matrix. */
  | { readonly type: 'matrix'; readonly name: string; readonly rows: readonly (TaskRow & { readonly type: 'task' })[] };

/** One row a declared task, in the order of the file's graph; a matrix is one row with a child for each value. */
export function taskRows(tasks: readonly LoadedTask[]): readonly TaskRow[] {
  const byName = new Map<string, LoadedTask[]>();
  for (const task of tasks) {
    const group = byName.get(task.name);
    if (group === undefined) byName.set(task.name, [task]);
    else group.push(task);
  }
  return [...byName].map(([name, group]): TaskRow => {
    const [only] = group;
    if (group.length === 1 && only !== undefined && Object.keys(only.matrix).length === 0) return { type: 'task', id: only.id, label: name };
    return {
      type: 'matrix',
      name,
      rows: group.map((task) => ({ type: 'task', id: task.id, label: task.id.startsWith(`${name}[`) ? task.id.slice(name.length + 1, -1) : task.id })),
    };
  });
}

export interface RowLook {
  /** A codicon. */
  readonly icon: string;
  /** A theme colour; the foreground when absent. */
  readonly color?: string;
  readonly description: string;
  /** Selects the row's actions in package.json. */
  readonly contextValue: 'task' | 'task.running' | 'matrix' | 'matrix.running';
}

type ShownPhase = TaskPhase | 'outdated';

const looks: Readonly<Record<ShownPhase, { readonly icon: string; readonly color?: string; readonly word: string }>> = {
  pending: { icon: 'circle-outline', word: '' },
  stale: { icon: 'circle-large-outline', color: 'list.warningForeground', word: 'waiting' },
  outdated: { icon: 'circle-filled', color: 'list.warningForeground', word: 'stale' },
  running: { icon: 'sync~spin', color: 'progressBar.background', word: 'running' },
  success: { icon: 'pass', color: 'testing.iconPassed', word: '' },
  failure: { icon: 'error', color: 'testing.iconFailed', word: 'failed' },
  error: { icon: 'error', color: 'testing.iconErrored', word: 'error' },
  timeout: { icon: 'clock', color: 'testing.iconFailed', word: 'timed out' },
  cancellation: { icon: 'circle-slash', color: 'testing.iconSkipped', word: 'stopped' },
  skip: { icon: 'pass', color: 'testing.iconSkipped', word: '' },
};

/** A result that no longer stands is shown as stale; a failure stays a failure. */
export function shownPhase(status: TaskStatus): ShownPhase {
  return status.stale === true && (status.phase === 'success' || status.phase === 'skip' || status.phase === 'pending') ? 'outdated' : status.phase;
}

export function taskLook(status: TaskStatus, now: number): RowLook {
  const { word, ...look } = looks[shownPhase(status)];
  const time = status.phase === 'running' && status.startedAt !== undefined ? Math.max(0, now - status.startedAt) : status.duration;
  const parts = [word, time === undefined ? '' : formatDuration(time)].filter((part) => part !== '');
  return { ...look, description: parts.join(' · '), contextValue: status.phase === 'running' ? 'task.running' : 'task' };
}

/** The worst of the tasks' states as icon, all states with their counts as text. */
export function matrixLook(statuses: readonly TaskStatus[]): RowLook {
  const order: readonly ShownPhase[] = ['running', 'failure', 'error', 'timeout', 'stale', 'outdated', 'cancellation', 'pending', 'success', 'skip'];
  const counts = new Map<ShownPhase, number>();
  for (const status of statuses) {
    const shown = shownPhase(status);
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  const present = order.filter((phase) => counts.has(phase));
  const { word: _, ...look } = looks[present[0] ?? 'pending'];
  const words = present.map((phase) => `${counts.get(phase) ?? 0} ${countWord(phase)}`);
  return {
    ...look,
    description: `× ${statuses.length}${statuses.every((status) => status.phase === 'pending') && present[0] === 'pending' ? '' : ` · ${words.join(', ')}`}`,
    contextValue: counts.has('running') ? 'matrix.running' : 'matrix',
  };
}

function countWord(phase: ShownPhase): string {
  switch (phase) {
    case 'success':
      return 'done';
    case 'skip':
      return 'up to date';
    case 'pending':
      return 'not run';
    default:
      return looks[phase].word;
  }
}

/** For screen readers: the icon's meaning in words. */
export function spokenPhase(status: TaskStatus): string {
  return countWord(shownPhase(status));
}

/** Lines below the task's name in its tooltip. */
export function tooltipLines(task: LoadedTask, status: TaskStatus): { readonly facts: readonly string[]; readonly reasons: readonly string[] } {
  const metrics = Object.entries(status.metrics ?? {});
  return {
    facts: [
      `${task.kind}: ${task.source}`,
      ...(task.description === undefined ? [] : [task.description]),
      ...(task.owner === undefined ? [] : [`owner: ${task.owner}`]),
      ...(task.dependencies.length === 0 ? [] : [`after ${task.dependencies.slice(0, 8).join(', ')}${task.dependencies.length > 8 ? ` and ${task.dependencies.length - 8} more` : ''}`]),
      `${spokenPhase(status)}${status.duration === undefined ? '' : `, last execution ${formatDuration(status.duration)}`}`,
      ...(metrics.length === 0 ? [] : [metrics.slice(0, 12).map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(6)) : value}`).join(', ')]),
    ],
    reasons: status.reasons,
  };
}

