/**
 * One execution of a task in a run: its attempts with their retries, and then what it left, which is its outputs, the
 * fingerprint that its result stands for, the result itself, and what is kept of it to be restored.
 *
 *   executeTask:  started ──▶ attempt ──failed, retries left──▶ pause ──▶ attempt …
 *                                └──▶ looked at ──▶ `ended`       `keep`: after the end was told
 *
 * Told first: a process that dies in between leaves a record of what was made, from which the result can be had.
 */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { isGlob } from '../definition/paths.ts';
import type { Digest, Fingerprint } from '../model/fingerprint.ts';
import { taskById, type Pipeline, type Task, type TaskId } from '../model/pipeline.ts';
import type { EventOf, Outcome, OutputFile, RecordedFailure, RunEvent, RunId, SpanId, SpanReference, TraceId } from '../model/run-event.ts';
import type { TaskResult } from '../model/task-result.ts';
import { elapsed, type Clock, type UnixNano } from '../model/time.ts';
import { floatsAmong, plainJson } from '../model/whole-float.ts';
import type { Cleared } from '../fingerprint/clear-outputs.ts';
import { filesOf, type FileDigests } from '../fingerprint/file-digests.ts';
import { withObserved, type ObservationContext } from '../fingerprint/executed-fingerprint.ts';
import { coarseClock, fileStamp, lastWriteIn, lookAtStart } from '../fingerprint/held-still.ts';
import type { SetAside } from '../fingerprint/set-aside.ts';
import type { Results } from '../fingerprint/results.ts';
import { statOf } from '../fingerprint/stat-of.ts';
import { filesUsed, resultDigest } from '../fingerprint/task-fingerprint.ts';
import type { AttemptResult } from './attempt.ts';
import { compilerOf, fingerprintInputs, isDeclared, readOutputs, type Decision, type DecisionContext } from './decide.ts';
import { whenFilesOpen } from './file-limit.ts';

export interface ExecutionContext {
  readonly decision: DecisionContext;
  readonly results: Results;
  readonly clock: Clock;
  readonly emit: (event: RunEvent) => void;
  readonly runId: RunId;
  readonly traceId: TraceId;
  /** The task's span in this run. */
  readonly spanOf: (task: TaskId) => SpanId;
  /** `onExit` as in `AttemptRequest`. */
  readonly attempt: (task: Task, decision: Decision, number: number, cause: EventOf<'attempt-started'>['cause'], signal: AbortSignal, onExit: () => void) => Promise<AttemptResult>;
}

export interface Execution {
  readonly task: Task;
  readonly decision: Decision;
  readonly signal: AbortSignal;
  /** As its file says it now: it may change meanwhile. */
  readonly pipeline: () => Pipeline;
  /** Attempts of this run before; more than none after a change that started it again. */
  readonly attempts: number;
  readonly onAttempt: (number: number) => void;
  /** A dependency that is not brought up to date now: its outputs may be others than those that it made. */
  readonly isWaiting: (task: TaskId) => boolean;
  /** It ended well and made its outputs; these, and what it reported, are looked at after this. Called once. */
  readonly onWell: () => void;
}

export interface Executed {
  /** Not told yet. */
  readonly ended: EventOf<'task-ended'>;
  /** From then on its result is known; `isSuperseded`: a change wants the task to run again. Resolves with what the disk said, when it can't be kept to be restored. */
  readonly keep: (isSuperseded: boolean) => Promise<string | undefined>;
}

/** Files in a folder, of which the record names those that were made. */
const mostMade = 100;
/** A day: beyond what anybody waits for, and within what a timer can count. */
const longestDelay = 24 * 3600 * 1000;

/** What the disk refuses ends the task, and not the run; rejects only where a promise of ours is broken. */
export async function executeTask(execution: Execution, context: ExecutionContext): Promise<Executed> {
  const { task, decision } = execution;
  const { clock, results } = context;
  const startTime = clock.now();
  const span = { runId: context.runId, traceId: context.traceId, spanId: context.spanOf(task.id) };
  const before = results.get(task.id);
  let cleared: Cleared | undefined;
  try {
    return await execute(execution, context, { startTime, span, before, onCleared: (found) => (cleared = found) });
  } catch (error) {
    const left = await cleared?.putBack();
    if (!isRefusal(error)) throw error;
    const time = clock.now();
    const { fingerprint } = decision;
    return {
      ended: { type: 'task-ended', task: task.id, time, outcome: 'error', outputs: [], returns: {}, fingerprint, failure: { type: error.code, message: error.message } },
      keep: () => {
        results.ended(task.id, { ...span, outcome: 'error', outputs: [], returns: {}, ...(left !== undefined && { left }), ...madeBefore('error', before), duration: elapsed(startTime, time), end: time, fingerprint });
        return Promise.resolve(undefined);
      },
    };
  }
}

function isRefusal(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

interface Begun {
  readonly startTime: UnixNano;
  readonly span: SpanReference;
  /** The execution before. */
  readonly before: TaskResult | undefined;
  /** What has to be put back if this is the end of it. */
  readonly onCleared: (cleared: Cleared) => void;
}

async function execute(execution: Execution, context: ExecutionContext, { startTime, span, before, onCleared }: Begun): Promise<Executed> {
  const { task, decision, pipeline } = execution;
  const { clock, emit, results } = context;
  const { folder, digests, kept, memory, isOutput } = context.decision;
  const isMadeBefore = (file: string): boolean => isMadeByDependency(file, task, pipeline());
  const last = before?.outcome === 'success' ? before.fingerprint : undefined;
  const startedAt = Date.now();
  const upstreamAtStart = outputTimes(execution, context.decision);
  const atStart = lookAtStart({ folder, used: filesUsed(decision.fingerprint).filter((file) => !isMadeBefore(file)), startedAt, digests });
  results.started(task.id, { ...span, time: startTime, fingerprint: decision.fingerprint });
  emit({ type: 'task-started', task: task.id, time: startTime, fingerprint: decision.fingerprint, params: plainJson(decision.params) });
  const cleared = await kept?.clear(task, setAsideIn(context), before);
  if (cleared !== undefined) onCleared(cleared);
  makeOutputFolders(task, folder);

  let isWell = false;
  const onWell = (): void => {
    if (!isWell) execution.onWell();
    isWell = true;
  };
  const attempt = await tryRepeatedly(execution, context, () => {
    if (areThere(task, folder)) onWell();
  });
  memory?.written([...task.outputs, ...attempt.observed.written].map((file) => path.resolve(folder, file)));
  const looked = async <T>(look: () => Promise<T>): Promise<T> => {
    try {
      return await whenFilesOpen(execution.signal, look);
    } catch (error) {
      if (attempt.outcome === 'success' && isRefusal(error)) error.message = `ended well, but could not be looked at afterwards, so it is to run again: ${error.message}`;
      throw error;
    }
  };
  const { outputs, missing } = await looked(() => readOutputs(task, folder, digests));
  let left: TaskResult['left'];
  if (attempt.outcome === 'success' && missing.length === 0) {
    onWell();
    await cleared?.settle();
  } else left = await cleared?.putBack();
  const written = new Set(attempt.observed.written);
  const isCut = attempt.outcome === 'cancellation';
  const moved = isCut ? [] : await looked(() => movedUpstream(execution, { startedAt, times: upstreamAtStart, written }, context.decision));
  const observation: ObservationContext = {
    task,
    folder,
    startedAt,
    last,
    isMade: isMadeBefore,
    isInput: (file) => isDeclared(file, task.inputs),
    atStart,
    movedUpstream: moved,
    isCut,
    compiler: compilerOf(task, context.decision),
    isOutput: isOutput?.(task),
    written,
    isOwnOutput: (file) => isDeclared(file, task.outputs),
  };
  const fingerprint = await looked(() => withObserved(decision.fingerprint, attempt.observed, observation, digests));

  const failure: RecordedFailure | undefined =
    attempt.outcome === 'success' && missing.length > 0
      ? { type: 'missing-output', message: `ended well, but did not make its output ${missing.map((output) => output + inItsPlace(path.join(folder, output))).join(', ')}` }
      : attempt.failure;
  const outcome = attempt.outcome === 'success' && missing.length > 0 ? 'failure' : attempt.outcome;
  const recorded = outcome !== 'success' ? outputs : await looked(() => Promise.all(outputs.map((output) => withMade(output, startedAt, folder, digests))));
  const time = clock.now();
  const { returns, pickles } = attempt;
  const floats = floatsAmong(returns);
  return {
    ended: { type: 'task-ended', task: task.id, time, outcome, outputs: recorded, ...sizesOf(fingerprint.inputs, digests), returns: plainJson(returns), ...(floats !== undefined && { floats }), fingerprint, ...(failure !== undefined && { failure }) },
    keep: async (isSuperseded) => {
      const result = { ...span, outcome, ...(isCut && isSuperseded && { superseded: true as const }), outputs, returns, ...(pickles !== undefined && { pickles }), ...(left !== undefined && { left }), ...madeBefore(outcome, before), duration: elapsed(startTime, time), end: time, fingerprint };
      results.ended(task.id, result);
      return outcome !== 'success' ? undefined : kept?.keep(task, result, { inputs: fingerprintInputs(task, decision.params, context.decision), startedAt, isCertain: moved.length === 0, written, continued: new Set(attempt.observed.continued), stayed: cleared?.stayed ?? new Set() });
    },
  };
}

/** What is taken out of the outputs of this run's tasks is told as a warning. */
export function setAsideIn({ runId, clock, emit }: Pick<ExecutionContext, 'runId' | 'clock' | 'emit'>): SetAside {
  return { runId, tell: (message) => emit({ type: 'warning', time: clock.now(), message }) };
}

async function tryRepeatedly({ task, decision, signal, attempts, onAttempt }: Execution, context: ExecutionContext, onExit: () => void): Promise<AttemptResult> {
  const { retries } = task;
  let cause: EventOf<'attempt-started'>['cause'] = attempts === 0 ? 'first' : 'change';
  for (let failures = 0; ; ) {
    const number = attempts + failures + 1;
    onAttempt(number);
    const result = await context.attempt(task, decision, number, cause, signal, onExit);
    if (result.outcome === 'success' || result.outcome === 'cancellation' || failures >= retries.max) return result;
    if (!(await pause(Math.min(retries.delay * retries.backoff ** failures, longestDelay), signal))) return { ...result, outcome: 'cancellation' };
    failures += 1;
    cause = 'retry';
  }
}

/** An output of a task that this one depends on, also of one that the run does not look at. */
function isMadeByDependency(file: string, task: Task, pipeline: Pipeline): boolean {
  return task.dependencies.some((id) => isDeclared(file, taskById(pipeline, id)?.outputs ?? []));
}

/** When each output of the dependencies was written last, as far as that is known without a look. */
function outputTimes({ task }: Execution, { folder, digests, result }: DecisionContext): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const id of task.dependencies) {
    for (const output of result(id)?.outputs ?? []) {
      const time = lastLookAt(path.resolve(folder, output.path), digests);
      if (time !== undefined) times.set(output.path, time);
    }
  }
  return times;
}

/** When a file, folder or glob was written last, as it was looked at last. */
function lastLookAt(absolute: string, digests: FileDigests): number | undefined {
  const known = digests.lastWrite(absolute);
  return known === Infinity ? undefined : known;
}

/**
 * Dependencies of which an output is not what they made, or was written since the task started: the task may have read
 * what is not theirs. (A task may make it executable, or link to it: that writes nothing.)
 */
async function movedUpstream(
  { task, decision, isWaiting }: Execution,
  { startedAt, times, written }: { readonly startedAt: number; readonly times: ReadonlyMap<string, number>; readonly written: ReadonlySet<string> },
  { folder, digests, result }: DecisionContext,
): Promise<readonly TaskId[]> {
  const isLater = (output: string): boolean => {
    const absolute = path.resolve(folder, output);
    const [before, now] = [times.get(output), lastLookAt(absolute, digests)];
    if (before !== undefined && now !== undefined) return before !== now;
    // Times of files lag behind the clock, so what a dependency made just before does not count; in whole milliseconds, a
    // moment may be later than what came after it.
    const isAfter = (change: number): boolean => change > startedAt + 1;
    return now === undefined ? filesOf(folder, output).some((file) => isAfter(lastWriteIn(fileStamp(file)) ?? 0)) : isAfter(now);
  };
  const moved: TaskId[] = [];
  for (const id of task.dependencies) {
    const made = result(id);
    if (made === undefined) continue;
    let hasMoved = resultDigest(made) !== decision.fingerprint.upstream[id];
    for (const output of made.outputs) {
      if (hasMoved) break;
      if (written.has(output.path)) continue;
      const now = await digests.ofPath(folder, output.path);
      hasMoved = (now?.digest !== output.digest && !isWaiting(id)) || isLater(output.path);
    }
    if (hasMoved) moved.push(id);
  }
  return moved;
}

/** For the record: what is in a folder or glob, and was written since the task began. */
async function withMade(output: OutputFile, startedAt: number, folder: string, digests: FileDigests): Promise<OutputFile> {
  // A file has a time of its own.
  const files = digests.lastChange(path.resolve(folder, output.path)) === undefined ? (digests.rememberedParts(output.digest) ?? []) : [];
  if (files.length > mostMade) return output;
  const made: [string, Digest][] = [];
  for (const [file] of files) {
    const absolute = path.join(folder, file);
    const digest = (await digests.ofFile(absolute))?.digest;
    if (digest !== undefined && (digests.lastChange(absolute) ?? Infinity) > startedAt - coarseClock) made.push([file, digest]);
  }
  return made.length === 0 ? output : { ...output, made: Object.fromEntries(made) };
}

/** After an execution that did not succeed, all that was put back. */
function madeBefore(outcome: Outcome, before: TaskResult | undefined): Pick<TaskResult, 'made'> {
  return outcome === 'success' || before?.made === undefined ? {} : { made: before.made };
}

/** Of inputs whose content is known. */
function sizesOf(inputs: Fingerprint['inputs'], digests: FileDigests): Pick<EventOf<'task-ended'>, 'inputSizes'> {
  const sizes = Object.entries(inputs).flatMap(([name, digest]) => ((size) => (size === undefined ? [] : [[name, size]]))(digests.sizeOf(digest)));
  return sizes.length === 0 ? {} : { inputSizes: Object.fromEntries(sizes) as Record<string, number> };
}

/** Whether all outputs are, without a look at what is in them. */
function areThere(task: Task, folder: string): boolean {
  return task.outputs.every((output) => {
    if (isGlob(output)) return true;
    const stats = statOf(path.join(folder, output));
    return stats !== undefined && (stats.isFile() || stats.isDirectory());
  });
}

/** What has no content that could be compared or kept. */
function inItsPlace(output: string): string {
  const stats = statOf(output);
  if (stats === undefined || stats.isFile() || stats.isDirectory()) return '';
  return ` (it is ${stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device'}: outputs are files and folders)`;
}

/** A task finds the folders of its outputs made. */
function makeOutputFolders(task: Task, folder: string): void {
  for (const output of task.outputs) {
    const parent = path.dirname(path.join(folder, output.replace(/[*?[{].*$/, 'x')));
    if (existsSync(parent)) continue;
    try {
      mkdirSync(parent, { recursive: true });
    } catch (error) {
      throw Object.assign(error as NodeJS.ErrnoException, { message: `the folder of its output ${output} cannot be made: ${(error as Error).message}` });
    }
  }
}

/** Waits; `false` if aborted before the time was over. */
function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve(true);
    }, milliseconds);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
