/** What warm processes would be of use to tasks of a pipeline: one profile for each Python task. */
import path from 'node:path';
import type { WarmProfile } from '../execution/backend/warm.ts';
import { commandOf, needsInterpreter } from '../execution/task/command.ts';
import { taskEnvironment } from '../execution/task/environment.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../model/run-event.ts';

export interface ProfileContext {
  /** The pipeline's. Absolute path. */
  readonly folder: string;
  /** Absolute path. */
  readonly interpreter: string;
  readonly pythonPath: string;
  readonly workspace: string;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly importsOf: (task: TaskId) => readonly string[];
}

/**
 * What a task that never ran will import: what others of the same source did, such as those of its matrix; else what
 * those of this run did that have ended.
 */
export function likelyImports(tasks: readonly Task[], known: (task: TaskId) => readonly string[], ofRun: ReadonlySet<string>): ProfileContext['importsOf'] {
  const bySource = new Map<string, Set<string>>();
  for (const task of tasks) {
    const key = JSON.stringify(task.source);
    const imports = bySource.get(key) ?? new Set();
    bySource.set(key, imports);
    for (const name of known(task.id)) imports.add(name);
  }
  const sources = new Map(tasks.map((task) => [task.id, JSON.stringify(task.source)]));
  return (task) => {
    const own = known(task);
    if (own.length > 0) return own;
    const alike = bySource.get(sources.get(task) ?? '');
    return [...(alike === undefined || alike.size === 0 ? ofRun : alike)];
  };
}

export function warmProfiles(tasks: readonly Task[], { folder, interpreter, pythonPath, importsOf, ...context }: ProfileContext): readonly WarmProfile[] {
  return tasks.filter(needsInterpreter).map((task) => {
    const [, bootstrap = ''] = commandOf(task, { folder, pythonPath, interpreter });
    // What is of one attempt is not a warm process's.
    const attempt = { runId: '' as RunId, traceId: '' as TraceId, spanId: '' as SpanId, params: {}, paramsFile: '', logFile: '' };
    const env = taskEnvironment({ ...context, ...attempt, task, pythonPath });
    return { interpreter, bootstrap, cwd: path.resolve(folder, task.cwd), env, imports: importsOf(task.id), isNotebook: task.source.kind === 'notebook' };
  });
}
