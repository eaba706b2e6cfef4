/**
 * The last result of every task of a pipeline: `.runweave/cache/results-<file>.jsonl`.
 *
 * Constraints: a task that was running when the executor was killed must count as not done; a result must be there
 * after the line of it was written, without rewriting the results of all others; reading 5000 must take little.
 * So it is a log: one line `{"task", "result"}` when a task ended, with the fingerprint, which is most of it and seldom
 * asked for, as a JSON text of its own after a tab; `{"task", "started": runId}` when it started; the
 * last line of a task holds. It is written anew, atomically, by the first write of each session, so that it
 * never grows beyond a session's lines. A torn last line is what a crash leaves, and is left out. Everything in it can
 * be had from the records as well: so where it can't be written it is removed, as one with gaps would be believed.
 */
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { SpanReference } from '../model/run-event.ts';
import type { TaskResult } from '../model/task-result.ts';
import type { UnixNano } from '../model/time.ts';

const version = 2;

/** A task that was started: what it is taken for until it has ended. */
export type StartedTask = SpanReference & Required<Pick<TaskResult, 'fingerprint'>> & { readonly time: UnixNano };

export interface Results {
  readonly get: (task: TaskId) => TaskResult | undefined;
  readonly started: (task: TaskId, started: StartedTask) => void;
  readonly ended: (task: TaskId, result: TaskResult) => void;
  /** Makes the next write a short one. */
  readonly prepare: () => void;
  readonly close: () => void;
}

/** A result, or the line that it is read from when it is asked for. */
export type KnownResults = Map<TaskId, TaskResult | string>;

/** `undefined` where there is no usable file: deleted, of another version, or never written. */
export function readResults(file: string): KnownResults | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [first, ...lines] = text.split('\n');
  if (first !== header) return undefined;
  const results: KnownResults = new Map();
  for (const line of lines) {
    const task = taskOfLine(line);
    // A torn last line is what a crash leaves.
    if (task !== undefined && line.endsWith('}')) results.set(task, line);
  }
  return results;
}

const header = JSON.stringify({ runweave: 'results', version });
const lineStart = '{"task":"';

function taskOfLine(line: string): TaskId | undefined {
  if (!line.startsWith(lineStart)) return undefined;
  const end = line.indexOf('"', lineStart.length);
  const id = line.slice(lineStart.length, end);
  if (end !== -1 && !id.includes('\\')) return id as TaskId;
  try {
    return (JSON.parse(line.split('\t', 1)[0] ?? '') as { readonly task: TaskId }).task;
  } catch {
    return undefined;
  }
}

/** `undefined` for a line that is damaged. */
function parseLine(line: string): TaskResult | undefined {
  const [head = '', fingerprint] = line.split('\t');
  try {
    const { result, started } = JSON.parse(head) as { readonly result?: TaskResult; readonly started?: Omit<StartedTask, 'fingerprint'> };
    if (started !== undefined) return unfinished({ ...started, fingerprint: JSON.parse(fingerprint ?? '') as Fingerprint });
    return result === undefined || fingerprint === undefined ? result : withFingerprint(result, fingerprint);
  } catch {
    return undefined;
  }
}

/** Parsed when it is asked for. */
function withFingerprint(result: TaskResult, text: string): TaskResult {
  let parsed: Fingerprint | undefined;
  const parse = (): Fingerprint | undefined => {
    try {
      return (parsed ??= JSON.parse(text) as Fingerprint);
    } catch {
      // Damaged: as if it was lost, so the task runs.
      return undefined;
    }
  };
  return Object.defineProperty(result, 'fingerprint', { enumerable: true, get: parse });
}

function lineOf(task: TaskId, { fingerprint, ...result }: TaskResult): string {
  return `${JSON.stringify({ task, result })}${fingerprint === undefined ? '' : `\t${JSON.stringify(fingerprint)}`}`;
}

/** Whether there is a usable file, without reading it. */
export function hasResults(file: string): boolean {
  const bytes = Buffer.alloc(header.length + 1);
  try {
    const descriptor = openSync(file, 'r');
    try {
      return readSync(descriptor, bytes) === bytes.length && bytes.toString() === `${header}\n`;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

/** Opens the results for reading and writing. `before` is what is there already, from the file or from records, or reads it when it is asked for. */
export function openResults(file: string, before: KnownResults | (() => KnownResults), onChange: (task: TaskId) => void = () => undefined): Results {
  let read = typeof before === 'function' ? undefined : before;
  const all = (): KnownResults => (read ??= typeof before === 'function' ? before() : before);
  const temporary = `${file}.${process.pid}.tmp`;
  let descriptor: number | undefined;
  let failed = false;
  const write = (line?: string): void => {
    if (failed) return;
    // Before anything happens to the file.
    const known = all();
    try {
      if (descriptor === undefined) {
        // Compacted when first written to, so that a session that only reads changes nothing.
        mkdirSync(path.dirname(file), { recursive: true });
        const lines = [...known].map(([task, result]) => (typeof result === 'string' ? result : lineOf(task, result)));
        writeFileSync(temporary, `${[header, ...lines].join('\n')}\n`);
        renameSync(temporary, file);
        descriptor = openSync(file, 'a');
      }
      if (line === undefined) return;
      const text = Buffer.from(`${line}\n`);
      if (writeSync(descriptor, text) < text.length) throw new Error('the disk is full');
    } catch {
      failed = true;
      remove(file);
      remove(temporary);
    }
  };
  return {
    get: (task) => {
      const known = all();
      const result = known.get(task);
      if (typeof result !== 'string') return result;
      const parsed = parseLine(result);
      if (parsed === undefined) known.delete(task);
      else known.set(task, parsed);
      return parsed;
    },
    started: (task, started) => {
      const { fingerprint, ...rest } = started;
      write(`${JSON.stringify({ task, started: rest })}\t${JSON.stringify(fingerprint)}`);
      all().set(task, unfinished(started));
      onChange(task);
    },
    ended: (task, result) => {
      write(lineOf(task, result));
      all().set(task, result);
      onChange(task);
    },
    prepare: () => write(),
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Its folder is none, or may not be written: there is no file with gaps either.
  }
}

function unfinished({ time, ...started }: StartedTask): TaskResult {
  return { ...started, outcome: 'error', unfinished: true, outputs: [], returns: {}, duration: 0, end: time };
}
