/**
 * What was understood of a pipeline file, as the least JSON that says it: to read thousands of tasks takes as long as
 * their text is long, and most of what they say is the same, which is said once. What the graph shows of a task is made
 * from the task, when it is asked for.
 */
import path from 'node:path';
import type { Position } from '../model/diagnostic.ts';
import type { Pipeline, Task, TaskId } from '../model/pipeline.ts';
import type { LoadedGraph, LoadedTask } from '../protocol/session.ts';
import { graphTask } from '../definition/graph-task.ts';
import type { LoadedPipeline } from '../definition/load-pipeline.ts';
import { sourceLabel } from '../definition/task-source.ts';

/** As JSON. */
export interface PackedPipeline {
  readonly pipeline: Omit<Pipeline, 'tasks'>;
  /** What the first task says of all that every task says. */
  readonly common: Partial<Task>;
  /** What each of the tasks says otherwise. */
  readonly tasks: readonly PackedTask[];
  /** Their ranges, four numbers each: from line and character to line and character. */
  readonly ranges: readonly number[];
  readonly graph: Omit<LoadedGraph, 'tasks'>;
  /** The graph's tasks by their places in the pipeline. */
  readonly order: readonly number[];
  /** The files of the modules of functions: which of two it is, is found out by looking. */
  readonly modules: Readonly<Record<TaskId, string>>;
}

/** Without a name: it is the id. */
type PackedTask = Partial<Omit<Task, 'range'>> & Pick<Task, 'id'>;

/** `undefined` for a file that has mistakes. */
export function packPipeline({ pipeline: whole, graph: shown }: LoadedPipeline): PackedPipeline | undefined {
  if (whole === undefined || shown.diagnostics.length > 0) return undefined;
  const { tasks, ...pipeline } = whole;
  const { tasks: shownTasks, ...graph } = shown;
  const [first] = tasks;
  const common = Object.fromEntries(Object.entries(first ?? {}).filter(([field]) => !ofEach.has(field) && tasks.every((task) => task[field as keyof Task] !== undefined))) as Partial<Task>;
  const texts = new Map(Object.entries(common).map(([field, value]) => [field, JSON.stringify(value)]));
  const ownOf = (task: Task): Partial<Task> => {
    const own: Record<string, unknown> = {};
    for (const field in task) {
      const value = task[field as keyof Task];
      if (ofEach.has(field) || value === common[field as keyof Task]) continue;
      if (typeof value !== 'object' || JSON.stringify(value) !== texts.get(field)) own[field] = value;
    }
    return own;
  };
  const places = new Map(tasks.map(({ id }, place) => [id, place]));
  return {
    pipeline,
    common,
    ranges: tasks.flatMap(({ range: { start, end } }) => [start.line, start.character, end.line, end.character]),
    tasks: tasks.map((task) => ({ id: task.id, ...(task.name !== task.id && { name: task.name }), ...ownOf(task) })),
    graph,
    order: shownTasks.map(({ id }) => places.get(id) ?? -1),
    modules: Object.fromEntries(shownTasks.flatMap(({ id, kind, source }) => (kind === 'call' ? [[id, source]] : []))),
  };
}

const ofEach: ReadonlySet<string> = new Set<keyof Task>(['id', 'name', 'range']);

export function unpackPipeline({ pipeline, common, tasks: packed, ranges, graph, order, modules }: PackedPipeline): LoadedPipeline {
  const position = (at: number): Position => ({ line: ranges[at] ?? 0, character: ranges[at + 1] ?? 0 });
  const tasks = packed.map((own, place) => ({ ...common, name: own.id, ...own, range: { start: position(4 * place), end: position(4 * place + 2) } }) as Task);
  const shown = (task: Task): LoadedTask => {
    const label = sourceLabel(task.source) ?? modules[task.id] ?? '';
    return graphTask(task, { kind: task.source.kind, label, ...(task.source.kind !== 'shell' && { file: path.join(pipeline.folder, label) }) });
  };
  let shownTasks: readonly LoadedTask[] | undefined;
  return {
    pipeline: { ...pipeline, tasks },
    graph: {
      ...graph,
      get tasks() {
        return (shownTasks ??= order.flatMap((place) => (tasks[place] === undefined ? [] : [shown(tasks[place])])));
      },
    },
  };
}
