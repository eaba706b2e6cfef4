/**
 * What happens in a run, as one closed union. The executor emits these; the event log stores them, `recording/`
 * makes the record from them, and `run-state.ts` folds them into what every surface shows. A record is read back as
 * the same events. All events are plain JSON.
 */
import type { CheckResult } from './check.ts';
import type { Fingerprint, Digest, Reason } from './fingerprint.ts';
import type { Json, JsonObject } from './json.ts';
import type { MetricValue } from './metric-series.ts';
import type { TaskId, TaskKind } from './pipeline.ts';
import type { Dataset, ReportedLog, ReportedSpan } from './reported.ts';
import type { UnixNano } from './time.ts';

/** `20261120T224011Z-digits-3f2a`; sorts by time. */
export type RunId = string & { readonly __brand: 'RunId' };
/** 32 lower-case hex digits. */
export type TraceId = string & { readonly __brand: 'TraceId' };
/** 16 lower-case hex digits. */
export type SpanId = string & { readonly __brand: 'SpanId' };

/** The words of `cicd.pipeline.task.run.result`. */
export type Outcome = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip';
/** `restored`: outputs of an earlier run were put back. */
export type SkipReason = 'up-to-date' | 'restored' | 'upstream' | 'stopped' | 'manual';

export interface SpanReference {
  readonly runId: RunId;
  readonly traceId: TraceId;
  readonly spanId: SpanId;
}

/** A task as the graph draws it. */
export interface TaskNode {
  readonly id: TaskId;
  readonly name: string;
  readonly kind: TaskKind;
  readonly matrix: JsonObject;
  readonly dependencies: readonly TaskId[];
  /** Source file relative to the pipeline's folder, or the command of a shell task. */
  readonly source: string;
  /** Declared outputs, relative to the pipeline's folder. */
  readonly outputs: readonly string[];
  readonly spanId: SpanId;
  readonly owner?: string;
  readonly description?: string;
  readonly tags: readonly string[];
}

/** Why there is a run. */
export type Trigger =
  | { readonly type: 'manual'; readonly tasks: readonly string[] }
  | { readonly type: 'change'; /** Relative paths, at most 100. */ readonly files: readonly string[]; readonly count: number };

export interface RecordedFailure {
  /** The exception's type, or a word of ours: `exit-code`, `signal`, `timeout`, `start-failed`, `missing-output`, `check-failed`, `interrupted`, `internal`. */
  readonly type: string;
  readonly message: string;
  readonly stacktrace?: string;
  readonly frames?: readonly { readonly file: string; readonly line: number; readonly function: string }[];
}

export interface OutputFile {
  /** Relative to the pipeline's folder, as declared (a glob is one entry). */
  readonly path: string;
  readonly digest: Digest;
  /** Bytes, all files of a folder or glob together. */
  readonly size: number;
  /** Of a folder or glob: files that were written in it while the task ran, relative to the pipeline's folder. Absent where there are none, or too many. */
  readonly made?: Readonly<Record<string, Digest>>;
}

/** Where an artifact's bytes are: in the event, or in `.runweave/objects/` by digest. */
export type ArtifactContent =
  | { readonly type: 'utf8'; readonly text: string }
  | { readonly type: 'base64'; readonly data: string }
  | { readonly type: 'reference' };

/** How the checkout differed from its commit when the run began. */
export interface TreeChanges {
  /** Of the output of `git diff HEAD`, kept in `.runweave/objects/`; absent when nothing that git tracks was changed. */
  readonly diff?: Digest;
  /** Bytes of the diff that are kept. */
  readonly size: number;
  /** The diff was longer than what is kept. */
  readonly truncated: boolean;
  /** Files that git neither tracks nor ignores, relative to the pipeline's folder; the first of `untrackedCount`. */
  readonly untracked: readonly string[];
  readonly untrackedCount: number;
}

/** Something that a language's runtime warned of: Python's `warnings`. */
export interface TaskWarning {
  readonly category: string;
  readonly message: string;
  /** Relative to the pipeline's folder when it is of the workspace. */
  readonly file: string;
  readonly line: number;
  /** How often it was shown. */
  readonly count: number;
}

export interface ResourceSample {
  /** CPU seconds, user and system, since the attempt started. */
  readonly cpu: number;
  /** Resident memory in bytes; what processes share counts once for each. */
  readonly memory: number;
  /** Bytes from and to storage since the attempt started. */
  readonly read: number;
  readonly written: number;
  /** Bytes over the network since the attempt started: of the whole machine or container, as no system counts them by process. */
  readonly received?: number;
  readonly sent?: number;
  /** GPU memory in bytes, and how busy the GPUs that it uses are, 0 to 1. Absent when it uses none. */
  readonly gpuMemory?: number;
  readonly gpu?: number;
}

export const resourceColumns = ['cpu', 'memory', 'read', 'written', 'received', 'sent', 'gpuMemory', 'gpu'] as const satisfies readonly (keyof ResourceSample)[];

interface At {
  readonly time: UnixNano;
}
interface OfTask extends At {
  readonly task: TaskId;
}
interface OfAttempt extends OfTask {
  /** From 1, counted within the run: a retry, and a restart after a change, is another attempt. */
  readonly attempt: number;
}

export type RunEvent =
  | (At & {
      readonly type: 'run-started';
      readonly runId: RunId;
      readonly traceId: TraceId;
      readonly spanId: SpanId;
      readonly pipeline: { readonly name: string; /** Relative to the workspace, or the file's name. */ readonly file: string };
      readonly params: JsonObject;
      /** Those of the params that hold whole floats, with them (`whole-float.ts`); absent: none. */
      readonly floats?: JsonObject;
      readonly trigger: Trigger;
      readonly tasks: readonly TaskNode[];
      /** Resource attributes by their OpenTelemetry names: vcs.*, host.*, process.*, service.*, cicd.*. */
      readonly resource: JsonObject;
    })
  /** The pipeline file changed while the run goes on: the tasks are now these. */
  | (At & { readonly type: 'tasks-changed'; readonly params: JsonObject; /** As in `run-started`. */ readonly floats?: JsonObject; readonly tasks: readonly TaskNode[] })
  /** What is found out about the run's surroundings while its tasks run already. */
  | (At & { readonly type: 'run-context'; /** Content of the pipeline file, in `.runweave/objects/`. */ readonly pipelineFile?: Digest; readonly changes?: TreeChanges })
  /** The task will run, and why. Also again, when a change makes a task of this run stale once more. */
  | (OfTask & { readonly type: 'task-stale'; readonly reasons: readonly Reason[] })
  | (OfTask & {
      readonly type: 'task-started';
      readonly fingerprint: Fingerprint;
      readonly params: JsonObject;
    })
  | (OfAttempt & {
      readonly type: 'attempt-started';
      readonly spanId: SpanId;
      readonly cause: 'first' | 'retry' | 'change';
      readonly command: readonly string[];
      readonly cwd: string;
      /** 0 when the process could not be started. */
      readonly pid: number;
      /** How it was started, where that is not the usual way: for who wonders, not a warning. */
      readonly note?: string;
    })
  | (OfAttempt & { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string })
  /** `name` is that of the series: with the attributes that tell it from others of its name. `detail` is what else is known of the point. */
  | (OfAttempt & { readonly type: 'metric'; readonly name: string; readonly value: MetricValue; readonly step?: number; readonly detail?: JsonObject })
  /** Several points of one metric that came at once, without details. */
  | (OfAttempt & {
      readonly type: 'metrics';
      readonly name: string;
      /** Nanoseconds since `time`. */
      readonly times: readonly number[];
      readonly values: readonly MetricValue[];
      /** Absent when none has a step. */
      readonly steps?: readonly (number | null)[];
    })
  | (OfAttempt & { readonly type: 'param'; readonly name: string; readonly value: Json })
  | (OfAttempt & { readonly type: 'tag'; readonly name: string; readonly value: string })
  | (OfAttempt & { readonly type: 'return'; readonly name: string; readonly value: Json })
  | (OfAttempt & {
      readonly type: 'artifact';
      readonly name: string;
      readonly mediaType: string;
      readonly size: number;
      readonly digest: Digest;
      readonly content: ArtifactContent;
    })
  | (OfAttempt & { readonly type: 'span'; readonly span: ReportedSpan })
  /** Part of the task's output, at the log record's own time. */
  | (OfAttempt & { readonly type: 'log'; readonly log: ReportedLog })
  | (OfAttempt & { readonly type: 'dataset'; readonly dataset: Dataset })
  | (OfAttempt & {
      readonly type: 'cell';
      readonly index: number;
      readonly status: 'running' | 'success' | 'failure';
      readonly label: string;
      readonly start: UnixNano;
      readonly end?: UnixNano;
      /** Of a cell that has ended, as far as a view shows it: code, and outputs of nbformat 4. All of it is in the evaluated notebook. */
      readonly source?: string;
      readonly outputs?: readonly JsonObject[];
    })
  /** What the attempt's processes use, seen from outside: a sample now and then. */
  | (OfAttempt & ResourceSample & { readonly type: 'resources' })
  /** All that the attempt was warned of, in the order in which it was first shown; at most 200 different ones. */
  | (OfAttempt & { readonly type: 'warned'; readonly warnings: readonly TaskWarning[] })
  /** What had to hold, as far as it was looked at: after the first command that failed nothing is. */
  | (OfAttempt & { readonly type: 'checked'; readonly checks: readonly CheckResult[] })
  /** What the task was seen to use: paths relative to the pipeline's folder. */
  | (OfAttempt & {
      readonly type: 'observed';
      readonly modules: readonly string[];
      readonly read: readonly string[];
      readonly written: readonly string[];
      readonly packages: Readonly<Record<string, string>>;
    })
  | (OfAttempt & {
      readonly type: 'attempt-ended';
      readonly outcome: Exclude<Outcome, 'skip'>;
      readonly exitCode?: number;
      readonly signal?: string;
      readonly failure?: RecordedFailure;
    })
  | (OfTask & {
      readonly type: 'task-ended';
      readonly outcome: Exclude<Outcome, 'skip'>;
      readonly failure?: RecordedFailure;
      readonly outputs: readonly OutputFile[];
      /** Bytes of the fingerprint's inputs, as far as they are known. */
      readonly inputSizes?: Readonly<Record<string, number>>;
      readonly returns: JsonObject;
      /** Those of the returns that hold whole floats, with them; absent: none. */
      readonly floats?: JsonObject;
      /**
       * The fingerprint that this result stands for: `task-started`'s, with what the task was seen to import and read.
       * Absent for a task that never started.
       */
      readonly fingerprint?: Fingerprint;
    })
  | (OfTask & {
      readonly type: 'task-skipped';
      readonly reason: SkipReason;
      /** For `up-to-date` and `restored`: the task span that made the outputs. */
      readonly madeBy?: SpanReference;
      /** For `upstream`: the tasks that did not succeed. */
      readonly blockedBy?: readonly TaskId[];
    })
  /** Content of the source files that the task used, by path relative to the pipeline's folder, in `.runweave/objects/`. */
  | (OfTask & { readonly type: 'sources'; readonly files: Readonly<Record<string, Digest>> })
  /** A complaint of the executor about the run as a whole, for people. */
  | (At & { readonly type: 'warning'; readonly message: string })
  | (At & { readonly type: 'run-ended'; readonly outcome: Outcome; /** The executor died, and the run was sealed afterwards. */ readonly interrupted?: true });

export type RunEventType = RunEvent['type'];
export type EventOf<T extends RunEventType> = Extract<RunEvent, { readonly type: T }>;
