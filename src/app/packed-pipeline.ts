/**
 * What was understood of a pipeline file, as the least JSON that says it: to read thousands of tasks takes as long as
 * their text is long, and most of what they say is the same, which is said once. What the graph shows of a task is made
 * from the task, when it is asked for.
 */
import path from 'node:path';
import type { Pipeline, Task, TaskId } from '../model/pipeline.ts';
import type { LoadedGraph, LoadedTask } from '../protocol/session.ts';
import { graphTask, type LoadedPipeline } from '../definition/load-pipeline.ts';
import { sourceLabel } from '../definition/task-source.ts';

/** As JSON. */
export interface PackedPipeline {
  readonly pipeline: Omit<Pipeline, 'tasks'>;
  /** What the first task says of all that every task says. */
  readonly common: Partial<Task>;
  /** What each of the tasks says otherwise. */
  readonly tasks: readonly Partial<Task>[];
  readonly graph: Omit<LoadedGraph, 'tasks'>;
  /** The graph's tasks by their places in the pipeline. */
  readonly order: readonly number[];
  /** The files of the modules of functions: which of two it is, is found out by looking. */
  readonly modules: Readonly<Record<TaskId, string>>;
}

/** `undefined` for a file that has mistakes. */
export function packPipeline({ pipeline: whole, graph: shown }: LoadedPipeline): PackedPipeline | undefined {
  if (whole === undefined || shown.diagnostics.length > 0) return undefined;
  const { tasks, ...pipeline } = whole;
  const { tasks: shownTasks, ...graph } = shown;
  const common = Object.fromEntries(Object.entries(tasks[0] ?? {}).filter(([name]) => tasks.every((task) => task[name as keyof Task] !== undefined))) as Partial<Task>;
  const places = new Map(tasks.map(({ id }, place) => [id, place]));
  return {
    pipeline,
    common,
    tasks: tasks.map((task) => Object.fromEntries(Object.entries(task).filter(([name, value]) => !isSame(value, common[name as keyof Task])))),
    graph,
    order: shownTasks.map(({ id }) => places.get(id) ?? -1),
    modules: Object.fromEntries(shownTasks.flatMap(({ id, kind, source }) => (kind === 'call' ? [[id, source]] : []))),
  };
}

export function unpackPipeline({ pipeline, common, tasks: packed, graph, order, modules }: PackedPipeline): LoadedPipeline {
  const tasks = packed.map((own) => ({ ...common, ...own }) as Task);
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

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
}
