/**
 * Follows the file that a task appends its reports to. Bounded in all ways, as the file is the task's: it is read in
 * turns, between which other work goes on, and a line that never ends is not held. What it put in the file's place may
 * be anything, a pipe that nobody writes to or a folder: that ends neither the run nor the reading of what comes there later.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
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
 * there before the task makes it. `onProblem` is told at the end why it, or the rest of it, could not be read.
 */
export function followLog(file: string, onLine: (line: string) => void, onProblem: (problem: string) => void): FollowedLog {
  let opened: { readonly descriptor: number; readonly buffer: Buffer } | undefined;
  const decoder = new StringDecoder('utf8');
  let position = 0;
  let rest = '';
  let isTooLong = false;
  /** Up to its length now, and no further: a task may write faster than this reads. */
  const read = (): boolean => {
    if (opened === undefined) {
      if (!existsSync(file)) return false;
      opened = { descriptor: openFile(file), buffer: Buffer.allocUnsafe(64 * 1024) };
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
  /** What could not be read just now may be readable at the next look; only the last one counts. */
  const tryToRead = (): { readonly isMore: boolean; readonly problem?: string } => {
    try {
      return { isMore: read() };
    } catch (error) {
      return { isMore: false, problem: (error as Error).message };
    }
  };
  const timer = setInterval(tryToRead, interval);
  return {
    isThere: () => opened !== undefined || existsSync(file),
    close: async () => {
      clearInterval(timer);
      let last = tryToRead();
      for (; last.isMore; last = tryToRead()) await nextTurn();
      if (last.problem !== undefined) onProblem(last.problem);
      if (rest.trim() !== '') onLine(rest);
      if (opened !== undefined) closeSync(opened.descriptor);
      return opened !== undefined;
    },
  };
}

/** Throws for what is no file; neither waits for the other end of a pipe nor touches a device. */
function openFile(file: string): number {
  const stats = statSync(file);
  if (!stats.isFile()) throw new Error(`${file} is ${stats.isDirectory() ? 'a folder' : 'no file'}`);
  // It may be another one by now. (There is no O_NONBLOCK on Windows, and nothing to wait for.)
  return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
}
