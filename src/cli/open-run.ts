import type { TaskId } from '../model/pipeline.ts';
import type { RunState, TaskState } from '../model/run-state.ts';
import { nearName } from '../model/near-name.ts';
import { findRunIn } from '../store/find-run.ts';
import { readRecord } from '../store/read-record.ts';
import type { CommandLine } from './arguments.ts';
import type { Host } from './host.ts';
import { findRecords } from './pipeline-file.ts';
import { userError, type UserError } from './user-error.ts';

export interface OpenedRun {
  readonly type: 'run';
  readonly state: RunState;
  /** Absolute path of the record, or of the event log of a run in progress. */
  readonly path: string;
  /** The folder of records that it is in: `.runweave`. */
  readonly store: string;
}

/** `RUN` and `TASK` of `RUN/TASK`. A run id has no slash; a task id can have one, in a matrix value. */
export function splitReference(reference: string): { readonly run: string; readonly task: string | undefined } {
  const slash = reference.indexOf('/');
  if (slash === -1) return { run: reference, task: undefined };
  return { run: reference.slice(0, slash), task: reference.slice(slash + 1) };
}

/** The run that `query` means, read from its record. */
export async function openRun(query: string, line: CommandLine, host: Host): Promise<OpenedRun | UserError> {
  const place = findRecords(host.cwd, line.options.file);
  return place.type === 'error' ? place : openRunIn([place.records], query);
}

/** The same, in any of these folders of records. */
export async function openRunIn(folders: readonly string[], query: string): Promise<OpenedRun | UserError> {
  const found = await findRunIn(folders, query);
  if (found.type !== 'found') return userError(found.message);
  const record = await readRecord(found.path);
  switch (record.type) {
    case 'run':
      return { type: 'run', state: record.state, path: found.path, store: found.store };
    case 'trace':
      if (record.state !== undefined) return { type: 'run', state: record.state, path: found.path, store: found.store };
      return userError(`${found.path} is a trace that Runweave did not record`);
    case 'unreadable':
      return userError(`${found.path}: ${record.message}`);
    default:
      return record satisfies never;
  }
}

/** The task of a run by its id, or by its name when it has no matrix. */
export function taskOf(state: RunState, name: string): TaskState | UserError {
  const exact = state.tasks.find((task) => task.node.id === (name as TaskId));
  if (exact !== undefined) return exact;
  const named = state.tasks.filter((task) => task.node.name === name);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  if (named.length > 1) return userError(`${name} has a matrix; which one: ${named.map((task) => task.node.id).join(', ')}`);
  const near = nearName(name, state.tasks.flatMap((task) => [task.node.id as string, task.node.name]));
  return userError(`run ${state.runId} has no task ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
}
