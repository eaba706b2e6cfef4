/**
 * The last result of every task of a pipeline: `.runweave/cache/results-<file>.jsonl`.
 *
 * Constraints: a task that was running when the executor was killed must count as not done; a result must be there
 * after the line of it was written, without rewriting the results of all others; reading 5000 must take little.
 * So it is a log: one line `{"task", "result"}` when a task ended, `{"task", "started": runId}` when it started; the
 * last line of a task holds. It is written anew, atomically, by the first write of each session, so that it
 * never grows beyond a session's lines. A torn last line is what a crash leaves, and is left out. Everything in it can
 * be had from the records as well: so where it can't be written it is removed, as one with gaps would be believed.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { TaskId } from '../model/pipeline.ts';
import type { SpanReference } from '../model/run-event.ts';
import type { TaskResult } from '../model/task-result.ts';
import type { UnixNano } from '../model/time.ts';

const version = 1;

type Line = { readonly task: TaskId; readonly result: TaskResult } | { readonly task: TaskId; readonly started: StartedTask };

/** A task that was started: what it is taken for until it has ended. */
export type StartedTask = SpanReference & Required<Pick<TaskResult, 'fingerprint'>> & { readonly time: UnixNano };

export interface Results {
  readonly get: (task: TaskId) => TaskResult | undefined;
  readonly started: (task: TaskId, started: StartedTask) => void;
  readonly ended: (task: TaskId, result: TaskResult) => void;
  readonly close: () => void;
}

/** `undefined` where there is no usable file: deleted, of another version, or never written. */
export function readResults(file: string): Map<TaskId, TaskResult> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const lines = text.split('\n');
  if (lines[0] !== JSON.stringify({ runweave: 'results', version })) return undefined;
  const results = new Map<TaskId, TaskResult>();
  for (const line of lines.slice(1)) {
    if (line === '') continue;
    let parsed: Line;
    try {
      parsed = JSON.parse(line) as Line;
    } catch {
      continue;
    }
    results.set(parsed.task, 'result' in parsed ? parsed.result : unfinished(parsed.started));
  }
  return results;
}

/** Opens the results for reading and writing. `known` is what is there already, from the file or from records. */
export function openResults(file: string, known: Map<TaskId, TaskResult>): Results {
  const temporary = `${file}.${process.pid}.tmp`;
  const lines = [JSON.stringify({ runweave: 'results', version }), ...[...known].map(([task, result]) => JSON.stringify({ task, result }))];
  let descriptor: number | undefined;
  let failed = false;
  const write = (line: Line): void => {
    if (failed) return;
    try {
      if (descriptor === undefined) {
        // Compacted when first written to, so that a session that only reads changes nothing.
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(temporary, `${lines.join('\n')}\n`);
        renameSync(temporary, file);
        descriptor = openSync(file, 'a');
      }
      const text = Buffer.from(`${JSON.stringify(line)}\n`);
      if (writeSync(descriptor, text) < text.length) throw new Error('the disk is full');
    } catch {
      failed = true;
      remove(file);
      remove(temporary);
    }
  };
  return {
    get: (task) => known.get(task),
    started: (task, started) => {
      known.set(task, unfinished(started));
      write({ task, started });
    },
    ended: (task, result) => {
      known.set(task, result);
      write({ task, result });
    },
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
  return { ...started, outcome: 'error', outputs: [], returns: {}, duration: 0, end: time };
}
