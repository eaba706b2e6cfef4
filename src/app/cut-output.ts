/** A snapshot for the run panel holds the end of each task's output; all of it is in the record. */
import type { TaskId } from '../model/pipeline.ts';
import type { AttemptState, OutputChunk, RunState } from '../model/run-state.ts';

export interface CutSnapshot {
  readonly state: RunState;
  /** Tasks whose output was cut. */
  readonly cutOutput: readonly TaskId[];
}

/** `limit` is in characters of an attempt's output. The state itself is not changed. */
export function cutOutput(state: RunState, limit: number): CutSnapshot {
  const cut: TaskId[] = [];
  const tasks = state.tasks.map((task) => {
    if (task.attempts.every((attempt) => size(attempt) <= limit)) return task;
    cut.push(task.node.id);
    return { ...task, attempts: task.attempts.map((attempt) => ({ ...attempt, output: tail(attempt.output, limit) })) };
  });
  return { state: cut.length === 0 ? state : { ...state, tasks }, cutOutput: cut };
}

function size(attempt: AttemptState): number {
  return attempt.output.reduce((sum, chunk) => sum + chunk.text.length, 0);
}

function tail(output: readonly OutputChunk[], limit: number): readonly OutputChunk[] {
  let left = limit;
  const kept: OutputChunk[] = [];
  for (const chunk of output.toReversed()) {
    if (left <= 0) break;
    kept.push(chunk.text.length <= left ? chunk : { ...chunk, text: chunk.text.slice(-left) });
    left -= chunk.text.length;
  }
  return kept.reverse();
}
