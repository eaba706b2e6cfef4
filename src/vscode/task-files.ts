/** Opens what belongs to a task: its source, its place in the pipeline file, the files that it made. */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { TaskId } from '../model/pipeline.ts';
import type { PipelineSession } from './pipeline-session.ts';
import { toEditorRange } from './pipeline-files.ts';
import type { TaskLogs } from './task-log.ts';

/** The source file; of a shell command, or when the file is missing, the task's place in the pipeline file. */
export async function openSource(session: PipelineSession, id: TaskId, viewColumn = vscode.ViewColumn.Active): Promise<void> {
  const task = session.model.task(id);
  if (task === undefined) return;
  if (task.sourceFile !== undefined && existsSync(task.sourceFile)) {
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(task.sourceFile), viewColumn);
    return;
  }
  const selection = toEditorRange(task.range);
  await vscode.window.showTextDocument(session.file, { selection, viewColumn });
}

/** A file that the task declares and that is there, or what it printed; with several to choose from, asks. */
export async function openOutput(session: PipelineSession, id: TaskId, logs: TaskLogs, viewColumn = vscode.ViewColumn.Active): Promise<void> {
  const files = outputFiles(session, id);
  const [only] = files;
  if (only === undefined) {
    await logs.open(session, id, viewColumn);
    return;
  }
  if (files.length === 1) {
    await openPath(only, viewColumn);
    return;
  }
  const log = '$(output) Output of the last execution';
  const picked = await vscode.window.showQuickPick([...files.map((file) => ({ label: basename(file), description: file.slice(session.folder.length + 1), file })), { label: log, description: '', file: undefined }], { placeHolder: `Outputs of ${id}` });
  if (picked === undefined) return;
  if (picked.file === undefined) await logs.open(session, id, viewColumn);
  else await openPath(picked.file, viewColumn);
}

function outputFiles(session: PipelineSession, id: TaskId): readonly string[] {
  const outputs = session.model.task(id)?.outputs ?? [];
  return outputs.map((output) => join(session.folder, output)).filter((path) => existsSync(path));
}

async function openPath(path: string, viewColumn: vscode.ViewColumn): Promise<void> {
  const uri = vscode.Uri.file(path);
  if (statSync(path).isDirectory()) await vscode.commands.executeCommand('revealInExplorer', uri);
  else await vscode.commands.executeCommand('vscode.open', uri, viewColumn);
}
