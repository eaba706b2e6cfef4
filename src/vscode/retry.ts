/** A recorded run, or one of its tasks, once more: what `runweave retry` does, from the list of runs and the run panel. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { canRunAgain, retryOfRun, retryOfTask } from '../app/retry.ts';
import { phaseLook } from '../model/phase.ts';
import type { RunState } from '../model/run-state.ts';
import type { PipelineSession } from './pipeline-session.ts';
import type { Pipelines } from './pipelines.ts';
import { pipelineFolderOf, sealedPathOf } from './record-files.ts';

export interface RecordedRun {
  readonly state: RunState;
  /** Of its pipeline, in this workspace. */
  readonly file: vscode.Uri;
  /** The record, or the event log of a run in progress. */
  readonly record: string;
  readonly session: PipelineSession;
}

/** `path` is that of a record, or of the event log that it was before it was sealed. */
export async function retryRun(pipelines: Pipelines, path: string): Promise<void> {
  const run = await openRecordedRun(pipelines, path);
  run?.session.run(retryOfRun(run.state, false));
}

/** Asks which task; those that ran are offered, the ones that failed first. */
export async function retryTask(pipelines: Pipelines, path: string): Promise<void> {
  const run = await openRecordedRun(pipelines, path);
  if (run === undefined) return;
  const { state, session } = run;
  const ran = state.tasks.filter(canRunAgain);
  if (ran.length === 0) {
    void vscode.window.showInformationMessage(`No task ran in ${state.runId}, so there are no inputs to run one again with.`);
    return;
  }
  const items = [...ran.filter((task) => task.phase !== 'success'), ...ran.filter((task) => task.phase === 'success')].map((task) => ({ label: task.node.id, description: phaseLook[task.phase].label, task }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: `Task of ${state.runId} to run again with the inputs that it had`, matchOnDescription: true });
  const again = picked && retryOfTask(state, picked.task);
  if (again !== undefined) session.run(again);
}

/** A run of a pipeline of this workspace; what else the file is was said. */
export async function openRecordedRun(pipelines: Pipelines, path: string): Promise<RecordedRun | undefined> {
  await pipelines.ready;
  const { readRecord } = await import('../store/read-record.ts');
  const record = path.endsWith('.jsonl') && !existsSync(path) ? sealedPathOf(path) : path;
  const read = await readRecord(record);
  if (read.type !== 'run') {
    void vscode.window.showWarningMessage(read.type === 'trace' ? `${basename(record)} is a trace that Runweave did not record.` : `${basename(record)}: ${read.message}`);
    return undefined;
  }
  const { state } = read;
  const name = basename(state.pipeline.file);
  const file = pipelines.files.find((each) => each.fsPath === join(pipelineFolderOf(record), name));
  if (file === undefined) {
    void vscode.window.showWarningMessage(`${state.runId} is a run of ${name}, which is not beside this record in the workspace.`);
    return undefined;
  }
  return { state, file, record, session: pipelines.sessionOf(file) };
}
