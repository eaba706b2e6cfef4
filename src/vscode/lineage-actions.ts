/** Ways into the lineage page: from a file, from a task, and from a list of all that was made. */
import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { taskNames, type LineageSources } from '../query/lineage-answer.ts';
import { findOutputs, outputNames, type Lineage } from '../query/lineage.ts';
import { outputOfFile } from '../query/output-of-file.ts';
import { annotateOutput, lineageReader, type LineagePanel } from './lineage-panel.ts';
import type { Pipelines } from './pipelines.ts';
import { projectFolderOf } from './record-files.ts';
import type { RecordFolders } from './record-folders.ts';

export interface LineageServices {
  readonly panel: LineagePanel;
  readonly folders: RecordFolders;
  readonly pipelines: Pipelines;
}

/** `undefined`: asks. A task's name offers its outputs; `{ output }` is as `findOutputs` takes it, of a record in `store`. */
export type OutputTarget = vscode.Uri | { readonly output: string; readonly store: string } | { readonly tasks: readonly string[] } | undefined;

export async function traceOutput({ panel, folders, pipelines }: LineageServices, target: OutputTarget, direction: 'upstream' | 'downstream'): Promise<void> {
  const output = await outputOf(target, folders, pipelines, direction === 'upstream' ? 'Output to trace back to where it comes from' : 'Output of which to see what was made from it');
  if (output !== undefined) panel.show({ type: 'trace', output, direction });
}

export async function showHistory({ panel, folders, pipelines }: LineageServices, task?: string): Promise<void> {
  const name = task ?? (await vscode.window.showQuickPick(read(folders, pipelines).then(({ lineage }) => taskNames(lineage)), { placeHolder: 'Task whose executions to show' }));
  if (name !== undefined) panel.show({ type: 'history', task: name });
}

export async function flagAsBad({ folders, pipelines }: LineageServices, target: OutputTarget): Promise<void> {
  const output = await outputOf(target, folders, pipelines, 'Output that is bad');
  if (output === undefined) return;
  const { lineage, flags } = await read(folders, pipelines);
  const [found] = findOutputs(lineage, output);
  if (found === undefined) return;
  const { runId, task } = found.run;
  const isFlagged = flags.some((flag) => flag.runId === runId && flag.task === task && flag.output === found.name);
  const why = await vscode.window.showInputBox({ title: `Flag ${found.name} of ${runId} as bad`, prompt: isFlagged ? 'It is flagged already: what is said here takes the place of what was said' : 'What is wrong with it? May be left empty' });
  if (why === undefined) return;
  await annotateOutput(folders, { runId, task, output: found.name }, { type: 'flag', on: true, ...(why !== '' && { why }) });
  const review = 'Review';
  if ((await vscode.window.showInformationMessage(`${found.name} of ${task} in ${runId} is flagged as bad.`, review)) === review) await vscode.commands.executeCommand('runweave.review');
}

function read(folders: RecordFolders, pipelines: Pipelines): Promise<LineageSources> {
  return lineageReader(folders, pipelines)();
}

async function outputOf(target: OutputTarget, folders: RecordFolders, pipelines: Pipelines, placeHolder: string): Promise<string | undefined> {
  if (target !== undefined && 'output' in target) return (await isShown(target.store, folders)) ? target.output : undefined;
  if (target instanceof vscode.Uri) {
    const { lineage } = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: 'Runweave: reading records' }, () => read(folders, pipelines));
    const found = outputOfPath(target.fsPath, folders, lineage);
    if (found === undefined) void vscode.window.showInformationMessage(`No recorded run made ${vscode.workspace.asRelativePath(target)}. What runs read is no output: a task that writes it declares it under outputs, or logs it as an artifact.`);
    return found;
  }
  const items = read(folders, pipelines).then(({ lineage }) => itemsOf(lineage, target?.tasks));
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.output;
}

/** A record may be opened from anywhere; what it came from is in the records beside it. */
async function isShown(store: string, folders: RecordFolders): Promise<boolean> {
  if (folders.folders.some((each) => each.store === store)) return true;
  const open = 'Open Records Folder';
  const choice = await vscode.window.showInformationMessage(`The records beside this one are not among those that are shown here: ${store}.`, open);
  return choice === open && folders.open(store);
}

function outputOfPath(path: string, folders: RecordFolders, lineage: Lineage): string | undefined {
  const names = outputNames(lineage);
  for (const { store } of folders.folders) {
    const way = relative(projectFolderOf(store), path);
    if (way === '' || way.startsWith('..')) continue;
    const found = outputOfFile(way.split(sep).join('/'), names);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface OutputItem extends vscode.QuickPickItem {
  readonly output: string;
}

function itemsOf(lineage: Lineage, tasks: readonly string[] | undefined): OutputItem[] {
  const wanted = tasks === undefined ? undefined : new Set(tasks);
  const items = new Map<string, OutputItem>();
  const add = (output: string, label: string, icon: string, description: string): void => {
    if (!items.has(output)) items.set(output, { output, label: `$(${icon}) ${label}`, description });
  };
  for (const run of lineage.all()) {
    if (wanted !== undefined && !wanted.has(run.task)) continue;
    const from = `${run.task}, ${run.runId}`;
    for (const { path } of run.outputs) add(path, path, 'file', from);
    for (const { name } of run.artifacts) add(`${run.task}.${name}`, name, 'package', from);
    for (const name of [...Object.keys(run.returns), ...Object.keys(run.metrics)]) add(`${run.task}.${name}`, `${run.task}.${name}`, 'symbol-number', from);
  }
  return [...items.values()];
}
