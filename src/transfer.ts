/** The process that imports and exports for the editor, one request long. Ends when the editor is gone, too. */
import { transfer, type TransferCommand, type TransferMessage } from './app/transfer.ts';

const stop = new AbortController();
let started = false;

function send(message: TransferMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) resolve();
    else process.send(message, () => resolve());
  });
}

process.on('message', (command: TransferCommand) => {
  if (command.type === 'cancel') stop.abort();
  else if (!started) {
    started = true;
    void transfer(command, (progress) => void send(progress), stop.signal)
      .then(send)
      .then(() => process.exit(0));
  }
});
process.on('disconnect', () => stop.abort());
