/** Above each task in a pipeline file: run it, its state, why it is stale. */
import * as vscode from 'vscode';
import { command } from './commands.ts';
import type { Disposable } from './disposable.ts';
import { lensRefresh } from './lens-refresh.ts';
import type { PipelineModel } from './pipeline-model.ts';
import { toEditorRange } from './pipeline-files.ts';
import type { Pipelines } from './pipelines.ts';
import { matrixLook, spokenPhase, taskLook, taskRows } from './task-tree.ts';
import type { TaskRow } from './task-tree.ts';

export class TaskLenses implements vscode.CodeLensProvider, Disposable {
  readonly #pipelines: Pipelines;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #refresh = lensRefresh(() => this.#changed.fire());
  readonly #subscriptions: readonly Disposable[];
  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(pipelines: Pipelines) {
    this.#pipelines = pipelines;
    this.#subscriptions = [this.#refresh, this.#changed, pipelines.onDidChange(this.#refresh.request), vscode.window.onDidChangeVisibleTextEditors(this.#refresh.request)];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    this.#refresh.answered();
    if (!this.#pipelines.files.some((file) => file.toString() === document.uri.toString())) return [];
    const { model } = this.#pipelines.sessionOf(document.uri);
    return taskRows(model.tasks).flatMap((row) => lensesOf(row, model, document.uri));
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
  }
}

function lensesOf(row: TaskRow, model: PipelineModel, file: vscode.Uri): vscode.CodeLens[] {
  const first = row.type === 'task' ? row.id : row.rows[0]?.id;
  const task = first === undefined ? undefined : model.task(first);
  if (task === undefined) return [];
  const range = toEditorRange(task.range);
  const ids = row.type === 'task' ? [row.id] : row.rows.map((child) => child.id);
  const statuses = ids.map((id) => model.statusOf(id));
  const [only] = statuses;
  const look = row.type === 'task' && only !== undefined ? taskLook(only, Date.now()) : matrixLook(ids.flatMap((id) => model.graphTask(id) ?? []));
  const state = row.type === 'task' && only !== undefined ? look.description || spokenPhase(only) : look.description;
  const target = { ...row, file: file.toString() };
  const running = statuses.some((status) => status.phase === 'running');
  return [
    new vscode.CodeLens(range, running ? { title: '$(debug-stop) Stop', command: command.stopTask, arguments: [target] } : { title: '$(play) Run', command: command.runTask, arguments: [target] }),
    new vscode.CodeLens(range, { title: `$(${look.icon}) ${state}`, command: command.openTaskLog, arguments: [target], tooltip: 'Show the output of the last execution' }),
    ...(statuses.some((status) => status.stale === true) ? [new vscode.CodeLens(range, { title: 'why stale?', command: command.showPlan, arguments: [target] })] : []),
  ];
}
