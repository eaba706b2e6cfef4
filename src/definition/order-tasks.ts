/** The order in which tasks can run, and the cycles that make it impossible. */
import type { TaskId } from '../model/pipeline.ts';

export interface TaskOrder {
  /** Every task after its dependencies, otherwise as in the file. */
  readonly order: readonly TaskId[];
  /** Each a path back to its beginning, in the direction of needing: `[a, b, a]`. */
  readonly cycles: readonly (readonly TaskId[])[];
}

/** A graph that is all cycles has more of them than anyone reads, or than fit into memory. */
const mostCycles = 100;

/** Depth first without recursion: a chain may be thousands of tasks long. */
export function orderTasks(ids: readonly TaskId[], dependenciesOf: (id: TaskId) => readonly TaskId[]): TaskOrder {
  const position = new Map(ids.map((id, index) => [id, index]));
  const inFileOrder = (id: TaskId): readonly TaskId[] => [...dependenciesOf(id)].sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0));
  const order: TaskId[] = [];
  const cycles: (readonly TaskId[])[] = [];
  const done = new Set<TaskId>();
  for (const root of ids) {
    if (done.has(root)) continue;
    /** From the root to the task that is looked at, with the dependencies that each has left; its ids by depth. */
    const path = [{ id: root, left: inFileOrder(root)[Symbol.iterator]() }];
    const depth = new Map([[root, 0]]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { value: next } = top.left.next();
      if (next === undefined) {
        path.pop();
        depth.delete(top.id);
        done.add(top.id);
        order.push(top.id);
      } else if (depth.has(next)) {
        if (cycles.length < mostCycles) cycles.push([...path.slice(depth.get(next)).map((step) => step.id), next]);
      } else if (!done.has(next)) {
        depth.set(next, path.length);
        path.push({ id: next, left: inFileOrder(next)[Symbol.iterator]() });
      }
    }
  }
  return { order, cycles };
}
