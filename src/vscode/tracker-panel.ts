/**
 * The runs table, of all folders of records that are shown. Nothing is read before it is opened. Shown, it gets all rows and then what
 * changed; hidden, its page does not exist, and it asks for all again when it is shown.
 */
import * as vscode from 'vscode';
import type { FeedChanges, TrackerFeed } from '../app/tracker-feed.ts';
import type { NamedView, TrackerHostMessage, TrackerViewMessage } from '../protocol/tracker-view.ts';
import { packBlocks, packRows } from '../query/packed-rows.ts';
import { runKey } from '../query/run-row.ts';
import { coalesce } from './coalesce.ts';
import { command, view } from './commands.ts';
import type { Pipelines } from './pipelines.ts';
import { isEventLog, projectFolderOf } from './record-files.ts';
import type { RecordFolders } from './record-folders.ts';
import { openRunFile } from './run-editor.ts';
import { saveChart } from './save-chart.ts';
import { singlePanel, type SinglePanel } from './single-panel.ts';
import { trackerComparison, type TrackerComparison } from './tracker-comparison.ts';
import { trackerSeries } from './tracker-series.ts';
import { trackerUndo } from './tracker-undo.ts';
import { webviewHtml } from './webview-html.ts';

/** Milliseconds between two readings of the folder while a run writes. */
const interval = 500;
/** Where named views were kept before they were files beside the records; written there with the next one. */
const earlier = 'runweave.trackerViews';

export function trackerPanels(extension: vscode.Uri, pipelines: Pipelines, folders: RecordFolders, memory: vscode.Memento): SinglePanel {
  return singlePanel({ extension, type: view.tracker, title: 'Runs', pipelines, connect: (panel) => connect(extension, panel, folders, memory) });
}

/** All that belongs to the folders that are shown. */
interface Shown {
  readonly feed: TrackerFeed;
  /** Of the runs that were compared last. */
  comparison: TrackerComparison | undefined;
  readonly watcher: vscode.Disposable;
  /** The webview has all rows. */
  complete: boolean;
}

function connect(extension: vscode.Uri, panel: vscode.WebviewPanel, folders: RecordFolders, memory: vscode.Memento): vscode.Disposable {
  const { webview } = panel;
  const post = (message: TrackerHostMessage): void => void webview.postMessage(message);
  let shown: Shown | undefined;
  const undo = trackerUndo();
  /** As the page has them. */
  let views: readonly NamedView[] | undefined;
  let reading: Promise<void> = Promise.resolve();
  const refresh = coalesce<'all' | 'live'>(interval, (what) => void read(what.has('all') ? 'all' : 'live'));
  const series = trackerSeries(post);

  const sendAll = ({ rows }: FeedChanges): void => {
    const parts = packBlocks(rows, runKey);
    for (const [at, part] of parts.entries()) post({ type: 'rows', first: at === 0, last: at === parts.length - 1, total: rows.length, rows: part });
  };
  const readNow = async (what: 'all' | 'live'): Promise<void> => {
    const current = shown;
    if (current === undefined) return;
    const progress = current.complete ? {} : { onProgress: (done: number, total: number) => post({ type: 'reading', read: done, total }) };
    const changes = await current.feed.changes(progress, what);
    if (shown !== current) return;
    if (current.complete && what === 'all') await sendViews();
    if (!current.complete) {
      current.complete = true;
      sendAll(changes);
    } else if (changes.rows.length > 0 || changes.removed.length > 0) {
        post({ type: 'changes', rows: packRows(changes.rows, runKey), removed: changes.removed });
    }
  };
  const failed = (error: unknown): void => post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  /** One after the other: what a reading finds changed counts from the reading before. */
  const read = (what: 'all' | 'live'): Promise<void> => (reading = reading.then(() => readNow(what)).catch(failed));

  const sendUndoable = (): void => {
    const what = undo.next();
    post({ type: 'undoable', ...(what !== undefined && { what }) });
  };
  const storedViews = async (): Promise<readonly NamedView[]> => (await import('../store/named-views.ts')).readNamedViews(folders.folders);
  /** Where they are others than the page has. */
  const sendViews = async (): Promise<void> => {
    const stored = await storedViews();
    const others = (memory.get<readonly NamedView[]>(earlier) ?? []).filter(({ name }) => !stored.some((view) => view.name === name));
    const now = [...stored, ...others];
    if (JSON.stringify(now) === JSON.stringify(views)) return;
    views = now;
    post({ type: 'views', views });
  };
  const show = async (): Promise<void> => {
    shown?.watcher.dispose();
    shown = undefined;
    series.dispose();
    const { trackerFeed } = await import('../app/tracker-feed.ts');
    const watcher = folders.onDidChangeAnything((what) => refresh.add(what));
    shown = { feed: trackerFeed(folders.folders), comparison: undefined, watcher, complete: false };
    const [only] = folders.folders;
    panel.title = folders.folders.length === 1 && only !== undefined ? `Runs: ${only.name}` : 'Runs';
    views = undefined;
    await sendViews();
    sendUndoable();
    await read('all');
  };

  const receive = async (message: TrackerViewMessage): Promise<void> => {
    if (message.type === 'ready') {
      await show();
      return;
    }
    const current = shown;
    if (current === undefined) return;
    const { feed } = current;
    const rowsOf = (keys: readonly string[]) => keys.flatMap((key) => feed.row(key) ?? []);
    const changed = async (): Promise<void> => {
      sendUndoable();
      await read('all');
    };
    switch (message.type) {
      case 'open': {
        const row = feed.row(message.key);
        if (row !== undefined) await openRunFile(row.path);
        return;
      }
      case 'annotate':
        await undo.annotate(rowsOf(message.keys), message.change);
        await changed();
        return;
      case 'delete': {
        const rows = rowsOf(message.keys);
        const ended = rows.filter((row) => !isEventLog(row.path));
        if (ended.length < rows.length) void vscode.window.showInformationMessage('A run in progress can’t be deleted: stop it first.');
        if (ended.length > 0) await undo.remove(ended.map((row) => row.path));
        await changed();
        return;
      }
      case 'export':
        await vscode.commands.executeCommand(command.exportRuns, undefined, rowsOf(message.keys).map((row) => vscode.Uri.file(row.path)));
        return;
      case 'undo': {
        const problem = await undo.undo();
        if (problem !== undefined) void vscode.window.showWarningMessage(problem);
        await changed();
        return;
      }
      case 'compare': {
        const rows = rowsOf(message.keys);
        current.comparison = trackerComparison();
        post({ type: 'comparison', keys: message.keys, result: await current.comparison.compare(rows) });
        return;
      }
      case 'open-difference': {
        const problem = await current.comparison?.open(message.difference, message.run);
        if (problem !== undefined) void vscode.window.showInformationMessage(problem);
        return;
      }
      case 'load-content': {
        const { address } = message;
        const content = (await current.comparison?.content(address)) ?? ({ type: 'missing' } as const);
        post({ type: 'content', address, result: content.type === 'data' ? { type: 'data', data: Buffer.from(content.bytes).toString('base64') } : content });
        return;
      }
      case 'load-series': {
        const pathsOf = (keys: readonly string[]): readonly string[] => rowsOf(keys).map(({ path }) => path);
        await series.load({ metric: message.metric, paths: pathsOf(message.keys), known: pathsOf(message.known) });
        return;
      }
      case 'save-chart':
        await saveChart(projectFolderOf(folders.folders[0]?.store ?? ''), message);
        return;
      case 'save-views': {
        const [first] = folders.folders;
        if (first === undefined) return;
        const { saveNamedViews } = await import('../store/named-views.ts');
        const stored = await storedViews();
        const sent = new Map(views?.map((view) => [view.name, view]));
        // Of what the page did not have, another window may have written it meanwhile.
        await saveNamedViews(first.store, stored.filter(({ name }) => sent.has(name)), message.views, new Date());
        await memory.update(earlier, undefined);
        await sendViews();
        return;
      }
      case 'copy':
        await vscode.env.clipboard.writeText(message.text);
        return;
      case 'save-csv': {
        const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(vscode.Uri.file(projectFolderOf(folders.folders[0]?.store ?? '')), 'runs.csv'), filters: { 'Comma-separated values': ['csv'] } });
        if (target !== undefined) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(message.text));
        return;
      }
      default:
        message satisfies never;
    }
  };

  const subscriptions = [
    webview.onDidReceiveMessage((message: TrackerViewMessage) => void receive(message).catch(failed)),
    folders.onDidChange(() => {
      if (shown !== undefined) void show().catch(failed);
    }),
    panel.onDidChangeViewState(() => {
      if (panel.visible) return;
      shown?.watcher.dispose();
      shown = undefined;
      series.dispose();
    }),
    new vscode.Disposable(() => void shown?.watcher.dispose()),
    series,
    refresh,
  ];
  const folder = vscode.Uri.joinPath(extension, 'dist', 'webview');
  webview.html = webviewHtml({
    title: 'Runs',
    script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'tracker.js')).toString(),
    style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'tracker.css')).toString(),
    cspSource: webview.cspSource,
  });
  return vscode.Disposable.from(...subscriptions);
}
