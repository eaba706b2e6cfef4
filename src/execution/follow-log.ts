/**
 * Follows the file that a task appends its reports to. Bounded in all ways, as the file is the task's: it is read in
 * turns, between which other work goes on, and a line that never ends is not held.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How often it is looked at, in milliseconds: a look at a file that did not grow takes a few microseconds. */
const interval = 10;
const bytesInOneGo = 4 * 1024 * 1024;
const lineLimit = 32 * 1024 * 1024;

export interface FollowedLog {
  /** Whether there is a file, and so something may have been reported that is not taken in yet. */
  readonly isThere: () => boolean;
  /** Reads to the end, also a last line without its end. Resolves with whether there was a file. */
  readonly close: () => Promise<boolean>;
}

/**
 * Hands on complete lines as they are appended; of a line beyond 32 MiB its first 200 characters. The file need not be
 * there before the task makes it.
 */
export function followLog(file: string, onLine: (line: string) => void): FollowedLog {
  let opened: { readonly descriptor: number; readonly buffer: Buffer } | undefined;
  const decoder = new StringDecoder('utf8');
  let position = 0;
  let rest = '';
  let isTooLong = false;
  /** Up to its length now, and no further: a task may write faster than this reads. */
  const read = (): boolean => {
    if (opened === undefined) {
      if (!existsSync(file)) return false;
      opened = { descriptor: openSync(file, 'r'), buffer: Buffer.allocUnsafe(64 * 1024) };
    }
    const { descriptor, buffer } = opened;
    const { size } = fstatSync(descriptor);
    for (let left = bytesInOneGo; position < size && left > 0; ) {
      const count = readSync(descriptor, buffer, 0, buffer.length, position);
      if (count === 0) return false;
      position += count;
      left -= count;
      const lines = decoder.write(buffer.subarray(0, count)).split('\n');
      const last = lines.pop() ?? '';
      for (const [index, line] of lines.entries()) {
        if (index > 0) onLine(line);
        else onLine(isTooLong ? rest : rest + line);
        rest = '';
        isTooLong = false;
      }
      if (isTooLong) continue;
      rest += last;
      if (rest.length > lineLimit) {
        rest = rest.slice(0, 200);
        isTooLong = true;
      }
    }
    return position < size;
  };
  const timer = setInterval(read, interval);
  return {
    isThere: () => opened !== undefined || existsSync(file),
    close: async () => {
      clearInterval(timer);
      while (read()) await nextTurn();
      if (rest.trim() !== '') onLine(rest);
      if (opened !== undefined) closeSync(opened.descriptor);
      return opened !== undefined;
    },
  };
}
