/** What is run when a recorded run, or one of its tasks, is tried again: the same for every host. */
import { runParamsGiven } from '../model/as-given.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { RunState, TaskState } from '../model/run-state.ts';
import type { RunOptions } from '../protocol/session.ts';

/** All that the run was asked for, with its parameters; what is up to date then does not run. */
export function retryOfRun(state: RunState, force: boolean): RunOptions {
  return { tasks: namedTasks(state), force, params: paramsOf(state), paramsOf: state.runId };
}

/** One task of the run alone, with the parameters and inputs that it had; `undefined` when it did not run. */
export function retryOfTask(state: RunState, task: TaskState): RunOptions | undefined {
  if (!canRunAgain(task)) return undefined;
  return { tasks: [task.node.id], force: true, alone: { runId: state.runId, fingerprint: task.fingerprint }, params: paramsOf(state), paramsOf: state.runId };
}

/** Whether it is known which inputs it had. */
export function canRunAgain(task: TaskState): task is TaskState & Required<Pick<TaskState, 'fingerprint'>> {
  return task.fingerprint !== undefined && task.attempts.length > 0;
}

/** What the run was asked for. After a change, that is all that was in it and did not wait to be asked for. */
function namedTasks({ trigger, tasks }: RunState): readonly string[] {
  if (trigger.type === 'manual') return trigger.tasks;
  return tasks.filter((task) => task.skipReason !== 'manual').map((task) => task.node.id);
}

/** As the run had them, floats that are whole included. A secret's value is in no record: such a parameter is what the file says now. */
export function paramsOf(state: Pick<RunState, 'params' | 'floats'>): JsonObject {
  return Object.fromEntries(Object.entries(runParamsGiven(state)).filter(([, value]) => !isMasked(value)));
}

function isMasked(value: Json): boolean {
  return JSON.stringify(value).includes('***');
}
