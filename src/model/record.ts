/** What a list of runs shows of a record, read from its first line alone. */
import type { Json, JsonObject } from './json.ts';
import type { TaskId } from './pipeline.ts';
import type { Outcome, RunId, TraceId } from './run-event.ts';
import type { MetricValue } from './metric-series.ts';
import type { UnixNano } from './time.ts';

/** May read what it is asked for from elsewhere: `plainSummary` makes a copy of it, a spread does not. */
export interface RunSummary {
  readonly runId: RunId;
  readonly traceId: TraceId;
  /** Absolute path of the record, or of the event log of a run in progress. */
  readonly path: string;
  readonly pipeline: string;
  readonly start: UnixNano;
  readonly end?: UnixNano | undefined;
  readonly outcome?: Outcome | undefined;
  readonly interrupted: boolean;
  readonly counts: { readonly total: number; readonly executed: number; readonly succeeded: number; readonly failed: number; readonly skipped: number };
  readonly params: JsonObject;
  /** Values that tasks had of parameters, matrix values included, where they are not the run's own; of each at most 50. */
  readonly taskParams: Readonly<Record<string, readonly Json[]>>;
  /** One a metric of a task. */
  readonly series: readonly SeriesSummary[];
  /** Tags that tasks set: their distinct values. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly dirty?: boolean | undefined;
  /** The format that an imported run came in. */
  readonly imported?: string | undefined;
}

export interface SeriesSummary {
  readonly task: TaskId;
  readonly name: string;
  readonly count: number;
  readonly last: MetricValue;
  /** Of the finite values; absent where there is none. */
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
}

/** A record that can't be read is listed with its error. */
export type RunListEntry = { readonly type: 'run'; readonly summary: RunSummary } | { readonly type: 'unreadable'; readonly path: string; readonly message: string };
