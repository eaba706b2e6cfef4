/**
 * The lineage page, over all folders of records that are shown. What the records' first lines say is read when it is
 * opened, what is new when they change, and forgotten when it is hidden.
 */
import * as vscode from 'vscode';
import type { AnnotationChange, AnnotationTarget } from '../model/annotation.ts';
import type { LineageHostMessage, LineageViewMessage } from '../protocol/lineage-view.ts';
import { indexAnnotations } from '../query/annotations.ts';
import { answerLineage, taskNames, type LineageQuestion, type LineageSources } from '../query/lineage-answer.ts';
import { lineageOf, outputNames, type StaleNow } from '../query/lineage.ts';
import { openRecorded } from './changes.ts';
import { coalesce } from './coalesce.ts';
import { view } from './commands.ts';
import type { Disposable } from './disposable.ts';
import type { Pipelines } from './pipelines.ts';
import { pathOfRun, projectFolderOf } from './record-files.ts';
import type { RecordFolders } from './record-folders.ts';
import { openRunFile } from './run-editor.ts';
import { singlePanel } from './single-panel.ts';
import { webviewHtml } from './webview-html.ts';

/** Milliseconds between two readings of the folders while they change. */
const interval = 1000;

export interface LineagePanel extends Disposable {
  readonly show: (question?: LineageQuestion) => void;
}

/** Reads the folders' records and annotations, again and again: what did not change is not read again. */
export function lineageReader(folders: RecordFolders, pipelines: Pipelines): () => Promise<LineageSources> {
  let heads: ReturnType<typeof openReader> | undefined;
  const openReader = async () => (await import('../store/head-reader.ts')).headReader(folders.folders);
  return async () => {
    const { readAnnotationsOf } = await import('../store/annotations.ts');
    const [states, annotations] = await Promise.all([(heads ??= openReader()).then((read) => read()), readAnnotationsOf(folders.folders)]);
    const said = indexAnnotations(annotations);
    return { lineage: lineageOf(states), flags: said.flags(), remarks: said.remarks(), staleNow: staleNowOf(pipelines) };
  };
}

/** By what the views know of the pipeline that is shown. */
function staleNowOf(pipelines: Pipelines): StaleNow {
  const { current } = pipelines;
  if (current === undefined) return () => undefined;
  const name = pipelines.nameOf(current.file);
  return (run) => {
    if (run.pipeline !== name || current.model.task(run.task) === undefined) return undefined;
    const { stale, reasons } = current.model.statusOf(run.task);
    return stale === true ? { type: 'stale-now', perhaps: false, reasons } : undefined;
  };
}

export function lineagePanel(extension: vscode.Uri, pipelines: Pipelines, folders: RecordFolders): LineagePanel {
  /** What the page is to show when it says that it is ready. */
  let wanted: LineageQuestion | undefined;
  let tell: ((question: LineageQuestion) => void) | undefined;

  const connect = (panel: vscode.WebviewPanel): Disposable => {
    const { webview } = panel;
    const post = (message: LineageHostMessage): void => void webview.postMessage(message);
    let read: (() => Promise<LineageSources>) | undefined;
    let sources: Promise<LineageSources> | undefined;
    const failed = (error: unknown): void => post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    const start = (question: LineageQuestion | undefined): void => post({ type: 'start', can: { annotate: true, openRun: true, compareCode: true }, ...(question !== undefined && { question }) });
    const load = async (): Promise<void> => {
      sources = (read ??= lineageReader(folders, pipelines))();
      const { lineage } = await sources;
      post({ type: 'names', outputs: outputNames(lineage).slice(0, 2000), tasks: taskNames(lineage) });
    };
    const again = coalesce<'again'>(interval, () => {
      if (read === undefined) return;
      void load().then(() => post({ type: 'changed' }), failed);
    });
    tell = start;

    const receive = async (message: LineageViewMessage): Promise<void> => {
      switch (message.type) {
        case 'ready':
          pipelines.current?.planIfUnknown();
          start(wanted);
          wanted = undefined;
          await load();
          return;
        case 'ask':
          if (sources === undefined) await load();
          if (sources !== undefined) post({ type: 'answer', question: message.question, answer: answerLineage(message.question, await sources) });
          return;
        case 'open-run':
          await openRunOf(folders, message.runId);
          return;
        case 'annotate':
          await annotateOutput(folders, message.target, message.change);
          again.add('again');
          return;
        case 'compare-code': {
          const places = folders.folders.map(({ store }) => ({ store, folder: projectFolderOf(store) }));
          const problem = await openRecorded(message.path, { places, digest: message.from as never }, { places, digest: message.to as never }, `${message.path.split('/').at(-1) ?? ''} (good ↔ bad)`);
          if (problem !== undefined) void vscode.window.showInformationMessage(problem);
          return;
        }
        default:
          message satisfies never;
      }
    };
    const subscriptions = vscode.Disposable.from(
      webview.onDidReceiveMessage((message: LineageViewMessage) => void receive(message).catch(failed)),
      folders.onDidChangeRuns(() => again.add('again')),
      folders.onDidChangeAnnotations(() => again.add('again')),
      pipelines.onDidChange((change) => {
        if (change === 'all') again.add('again');
      }),
      folders.onDidChange(() => {
        if (read === undefined) return;
        read = undefined;
        void load().then(() => post({ type: 'changed' }), failed);
      }),
      panel.onDidChangeViewState(() => {
        if (panel.visible) return;
        read = undefined;
        sources = undefined;
      }),
      again,
      {
        dispose: () => {
          if (tell === start) tell = undefined;
        },
      },
    );
    const folder = vscode.Uri.joinPath(extension, 'dist', 'webview');
    webview.html = webviewHtml({
      title: 'Lineage',
      script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'lineage.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'lineage.css')).toString(),
      cspSource: webview.cspSource,
    });
    return subscriptions;
  };
  const panel = singlePanel({ extension, type: view.lineage, title: 'Lineage', pipelines, connect });
  return {
    show: (question) => {
      // A hidden page does not exist: it asks again when it is ready.
      wanted = question;
      const isOpen = tell !== undefined;
      panel.show();
      if (isOpen && question !== undefined) tell?.(question);
    },
    dispose: () => panel.dispose(),
  };
}

async function openRunOf(folders: RecordFolders, runId: string): Promise<void> {
  const path = folders.folders.map(({ store }) => pathOfRun(store, runId)).find((each) => each !== undefined);
  if (path === undefined) void vscode.window.showWarningMessage(`The record of ${runId} is not here any more.`);
  else await openRunFile(path);
}

/** Beside the records of the run. */
export async function annotateOutput(folders: RecordFolders, target: AnnotationTarget, change: AnnotationChange): Promise<void> {
  const { runId } = target;
  const folder = folders.folders.find(({ store }) => pathOfRun(store, runId) !== undefined);
  if (folder === undefined) {
    void vscode.window.showWarningMessage(`The record of ${runId} is not here any more.`);
    return;
  }
  const [{ appendAnnotations }, { authorOf }] = await Promise.all([import('../store/annotations.ts'), import('../app/author.ts')]);
  const author = await authorOf(projectFolderOf(folder.store));
  await appendAnnotations(folder.store, [{ target, change, ...(author !== undefined && { author }) }], new Date());
}
