import type { Digest, Fingerprint } from './fingerprint.ts';
import type { JsonObject } from './json.ts';
import type { PickledReturns } from './pickled-return.ts';
import type { Outcome, OutputFile, RunId, SpanId, TraceId } from './run-event.ts';
import type { Milliseconds, UnixNano } from './time.ts';

/** How the last execution of a task ended: what the next decision compares with. */
export interface TaskResult {
  readonly runId: RunId;
  readonly traceId: TraceId;
  /** The task span of that execution. */
  readonly spanId: SpanId;
  readonly outcome: Exclude<Outcome, 'skip'>;
  /** Cancelled for a change that wanted the task to run again, and not on request. */
  readonly superseded?: true;
  /** It was started, and no more is known of it. */
  readonly unfinished?: true;
  /** What it was made from, or tried with; absent only where that was lost. */
  readonly fingerprint?: Fingerprint;
  readonly outputs: readonly OutputFile[];
  readonly returns: JsonObject;
  /** Of those returns that are no JSON; in `returns` a text stands for each. */
  readonly pickles?: PickledReturns;
  /** Of an execution that did not succeed: files that came into its folders and globs of outputs, relative to the pipeline's folder, and when they were written last (Unix nanoseconds). */
  readonly left?: Readonly<Record<string, string>>;
  /** Where only a record says it: files that its last success made in folders and globs of outputs, relative to the pipeline's folder. */
  readonly made?: Readonly<Record<string, Digest>>;
  readonly duration: Milliseconds;
  readonly end: UnixNano;
}
