/** Which files tasks use that no task declares as its output. */
import { isObserved, observedPath } from '../fingerprint/task-fingerprint.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Pipeline, TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { isDeclared, type IsUsedElsewhere } from './decide.ts';

/** What is known of each task is looked at again only when its result is another. */
export function createUsedFiles({ tasks }: Pipeline, result: (task: TaskId) => Pick<TaskResult, 'fingerprint'> | undefined): IsUsedElsewhere {
  const known = new Map<TaskId, Fingerprint | undefined>();
  const users = new Map<string, Set<TaskId>>();
  const declared = new Map<string, Set<TaskId>>();
  for (const { id, inputs } of tasks) for (const input of inputs) add(declared, input, id);

  const lookAgain = (): void => {
    for (const { id } of tasks) {
      const fingerprint = result(id)?.fingerprint;
      const before = known.get(id);
      if (before === fingerprint) continue;
      for (const file of observed(before)) users.get(file)?.delete(id);
      for (const file of observed(fingerprint)) add(users, file, id);
      known.set(id, fingerprint);
    }
  };

  return (by, files) => {
    if (files.length === 0) return false;
    lookAgain();
    const isOther = (ids: ReadonlySet<TaskId> | undefined): boolean => ids !== undefined && ids.size > (ids.has(by) ? 1 : 0);
    return files.some((file) => {
      if (!file.endsWith('/')) return isOther(users.get(file)) || [...declared].some(([input, ids]) => isOther(ids) && isDeclared(file, [input]));
      const isIn = (name: string): boolean => name.startsWith(file) || `${name}/` === file;
      return [...users, ...declared].some(([name, ids]) => isOther(ids) && isIn(name));
    });
  };
}

function observed(fingerprint: Fingerprint | undefined): readonly string[] {
  return Object.keys(fingerprint?.inputs ?? {}).flatMap((key) => (isObserved(key) ? [observedPath(key)] : []));
}

function add(sets: Map<string, Set<TaskId>>, key: string, id: TaskId): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([id]));
  else set.add(id);
}
