import type { Task, TaskKind } from '../model/pipeline.ts';
import type { LoadedTask } from '../protocol/session.ts';
import type { ReadSource } from './task-source.ts';

/** What the graph shows of a task. */
export function graphTask(
  { id, name, matrix, dependencies, outputs, owner, description, tags, range, watch }: Pick<Task, 'id' | 'name' | 'matrix' | 'dependencies' | 'outputs' | 'owner' | 'description' | 'tags' | 'range' | 'watch'>,
  { kind, label, file }: Pick<ReadSource, 'label' | 'file'> & { readonly kind: TaskKind },
): LoadedTask {
  return {
    id,
    name,
    kind,
    matrix,
    dependencies,
    source: label,
    outputs,
    ...(owner === undefined ? {} : { owner }),
    ...(description === undefined ? {} : { description }),
    tags,
    range,
    ...(file === undefined ? {} : { sourceFile: file }),
    watch,
  };
}
