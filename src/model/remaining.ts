/** How long a run goes on, from how long its tasks took before. */
import type { TaskId } from './pipeline.ts';
import type { RunState } from './run-state.ts';
import { elapsed, formatDuration, type Milliseconds, type UnixNano } from './time.ts';

/** Less is not worth saying. */
const leastLeft: Milliseconds = 1000;

/** By task, as far as they are known. */
export type Durations = Readonly<Record<TaskId, Milliseconds>>;

/**
 * The longest path from each task to the end, the task included. A task that never ran is taken for one as long as
 * the others are in the middle. `tasks` are in topological order.
 */
export function remainingPaths(tasks: readonly { readonly id: TaskId; readonly dependencies: readonly TaskId[] }[], durations: Durations): ReadonlyMap<TaskId, Milliseconds> {
  const unknown = median(Object.values(durations)) ?? 1;
  const after = new Map<TaskId, Milliseconds>();
  for (const { id, dependencies } of tasks.toReversed()) {
    const path = (after.get(id) ?? 0) + (durations[id] ?? unknown);
    after.set(id, path);
    for (const dependency of dependencies) after.set(dependency, Math.max(after.get(dependency) ?? 0, path));
  }
  return after;
}

/**
 * Time left: what is still to do shared by the slots, or the longest path where that is longer. Tasks that wait count
 * as if they will run. `undefined` when nothing is known of one of them.
 */
export function timeLeft(state: Pick<RunState, 'tasks'>, durations: Durations, slots: number, now: UnixNano): Milliseconds | undefined {
  const left = Object.create(null) as Record<TaskId, Milliseconds>;
  const open = [];
  let total = 0;
  for (const { node, phase, start, attempts } of state.tasks) {
    if (phase !== 'pending' && phase !== 'stale' && phase !== 'running') continue;
    const known = durations[node.id];
    if (known === undefined) return undefined;
    const begun = attempts.at(-1)?.start ?? start;
    const own = phase === 'running' && begun !== undefined ? Math.max(0, known - elapsed(begun, now)) : known;
    left[node.id] = own;
    total += own;
    open.push(node);
  }
  return open.length === 0 ? undefined : Math.max(total / slots, longest(remainingPaths(open, left)));
}

/** `about 12 s left`; `undefined` when that is unknown, or nearly nothing. */
export function describeTimeLeft(left: Milliseconds | undefined): string | undefined {
  if (left === undefined || left < leastLeft) return undefined;
  const seconds = Math.ceil(left / 1000);
  return `about ${seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000)} left`;
}

function longest(paths: ReadonlyMap<TaskId, Milliseconds>): Milliseconds {
  let longest = 0;
  for (const path of paths.values()) longest = Math.max(longest, path);
  return longest;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
