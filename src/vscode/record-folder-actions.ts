/** Opens and closes folders of records that are not of the workspace. */
import * as vscode from 'vscode';
import { command } from './commands.ts';
import { projectFolderOf } from './record-files.ts';
import type { RecordFolders } from './record-folders.ts';

export async function openRecords(folders: RecordFolders, given?: vscode.Uri): Promise<void> {
  const chosen = given === undefined ? await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false, canSelectMany: true, openLabel: 'Open Records', title: 'Folders of records: a project, its .runweave, or where records were copied to' }) : [given];
  const empty = (chosen ?? []).filter((uri) => !folders.open(uri.fsPath));
  if (empty.length > 0) void vscode.window.showWarningMessage(`There are no records in ${empty.map((uri) => uri.fsPath).join(' and ')}.`);
  if (chosen !== undefined && empty.length < chosen.length) await vscode.commands.executeCommand(command.openTracker);
}

export async function closeRecords(folders: RecordFolders): Promise<void> {
  const items = folders.opened.map((store) => ({ label: projectFolderOf(store), store }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Folders whose records are no longer shown here; nothing is deleted', canPickMany: true });
  for (const { store } of picked ?? []) folders.close(store);
}
