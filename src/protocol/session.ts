/**
 * Between a host (the editor, the command line) and the executor. The command line holds a session in its own
 * process; the extension forks `executor.ts`, which speaks exactly these messages over the process's IPC channel.
 */
import type { Diagnostic, Range } from '../model/diagnostic.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { TaskId, TaskKind, WatchMode } from '../model/pipeline.ts';
import type { JsonObject } from '../model/json.ts';
import type { Durations } from '../model/remaining.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { Outcome, RunEvent, RunId, TaskNode } from '../model/run-event.ts';

export interface OpenOptions {
  /** Absolute path of the pipeline file. */
  readonly file: string;
  /** Interpreter chosen by the user (setting or VS Code's Python extension); found by rule when absent. */
  readonly python?: string;
  /** Who chose it, for people: `setting`, `VS Code's Python extension`. */
  readonly pythonOrigin?: string;
  /** Params set on top of the file's. */
  readonly set?: JsonObject;
  readonly jobs?: number;
  readonly onFailure?: 'stop' | 'continue';
  /** Collector that runs are pushed to when they are sealed; absent: the one that the environment names, if any. */
  readonly otlpEndpoint?: string;
}

export interface RunOptions {
  /** Task ids or declared names; empty for all. */
  readonly tasks: readonly string[];
  readonly force: boolean;
  /** Params set on top of the session's, for this run. */
  readonly params?: JsonObject;
  /** The run that they are of, where it is tried again. */
  readonly paramsOf?: RunId;
  /** Only the tasks themselves, not what they need: one task, with the inputs that it had in an earlier run. */
  readonly alone?: { readonly runId: RunId; readonly fingerprint: Fingerprint };
}

/** A task of the loaded file as the editor needs it. */
export interface LoadedTask extends Omit<TaskNode, 'spanId'> {
  /** Where its key is in the pipeline file. */
  readonly range: Range;
  /** Absolute path of the source file; absent for shell tasks. */
  readonly sourceFile?: string;
  readonly watch: WatchMode;
}

/** The part of the pipeline file that could be understood, with every mistake. */
export interface LoadedGraph {
  readonly name: string;
  readonly file: string;
  readonly folder: string;
  readonly tasks: readonly LoadedTask[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface Interpreter {
  /** Absolute path of the real executable, not of a version manager's shim. */
  readonly path: string;
  /** `CPython 3.11.7`. */
  readonly version: string;
  /** Why this one: `setting`, `VS Code's Python extension`, `.venv`, `VIRTUAL_ENV`, `python3 on PATH`. */
  readonly origin: string;
}

export interface RunResult {
  readonly runId: RunId;
  readonly outcome: Outcome;
  /** Absolute path of the sealed record. */
  readonly record: string;
}

/** From the executor, in order. */
export type SessionMessage =
  /** After every load of the pipeline file, also a failed one. */
  | { readonly type: 'graph'; readonly graph: LoadedGraph }
  | { readonly type: 'interpreter'; readonly interpreter: Interpreter }
  /** Before the first attempt of a run: how long its tasks took before, and how many run at once. */
  | { readonly type: 'estimate'; readonly durations: Durations; readonly slots: number }
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'sealed'; readonly result: RunResult }
  /** A run that an executor left behind when it died was sealed now. */
  | { readonly type: 'recovered'; readonly result: RunResult }
  | { readonly type: 'plan'; readonly entries: readonly PlanEntry[] }
  | { readonly type: 'status'; readonly watching: boolean; readonly running: boolean }
  /** Something to know that stops nothing: one sentence and what to do. */
  | { readonly type: 'notice'; readonly message: string }
  /** Something went wrong that is no diagnostic and no run event; one sentence and what to do. */
  | { readonly type: 'problem'; readonly code: ProblemCode; readonly message: string };

/** What the executor's own process sends: events in batches, thinned for display. */
export type ExecutorMessage = Exclude<SessionMessage, { readonly type: 'event' }> | { readonly type: 'events'; readonly events: readonly RunEvent[] };

export type ProblemCode = 'locked' | 'no-interpreter' | 'bad-pipeline' | 'unknown-task' | 'inputs-changed' | 'storage' | 'internal';

/** To the executor. `id` is answered by one `reply`. */
export type SessionCommand =
  | { readonly type: 'open'; readonly options: OpenOptions }
  | { readonly type: 'run'; readonly options: RunOptions }
  | { readonly type: 'watch'; readonly on: boolean; readonly tasks: readonly string[] }
  | { readonly type: 'plan'; readonly tasks: readonly string[] }
  /** Cancels one task of the run in progress, or the whole run. */
  | { readonly type: 'cancel'; readonly task?: TaskId }
  | { readonly type: 'close' };

export type { TaskId, TaskKind };
