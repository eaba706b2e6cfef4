import type { RunState, TaskState } from '../model/run-state.ts';
import { findRun } from './find-run.ts';
import { readRecord, readRecordHead } from './read-record.ts';

/**
 * Of a task that these runs found up to date, the execution that made what it stands for. Their records are read here;
 * of those that are gone nothing is known. `folder` is `.runweave`; `heads`: without attempts, which is faster.
 */
export async function readMakers(folder: string, states: readonly Pick<RunState, 'tasks'>[], { heads = false }: { readonly heads?: boolean } = {}): Promise<(task: TaskState) => TaskState | undefined> {
  const wanted = new Set(states.flatMap((state) => state.tasks.flatMap((task) => task.madeBy?.runId ?? [])));
  const makers = new Map<string, RunState>();
  for (const runId of wanted) {
    const found = await findRun(folder, runId);
    if (found.type !== 'found') continue;
    const record = heads ? undefined : await readRecord(found.path);
    const state = heads ? await readRecordHead(found.path).catch(() => undefined) : record?.type === 'run' ? record.state : undefined;
    if (state !== undefined) makers.set(runId, state);
  }
  return (task) => (task.madeBy === undefined ? undefined : makers.get(task.madeBy.runId)?.tasks.find((each) => each.node.id === task.node.id));
}
