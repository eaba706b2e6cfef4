/**
 * One attempt at a task, from its process's start to its end, told as events.
 *
 *   starting ──▶ running ──exit 0──▶ success ──declared output missing──▶ failure
 *                  │ └────exit ≠ 0──▶ failure
 *                  ├── time is up ──▶ timeout        (the tree is ended first)
 *                  └── cancelled ───▶ cancellation   (likewise)
 *   starting ──could not start──▶ error
 */
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { JsonObject } from '../model/json.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { EventOf, Outcome, RecordedFailure, RunEvent, RunId, SpanId, TraceId } from '../model/run-event.ts';
import type { Clock, UnixNano } from '../model/time.ts';
import type { Backend, ProcessEnd, RunningProcess } from './backend/backend.ts';
import { followLog, type FollowedLog } from './follow-log.ts';
import { limitOutput } from './output-limit.ts';
import { taskEnvironment } from './task/environment.ts';
import { parseTaskLogLine, type TaskLogEntry } from './task/task-log.ts';

/** Output is handed on in pieces, not for every write of the task. */
const outputInterval = 25;
const outputPiece = 64 * 1024;
/** What is kept of a task's last output for its failure's message. */
const tailLength = 2000;
/** Lines of RUNWEAVE_LOG that were not understood are told one by one up to here. */
const toldLines = 20;

export interface AttemptRequest {
  readonly task: Task;
  readonly number: number;
  readonly cause: EventOf<'attempt-started'>['cause'];
  readonly command: readonly string[];
  readonly params: JsonObject;
  readonly runId: RunId;
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  /** Absolute path of the pipeline's folder. */
  readonly folder: string;
  readonly workspace: string;
  /**
   * What the names of the attempt's own files begin with, absolute; they are removed afterwards. Not a folder for each:
   * to make and remove one takes up to half of what the start of a process takes.
   */
  readonly scratch: string;
  readonly pythonPath: string;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface AttemptContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly emit: (event: RunEvent) => void;
  readonly storeArtifact: (file: string, name: string, mediaType: string | undefined) => Promise<Pick<EventOf<'artifact'>, 'name' | 'mediaType' | 'size' | 'digest' | 'content'>>;
}

export interface AttemptResult {
  readonly outcome: Exclude<Outcome, 'skip'>;
  readonly failure?: RecordedFailure;
  readonly returns: JsonObject;
  readonly observed: Pick<EventOf<'observed'>, 'modules' | 'read' | 'written'>;
}

export async function runAttempt(request: AttemptRequest, context: AttemptContext): Promise<AttemptResult> {
  const { task, folder } = request;
  const { emit, clock } = context;
  const of = { task: task.id, attempt: request.number } as const;
  const cwd = path.resolve(folder, task.cwd);
  const logFile = `${request.scratch}.log.jsonl`;
  const limit = limitOutput<UnixNano>((piece) => emit({ type: 'output', ...of, ...piece }));
  const output = collectOutput((stream, text) => limit.add({ stream, text, time: clock.now() }));
  const reports = collectReports(request, context, of, cwd);
  const startTime = clock.now();
  let log: FollowedLog | undefined;
  let process: RunningProcess;
  let paramsFile = '';
  try {
    paramsFile = writeParams(path.dirname(request.scratch), request.params);
    // The task makes its log by appending to it; most make none.
    log = followLog(logFile, (line) => {
      const entry = parseTaskLogLine(line, cwd);
      if (entry !== undefined) reports.add(entry);
    });
    process = await context.backend.start({
      command: request.command,
      cwd,
      env: taskEnvironment({ ...request, paramsFile, logFile }),
      onOutput: output.add,
    });
  } catch (error) {
    // A full disk, or no right to write: the task's own failure, not the run's.
    process = { pid: 0, ended: Promise.resolve({ type: 'start-failed', message: (error as Error).message }), stop: () => false };
  }
  emit({ type: 'attempt-started', ...of, time: startTime, spanId: request.spanId, cause: request.cause, command: request.command, cwd: task.cwd, pid: process.pid });

  let stoppedBy: 'timeout' | 'cancellation' | undefined;
  const stopFor = (why: 'timeout' | 'cancellation'): void => {
    if (process.stop()) stoppedBy ??= why;
  };
  const timer = task.timeout === undefined ? undefined : setTimeout(stopFor, task.timeout, 'timeout');
  const onAbort = (): void => stopFor('cancellation');
  if (request.signal.aborted) onAbort();
  else request.signal.addEventListener('abort', onAbort, { once: true });

  const end = await process.ended;
  clearTimeout(timer);
  request.signal.removeEventListener('abort', onAbort);
  output.flush();
  limit.end();
  await log?.close();
  await reports.settled();
  removeScratch(logFile);

  const { outcome, failure } = outcomeOf(end, stoppedBy, task, reports.exception(), output.tail());
  emit({
    type: 'attempt-ended',
    ...of,
    time: clock.now(),
    outcome,
    ...(end.type === 'exit' && { exitCode: end.code }),
    ...(end.type === 'signal' && { signal: end.signal }),
    ...(failure !== undefined && { failure }),
  });
  return { outcome, ...(failure !== undefined && { failure }), returns: reports.returns(), observed: reports.observed() };
}

/**
 * The file with these parameters, which tasks with the same ones share until the run's end: to make and remove a file
 * for each attempt takes the file system ever longer (ext4 looks through the inodes that were freed lately).
 */
function writeParams(folder: string, params: JsonObject): string {
  const text = JSON.stringify(params);
  const file = path.join(folder, `params-${hash('sha256', text, 'hex').slice(0, 32)}.json`);
  if (existsSync(file)) return file;
  // Parameters, and what the task logs, are for nobody else on this machine.
  mkdirSync(path.dirname(folder), { recursive: true });
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  // Whole under its name at once, and not to be written to.
  writeFileSync(`${file}.tmp`, text, { mode: 0o400 });
  renameSync(`${file}.tmp`, file);
  return file;
}

/** What is still held open (on Windows) stays until the run's end. */
function removeScratch(file: string): void {
  try {
    if (existsSync(file)) unlinkSync(file);
  } catch {
    // The outcome of the task does not depend on it.
  }
}

function outcomeOf(
  end: ProcessEnd,
  stoppedBy: 'timeout' | 'cancellation' | undefined,
  task: Task,
  exception: RecordedFailure | undefined,
  tail: string,
): { readonly outcome: Exclude<Outcome, 'skip'>; readonly failure?: RecordedFailure } {
  if (end.type === 'exit' && end.code === 0 && stoppedBy === undefined) return { outcome: 'success' };
  if (stoppedBy === 'timeout') return { outcome: 'timeout', failure: { type: 'timeout', message: `took longer than its timeout of ${(task.timeout ?? 0) / 1000} s` } };
  if (stoppedBy === 'cancellation') return { outcome: 'cancellation' };
  switch (end.type) {
    case 'start-failed':
      return { outcome: 'error', failure: { type: 'start-failed', message: end.message } };
    case 'signal':
      return { outcome: 'failure', failure: exception ?? { type: 'signal', message: `ended by ${end.signal}`, ...(tail !== '' && { stacktrace: tail }) } };
    case 'exit':
      return { outcome: 'failure', failure: exception ?? { type: 'exit-code', message: `exited with code ${end.code}`, ...(tail !== '' && { stacktrace: tail }) } };
    default:
      return end satisfies never;
  }
}

/** Joins what a task writes into pieces, per stream and in order. */
function collectOutput(emit: (stream: 'stdout' | 'stderr', text: string) => void): {
  readonly add: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly flush: () => void;
  readonly tail: () => string;
} {
  let pending: { stream: 'stdout' | 'stderr'; text: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let errorTail = '';
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pending !== undefined && pending.text !== '') emit(pending.stream, pending.text);
    pending = undefined;
  };
  const add = (stream: 'stdout' | 'stderr', text: string): void => {
    if (stream === 'stderr') errorTail = (errorTail + text).slice(-tailLength);
    if (pending !== undefined && pending.stream !== stream) flush();
    if (pending === undefined) pending = { stream, text };
    else pending.text += text;
    if (pending.text.length >= outputPiece) {
      // Cut between lines, so that what is looked for in a piece (a secret to mask) is not in two.
      const end = pending.text.lastIndexOf('\n') + 1 || pending.text.length;
      const rest = pending.text.slice(end);
      pending.text = pending.text.slice(0, end);
      flush();
      pending = { stream, text: rest };
    }
    timer ??= setTimeout(flush, outputInterval);
  };
  return { add, flush, tail: () => errorTail };
}

/** Turns what the task reported into events, artifacts in the order in which they came. */
function collectReports(request: AttemptRequest, context: AttemptContext, of: { readonly task: TaskId; readonly attempt: number }, cwd: string) {
  const { emit, clock } = context;
  const returns: Record<string, JsonObject[string]> = {};
  const seen = { modules: new Set<string>(), read: new Set<string>(), written: new Set<string>() };
  let exception: RecordedFailure | undefined;
  let notUnderstood = 0;
  let artifacts: Promise<void> = Promise.resolve();

  const relative = (file: string): string => path.relative(request.folder, path.resolve(cwd, file)).replaceAll(path.sep, '/');
  const warn = (text: string): void => emit({ type: 'output', ...of, stream: 'stderr', text: `runweave: ${text}\n`, time: clock.now() });

  const add = (entry: TaskLogEntry): void => {
    const time = clock.now();
    switch (entry.type) {
      case 'metric':
        emit({ ...of, time, ...entry });
        return;
      case 'param':
      case 'tag':
        emit({ ...of, time, ...entry });
        return;
      case 'return':
        returns[entry.name] = entry.value;
        emit({ ...of, time, ...entry });
        return;
      case 'cell':
        emit({ ...of, time, ...entry });
        return;
      case 'observed': {
        const modules = entry.modules.map(relative);
        const read = entry.read.map(relative);
        const written = entry.written.map(relative);
        for (const file of modules) seen.modules.add(file);
        for (const file of read) seen.read.add(file);
        for (const file of written) seen.written.add(file);
        emit({ type: 'observed', ...of, time, modules, read, written, packages: entry.packages });
        return;
      }
      case 'exception':
        exception = {
          type: entry.exceptionType,
          message: entry.message,
          stacktrace: entry.stacktrace,
          frames: entry.frames.map((frame) => ({ ...frame, file: path.isAbsolute(frame.file) ? relative(frame.file) : frame.file })),
        };
        return;
      case 'artifact':
        artifacts = artifacts.then(async () => {
          try {
            emit({ type: 'artifact', ...of, time, ...(await context.storeArtifact(entry.path, entry.name, entry.mediaType)) });
          } catch (error) {
            warn(`artifact ${entry.name} could not be recorded: ${(error as Error).message}`);
          }
        });
        return;
      case 'invalid':
        notUnderstood += 1;
        if (notUnderstood <= toldLines) warn(`a line of RUNWEAVE_LOG was not understood (${entry.message}): ${entry.line}`);
        return;
      default:
        entry satisfies never;
    }
  };
  return {
    add,
    settled: async (): Promise<void> => {
      if (notUnderstood > toldLines) warn(`${notUnderstood - toldLines} more lines of RUNWEAVE_LOG were not understood`);
      await artifacts;
    },
    returns: (): JsonObject => returns,
    exception: () => exception,
    observed: () => ({ modules: [...seen.modules], read: [...seen.read], written: [...seen.written] }),
  };
}
