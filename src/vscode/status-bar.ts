/** The status bar item: the watch switch, and what the pipeline is at. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { command } from './commands.ts';
import type { Pipelines } from './pipelines.ts';
import { statusText } from './status-text.ts';

export function statusBar(pipelines: Pipelines): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('runweave.watch', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Runweave Watch';
  const update = (): void => {
    const session = pipelines.current;
    if (session === undefined) {
      item.hide();
      return;
    }
    const { model } = session;
    const { interpreter } = model;
    const trusted = vscode.workspace.isTrusted;
    const { text, tooltip, severity } = statusText({
      pipeline: model.graph?.name ?? basename(session.folder),
      folder: session.folder,
      trusted,
      watching: model.watching,
      running: model.running,
      progress: model.progress(),
      failed: model.failed(),
      errors: model.errors,
      ...(interpreter !== undefined && { interpreter }),
    });
    item.text = text;
    item.tooltip = tooltip.join('\n');
    item.backgroundColor = severity === 'error' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    item.command = trusted ? command.toggleWatch : 'workbench.trust.manage';
    item.accessibilityInformation = { label: `${text.replace(/\$\([^)]*\)/g, '').trim()}, ${tooltip.join(', ')}` };
    item.show();
  };
  update();
  return vscode.Disposable.from(item, pipelines.onDidChange(update));
}
