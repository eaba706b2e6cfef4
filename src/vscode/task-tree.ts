/** The *Pipeline* view as data: which rows there are, and how each looks. Knows nothing of `vscode`. */
import { countStates, isMatrixValue, shownPhase, summaryPhase, valueLabel } from '../model/graph-shape.ts';
import { phaseLook } from '../model/phase.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { TaskPhase } from '../model/run-state.ts';
import { formatDuration } from '../model/time.ts';
import type { GraphTask, TaskStatus } from '../model/graph-task.ts';
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
    if (group.length === 1 && only !== undefined && !isMatrixValue(only)) return { type: 'task', id: only.id, label: name };
    return {
      type: 'matrix',
      name,
      rows: group.map((task) => ({ type: 'task', id: task.id, label: valueLabel(task) })),
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

const looks: Readonly<Record<TaskPhase, { readonly icon: string; readonly color?: string }>> = {
  pending: { icon: 'circle-outline' },
  stale: { icon: 'circle-filled', color: 'list.warningForeground' },
  running: { icon: 'sync~spin', color: 'progressBar.background' },
  success: { icon: 'pass', color: 'testing.iconPassed' },
  failure: { icon: 'error', color: 'testing.iconFailed' },
  error: { icon: 'error', color: 'testing.iconErrored' },
  timeout: { icon: 'clock', color: 'testing.iconFailed' },
  cancellation: { icon: 'circle-slash', color: 'testing.iconSkipped' },
  skip: { icon: 'pass', color: 'testing.iconSkipped' },
};

/** What the icon says alone is not said again in words. */
const wordless: ReadonlySet<TaskPhase> = new Set(['pending', 'success', 'skip']);

export function taskLook(status: TaskStatus, now: number): RowLook {
  const phase = shownPhase({ status });
  const time = status.phase === 'running' && status.startedAt !== undefined ? Math.max(0, now - status.startedAt) : status.duration;
  const parts = [wordless.has(phase) ? '' : phaseLook[phase].label, time === undefined ? '' : formatDuration(time)];
  return { ...looks[phase], description: parts.filter((part) => part !== '').join(' · '), contextValue: status.phase === 'running' ? 'task.running' : 'task' };
}

/** What needs attention first as icon, all states with their counts as text. */
export function matrixLook(tasks: readonly GraphTask[]): RowLook {
  const counts = [...countStates(tasks)];
  const none = counts.every(([phase]) => phase === 'pending');
  const words = counts.map(([phase, count]) => `${count} ${phaseLook[phase].label}`);
  return {
    ...looks[summaryPhase(tasks)],
    description: `× ${tasks.length}${none ? '' : ` · ${words.join(', ')}`}`,
    contextValue: counts.some(([phase]) => phase === 'running') ? 'matrix.running' : 'matrix',
  };
}

/** The icon's meaning in words. */
export function spokenPhase(status: TaskStatus): string {
  return phaseLook[shownPhase({ status })].label;
}

/** For screen readers: `report, succeeded, 87 ms`. */
export function spokenTask(label: string, status: TaskStatus, look: RowLook): string {
  const word = spokenPhase(status);
  return [label, ...(look.description.startsWith(word) ? [] : [word]), look.description].filter((part) => part !== '').join(', ');
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
      ...(status.failure === undefined ? [] : [status.failure]),
      ...(metrics.length === 0 ? [] : [metrics.slice(0, 12).map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(6)) : value}`).join(', ')]),
    ],
    reasons: status.reasons,
  };
}

