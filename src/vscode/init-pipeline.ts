import * as vscode from 'vscode';

/** Writes a first pipeline and its sources into a folder of the workspace and opens it. Never overwrites a file. */
export async function initPipeline(): Promise<void> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    const open = 'Open Folder';
    if ((await vscode.window.showInformationMessage('A pipeline lives in a folder: open one first.', open)) === open) await vscode.commands.executeCommand('vscode.openFolder');
    return;
  }
  const folder = folders.length === 1 ? folders[0] : await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Folder of the new pipeline' });
  if (folder === undefined) return;
  const file = vscode.Uri.joinPath(folder.uri, 'runweave.yaml');
  if (await exists(file)) {
    await vscode.window.showTextDocument(file);
    return;
  }
  const { pipelineTemplate } = await import('../definition/template.ts');
  for (const { path, text } of pipelineTemplate(folder.name)) {
    const target = vscode.Uri.joinPath(folder.uri, path);
    if (!(await exists(target))) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
  }
  await vscode.window.showTextDocument(file);
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
