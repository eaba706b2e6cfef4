/** The *Runs* view: `run-row.ts` in VS Code's terms, newest first. */
import * as vscode from 'vscode';
import type { RunListEntry } from '../model/record.ts';
import { command, view } from './commands.ts';
import { debounce } from './coalesce.ts';
import type { Disposable } from './disposable.ts';
import { dropToImport, type Importing } from './import-runs.ts';
import type { Pipelines } from './pipelines.ts';
import { runRow } from './run-row.ts';

/** So that `5 min ago` stays true. */
const clockInterval = 60_000;

export interface RunsView extends Disposable {
  readonly refresh: () => void;
}

export function runsView(pipelines: Pipelines, imports: Importing): RunsView {
  const changed = new vscode.EventEmitter<RunListEntry | undefined>();
  const refresh = debounce(100, () => changed.fire(undefined));
  const provider: vscode.TreeDataProvider<RunListEntry> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (entry) => (entry === undefined ? [...(await runsOf(pipelines))] : []),
    getTreeItem: treeItem,
  };
  const tree = vscode.window.createTreeView(view.runs, { treeDataProvider: provider, dragAndDropController: dropToImport<RunListEntry>(imports) });
  const clock = setInterval(() => {
    if (tree.visible) changed.fire(undefined);
  }, clockInterval);
  const subscriptions = vscode.Disposable.from(changed, refresh, tree, pipelines.onDidChangeRuns(refresh.call), { dispose: () => clearInterval(clock) });
  return { refresh: refresh.call, dispose: () => void subscriptions.dispose() };
}

/** Runs of the current pipeline, newest first. */
export async function runsOf(pipelines: Pipelines): Promise<readonly RunListEntry[]> {
  const session = pipelines.current;
  if (session === undefined) return [];
  const { listRuns } = await import('../store/list-runs.ts');
  return listRuns(session.records);
}

export function runPath(entry: RunListEntry): string {
  return entry.type === 'run' ? entry.summary.path : entry.path;
}

function treeItem(entry: RunListEntry): vscode.TreeItem {
  const row = runRow(entry, new Date());
  const path = runPath(entry);
  const item = new vscode.TreeItem(row.label);
  item.id = path;
  item.description = row.description;
  item.iconPath = new vscode.ThemeIcon(row.icon, row.color === undefined ? undefined : new vscode.ThemeColor(row.color));
  item.contextValue = row.contextValue;
  item.accessibilityInformation = { label: [row.label, ...spokenOutcome(entry), row.description].join(', ') };
  const text = new vscode.MarkdownString();
  for (const line of row.tooltip) text.appendText(line).appendMarkdown('\n\n');
  item.tooltip = text;
  item.command = { title: 'Open Run', command: command.openRun, arguments: [entry] };
  return item;
}

/** The icon's meaning in words, where the description does not have it. */
function spokenOutcome(entry: RunListEntry): readonly string[] {
  if (entry.type === 'unreadable') return ['unreadable'];
  return entry.summary.outcome === undefined ? [] : [entry.summary.outcome];
}
