/** An import or export in a process of its own, so that the editor never waits. Knows nothing of `vscode`. */
import { fork } from 'node:child_process';
import type { TransferCommand, TransferEnd, TransferMessage, TransferRequest } from '../app/transfer.ts';

export interface TransferHooks {
  readonly onProgress: (progress: Extract<TransferMessage, { readonly type: 'progress' }>) => void;
  /** What is half done is taken back. */
  readonly signal: AbortSignal;
}

/** How long it may take to take back what is half done. */
const patience = 10_000;

/** `module`: absolute path of `transfer.cjs`. Does not reject. */
export function runTransfer(module: string, request: TransferRequest, { onProgress, signal }: TransferHooks): Promise<TransferEnd> {
  const child = fork(module, [], {
    execPath: process.execPath,
    // A debugger's port belongs to the extension host alone.
    execArgv: [],
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  const send = (command: TransferCommand): void => {
    if (child.connected) child.send(command);
  };
  return new Promise((resolve) => {
    let killer: NodeJS.Timeout | undefined;
    let end: TransferEnd | undefined;
    const cancel = (): void => {
      send({ type: 'cancel' });
      killer = setTimeout(() => child.kill('SIGKILL'), patience);
    };
    const finish = (message: string): void => {
      clearTimeout(killer);
      signal.removeEventListener('abort', cancel);
      resolve(end ?? { type: 'failed', message });
    };
    child.on('message', (message: TransferMessage) => {
      if (message.type === 'progress') onProgress(message);
      else end = message;
    });
    child.on('error', (error) => finish(error.message));
    // `close` comes when all that it sent and wrote is read.
    child.on('close', (code, killedBy) => finish(signal.aborted ? 'it was given up' : `its process ended with ${killedBy ?? `exit code ${code}`}${said === '' ? '' : `: ${said.trim().split('\n').at(-1) ?? ''}`}`));
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel);
    send(request);
  });
}
