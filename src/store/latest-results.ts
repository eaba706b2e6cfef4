/** What the records say of each task's last result: what the cache of results is made from when it is gone. */
import path from 'node:path';
import { returnsGiven } from '../model/as-given.ts';
import type { TaskId } from '../model/pipeline.ts';
import { mayBePickle } from '../model/pickled-return.ts';
import type { RunId } from '../model/run-event.ts';
import type { RunState, TaskState } from '../model/run-state.ts';
import type { TaskResult } from '../model/task-result.ts';
import { importFormat } from '../model/semantic-conventions.ts';
import { elapsed } from '../model/time.ts';
import { readRecordHead } from './read-record.ts';
import { runFiles } from './run-files.ts';

/**
 * The last result of each of `tasks` in a run of that pipeline (by its name and the file's name), whether it succeeded or not, as the cache would
 * have it: of the last execution, or of the one whose result was restored since; `made` of the last that succeeded.
 * Reads until every task is found.
 * `folder` is `.runweave`.
 */
export async function latestResults(folder: string, pipeline: RunState['pipeline'], tasks: ReadonlySet<TaskId>): Promise<ReadonlyMap<TaskId, TaskResult>> {
  const results = new Map<TaskId, TaskResult>();
  /** Of tasks that were not executed in the newest run that knows of them: the run that made what they have. */
  const makers = new Map<TaskId, RunId>();
  /** Tasks of which an execution that succeeded is looked for still. */
  const unsuccessful = new Set<TaskId>();
  if (tasks.size === 0) return results;
  for await (const state of ownRuns(folder)) {
    if (state.pipeline.name !== pipeline.name || path.basename(state.pipeline.file) !== path.basename(pipeline.file)) continue;
    for (const task of state.tasks) {
      const { id } = task.node;
      const last = results.get(id);
      if (!tasks.has(id) || (last !== undefined && !unsuccessful.has(id))) continue;
      const maker = makers.get(id);
      if (maker !== undefined && maker !== state.runId) continue;
      if (maker === undefined && task.phase === 'skip' && task.madeBy !== undefined) makers.set(id, task.madeBy.runId);
      const result = resultIn(state, task);
      if (result === undefined) continue;
      if (last === undefined) results.set(id, result);
      else if (result.made !== undefined) results.set(id, { ...last, made: result.made });
      if (result.outcome === 'success' || task.node.outputs.length === 0) unsuccessful.delete(id);
      else unsuccessful.add(id);
    }
    if (results.size === tasks.size && unsuccessful.size === 0) break;
  }
  return results;
}

/**
 * Runs in which tasks were executed last that are up to date now, or whose results were restored since: of all tasks of
 * the pipelines of `wanted` (the names of their files). `folder` is `.runweave`.
 */
export async function latestMakers(folder: string, wanted: (pipelineFile: string) => boolean): Promise<ReadonlySet<RunId>> {
  const found = new Set<RunId>();
  /** By pipeline and task; `undefined`: found. */
  const makers = new Map<string, RunId | undefined>();
  for await (const state of ownRuns(folder)) {
    if (!wanted(path.basename(state.pipeline.file))) continue;
    for (const task of state.tasks) {
      const key = [state.pipeline.name, path.basename(state.pipeline.file), task.node.id].join('\0');
      const maker = makers.get(key);
      if (makers.has(key) && maker !== state.runId) continue;
      if (task.phase === 'skip') {
        if (task.madeBy !== undefined) makers.set(key, task.madeBy.runId);
      } else if (task.end !== undefined) {
        makers.set(key, undefined);
        found.add(state.runId);
      }
    }
  }
  return found;
}

/** Their first lines, newest record first. Runs in progress and records that can't be read are passed over, and so are imported runs: what was imported was not run here, whatever it is called. */
async function* ownRuns(folder: string): AsyncGenerator<RunState> {
  for (const file of await runFiles(folder)) {
    if (file.live) continue;
    const state = await readRecordHead(file.path).catch(() => undefined);
    if (state !== undefined && state.resource[importFormat] === undefined) yield state;
  }
}

/** As the cache has it; `undefined` when the task was not executed in this run, or its result can't be had from a record. */
export function resultIn(state: RunState, task: TaskState): TaskResult | undefined {
  const { phase, start, end } = task;
  if (phase === 'skip' || phase === 'pending' || phase === 'stale' || phase === 'running') return undefined;
  if (start === undefined || end === undefined) return undefined;
  // An object that was pickled is never read on the word of a record, which may come from anywhere: the task runs again.
  if (Object.values(task.returns).some(mayBePickle)) return undefined;
  const made = phase === 'success' ? Object.fromEntries(task.outputs.flatMap((output) => Object.entries(output.made ?? {}))) : {};
  return {
    runId: state.runId,
    traceId: state.traceId,
    spanId: task.node.spanId,
    outcome: phase,
    ...(task.fingerprint !== undefined && { fingerprint: task.fingerprint }),
    outputs: task.outputs.map(({ path: name, digest, size }) => ({ path: name, digest, size })),
    ...(Object.keys(made).length > 0 && { made }),
    returns: returnsGiven(task),
    duration: elapsed(start, end),
    end,
  };
}
