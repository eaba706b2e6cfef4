/**
 * What of a task graph is drawn. Layout time grows fast with the number of nodes (100 nodes 0.35 s, 1000 nodes
 * seconds), so that a drawing holds at most about 150: a matrix is one node until it is opened, names with a common
 * prefix become groups when there are too many, and what then is left over is hidden, with a count. Pure: the panel,
 * the command line and tests share it.
 */
import type { GraphTask } from './graph-task.ts';
import { groupBy } from './group-by.ts';
import type { TaskId } from './pipeline.ts';
import type { TaskPhase } from './run-state.ts';

export const shapeLimit = 150;
/** Values of one opened matrix that are drawn. */
const openLimit = 60;
/** More edges than this between two containers are one edge between the containers. */
const bundleFrom = 24;

export interface ShapeNode {
  /** `matrix`, `group`: all tasks of one declared matrix, or of one name prefix. `more`: what of an opened container is not drawn. */
  readonly type: 'task' | 'matrix' | 'group' | 'more';
  /** A task's id; of the others their type and name: `matrix:train`. */
  readonly id: string;
  readonly label: string;
  readonly tasks: readonly GraphTask[];
  /** Id of the opened container that it is drawn in. */
  readonly container?: string;
}

export interface GraphShape {
  /** In the order of the tasks, which is topological. */
  readonly nodes: readonly ShapeNode[];
  /** Opened matrices and groups: frames around their nodes. */
  readonly containers: readonly ShapeNode[];
  /** Between ids of nodes or containers. */
  readonly edges: readonly (readonly [from: string, to: string])[];
  /** Tasks that no node stands for. */
  readonly hidden: number;
}

export interface ShapeOptions {
  /** Ids of opened containers (`matrix:train`), or all. */
  readonly open?: ReadonlySet<string> | 'all';
  /** Keeps tasks whose id contains it, with what they directly need and what directly needs them. */
  readonly filter?: string;
  readonly limit?: number;
}

const urgency: Readonly<Record<TaskPhase, number>> = { running: 0, failure: 1, error: 1, timeout: 1, stale: 2, cancellation: 3, pending: 4, success: 5, skip: 5 };

function rank(task: GraphTask): number {
  const { phase, stale } = task.status;
  return stale === true ? Math.min(urgency[phase], urgency.stale) : urgency[phase];
}

/** The `limit` most urgent items, in their own order. */
function mostUrgent<T>(items: readonly T[], limit: number, rankOf: (item: T) => number): readonly T[] {
  if (items.length <= limit) return items;
  const kept = new Set(items.map((item, index) => ({ item, index, rank: rankOf(item) })).sort((a, b) => a.rank - b.rank || a.index - b.index).slice(0, limit).map(({ item }) => item));
  return items.filter((item) => kept.has(item));
}

/** Whether the tasks of this name come from a matrix: `train[seed=1]`. */
export function isMatrixValue(task: Pick<GraphTask, 'id' | 'name'>): boolean {
  return task.id !== task.name;
}

/** `nr_train_images=400` of `train[nr_train_images=400]`. */
export function valueLabel(task: Pick<GraphTask, 'id' | 'name'>): string {
  return isMatrixValue(task) ? task.id.slice(task.name.length + 1, -1) : task.id;
}

function withNeighbours(tasks: readonly GraphTask[], filter: string): readonly GraphTask[] {
  const wanted = filter.trim().toLowerCase();
  if (wanted === '') return tasks;
  const matches = new Set<TaskId>(tasks.filter((task) => task.id.toLowerCase().includes(wanted)).map((task) => task.id));
  const shown = new Set(matches);
  for (const task of tasks) {
    if (matches.has(task.id)) task.dependencies.forEach((id) => shown.add(id));
    else if (task.dependencies.some((id) => matches.has(id))) shown.add(task.id);
  }
  return tasks.filter((task) => shown.has(task.id));
}

const prefixOf = (name: string): string => /^[^._/:\-\s]+/.exec(name)?.[0] ?? name;

/** Chooses the nodes and frames to draw for `tasks` (in topological order) and the edges between them. */
export function shapeGraph(tasks: readonly GraphTask[], options: ShapeOptions = {}): GraphShape {
  const { open = new Set<string>(), filter = '', limit = shapeLimit } = options;
  const isOpen = (id: string): boolean => open === 'all' || open.has(id);
  const visible = withNeighbours(tasks, filter);

  const items: ShapeNode[] = [];
  for (const [name, members] of groupBy(visible, (task) => (isMatrixValue(task) ? `[]${task.name}` : task.id))) {
    const first = members[0];
    if (first === undefined) continue;
    if (name.startsWith('[]') && isMatrixValue(first)) items.push({ type: 'matrix', id: `matrix:${first.name}`, label: first.name, tasks: members });
    else items.push({ type: 'task', id: first.id, label: first.id, tasks: members });
  }

  const nodes: ShapeNode[] = [];
  const containers: ShapeNode[] = [];
  const openContainer = (container: ShapeNode, parts: readonly ShapeNode[]): void => {
    containers.push(container);
    const shown = new Set(mostUrgent(parts, openLimit, (part) => Math.min(...part.tasks.map(rank))));
    for (const part of parts) if (shown.has(part)) nodes.push({ ...part, container: container.id });
    const rest = parts.filter((part) => !shown.has(part));
    if (rest.length > 0) nodes.push({ type: 'more', id: `more:${container.id}`, label: `${rest.length} more`, tasks: rest.flatMap((part) => part.tasks), container: container.id });
  };
  const place = (item: ShapeNode): void => {
    if (item.type === 'matrix' && isOpen(item.id)) {
      openContainer({ id: item.id, type: 'matrix', label: item.label, tasks: item.tasks }, item.tasks.map((task) => ({ type: 'task', id: task.id, label: valueLabel(task), tasks: [task] })));
    } else nodes.push(item);
  };

  if (items.length <= limit) items.forEach(place);
  else {
    for (const [prefix, members] of groupBy(items, (item) => prefixOf(item.label))) {
      const only = members[0];
      if (members.length === 1 && only !== undefined) {
        place(only);
        continue;
      }
      const group: ShapeNode = { id: `group:${prefix}`, type: 'group', label: prefix, tasks: members.flatMap((member) => member.tasks) };
      // A matrix inside an opened group stays one node: frames don't nest.
      if (isOpen(group.id)) openContainer(group, members);
      else nodes.push(group);
    }
  }

  const drawn = mostUrgent(nodes, limit, (node) => Math.min(...node.tasks.map(rank)));
  const framed = containers.filter((container) => drawn.some((node) => node.container === container.id));
  const shownTasks = drawn.reduce((sum, node) => sum + node.tasks.length, 0);
  return { nodes: drawn, containers: framed, edges: edgesBetween(drawn), hidden: tasks.length - shownTasks };
}

function edgesBetween(nodes: readonly ShapeNode[]): readonly (readonly [string, string])[] {
  const nodeOf = new Map<TaskId, ShapeNode>();
  for (const node of nodes) for (const task of node.tasks) nodeOf.set(task.id, node);
  const containerOf = (node: ShapeNode): string => (node.container ?? node.id);

  const pairs = new Map<string, { readonly from: ShapeNode; readonly to: ShapeNode }>();
  for (const to of nodes) {
    for (const task of to.tasks) {
      for (const dependency of task.dependencies) {
        const from = nodeOf.get(dependency);
        if (from !== undefined && from !== to) pairs.set(JSON.stringify([from.id, to.id]), { from, to });
      }
    }
  }
  const edges: (readonly [string, string])[] = [];
  for (const bundle of groupBy([...pairs.values()], ({ from, to }) => JSON.stringify([containerOf(from), containerOf(to)])).values()) {
    const first = bundle[0];
    if (first === undefined) continue;
    const [from, to] = [containerOf(first.from), containerOf(first.to)];
    if (bundle.length > bundleFrom && from !== to) edges.push([from, to]);
    else edges.push(...bundle.map((pair) => [pair.from.id, pair.to.id] as const));
  }
  return edges;
}

/** How many of the tasks are in each phase; a task that is stale between runs counts as stale. */
export function countStates(tasks: readonly GraphTask[]): ReadonlyMap<TaskPhase, number> {
  const counts = new Map<TaskPhase, number>();
  for (const task of tasks) {
    const state = shownPhase(task);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

/** The phase that is drawn: what is known to be stale now says so, unless it runs or failed. */
export function shownPhase(task: Pick<GraphTask, 'status'>): TaskPhase {
  const { phase, stale } = task.status;
  return stale === true && (phase === 'success' || phase === 'skip' || phase === 'pending') ? 'stale' : phase;
}

const worstFirst: readonly TaskPhase[] = ['running', 'failure', 'error', 'timeout', 'cancellation', 'stale', 'pending', 'success', 'skip'];

/** The one phase that stands for several tasks: what needs attention first. */
export function summaryPhase(tasks: readonly GraphTask[]): TaskPhase {
  const counts = countStates(tasks);
  return worstFirst.find((phase) => counts.has(phase)) ?? 'pending';
}
