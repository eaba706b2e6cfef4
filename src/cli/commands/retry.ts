import path from 'node:path';
import type { Json, JsonObject } from '../../model/json.ts';
import type { RunState } from '../../model/run-state.ts';
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

  const set = withoutMasked(state.params);
  if (name === undefined) return runTasks({ tasks: namedTasks(state), force }, line, host, set);
  const task = taskOf(state, name);
  if ('type' in task) return reportError(task, host, json);
  if (task.fingerprint === undefined || task.attempts.length === 0) {
    return reportError(userError(`${task.node.id} did not run in ${state.runId}, so there are no inputs that it had; with what it needs: runweave retry ${query}`), host, json);
  }
  return runTasks({ tasks: [task.node.id], force: true, alone: { runId: state.runId, fingerprint: task.fingerprint } }, line, host, set);
}

/** What the run was asked for. After a change, that is all that was in it and did not wait to be asked for. */
function namedTasks({ trigger, tasks }: RunState): readonly string[] {
  if (trigger.type === 'manual') return trigger.tasks;
  return tasks.filter((task) => task.skipReason !== 'manual').map((task) => task.node.id);
}

/** A secret's value is in no record: such a parameter is what the file says now. */
function withoutMasked(params: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => !isMasked(value)));
}

function isMasked(value: Json): boolean {
  return JSON.stringify(value).includes('***');
}
