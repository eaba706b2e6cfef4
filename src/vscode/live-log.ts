/**
 * Follows the event log of a run in progress, whoever runs it: this editor, another one, or the command line. Knows
 * nothing of `vscode`.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { RunEvent } from '../model/run-event.ts';
import { writerIsAlive } from '../recording/writer.ts';

export interface LiveLogHooks {
  readonly onEvents: (events: readonly RunEvent[]) => void;
  /** Called once, after all events: nobody writes the log any more, and nobody has sealed its run yet. */
  readonly onCutOff?: () => void;
  /** The log is gone: its run was sealed. */
  readonly onEnd: () => void;
}

/** How often the file is looked at where the system tells of no changes. */
const pollInterval = 1000;
const chunkSize = 1 << 20;

/** Reads what is there, then what is appended, until disposed or until the file is gone. */
export function followLog(path: string, hooks: LiveLogHooks): { readonly dispose: () => void } {
  let position = 0;
  let rest: Buffer = Buffer.alloc(0);
  let reading = false;
  /** How often a look was asked for. */
  let asked = 0;
  let ended = false;
  let isCutOff = false;
  let watcher: FSWatcher | undefined;

  const buffer = Buffer.allocUnsafe(chunkSize);
  const readOn = async (): Promise<void> => {
    const file = await open(path, 'r');
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, chunkSize, position);
        if (bytesRead === 0 || isEnded()) return;
        position += bytesRead;
        const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        const end = text.lastIndexOf(0x0a) + 1;
        // Copied, so that a small rest does not keep a large buffer.
        rest = Buffer.from(text.subarray(end));
        const events = text.toString('utf8', 0, end).split('\n').filter((line) => line !== '' && !line.startsWith('{"type":"writer"')).map((line) => JSON.parse(line) as RunEvent);
        if (events.length > 0) hooks.onEvents(events);
      }
    } finally {
      await file.close();
    }
  };
  const isEnded = (): boolean => ended;
  const end = (): void => {
    if (ended) return;
    dispose();
    hooks.onEnd();
  };
  const look = async (): Promise<void> => {
    asked += 1;
    if (reading) return;
    reading = true;
    try {
      for (let seen = 0; seen !== asked && !isEnded(); ) {
        seen = asked;
        await readOn();
        await stat(path);
      }
      if (isCutOff || isEnded() || writerIsAlive(path)) return;
      // What it wrote before it died.
      await readOn();
      isCutOff = true;
      if (!isEnded()) hooks.onCutOff?.();
    } catch {
      end();
    } finally {
      reading = false;
    }
  };
  const dispose = (): void => {
    ended = true;
    watcher?.close();
    clearInterval(poll);
  };
  const poll = setInterval(() => void look(), pollInterval);
  try {
    watcher = watch(path, () => void look());
    watcher.on('error', () => watcher?.close());
  } catch {
    // The poll finds out.
  }
  void look();
  return { dispose };
}
