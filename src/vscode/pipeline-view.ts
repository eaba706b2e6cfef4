/** The *Pipeline* view: `task-tree.ts` in VS Code's terms. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TaskId } from '../model/pipeline.ts';
import { isComparable } from './changes.ts';
import { coalesce } from './coalesce.ts';
import { command, view } from './commands.ts';
import type { ModelChange } from './pipeline-model.ts';
import type { PipelineSession } from './pipeline-session.ts';
import type { Pipelines } from './pipelines.ts';
import { interpreterLine } from './status-text.ts';
import { matrixLook, spokenTask, taskLook, taskRows, tooltipLines } from './task-tree.ts';
import type { RowLook, TaskRow } from './task-tree.ts';

const clockInterval = 1000;
/**
 * Milliseconds between two changes that the tree is told of. The editor waits for 200 ms of silence before it draws what
 * it is told: told more often, it draws nothing for as long as a task reports.
 */
const drawInterval = 300;

export function pipelineView(pipelines: Pipelines): vscode.Disposable {
  const changed = new vscode.EventEmitter<TaskRow | readonly TaskRow[] | undefined>();
  let rows: readonly TaskRow[] = [];
  /** Of each task, the rows that show it: its own, and its matrix's. */
  const rowsOf = new Map<TaskId, readonly TaskRow[]>();
  let shape = '';
  /** How each row looked when the tree was told of it last, but for the time of what runs. */
  const drawn = new Map<TaskRow, string>();
  const tell = coalesce<TaskRow>(drawInterval, (changedRows) => changed.fire([...changedRows]));

  const rebuild = (): void => {
    rows = taskRows(pipelines.current?.model.tasks ?? []);
    rowsOf.clear();
    for (const row of rows) {
      if (row.type === 'task') rowsOf.set(row.id, [row]);
      else for (const child of row.rows) rowsOf.set(child.id, [child, row]);
    }
  };
  const provider: vscode.TreeDataProvider<TaskRow> = {
    onDidChangeTreeData: changed.event as vscode.Event<TaskRow | TaskRow[] | undefined>,
    getChildren: (row) => [...(row === undefined ? rows : row.type === 'matrix' ? row.rows : [])],
    getParent: (row) => (row.type === 'task' ? rowsOf.get(row.id)?.[1] : undefined),
    getTreeItem: (row) => treeItem(row, pipelines.current),
    resolveTreeItem: (item, row) => {
      item.tooltip = tooltip(row, pipelines.current);
      return item;
    },
  };
  const tree = vscode.window.createTreeView(view.pipeline, { treeDataProvider: provider, showCollapseAll: true });

  const heading = (): void => {
    const session = pipelines.current;
    const { model } = session ?? {};
    tree.description = session === undefined ? '' : (model?.graph?.name ?? basename(session.folder));
    const mistakes = model?.errors ?? 0;
    const lines = [
      ...(mistakes > 0 ? [`${mistakes} ${mistakes === 1 ? 'mistake' : 'mistakes'} in ${basename(session?.file.fsPath ?? '')}, see Problems`] : []),
      ...(model?.interpreter === undefined ? [] : [interpreterLine(model.interpreter, session?.folder ?? '')]),
    ];
    // The editor makes one paragraph of several lines. Without rows there is nothing to explain, and a message would hide the welcome text.
    tree.message = session === undefined || lines.length === 0 ? '' : lines.join(' · ');
  };
  const update = (change: ModelChange): void => {
    if (change !== 'all') {
      for (const row of new Set([...change].flatMap((id) => rowsOf.get(id) ?? []))) {
        const look = timelessLook(row, pipelines.current);
        if (drawn.get(row) === look) continue;
        drawn.set(row, look);
        tell.add(row);
      }
      return;
    }
    heading();
    const next = JSON.stringify([pipelines.current?.file.toString(), pipelines.current?.model.tasks.map((task) => task.id)]);
    if (next !== shape) {
      shape = next;
      rebuild();
      drawn.clear();
    }
    changed.fire(undefined);
  };
  /** A running task's time goes on without anything happening. */
  const clock = setInterval(() => {
    const { model } = pipelines.current ?? {};
    if (!tree.visible || model?.running !== true) return;
    const running = model.tasks.filter((task) => model.runOf(task.id)?.phase === 'running');
    tell.add(...running.flatMap((task) => rowsOf.get(task.id)?.slice(0, 1) ?? []));
  }, clockInterval);
  const plan = (): void => {
    if (tree.visible) pipelines.current?.planIfUnknown();
  };
  const subscriptions = [
    changed,
    tell,
    tree,
    tree.onDidChangeVisibility(plan),
    pipelines.onDidChange((change) => {
      update(change);
      if (change === 'all') plan();
    }),
    { dispose: () => clearInterval(clock) },
  ];
  update('all');
  return vscode.Disposable.from(...subscriptions);
}

/** What of a row is drawn anew when it changes. The time of a running task changes always: the clock draws it. */
function timelessLook(row: TaskRow, session: PipelineSession | undefined): string {
  if (row.type === 'matrix') return JSON.stringify(matrixLook(row.rows.flatMap((child) => session?.model.graphTask(child.id) ?? [])));
  const status = session?.model.statusOf(row.id);
  return status === undefined ? '' : JSON.stringify(taskLook(status, status.startedAt ?? 0));
}

function treeItem(row: TaskRow, session: PipelineSession | undefined): vscode.TreeItem {
  const { model } = session ?? {};
  if (row.type === 'matrix') {
    const look = matrixLook(row.rows.flatMap((child) => model?.graphTask(child.id) ?? []));
    return withLook(new vscode.TreeItem(row.name, vscode.TreeItemCollapsibleState.Collapsed), `matrix:${row.name}`, look, `${row.name}, ${look.description}`);
  }
  const status = model?.statusOf(row.id) ?? { phase: 'pending', reasons: [] };
  const look = taskLook(status, Date.now());
  const item = withLook(new vscode.TreeItem(row.label, vscode.TreeItemCollapsibleState.None), row.id, look, spokenTask(row.label, status, look));
  item.command = { title: 'Open Source', command: command.openSource, arguments: [row] };
  return item;
}

function withLook(item: vscode.TreeItem, id: string, look: RowLook, spoken: string): vscode.TreeItem {
  item.id = id;
  item.description = look.description;
  item.iconPath = new vscode.ThemeIcon(look.icon, look.color === undefined ? undefined : new vscode.ThemeColor(look.color));
  item.contextValue = look.contextValue;
  item.accessibilityInformation = { label: spoken };
  return item;
}

function tooltip(row: TaskRow, session: PipelineSession | undefined): vscode.MarkdownString | undefined {
  if (row.type === 'matrix' || session === undefined) return undefined;
  const task = session.model.task(row.id);
  if (task === undefined) return undefined;
  const { facts, reasons } = tooltipLines(task, session.model.statusOf(row.id));
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(task.id).appendMarkdown('**');
  for (const fact of facts) text.appendMarkdown('\n\n').appendText(fact);
  for (const reason of reasons.slice(0, 20)) text.appendMarkdown('\n- ').appendText(reason);
  if (session.model.reasonsOf(row.id).some(isComparable)) {
    const target = encodeURIComponent(JSON.stringify([{ ...row, file: session.file.toString() }]));
    text.appendMarkdown(`\n\n[Show what changed](command:${command.explainTask}?${target})`);
    text.isTrusted = { enabledCommands: [command.explainTask] };
  }
  return text;
}
