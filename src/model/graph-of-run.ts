/** The task graph of a run, with what became of each task. */
import { describeReason } from './fingerprint.ts';
import type { GraphTask } from './graph-task.ts';
import type { RunState, TaskState } from './run-state.ts';
import { elapsed } from './time.ts';

export function tasksOfRun(state: RunState): readonly GraphTask[] {
  return state.tasks.map((task) => {
    const { id, name, kind, dependencies, source, outputs } = task.node;
    const duration = durationOf(task);
    return {
      id,
      name,
      kind,
      dependencies,
      source,
      hasOutput: outputs.length > 0,
      status: { phase: task.phase, reasons: task.reasons.map(describeReason), ...(duration !== undefined && { duration }) },
    };
  });
}

function durationOf(task: TaskState): number | undefined {
  return task.phase === 'skip' || task.start === undefined || task.end === undefined ? undefined : elapsed(task.start, task.end);
}
