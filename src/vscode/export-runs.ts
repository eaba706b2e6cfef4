/** Exporting in the editor: what to, where to, then in a process of its own. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { exportTargets, type ExportTarget, type ExportTargetSpec } from '../exporters/export-target.ts';
import { isEventLog, pipelineFolderOf } from './record-files.ts';
import { runsText, type Transfers } from './transfers.ts';

/** Asks for what is not given. */
export interface ExportChoice {
  readonly target?: ExportTarget;
  /** Absolute path, or URL. */
  readonly output?: string;
}

/** `records`: absolute paths. */
export async function exportRuns(transfer: Transfers, records: readonly string[], choice: ExportChoice = {}): Promise<void> {
  const ended = records.filter((path) => !isEventLog(path));
  const [first] = ended;
  if (first === undefined) {
    void vscode.window.showInformationMessage('A run is exported when it has ended.');
    return;
  }
  const target = choice.target ?? (await askTarget(ended.length));
  if (target === undefined) return;
  const output = choice.output ?? (await askOutput(exportTargets[target], ended.length, first));
  if (output === undefined) return;
  // Of a file the dialog has asked already whether it may be overwritten.
  const options = { target, runs: ended, output, force: exportTargets[target].output === 'file' && choice.output === undefined };
  const end = await transfer(`Exporting ${runsText(ended.length)}`, { type: 'export', options });
  if (end.type === 'failed') void vscode.window.showErrorMessage(`Runweave: the export failed: ${end.message}`);
  if (end.type !== 'exported') return;
  if (!end.end.ok) {
    if (!end.end.cancelled) void vscode.window.showErrorMessage(`Runweave: ${end.end.message}`);
    return;
  }
  const { written, notes } = end.end;
  const [file] = written;
  const show = 'Open';
  const isFile = exportTargets[target].output === 'file' && written.length === 1;
  const text = [`${runsText(ended.length)} exported: ${written.length === 1 ? (file ?? output) : output}.`, ...notes.map((note) => `${note.replace(/\.$/, '')}.`)].join(' ');
  void (notes.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage)(text, ...(isFile ? [show] : [])).then(async (chosen) => {
    if (chosen === show && file !== undefined) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file));
  });
}

async function askTarget(count: number): Promise<ExportTarget | undefined> {
  const items = Object.entries(exportTargets).map(([target, { description }]) => ({ label: target, description, target: target as ExportTarget }));
  return (await vscode.window.showQuickPick(items, { placeHolder: `What to export ${runsText(count)} to`, matchOnDescription: true }))?.target;
}

async function askOutput(spec: ExportTargetSpec, count: number, record: string): Promise<string | undefined> {
  const folder = pipelineFolderOf(record);
  const name = count === 1 ? (record.split(/[/\\]/).at(-1) ?? 'run').replace(/\.otlp\.jsonl?$/, '') : 'runs';
  switch (spec.output) {
    case 'file': {
      const extension = spec.extension ?? 'txt';
      return (await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.file(join(folder, `${name}.${extension}`)), filters: { [spec.description]: [extension] }, saveLabel: 'Export' }))?.fsPath;
    }
    case 'folder': {
      const [parent] = (await vscode.window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, defaultUri: vscode.Uri.file(folder), openLabel: 'Export Into' })) ?? [];
      return parent === undefined ? undefined : join(parent.fsPath, name);
    }
    case 'collector':
      return vscode.window.showInputBox({ title: 'Export', prompt: 'URL of the collector (OTLP/HTTP)', value: 'http://localhost:4318', ignoreFocusOut: true });
    case 'tracking-store':
      return vscode.window.showInputBox({ title: 'Export', prompt: 'URL of the tracking server, or the folder of a file store', value: join(folder, 'mlruns'), ignoreFocusOut: true });
    default:
      return spec.output satisfies never;
  }
}
