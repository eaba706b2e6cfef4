/**
 * The append-only file of a run in progress: `.runweave/live/<run-id>.jsonl`.
 *
 * Constraints: what was appended must survive the death of this process at any moment; a full disk must not stop a
 * run; the executor must not wait. So each line is one event as JSON after a first line about the writer; lines are
 * written in order by plain writes (the operating system has them from then on), gathered for at most 10 ms: others
 * follow a run by its log. (Until something is started there is nothing to lose: what is decided before is gathered for
 * longer, and a run that starts nothing is sealed without it.) When a write fails, what is left of it is kept and tried
 * again with the next, so that a line is never torn in the middle of the file. For the end of a run on a disk that is
 * full, room is reserved beside the log: how the tasks ended must find a place. The last line may be torn, and is left
 * out when the file is read.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { deepestRecorded, parseNested } from '../model/nested-json.ts';
import type { RunEvent, RunId } from '../model/run-event.ts';
import type { UnixNano } from '../model/time.ts';
import { readLines } from './read-lines.ts';
import { describeWriter } from './writer.ts';

const writeInterval = 10;
/** What waits for a disk that has no room is held up to this many bytes, then given up. */
const backlogLimit = 64 * 1024 * 1024;
const reservedBytes = 64 * 1024;
const decisionInterval = 1000;
const writtenAtOnce: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>(['attempt-started', 'task-ended', 'run-ended']);

export interface EventLog {
  readonly path: string;
  /** Something is about to be started: from now on it can be found by whoever comes after a crash. */
  readonly begin: () => void;
  /** Never throws. `text`: the event as JSON, where that is known. */
  readonly append: (event: RunEvent, text?: string) => void;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** Closes it without what was not written yet, and removes it: the run is sealed. */
  readonly discard: () => void;
}

export interface EventLogOptions {
  /** Called once, with what went wrong first; the run goes on. */
  readonly onError?: (error: Error) => void;
  /** How many of the bytes were written: for tests of disks that have no room. */
  readonly write?: (descriptor: number, bytes: Buffer) => number;
}

/** Beside the log; removed with it. */
export function reservePath(log: string): string {
  return `${log}.reserve`;
}

export function liveFolder(folder: string): string {
  return path.join(folder, 'live');
}

/** Run ids become file names. */
export function isRunId(text: string): boolean {
  return /^[\w-][\w.-]{0,200}$/.test(text);
}

/** `folder` is `.runweave`. Fails only for a run id that is none: a log that can't be opened reports that and takes nothing. */
export function openEventLog(folder: string, runId: RunId, { onError, write: writeBytes = writeSync }: EventLogOptions = {}): Promise<EventLog> {
  if (!isRunId(runId)) throw new Error(`${runId} is no run id`);
  const file = path.join(liveFolder(folder), `${runId}.jsonl`);
  let reported = false;
  const report = (error: unknown): void => {
    if (reported) return;
    reported = true;
    onError?.(error as Error);
  };

  let descriptor: number | undefined;
  let isOpened = false;
  let isReserved = false;
  /** Events, or their texts; made into lines when they are written. */
  let events: (RunEvent | string)[] = [];
  let backlog: Buffer = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;

  /** With the line that says who writes: from then on, what this process starts is found if it dies. */
  const openFile = (): void => {
    if (isOpened) return;
    isOpened = true;
    backlog = Buffer.from(`${JSON.stringify(describeWriter())}\n`);
    try {
      descriptor = openNew(file);
    } catch (error) {
      report(error);
    }
    writeBacklog();
  };

  /** With the first event, so that no process waits for it. */
  const reserve = (): void => {
    if (isReserved || descriptor === undefined) return;
    isReserved = true;
    try {
      writeFileSync(reservePath(file), Buffer.alloc(reservedBytes));
    } catch (error) {
      report(error);
    }
  };

  const writeAll = (): void => {
    openFile();
    reserve();
    clearTimeout(timer);
    timer = undefined;
    if (descriptor === undefined) {
      events = [];
      return;
    }
    if (events.length > 0) {
      const text = Buffer.from(events.map((event) => `${typeof event === 'string' ? event : JSON.stringify(event)}\n`).join(''));
      events = [];
      backlog = backlog.length === 0 ? text : Buffer.concat([backlog, text]);
    }
    writeBacklog();
  };

  const writeBacklog = (): void => {
    if (descriptor === undefined) return;
    const target = descriptor;
    const writeOn = (): void => {
      while (backlog.length > 0) backlog = backlog.subarray(writeBytes(target, backlog));
    };
    try {
      try {
        writeOn();
      } catch (error) {
        if (!existsSync(reservePath(file))) throw error;
        report(error);
        rmSync(reservePath(file), { force: true });
        writeOn();
      }
    } catch (error) {
      report(error);
      if (backlog.length > backlogLimit) {
        backlog = Buffer.alloc(0);
        closeSync(descriptor);
        descriptor = undefined;
      }
    }
  };

  return Promise.resolve({
    path: file,
    begin: openFile,
    append: (event, text) => {
      events.push(text ?? event);
      // A run that has started nothing, and has ended, may need no log at all.
      if (writtenAtOnce.has(event.type) && (isOpened || event.type !== 'run-ended')) writeAll();
      else timer ??= setTimeout(writeAll, isOpened ? writeInterval : decisionInterval);
    },
    flush: () => {
      writeAll();
      return Promise.resolve();
    },
    discard: () => {
      clearTimeout(timer);
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
      events = [];
      if (!isOpened) return;
      for (const left of [reservePath(file), file]) rmSync(left, { force: true });
    },
    close: () => {
      writeAll();
      if (descriptor !== undefined) {
        try {
          rmSync(reservePath(file), { force: true });
          putBack(file, descriptor);
        } catch (error) {
          report(error);
        }
        closeSync(descriptor);
      }
      descriptor = undefined;
      return Promise.resolve();
    },
  });
}

function openNew(file: string): number {
  try {
    return openSync(file, 'ax+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(path.dirname(file), { recursive: true });
    return openSync(file, 'ax+');
  }
}

/** A task may have removed `.runweave`, or what is in it: the log is still there as long as it is open. */
function putBack(file: string, descriptor: number): void {
  if (statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const copy = openSync(file, 'w');
  try {
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (let position = 0; ; ) {
      const count = readSync(descriptor, buffer, 0, buffer.length, position);
      if (count === 0) return;
      position += count;
      for (let written = 0; written < count; ) written += writeSync(copy, buffer, written, count - written);
    }
  } finally {
    closeSync(copy);
  }
}

/**
 * The events of a log one by one, without the writer's line. A torn last line is left out; a damaged line that others
 * follow becomes a warning of the run. Throws when the file can't be read.
 */
export async function* eventsOfLog(file: string): AsyncGenerator<RunEvent> {
  let time = '0' as UnixNano;
  const damaged: number[] = [];
  const warnings = (): RunEvent[] => damaged.splice(0).map((number) => ({ type: 'warning', time, message: `line ${number} of the event log was damaged and is left out` }));
  for await (const { number, text } of readLines(file)) {
    if (text === '') continue;
    const event = parseLine(text);
    if (event === undefined) {
      damaged.push(number);
    } else if (event !== 'writer') {
      time = event.time;
      // After the event: a log begins with run-started.
      yield event;
      yield* warnings();
    }
  }
}

function parseLine(line: string): RunEvent | 'writer' | undefined {
  try {
    const value = parseNested(line, deepestRecorded) as Partial<RunEvent> | { readonly type: 'writer' } | null;
    if (typeof value !== 'object' || value === null || typeof value.type !== 'string') return undefined;
    if (value.type === 'writer') return 'writer';
    return typeof value.time === 'string' && /^\d{1,20}$/.test(value.time) ? (value as RunEvent) : undefined;
  } catch {
    return undefined;
  }
}
