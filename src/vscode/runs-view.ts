/** The *Runs* view: `run-groups.ts` in VS Code's terms, newest first. */
import * as vscode from 'vscode';
import type { RunListEntry } from '../model/record.ts';
import { newestFirst } from '../model/run-order.ts';
import { coalesce } from './coalesce.ts';
import { command, view } from './commands.ts';
import type { Disposable } from './disposable.ts';
import { dropToImport, type Importing } from './import-runs.ts';
import type { Pipelines } from './pipelines.ts';
import { storeFolderOf } from './record-files.ts';
import type { RecordFolders } from './record-folders.ts';
import { entryKey, groupings, pageSize, rowsToDraw, runsTree, type RunGrouping, type RunsNode } from './run-groups.ts';

/** So that `5 min ago` stays true. */
const clockInterval = 60_000;
/** Milliseconds; longer than the editor waits for silence before it draws a tree. */
const refreshInterval = 300;
const remembered = 'runweave.runGrouping';

export interface RunsView extends Disposable {
  readonly refresh: () => void;
  /** Asks by what to group. */
  readonly chooseGrouping: () => Promise<void>;
  readonly showMore: (group: string) => void;
}

export function runsView(folders: RecordFolders, memory: vscode.Memento, imports: Importing): RunsView {
  const changed = new vscode.EventEmitter<RunsNode | RunsNode[] | undefined>();
  let grouping = groupings.find((each) => each === memory.get(remembered)) ?? 'day';
  const shown = new Map<string, number>();
  const opened = new Set<string>();
  let entries: readonly RunListEntry[] = [];
  let nodes: readonly RunsNode[] = [];
  /** Each node as the tree was given it last: it knows them as objects. */
  let given = new Map<string, RunsNode>();
  let first: Promise<void> | undefined;

  let current = new Map<string, RunsNode>();
  const nodeOf = (element: RunsNode): RunsNode => current.get(element.key) ?? element;
  const build = (): void => {
    const names = new Map(folders.folders.map(({ store, name }) => [store, name]));
    nodes = runsTree(entries, { grouping, now: new Date(), shown, opened, ...(names.size > 1 && { folderOf: (entry: RunListEntry) => names.get(storeFolderOf(runPath(entry))) ?? '' }) });
    current = new Map(nodes.flatMap((node) => (node.type === 'group' ? [node, ...node.children] : [node])).map((node) => [node.key, node]));
  };
  const draw = (): void => {
    const before = nodes;
    build();
    const rows = rowsToDraw(before, nodes);
    if (rows === 'all') {
      given = new Map();
      changed.fire(undefined);
    } else {
      const known = rows.flatMap((key) => given.get(key) ?? []);
      if (known.length > 0) changed.fire(known);
    }
  };
  let reading: Promise<void> = Promise.resolve();
  const read = (): Promise<void> =>
    (reading = reading.then(async () => {
      entries = await listed(folders);
      draw();
    }));
  const refresh = coalesce<'again'>(refreshInterval, () => void read());

  const provider: vscode.TreeDataProvider<RunsNode> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (element) => {
      await (first ??= read());
      if (element?.type === 'group' && !opened.has(element.key)) {
        opened.add(element.key);
        build();
      }
      const children = element === undefined ? nodes : ((node) => (node.type === 'group' ? node.children : []))(nodeOf(element));
      for (const child of children) given.set(child.key, child);
      return [...children];
    },
    getTreeItem: (element) => treeItem(nodeOf(element)),
    resolveTreeItem: (item, element) => {
      const node = nodeOf(element);
      if (node.type === 'entry') item.tooltip = tooltip(node.row.tooltip);
      return item;
    },
  };
  const tree = vscode.window.createTreeView(view.runs, { treeDataProvider: provider, showCollapseAll: true, dragAndDropController: dropToImport<RunsNode>(imports) });
  const clock = setInterval(() => {
    if (tree.visible) draw();
  }, clockInterval);
  const again = (): void => refresh.add('again');
  const subscriptions = vscode.Disposable.from(changed, refresh, tree, folders.onDidChangeRuns(again), { dispose: () => clearInterval(clock) });
  return {
    refresh: again,
    chooseGrouping: async () => {
      const items = groupings.map((each) => ({ label: `${each === grouping ? '$(check) ' : ''}${titles[each]}`, grouping: each }));
      const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Group runs by' });
      if (picked === undefined) return;
      ({ grouping } = picked);
      void memory.update(remembered, grouping);
      draw();
    },
    showMore: (group) => {
      shown.set(group, (shown.get(group) ?? pageSize) + pageSize);
      draw();
    },
    dispose: () => void subscriptions.dispose(),
  };
}

const titles: Readonly<Record<RunGrouping, string>> = { day: 'Day', branch: 'Branch', pipeline: 'Pipeline', nothing: 'Nothing' };

/** Of all folders that are shown, newest first; a run of which there are copies once. */
export async function listed(folders: RecordFolders): Promise<readonly RunListEntry[]> {
  const { listRuns } = await import('../store/list-runs.ts');
  const lists = await Promise.all(folders.folders.map(({ store }) => listRuns(store)));
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  const byRun = new Map<string, RunListEntry>();
  for (const entry of lists.flat()) if (!byRun.has(entryKey(entry))) byRun.set(entryKey(entry), entry);
  return [...byRun].sort(([a], [b]) => newestFirst(a, b)).map(([, entry]) => entry);
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

function treeItem(node: RunsNode): vscode.TreeItem {
  switch (node.type) {
    case 'group': {
      const item = new vscode.TreeItem(node.label, node.expanded ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed);
      item.id = node.key;
      item.description = node.description;
      item.contextValue = 'group';
      item.accessibilityInformation = { label: `${node.label}, ${node.description}` };
      return item;
    }
    case 'more': {
      const item = new vscode.TreeItem(node.label);
      item.id = node.key;
      item.iconPath = new vscode.ThemeIcon('ellipsis');
      item.contextValue = 'more';
      item.command = { title: 'Show More Runs', command: command.showMoreRuns, arguments: [node.group] };
      return item;
    }
    case 'entry': {
      const { row, entry } = node;
      const item = new vscode.TreeItem(row.label);
      item.id = node.key;
      item.description = row.description;
      item.iconPath = new vscode.ThemeIcon(row.icon, row.color === undefined ? undefined : new vscode.ThemeColor(row.color));
      item.contextValue = row.contextValue;
      item.accessibilityInformation = { label: [row.label, ...spokenOutcome(entry), row.description].join(', ') };
      // The editor's own command: its arguments go to the window, so that a click works also while the row is drawn anew
      // and while this process is busy. A command of ours is forgotten by then.
      item.command = { title: 'Open Run', command: 'vscode.openWith', arguments: [vscode.Uri.file(runPath(entry)), view.run] };
      return item;
    }
    default:
      return node satisfies never;
  }
}

function tooltip(lines: readonly string[]): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  for (const line of lines) text.appendText(line).appendMarkdown('\n\n');
  return text;
}

/** The icon's meaning in words, where the description does not have it. */
function spokenOutcome(entry: RunListEntry): readonly string[] {
  if (entry.type === 'unreadable') return ['unreadable'];
  return entry.summary.outcome === undefined ? [] : [entry.summary.outcome];
}
