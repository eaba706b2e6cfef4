import type { RunState, TaskState } from '../model/run-state.ts';
import { findRun } from './find-run.ts';
import { readRecord } from './read-record.ts';

/**
 * Of a task that these runs found up to date, the execution that made what it stands for. Their records are read here;
 * of those that are gone nothing is known. `folder` is `.runweave`.
 */
export async function readMakers(folder: string, states: readonly RunState[]): Promise<(task: TaskState) => TaskState | undefined> {
  const wanted = new Set(states.flatMap((state) => state.tasks.flatMap((task) => task.madeBy?.runId ?? [])));
  const makers = new Map<string, RunState>();
  for (const runId of wanted) {
    const found = await findRun(folder, runId);
    const record = found.type === 'found' ? await readRecord(found.path) : undefined;
    if (record?.type === 'run') makers.set(runId, record.state);
  }
  return (task) => (task.madeBy === undefined ? undefined : makers.get(task.madeBy.runId)?.tasks.find((each) => each.node.id === task.node.id));
}
