/**
 * While a run goes on: when a warm process pays for the tasks that are still to come.
 *
 * It takes about as long to make as the imports of one task, so it is made where several will start from it. Those are
 * tasks that have no result yet, and those that come after one that was started: most of them will run as well.
 */
import { needsInterpreter } from '../execution/task/command.ts';
import type { Pipeline, TaskId } from '../model/pipeline.ts';
import type { RunEvent } from '../model/run-event.ts';

/** Fewer tasks than this are started as fast without it. */
export const fewestTasks = 3;

export interface WarmRun {
  readonly follow: (event: RunEvent) => void;
  /** A task has ended, and these modules are what it imported. */
  readonly imported: (modules: readonly string[]) => void;
}

/** `prepare` is given tasks that are likely to be started, whenever more is known of them than before. */
export function warmRun(pipeline: Pipeline, wanted: ReadonlySet<TaskId>, hasResult: (task: TaskId) => boolean, prepare: (tasks: ReadonlySet<TaskId>) => void): WarmRun {
  const dependents = new Map<TaskId, TaskId[]>();
  const toCome = new Set<TaskId>();
  const likely = new Set<TaskId>();
  const followed = new Set<TaskId>();
  let isBegun = false;
  /** After the first start, which need not wait for it. */
  const begin = (): void => {
    isBegun = true;
    for (const task of pipeline.tasks) {
      for (const need of task.dependencies) (dependents.get(need) ?? dependents.set(need, []).get(need))?.push(task.id);
      if (!wanted.has(task.id) || !needsInterpreter(task)) continue;
      toCome.add(task.id);
      if (!hasResult(task.id)) likely.add(task.id);
    }
  };
  /** All that comes after a task, each once. */
  const follow = (first: TaskId): void => {
    const next = [first];
    for (let task = next.pop(); task !== undefined; task = next.pop()) {
      if (followed.has(task)) continue;
      followed.add(task);
      for (const dependent of dependents.get(task) ?? []) {
        if (toCome.has(dependent)) likely.add(dependent);
        next.push(dependent);
      }
    }
  };
  const known = new Set<string>();
  let isPrepared = false;
  const consider = (isNew: boolean): void => {
    if (!isNew || likely.size < fewestTasks) return;
    isPrepared = true;
    prepare(likely);
  };
  return {
    follow: (event) => {
      if (event.type !== 'attempt-started' && event.type !== 'task-ended') return;
      if (!isBegun) begin();
      toCome.delete(event.task);
      likely.delete(event.task);
      if (event.type === 'task-ended') return;
      follow(event.task);
      consider(!isPrepared);
    },
    imported: (modules) => {
      const isNew = modules.some((name) => !known.has(name));
      for (const name of modules) known.add(name);
      consider(isNew);
    },
  };
}
