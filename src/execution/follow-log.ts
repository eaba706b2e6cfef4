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
/** In characters. What the helper returns is a pickle from half of it on (`_longest_line` in `runweave/__init__.py`). */
export const lineLimit = 32 * 1024 * 1024;

export interface FollowedLog {
  /** Whether there is a file, and so something may have been reported that is not taken in yet. */
  readonly isThere: () => boolean;
  /** Reads to the end, also a last line without its end. Resolves with whether there was a file. */
  readonly close: () => Promise<boolean>;
}

export interface LogHooks {
  readonly onLine: (line: string) => void;
  /** In the place of a line of more than `lineLimit`: its beginning, and its length in characters. */
  readonly onLongLine: (beginning: string, length: number) => void;
  /** At the end: why the file, or the rest of it, could not be read. */
  readonly onProblem: (problem: string) => void;
}

/** Hands on complete lines as they are appended. The file need not be there before the task makes it. */
export function followLog(file: string, { onLine, onLongLine, onProblem }: LogHooks): FollowedLog {
  let opened: { readonly descriptor: number; readonly buffer: Buffer } | undefined;
  const decoder = new StringDecoder('utf8');
  let position = 0;
  let rest = '';
  /** Of `rest`, with what was left out of it. */
  let length = 0;
  const endLine = (end: string): void => {
    if (length + end.length > lineLimit) onLongLine((rest + end).slice(0, 200), length + end.length);
    else onLine(rest + end);
    rest = '';
    length = 0;
  };
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
      for (const line of lines) endLine(line);
      length += last.length;
      rest = length > lineLimit ? (rest + last).slice(0, 200) : rest + last;
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
      if (rest.trim() !== '') endLine('');
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
