/** What warm processes would be of use to a pipeline: one profile for each of its Python tasks. */
import path from 'node:path';
import type { WarmProfile } from '../execution/backend/warm.ts';
import { commandOf, needsInterpreter } from '../execution/task/command.ts';
import { taskEnvironment } from '../execution/task/environment.ts';
import type { Pipeline, TaskId } from '../model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../model/run-event.ts';

export interface ProfileContext {
  /** Absolute path. */
  readonly interpreter: string;
  readonly pythonPath: string;
  readonly workspace: string;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly importsOf: (task: TaskId) => readonly string[];
}

export function warmProfiles(pipeline: Pipeline, { interpreter, pythonPath, importsOf, ...context }: ProfileContext): readonly WarmProfile[] {
  return pipeline.tasks.filter(needsInterpreter).map((task) => {
    const [, bootstrap = ''] = commandOf(task, { folder: pipeline.folder, pythonPath, interpreter });
    // What is of one attempt is not a warm process's.
    const attempt = { runId: '' as RunId, traceId: '' as TraceId, spanId: '' as SpanId, params: {}, pickles: [], paramsFile: '', logFile: '' };
    const env = taskEnvironment({ ...context, ...attempt, task, pythonPath });
    return { interpreter, bootstrap, cwd: path.resolve(pipeline.folder, task.cwd), env, imports: importsOf(task.id), isNotebook: task.source.kind === 'notebook' };
  });
}
