/**
 * The run panel: a read-only custom editor for records, for traces of other tools, and for runs in progress. It reads
 * the file and nothing else, so it works in a workspace that is not trusted, and for a record from elsewhere.
 */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { thinBatch } from '../app/cut-series.ts';
import { runSnapshot } from '../app/run-snapshot.ts';
import type { Digest } from '../model/fingerprint.ts';
import type { ArtifactContent, RunEvent } from '../model/run-event.ts';
import { createRunFold } from '../model/run-state.ts';
import type { RunState } from '../model/run-state.ts';
import type { UnixNano } from '../model/time.ts';
import { runSources } from '../query/run-sources.ts';
import type { ByteRange, RunHostMessage, RunViewMessage, SeriesLength } from '../protocol/run-view.ts';
import { interruption } from '../recording/interruption.ts';
import { compareWithWorkspace, lookAtSources, openChange } from './changes.ts';
import type { ReadRecord } from '../store/read-record.ts';
import { coalesce } from './coalesce.ts';
import { command, view } from './commands.ts';
import type { Converted, ConvertedFiles } from './converted-files.ts';
import { followLog } from './live-log.ts';
import { fileInside, isEventLog, pathOfRun, pipelineFolderOf, safeFileName, sealedPathOf, storeFolderOf } from './record-files.ts';
import { saveChart } from './save-chart.ts';
import { webviewHtml } from './webview-html.ts';

/** Characters, and points, log records and spans, that a view takes as events before it gets a snapshot, cut anew, in their place. */
const eventsLimit = { characters: 2 * 1024 * 1024, points: 50_000 };
const displayInterval = 16;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function runEditor(extension: vscode.Uri, temporary: vscode.Uri, converted: ConvertedFiles): vscode.CustomReadonlyEditorProvider {
  return {
    openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
    resolveCustomEditor: ({ uri }, panel) => showRun(extension, temporary, converted, uri, panel),
  };
}

function showRun(extension: vscode.Uri, temporary: vscode.Uri, converted: ConvertedFiles, uri: vscode.Uri, panel: vscode.WebviewPanel): void {
  const folder = vscode.Uri.joinPath(extension, 'dist', 'webview');
  const { webview } = panel;
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  webview.html = webviewHtml({
    title: basename(uri.path),
    script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'run.js')).toString(),
    style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'run.css')).toString(),
    cspSource: webview.cspSource,
  });

  const post = (message: RunHostMessage): void => {
    void webview.postMessage(message);
    if (message.type === 'run') void sendRemarks(message.state);
  };
  const sendRemarks = async (run: RunState): Promise<void> => {
    const [{ readAnnotations }, { indexAnnotations, remarksFor }] = await Promise.all([import('../store/annotations.ts'), import('../query/annotations.ts')]);
    // What can't be read is told in the lists.
    const annotations = await readAnnotations(storeFolderOf(uri.fsPath)).catch(() => []);
    post({ type: 'remarks', remarks: remarksFor(run, indexAnnotations(annotations).remarks()) });
  };
  const remarksAgain = (): void => {
    const run = source.state();
    if (run !== undefined) void sendRemarks(run);
  };
  const annotations = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(storeFolderOf(uri.fsPath)), 'annotations.jsonl'));
  const source = openSource(uri.fsPath, post, converted);
  const base = pipelineFolderOf(uri.fsPath);

  const bytesOf = async (digest: Digest): Promise<Uint8Array | undefined> => {
    if (!digestPattern.test(digest)) return undefined;
    const { readArtifact } = await import('../recording/artifacts.ts');
    return readArtifact(source.store(), digest, contentOf(source.state(), digest));
  };
  const partOf = async (digest: Digest, range: ByteRange): Promise<Uint8Array | undefined> => {
    const content = contentOf(source.state(), digest);
    if (content !== undefined && content.type !== 'reference') return (await bytesOf(digest))?.subarray(range.start, range.end);
    const { readArtifactPart } = await import('../recording/artifacts.ts');
    return readArtifactPart(source.store(), digest, range);
  };
  /** In a folder of its own, under its name, so that an editor knows what it is. */
  const materialize = async (digest: Digest, name: string, bytes: Uint8Array): Promise<vscode.Uri> => {
    const target = vscode.Uri.joinPath(temporary, createHash('sha256').update(digest).digest('hex').slice(0, 16), safeFileName(name));
    await vscode.workspace.fs.writeFile(target, bytes);
    return target;
  };
  const need = async (digest: Digest, name: string): Promise<Uint8Array | undefined> => {
    const bytes = await bytesOf(digest);
    if (bytes === undefined) void vscode.window.showWarningMessage(`${name} is neither in the record nor beside it (${digest.slice(0, 19)}…).`);
    return bytes;
  };

  const receive = async (message: RunViewMessage): Promise<void> => {
    switch (message.type) {
      case 'ready':
        await source.snapshot();
        return;
      case 'load-artifact': {
        const { digest, range } = message;
        const bytes = range === undefined ? await bytesOf(digest) : await partOf(digest, range);
        post({ type: 'artifact', digest, ...(range !== undefined && { range }), ...(bytes !== undefined && { data: Buffer.from(bytes).toString('base64') }) });
        return;
      }
      case 'open-artifact': {
        const bytes = await need(message.digest, message.name);
        if (bytes === undefined) return;
        await vscode.commands.executeCommand('vscode.open', await materialize(message.digest, message.name, bytes), { preview: true, viewColumn: vscode.ViewColumn.Beside });
        return;
      }
      case 'save-artifact': {
        const bytes = await need(message.digest, message.name);
        if (bytes === undefined) return;
        const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.file(join(base, safeFileName(message.name))) });
        if (target !== undefined) await vscode.workspace.fs.writeFile(target, bytes);
        return;
      }
      case 'copy-artifact-path': {
        const { objectPath } = await import('../recording/artifacts.ts');
        const object = objectPath(source.store(), message.digest);
        const bytes = object !== undefined && existsSync(object) ? undefined : await need(message.digest, message.name);
        const path = bytes === undefined ? object : (await materialize(message.digest, message.name, bytes)).fsPath;
        if (path === undefined || !existsSync(path)) return;
        await vscode.env.clipboard.writeText(path);
        vscode.window.setStatusBarMessage(`Copied ${path}`, 4000);
        return;
      }
      case 'look-at-workspace': {
        const state = source.state();
        if (state !== undefined) post({ type: 'workspace', files: await lookAtSources(base, runSources(state)) });
        return;
      }
      case 'compare-source': {
        const refusal = await compareWithWorkspace({ folder: base, store: source.store() }, message.path, message.digest);
        if (refusal !== undefined) void vscode.window.showInformationMessage(refusal);
        return;
      }
      case 'run-again':
        await vscode.commands.executeCommand(command.retryRun, uri);
        return;
      case 'restore-parameters':
        await vscode.commands.executeCommand(command.restoreParameters, uri);
        return;
      case 'restore-sources':
        await vscode.commands.executeCommand(command.restoreSources, uri);
        return;
      case 'open-file':
        await openFile(base, message.path, message.line);
        return;
      case 'show-change': {
        const reason = source.state()?.tasks.find((task) => task.node.id === message.task)?.reasons[message.reason];
        if (reason !== undefined) await openChange(reason, { folder: base, store: source.store() });
        return;
      }
      case 'open-run': {
        const path = pathOfRun(source.store(), message.runId);
        if (path === undefined) void vscode.window.showWarningMessage(`The record of ${message.runId} is not beside this one.`);
        else await openRunFile(path);
        return;
      }
      case 'trace':
        await vscode.commands.executeCommand(command.trace, { output: `${source.state()?.runId ?? ''}/${message.task}/${message.output}`, store: storeFolderOf(uri.fsPath) });
        return;
      case 'save-chart':
        await saveChart(base, message);
        return;
      default:
        message satisfies never;
    }
  };
  const subscriptions = [
    annotations,
    annotations.onDidCreate(remarksAgain),
    annotations.onDidChange(remarksAgain),
    annotations.onDidDelete(remarksAgain),
    webview.onDidReceiveMessage((message: RunViewMessage) => {
      receive(message).catch((error: unknown) => void vscode.window.showErrorMessage(`Runweave: ${error instanceof Error ? error.message : String(error)}`));
    }),
    panel.onDidChangeViewState(() => source.setVisible(panel.visible)),
  ];
  panel.onDidDispose(() => {
    source.dispose();
    for (const each of subscriptions) each.dispose();
  });
}

/** Opens a record or the event log of a run in progress in the run panel. */
export async function openRunFile(path: string): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(path), view.run);
}

interface RunSource {
  /** Sends all there is, and from then on what is new. */
  readonly snapshot: () => Promise<void>;
  readonly state: () => RunState | undefined;
  /** The folder that has its artifacts. */
  readonly store: () => string;
  readonly setVisible: (visible: boolean) => void;
  readonly dispose: () => void;
}

function openSource(path: string, post: (message: RunHostMessage) => void, converted: ConvertedFiles): RunSource {
  return isEventLog(path) && existsSync(path) ? liveSource(path, post, converted) : recordSource(isEventLog(path) ? sealedPathOf(path) : path, post, converted);
}

function recordSource(path: string, post: (message: RunHostMessage) => void, { convert, discard }: ConvertedFiles): RunSource {
  let state: RunState | undefined;
  const stop = new AbortController();
  /** Of a file that is no record: asked for once, also when the page is made again. */
  let made: Promise<Converted> | undefined;
  let store = storeFolderOf(path);
  const show = (read: Exclude<ReadRecord, { readonly type: 'unreadable' }>): void => {
    if (read.type === 'trace') {
      const { title, spans, total } = read;
      post({ type: 'trace', title, spans, total });
      return;
    }
    state = read.state;
    post(runSnapshot(state, false));
  };
  return {
    state: () => state,
    store: () => store,
    setVisible: () => undefined,
    dispose: () => {
      stop.abort();
      void made?.then((converted) => (converted.ok ? discard(converted.store) : undefined));
    },
    snapshot: async () => {
      const read = made === undefined ? await readShowingProgress(path, stop.signal) : undefined;
      if (stop.signal.aborted) return;
      if (read !== undefined && read.type !== 'unreadable') {
        show(read);
        return;
      }
      made ??= convert(path, read);
      const converted = await made;
      if (!converted.ok) {
        post({ type: 'unreadable', message: converted.message });
        return;
      }
      store = converted.store;
      const { readRecord } = await import('../store/read-record.ts');
      const record = await readRecord(converted.record);
      if (record.type === 'unreadable') post(record);
      else show(record);
    },
  };
}

/** Bytes from which reading takes a while. */
const longReading = 64 * 1024 * 1024;

/** `undefined` for what is no record, and when it was given up. */
async function readShowingProgress(path: string, signal: AbortSignal): Promise<ReadRecord | undefined> {
  const { readInPlace } = await import('../app/importing/open-file.ts');
  const size = existsSync(path) ? statSync(path).size : 0;
  try {
    if (size < longReading) return await readInPlace(path, { signal });
    return await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: `Reading ${basename(path)}` }, (progress) => {
      let shown = -1;
      const onProgress = (read: number, total: number): void => {
        const percent = Math.floor((100 * read) / total);
        if (percent === shown) return;
        shown = percent;
        progress.report({ message: `${percent} %` });
      };
      return readInPlace(path, { signal, onProgress });
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function liveSource(path: string, post: (message: RunHostMessage) => void, converted: ConvertedFiles): RunSource {
  const fold = createRunFold();
  let sealed: RunSource | undefined;
  /** The view has a snapshot, and is shown. */
  let following = false;
  let caughtUp = false;
  let sent = { characters: 0, points: 0 };
  /** The view does not have every point, so that it can't count them. */
  let isThinned = false;
  const events = coalesce<RunEvent>(displayInterval, (batch) => {
    if (!following) return;
    const thinned = thinBatch([...batch]);
    for (const event of thinned) {
      if (event.type === 'output') sent.characters += event.text.length;
      else if (event.type === 'metric' || event.type === 'log' || event.type === 'span') sent.points += 1;
      else if (event.type === 'metrics') sent.points += event.values.length;
    }
    isThinned ||= thinned.length < batch.size || thinned.some((event) => event.type === 'metrics');
    if (sent.characters > eventsLimit.characters || sent.points > eventsLimit.points) sendSnapshot();
    else post({ type: 'events', events: thinned, ...(isThinned && { seriesLengths: lengthsOf(thinned, fold.state()) }) });
  });
  const sendSnapshot = (): void => {
    const state = fold.state();
    if (state === undefined) return;
    events.flush();
    following = true;
    sent = { characters: 0, points: 0 };
    const snapshot = runSnapshot(state, state.outcome === undefined);
    isThinned = snapshot.seriesLengths !== undefined && snapshot.seriesLengths.length > 0;
    post(snapshot);
  };
  let wanted = false;
  let last: UnixNano | undefined;
  const take = (batch: readonly RunEvent[]): void => {
    for (const event of batch) fold.apply(event);
    last = batch.at(-1)?.time ?? last;
    caughtUp = true;
    if (following) events.add(...batch);
    else if (wanted) sendSnapshot();
  };
  const log = followLog(path, {
    onEvents: take,
    onCutOff: () => {
      const state = fold.state();
      if (state !== undefined && last !== undefined) take(interruption(state, last));
    },
    onEnd: () => {
      sealed = recordSource(sealedPathOf(path), post, converted);
      if (wanted) void sealed.snapshot();
    },
  });
  return {
    state: () => sealed?.state() ?? fold.state(),
    store: () => storeFolderOf(path),
    setVisible: (visible) => {
      if (visible) return;
      // Its page is gone, and asks for a snapshot when it is shown again.
      following = false;
      wanted = false;
    },
    snapshot: async () => {
      wanted = true;
      if (sealed !== undefined) await sealed.snapshot();
      else if (caughtUp) sendSnapshot();
    },
    dispose: () => {
      log.dispose();
      events.dispose();
    },
  };
}

/** Of the series that these events add to. */
function lengthsOf(events: readonly RunEvent[], state: RunState | undefined): readonly SeriesLength[] {
  const tasks = new Map(state?.tasks.map((task) => [task.node.id, task]));
  const lengths = new Map<string, SeriesLength>();
  for (const event of events) {
    if (event.type !== 'metric' && event.type !== 'metrics') continue;
    const { task, name } = event;
    lengths.set(JSON.stringify([task, name]), { task, name, length: tasks.get(task)?.metrics[name]?.count ?? 0 });
  }
  return [...lengths.values()];
}

function contentOf(state: RunState | undefined, digest: Digest): ArtifactContent | undefined {
  for (const task of state?.tasks ?? []) {
    const found = task.artifacts.find((artifact) => artifact.digest === digest);
    if (found !== undefined) return found.content;
  }
  return undefined;
}

/** Only files of the workspace: a record may come from anybody, and so may a link in it. */
async function openFile(base: string, path: string, line: number | undefined): Promise<void> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  const file = fileInside(base, path, folders);
  const real = file !== undefined && existsSync(file) ? realpathSync(file) : undefined;
  if (file === undefined || real === undefined || fileInside('/', real, folders.map((folder) => realpathSync(folder))) === undefined) {
    void vscode.window.showWarningMessage(`${path} is not a file of this workspace.`);
    return;
  }
  const at = new vscode.Position(Math.max(0, (line ?? 1) - 1), 0);
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file), line === undefined ? {} : { selection: new vscode.Range(at, at) });
}
