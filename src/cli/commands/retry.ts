import path from 'node:path';
import { retryOfRun, retryOfTask } from '../../app/retry.ts';
import type { CommandLine } from '../arguments.ts';
import type { ExitCode, Host } from '../host.ts';
import { openRun, splitReference, taskOf } from '../open-run.ts';
import { findPipelineFile } from '../pipeline-file.ts';
import { reportError, userError } from '../user-error.ts';
import { runTasks } from './run.ts';

/** `runweave retry RUN[/TASK]`: a recorded run once more with its parameters, or one of its tasks with the inputs that it had. */
export async function retryCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, file, force } = line.options;
  const { run: query, task: name } = splitReference(line.arguments[0] ?? '');
  const run = await openRun(query, line, host);
  if (run.type === 'error') return reportError(run, host, json);
  const { state } = run;
  const place = findPipelineFile(host.cwd, file);
  if (place.type === 'error') return reportError(place, host, json);
  const recorded = path.posix.basename(state.pipeline.file);
  if (path.basename(place.file) !== recorded) return reportError(userError(`${state.runId} is a run of ${recorded}, not of ${path.basename(place.file)}: add --file ${recorded}`), host, json);

  if (name === undefined) return runTasks(retryOfRun(state, force), line, host);
  const task = taskOf(state, name);
  if ('type' in task) return reportError(task, host, json);
  const again = retryOfTask(state, task);
  if (again === undefined) {
    return reportError(userError(`${task.node.id} did not run in ${state.runId}, so there are no inputs that it had; with what it needs: runweave retry ${query}`), host, json);
  }
  return runTasks(again, line, host);
}
