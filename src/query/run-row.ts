/** What the runs table, its filter and the command line's lists know of a run, without opening its record. */
import type { Json } from '../model/json.ts';
import { phaseLook } from '../model/phase.ts';
import type { Outcome, RunId } from '../model/run-event.ts';
import type { RunSummary } from '../model/record.ts';

/** `running`: in progress; `interrupted`: cut off; `unreadable`: the record can't be read. */
export type RunStatus = Outcome | 'running' | 'interrupted' | 'unreadable';

/** As people read them; a filter takes both. */
export const statusLabels: Readonly<Record<RunStatus, string>> = {
  success: phaseLook.success.label,
  failure: phaseLook.failure.label,
  error: phaseLook.error.label,
  timeout: phaseLook.timeout.label,
  cancellation: phaseLook.cancellation.label,
  skip: 'up to date',
  running: phaseLook.running.label,
  interrupted: 'interrupted',
  unreadable: 'unreadable',
};

export interface RunRow {
  readonly runId: RunId | string;
  /** Absolute path of the record, or of the event log of a run in progress. */
  readonly path: string;
  readonly status: RunStatus;
  /** Why it can't be read. */
  readonly message?: string;
  readonly summary?: RunSummary;
  readonly annotations: RunAnnotations;
  /** The folder of records that it is in, as people know it; only where there are several. */
  readonly folder?: string;
}

export interface RunAnnotations {
  readonly star: boolean;
  readonly archived: boolean;
  readonly tags: readonly string[];
  readonly notes: readonly string[];
  /** Names of outputs that are flagged as bad. */
  readonly flags: readonly string[];
  /** What a person calls the run. */
  readonly name?: string;
}

/** What the record itself says. */
export function statusOf({ interrupted, outcome }: RunSummary): RunStatus {
  return interrupted ? 'interrupted' : (outcome ?? 'running');
}

export const noAnnotations: RunAnnotations = { star: false, archived: false, tags: [], notes: [], flags: [] };

export type Scalar = Extract<Json, string | number | boolean>;

/** Parameters may be anything; in a table and a filter, what is no scalar is its JSON text. */
export function scalarOf(value: Json): Scalar {
  return value === null ? 'null' : typeof value === 'object' ? JSON.stringify(value) : value;
}

/** By which a page names a run: the name of its file without its ending, the same for a log and the record that it becomes. */
export function runKey(file: string): string {
  return file.replace(/^.*[/\\]/s, '').replace(/(\.otlp)?\.jsonl?$/, '');
}
