/**
 * The graph panel. Shown, it gets a snapshot and then what changed; hidden, its page does not exist, and it asks for
 * a snapshot when it is shown again. Survives a window reload through its serializer.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TaskId } from '../model/pipeline.ts';
import type { GraphHostMessage, GraphViewMessage } from '../protocol/graph-view.ts';
import { view } from './commands.ts';
import { explainTask } from './explain.ts';
import type { ModelChange, PipelineModel } from './pipeline-model.ts';
import type { PipelineSession } from './pipeline-session.ts';
import type { Pipelines } from './pipelines.ts';
import { singlePanel, type SinglePanel } from './single-panel.ts';
import { openOutput, openSource } from './task-files.ts';
import type { TaskLogs } from './task-log.ts';
import { webviewHtml } from './webview-html.ts';

export function graphPanels(extension: vscode.Uri, pipelines: Pipelines, logs: TaskLogs): SinglePanel {
  const icon = { light: vscode.Uri.joinPath(extension, 'media', 'graph-light.svg'), dark: vscode.Uri.joinPath(extension, 'media', 'graph-dark.svg') };
  return singlePanel({ extension, type: view.graph, title: 'Pipeline Graph', icon, pipelines, connect: (panel) => connect(extension, panel, pipelines, logs) });
}

function connect(extension: vscode.Uri, panel: vscode.WebviewPanel, pipelines: Pipelines, logs: TaskLogs): vscode.Disposable {
  const { webview } = panel;
  let following = false;
  /** The tasks of the last snapshot: deltas hold for the same tasks only. */
  let drawn = '';
  const post = (message: GraphHostMessage): void => void webview.postMessage(message);

  const snapshot = (): void => {
    const session = pipelines.current;
    panel.title = session === undefined ? 'Pipeline Graph' : `${session.model.graph?.name ?? basename(session.folder)} (graph)`;
    drawn = shapeOf(session);
    post({
      type: 'snapshot',
      title: session?.model.graph?.name ?? 'no pipeline',
      watching: session?.model.watching ?? false,
      running: session?.model.running ?? false,
      errors: session?.model.errors ?? 0,
      tasks: session?.model.graphTasks() ?? [],
    });
  };
  const update = (change: ModelChange): void => {
    if (!following) return;
    const session = pipelines.current;
    if (session === undefined || shapeOf(session) !== drawn) {
      snapshot();
      return;
    }
    const { model } = session;
    const ids = change === 'all' ? model.tasks.map((task) => task.id) : [...change].filter((id) => model.task(id) !== undefined);
    post({ type: 'statuses', watching: model.watching, running: model.running, changes: statuses(model, ids) });
  };

  const receive = (message: GraphViewMessage): void => {
    const session = pipelines.current;
    switch (message.type) {
      case 'ready':
        following = true;
        snapshot();
        session?.planIfUnknown();
        return;
      case 'open-source':
        if (session !== undefined) void openSource(session, message.task, columnBeside(panel));
        return;
      case 'open-output':
        if (session !== undefined) void openOutput(session, message.task, logs, columnBeside(panel));
        return;
      case 'explain':
        if (session !== undefined) void explainTask(session, message.task);
        return;
      case 'run':
        session?.run({ tasks: message.tasks, force: false });
        return;
      case 'stop':
        session?.stop();
        return;
      case 'watch':
        session?.setWatch(message.on);
        return;
      case 'show-problems':
        void vscode.commands.executeCommand('workbench.actions.view.problems');
        return;
      default:
        message satisfies never;
    }
  };

  const subscriptions = [
    webview.onDidReceiveMessage(receive),
    pipelines.onDidChange(update),
    panel.onDidChangeViewState(() => {
      if (!panel.visible) following = false;
    }),
  ];
  const folder = vscode.Uri.joinPath(extension, 'dist', 'webview');
  webview.html = webviewHtml({
    title: 'Pipeline Graph',
    script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'graph.js')).toString(),
    style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'graph.css')).toString(),
    cspSource: webview.cspSource,
  });
  return vscode.Disposable.from(...subscriptions);
}

/** Where a node's files are shown: not over the graph, in which a second click leads to the output. */
function columnBeside(panel: vscode.WebviewPanel): vscode.ViewColumn {
  return vscode.window.tabGroups.all.find((group) => group.viewColumn !== panel.viewColumn)?.viewColumn ?? vscode.ViewColumn.Beside;
}

function statuses(model: PipelineModel, ids: readonly TaskId[]): Extract<GraphHostMessage, { readonly type: 'statuses' }>['changes'] {
  return ids.map((id) => ({ id, status: model.statusOf(id) }));
}

/** All that a snapshot has and a delta has not. */
function shapeOf(session: PipelineSession | undefined): string {
  if (session === undefined) return '';
  const { model } = session;
  return JSON.stringify([session.file.toString(), model.graph?.name, model.errors, model.graphTasks().map(({ status: _, ...task }) => task)]);
}
