/** What a list of runs shows of a record, read from its first line alone. */
import type { JsonObject } from './json.ts';
import type { Outcome, RunId, TraceId } from './run-event.ts';
import type { UnixNano } from './time.ts';

export interface RunSummary {
  readonly runId: RunId;
  readonly traceId: TraceId;
  /** Absolute path of the record, or of the event log of a run in progress. */
  readonly path: string;
  readonly pipeline: string;
  readonly start: UnixNano;
  readonly end?: UnixNano;
  readonly outcome?: Outcome;
  readonly interrupted: boolean;
  readonly counts: { readonly total: number; readonly executed: number; readonly succeeded: number; readonly failed: number; readonly skipped: number };
  readonly params: JsonObject;
  /** Last value by `task.metric`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly branch?: string;
  readonly commit?: string;
  readonly dirty?: boolean;
}

/** A record that can't be read is listed with its error. */
export type RunListEntry = { readonly type: 'run'; readonly summary: RunSummary } | { readonly type: 'unreadable'; readonly path: string; readonly message: string };
