/** What `runweave restore` does, in the editor: parameters as an edit to be looked at, sources in a folder to be opened. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import type { RunState } from '../model/run-state.ts';
import type { Pipelines } from './pipelines.ts';
import { storeFolderOf } from './record-files.ts';
import { openRecordedRun } from './retry.ts';

/** The edit is not saved: it is seen, and Undo takes it back. */
export async function restoreRunParameters(pipelines: Pipelines, path: string): Promise<void> {
  const run = await openRecordedRun(pipelines, path);
  if (run === undefined) return;
  const { restoreParams } = await import('../app/restore-params.ts');
  const { state, file } = run;
  const document = await vscode.workspace.openTextDocument(file);
  const restored = restoreParams(state, file.fsPath, document.getText(), process.env);
  if (restored.type === 'refused') {
    void vscode.window.showWarningMessage(`${basename(file.fsPath)}: ${restored.message}.`);
    return;
  }
  const { edits, changes, masked } = restored;
  const secrets = masked.length === 0 ? '' : ` Left as they are, as they hold secrets: ${masked.join(', ')}.`;
  if (edits.length === 0) {
    void vscode.window.showInformationMessage(`${basename(file.fsPath)} has the parameters of ${state.runId} already.${secrets}`);
    return;
  }
  const edit = new vscode.WorkspaceEdit();
  for (const { start, length, text } of edits) edit.replace(file, new vscode.Range(document.positionAt(start), document.positionAt(start + length)), text);
  await vscode.workspace.applyEdit(edit);
  const at = document.positionAt(edits[0]?.start ?? 0);
  await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at) });
  void vscode.window.showInformationMessage(`${changes.map(({ name }) => name).join(', ')}: as in ${state.runId}. Save to keep, or undo.${secrets}`);
}

/** Asks where to, and offers to open what was made. */
export async function restoreRunSources(pipelines: Pipelines, path: string): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showWarningMessage('Sources are restored with git, which is not started in a workspace that is not trusted.');
    return;
  }
  const run = await openRecordedRun(pipelines, path);
  if (run === undefined) return;
  const { state, file, record } = run;
  const beside = vscode.workspace.getWorkspaceFolder(file)?.uri.fsPath ?? dirname(file.fsPath);
  const target = await vscode.window.showInputBox({
    title: `Sources of ${state.runId}`,
    prompt: 'New folder for them. In a git repository it becomes a worktree.',
    value: join(dirname(beside), `${basename(beside)}-${state.runId.slice(-4)}`),
    validateInput: (value) => (!isAbsolute(value) ? 'An absolute path' : existsSync(value) ? 'This folder is there already' : undefined),
  });
  if (target === undefined) return;
  const { restoreSources } = await import('../app/restore-sources.ts');
  const restored = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: `Restoring the sources of ${state.runId}` }, () => restoreSources({ state, store: storeFolderOf(record), folder: dirname(file.fsPath), target }));
  if (restored.type === 'refused') {
    void vscode.window.showWarningMessage(`${restored.message}.`);
    return;
  }
  const written = await writeParameters(state, restored.file);
  const said = [restored.commit === undefined ? `The sources of ${state.runId} are in ${target}.` : `${target} is a worktree at ${restored.commit.slice(0, 8)}, with the sources of ${state.runId}.`, ...written, ...restored.notes.map((note) => `${note}.`)];
  const openFolder = 'Open in New Window';
  if ((await vscode.window.showInformationMessage(said.join(' '), openFolder)) === openFolder) await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(dirname(restored.file)), { forceNewWindow: true });
}

/** What the run was given from outside (`--set`) stands in no source. */
async function writeParameters(state: RunState, file: string): Promise<readonly string[]> {
  if (!existsSync(file)) return [];
  const { restoreParams } = await import('../app/restore-params.ts');
  const { applyEdits } = await import('../definition/edit-params.ts');
  const text = await readFile(file, 'utf8');
  const params = restoreParams(state, file, text, process.env);
  if (params.type === 'refused' || params.edits.length === 0) return [];
  await writeFile(file, applyEdits(text, params.edits));
  return [`Its ${basename(file)} has the parameters of the run: ${params.changes.map(({ name }) => name).join(', ')}.`];
}
