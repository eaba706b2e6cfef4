/**
 * Which tasks need not be looked at: they are known to be up to date, and so is everything before them. The others are
 * open. While watching, that is kept from one change to the next, so that a change costs what it touches and not what
 * the pipeline has (docs/decisions/0033-a-change-costs-what-it-touches.md).
 *
 *   settled ──it, or a task before it, may hold no longer──▶ open ──it holds, and all before it are settled──▶ settled
 */
import type { Pipeline, Task, TaskId } from '../model/pipeline.ts';
import type { DecisionMemory } from './decision-memory.ts';

/** As it was when it was asked for. */
export interface Settled {
  readonly has: (task: TaskId) => boolean;
  /** The wanted tasks that are not settled, in the pipeline's order. */
  readonly open: readonly Task[];
}

interface Scope {
  readonly wanted: ReadonlySet<TaskId>;
  readonly forced: ReadonlySet<TaskId>;
}

/** Of what nothing is known: all is open. */
export function noneSettled({ tasks }: Pick<Pipeline, 'tasks'>, { wanted }: Pick<Scope, 'wanted'>): Settled {
  return { has: () => false, open: tasks.filter(({ id }) => wanted.has(id)) };
}

/** Looks at every task. */
export function settledTasks({ tasks }: Pick<Pipeline, 'tasks'>, { wanted, forced }: Scope, memory: Pick<DecisionMemory, 'holds'>): Settled {
  const open = new Map<TaskId, Task>();
  for (const task of tasks) {
    if (!wanted.has(task.id)) continue;
    if (forced.has(task.id) || task.dependencies.some((id) => open.has(id)) || !memory.holds(task)) open.set(task.id, task);
  }
  return snapshot(wanted, open);
}

/** What `settledTasks` says at the time, found by looking at the tasks that were open before, and at those that were touched since. */
export function followSettled(pipeline: Pick<Pipeline, 'tasks'>, scope: Scope, memory: Pick<DecisionMemory, 'holds' | 'doubtedSince' | 'revision'>): () => Settled {
  let last: { readonly revision: number; readonly settled: Settled } | undefined;
  let graph: Graph | undefined;
  return () => {
    const revision = memory.revision();
    const doubted = last === undefined ? undefined : memory.doubtedSince(last.revision);
    const settled = last === undefined || doubted === undefined ? settledTasks(pipeline, scope, memory) : settledNow((graph ??= graphOf(pipeline)), scope, memory, last.settled, doubted);
    last = { revision, settled };
    return settled;
  };
}

interface Graph {
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly places: ReadonlyMap<TaskId, number>;
  readonly dependents: ReadonlyMap<TaskId, readonly TaskId[]>;
}

function graphOf({ tasks }: Pick<Pipeline, 'tasks'>): Graph {
  const dependents = new Map(tasks.map(({ id }): [TaskId, TaskId[]] => [id, []]));
  for (const { id, dependencies } of tasks) for (const dependency of dependencies) dependents.get(dependency)?.push(id);
  return { tasks: new Map(tasks.map((task) => [task.id, task])), places: new Map(tasks.map(({ id }, place) => [id, place])), dependents };
}

function settledNow({ tasks, places, dependents }: Graph, { wanted, forced }: Scope, memory: Pick<DecisionMemory, 'holds'>, before: Settled, doubted: Iterable<TaskId>): Settled {
  const mayBeOpen = new Set(before.open.map(({ id }) => id));
  const next = [...doubted].filter((id) => {
    const task = tasks.get(id);
    return task !== undefined && wanted.has(id) && !mayBeOpen.has(id) && !memory.holds(task);
  });
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (mayBeOpen.has(id) || !wanted.has(id)) continue;
    mayBeOpen.add(id);
    next.push(...(dependents.get(id) ?? []));
  }
  const open = new Map<TaskId, Task>();
  for (const id of [...mayBeOpen].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0))) {
    const task = tasks.get(id);
    if (task !== undefined && (forced.has(id) || task.dependencies.some((dependency) => open.has(dependency)) || !memory.holds(task))) open.set(id, task);
  }
  return snapshot(wanted, open);
}

function snapshot(wanted: ReadonlySet<TaskId>, open: ReadonlyMap<TaskId, Task>): Settled {
  return { has: (task) => wanted.has(task) && !open.has(task), open: [...open.values()] };
}
