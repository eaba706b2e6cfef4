/** The extension's entry: wires the parts together, and does nothing else, because every window waits for it. */
import * as vscode from 'vscode';
import { registerActions } from './vscode/actions.ts';
import { changeDocuments } from './vscode/changes.ts';
import { view } from './vscode/commands.ts';
import { convertedFiles } from './vscode/converted-files.ts';
import { graphPanels } from './vscode/graph-panel.ts';
import { importing } from './vscode/import-runs.ts';
import { interpreterChoice } from './vscode/interpreter.ts';
import { PipelineFiles, pipelineSelector } from './vscode/pipeline-files.ts';
import { lineagePanel } from './vscode/lineage-panel.ts';
import { pipelineView } from './vscode/pipeline-view.ts';
import { Pipelines } from './vscode/pipelines.ts';
import { quickFixes } from './vscode/quick-fixes.ts';
import { RecordFolders } from './vscode/record-folders.ts';
import { runEditor } from './vscode/run-editor.ts';
import { runsView } from './vscode/runs-view.ts';
import { statusBar } from './vscode/status-bar.ts';
import { TaskLenses } from './vscode/task-lenses.ts';
import { taskLogs } from './vscode/task-log.ts';
import { trackerPanels } from './vscode/tracker-panel.ts';
import { transfers } from './vscode/transfers.ts';

let pipelines: Pipelines | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const { extensionUri } = context;
  const output = vscode.window.createOutputChannel('Runweave', { log: true });
  const files = new PipelineFiles();
  const interpreters = interpreterChoice((message) => output.warn(message));
  pipelines = new Pipelines({ executor: vscode.Uri.joinPath(extensionUri, 'dist', 'executor.cjs').fsPath, output, files, interpreters }, context.workspaceState);
  const logs = taskLogs(pipelines);
  const graphs = graphPanels(extensionUri, pipelines, logs);
  const folders = new RecordFolders(pipelines, context.workspaceState);
  const tracker = trackerPanels(extensionUri, pipelines, folders, context.workspaceState);
  const lineage = lineagePanel(extensionUri, pipelines, folders);
  const transfer = transfers(extensionUri);
  const converted = convertedFiles(transfer);
  const imports = importing(pipelines, transfer, output);
  const runs = runsView(folders, context.workspaceState, imports);
  const lenses = new TaskLenses(pipelines);
  context.subscriptions.push(
    output,
    files,
    interpreters,
    pipelines,
    logs,
    graphs,
    folders,
    tracker,
    lineage,
    runs,
    lenses,
    changeDocuments(),
    pipelineView(pipelines),
    statusBar(pipelines),
    registerActions({ pipelines, graphs, tracker, lineage, folders, runs, logs, output, transfer, imports, converted }),
    converted,
    ...[view.run, view.file].map((type) => vscode.window.registerCustomEditorProvider(type, runEditor(extensionUri, context.globalStorageUri, converted), { supportsMultipleEditorsPerDocument: true })),
    vscode.languages.registerCodeLensProvider(pipelineSelector, lenses),
    vscode.languages.registerCodeActionsProvider(pipelineSelector, quickFixes(files), { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] }),
  );
}

/** The executors end what they run, and seal it. */
export async function deactivate(): Promise<void> {
  await pipelines?.close();
}
