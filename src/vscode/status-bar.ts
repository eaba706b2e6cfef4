/** The status bar item: the watch switch, and what the pipeline is at. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { fromMilliseconds, type Milliseconds } from '../model/time.ts';
import { command } from './commands.ts';
import type { Pipelines } from './pipelines.ts';
import { statusText } from './status-text.ts';

/** The model changes up to twenty times a second; an estimate that does so can't be read. */
const estimateInterval = 1000;

export function statusBar(pipelines: Pipelines): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('runweave.watch', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Runweave Watch';
  let left: Milliseconds | undefined;
  let clock: NodeJS.Timeout | undefined;
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
      ...(left !== undefined && { left }),
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
  const estimate = (): void => {
    left = pipelines.current?.model.timeLeft(fromMilliseconds(Date.now()));
    update();
  };
  const stopClock = (): void => {
    clearInterval(clock);
    clock = undefined;
    left = undefined;
  };
  const changed = (): void => {
    const running = pipelines.current?.model.running ?? false;
    if (running && clock === undefined) {
      clock = setInterval(estimate, estimateInterval);
      estimate();
      return;
    }
    if (!running) stopClock();
    update();
  };
  changed();
  return vscode.Disposable.from(item, pipelines.onDidChange(changed), { dispose: stopClock });
}
