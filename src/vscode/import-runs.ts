/** Importing in the editor: by command, from the explorer, and by dropping files and folders onto the *Runs* view. */
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ImportReport } from '../app/importing/import-runs.ts';
import { problemText } from '../importers/source.ts';
import type { Pipelines } from './pipelines.ts';
import { openRunFile } from './run-editor.ts';
import { runsText, type Transfers } from './transfers.ts';

export interface Importing {
  /** Asks for files or folders where none are given. */
  readonly importRuns: (files?: readonly vscode.Uri[]) => Promise<void>;
}

export function importing(pipelines: Pipelines, transfer: Transfers, output: vscode.LogOutputChannel): Importing {
  const importRuns = async (given?: readonly vscode.Uri[]): Promise<void> => {
    if (!vscode.workspace.isTrusted) {
      void vscode.window.showWarningMessage('Runs are not imported into a workspace that is not trusted. A file opens without importing: Open With…, Runweave.');
      return;
    }
    const store = await storeOf(pipelines);
    if (store === undefined) {
      void vscode.window.showInformationMessage('Runs are imported into the folder of a pipeline: open one first.');
      return;
    }
    const files = (given ?? (await ask()))?.filter((file) => file.scheme === 'file').map((file) => file.fsPath) ?? [];
    const [first] = files;
    if (first === undefined) return;
    // The names that messages begin with.
    const cwd = files.every((file) => dirname(file) === dirname(first)) ? dirname(first) : vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? dirname(first);
    const names = files.map((file) => (dirname(file) === cwd ? basename(file) : file));
    const end = await transfer(names.length === 1 ? `Importing ${names[0] ?? ''}` : `Importing ${names.length} files and folders`, { type: 'import', store, names, cwd });
    if (end.type === 'imported') await tell(end.report, output);
    else if (end.type === 'failed') void vscode.window.showErrorMessage(`Runweave: the import failed: ${end.message}`);
  };
  return { importRuns };
}

/** `.runweave` of the current pipeline, or of the first folder. */
async function storeOf(pipelines: Pipelines): Promise<string | undefined> {
  await pipelines.ready;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  return pipelines.current?.records ?? (folder === undefined ? undefined : join(folder, '.runweave'));
}

async function ask(): Promise<readonly vscode.Uri[] | undefined> {
  // A dialog that takes both exists on macOS only.
  const kinds = [
    { label: '$(file) Files…', detail: 'OTLP, Jaeger, Composable Logs, runnable, OpenTelemetry console output, dvc.yaml, and zips of these', folders: false },
    { label: '$(folder) Folder…', detail: 'An MLflow file store (mlruns), a folder of such files, another .runweave', folders: true },
  ];
  const kind = await vscode.window.showQuickPick(kinds, { placeHolder: 'What to import' });
  if (kind === undefined) return undefined;
  return vscode.window.showOpenDialog({ canSelectMany: true, canSelectFiles: !kind.folders, canSelectFolders: kind.folders, openLabel: 'Import' });
}

async function tell({ runs, problems, cancelled }: ImportReport, output: vscode.LogOutputChannel): Promise<void> {
  const fresh = runs.filter((run) => !run.existed);
  const there = runs.length - fresh.length;
  const text = [
    `${cancelled === true ? 'The import was stopped: ' : ''}${runsText(fresh.length)} imported${there === 0 ? '' : `, ${there} ${there === 1 ? 'was' : 'were'} there already`}.`,
    ...problems.slice(0, 3).map((problem) => `${problemText(problem)}.`),
    ...(problems.length > 3 ? [`And ${problems.length - 3} more, in the output.`] : []),
  ].join(' ');
  for (const problem of problems) output.warn(`import: ${problemText(problem)}`);
  const open = 'Open Run';
  const details = 'Show Output';
  const [first] = runs;
  const actions = [...(first === undefined ? [] : [open]), ...(problems.length > 3 ? [details] : [])];
  const show = runs.length === 0 && cancelled !== true ? vscode.window.showErrorMessage : problems.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  // The command ends when the runs are there, not when the message is read.
  void show(text, ...actions).then(async (chosen) => {
    if (chosen === open && first !== undefined) await openRunFile(first.record);
    if (chosen === details) output.show();
  });
  await Promise.resolve();
}

const uriList = 'text/uri-list';

/** For the *Runs* view: what is dropped anywhere on it is imported. */
export function dropToImport<T>({ importRuns }: Importing): vscode.TreeDragAndDropController<T> {
  return {
    dragMimeTypes: [],
    dropMimeTypes: [uriList],
    handleDrop: async (_target, data) => {
      const text = await data.get(uriList)?.asString();
      const files = urisOf(text ?? '');
      if (files.length > 0) await importRuns(files);
    },
  };
}

/** RFC 2483: a line each, `#` begins a comment. */
function urisOf(text: string): readonly vscode.Uri[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#')).map((line) => vscode.Uri.parse(line, true));
}
