/** A panel of which there is one at most, and which survives a reload of the window. */
import * as vscode from 'vscode';
import type { Disposable } from './disposable.ts';
import type { Pipelines } from './pipelines.ts';

export interface SinglePanel extends Disposable {
  /** Opens it, or brings it to the front. */
  readonly show: () => void;
}

export interface SinglePanelOptions {
  readonly extension: vscode.Uri;
  readonly type: string;
  readonly title: string;
  readonly icon?: vscode.WebviewPanel['iconPath'];
  readonly pipelines: Pipelines;
  /** Serves the page until it is disposed. */
  readonly connect: (panel: vscode.WebviewPanel) => Disposable;
}

export function singlePanel({ extension, type, title, icon, pipelines, connect }: SinglePanelOptions): SinglePanel {
  let open: vscode.WebviewPanel | undefined;
  const options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extension, 'dist', 'webview')] };
  const adopt = (panel: vscode.WebviewPanel): void => {
    open?.dispose();
    open = panel;
    if (icon !== undefined) panel.iconPath = icon;
    panel.webview.options = options;
    const connection = connect(panel);
    panel.onDidDispose(() => {
      connection.dispose();
      if (open === panel) open = undefined;
    });
  };
  const serializer = vscode.window.registerWebviewPanelSerializer(type, {
    deserializeWebviewPanel: async (panel) => {
      await pipelines.ready;
      adopt(panel);
    },
  });
  return {
    show: () => {
      if (open !== undefined) open.reveal();
      else adopt(vscode.window.createWebviewPanel(type, title, vscode.ViewColumn.Active, options));
    },
    dispose: () => {
      serializer.dispose();
      open?.dispose();
    },
  };
}
