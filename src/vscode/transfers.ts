/** Imports and exports as a user sees them: with progress, a way to stop, and what came of them. */
import * as vscode from 'vscode';
import type { TransferEnd, TransferRequest } from '../app/transfer.ts';
import { runTransfer } from './transfer-process.ts';

export type Transfers = (title: string, request: TransferRequest) => Promise<TransferEnd>;

/** `extension`: where `dist` is. */
export function transfers(extension: vscode.Uri): Transfers {
  const module = vscode.Uri.joinPath(extension, 'dist', 'transfer.cjs').fsPath;
  return async (title, request) =>
    vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
      const stop = new AbortController();
      const subscription = token.onCancellationRequested(() => stop.abort());
      let shown = 0;
      try {
        return await runTransfer(module, request, {
          signal: stop.signal,
          onProgress: ({ done, total, text }) => {
            const percent = total > 1 ? (100 * done) / total : 0;
            progress.report({ message: total > 1 ? `${Math.min(done + 1, total)} of ${total}: ${text}` : text, increment: percent - shown });
            shown = percent;
          },
        });
      } finally {
        subscription.dispose();
      }
    });
}

/** `3 runs`. */
export function runsText(count: number): string {
  return `${count} run${count === 1 ? '' : 's'}`;
}
