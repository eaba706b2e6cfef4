/**
 * Between the run panel (custom editor, live run) and its host. The webview folds events itself with
 * `model/run-state.ts`: it gets a snapshot and then events, and when these have become many a snapshot again.
 * Long outputs and series are cut by the host for display, and the view says so. Who owns what: the host owns the run; the webview owns tab, selection, filters and scroll.
 */
import type { TaskId } from '../model/pipeline.ts';
import type { SaveChart } from './chart-file.ts';
import type { Digest } from '../model/fingerprint.ts';
import type { RunEvent } from '../model/run-event.ts';
import type { RunState } from '../model/run-state.ts';
import type { Remark } from '../query/annotations.ts';

/** A span of the trace, for the timeline: ours, a task's own, or of a foreign trace. Times in Unix nanoseconds. */
export interface TimelineSpan {
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service?: string;
  readonly start: string;
  readonly end: string;
  readonly error: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How many points a series has of which the view was given only some. */
export interface SeriesLength {
  readonly task: TaskId;
  readonly name: string;
  readonly length: number;
}

/** Of bytes: from `start`, not including `end`, as `Uint8Array.slice` has it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How a file of the workspace compares with what the run used of it. */
export type WorkspaceFile = 'same' | 'changed' | 'gone';

export type RunHostMessage =
  | {
      readonly type: 'run';
      readonly state: RunState;
      readonly live: boolean;
      /** Task whose output was cut. */
      readonly cutOutput: readonly TaskId[];
      readonly seriesLengths?: readonly SeriesLength[];
      /** The messages that this host acts on; all when absent. The view offers nothing else. */
      readonly can?: readonly RunViewMessage['type'][];
    }
  /** A trace that Runweave did not record: a timeline and nothing else. */
  | { readonly type: 'trace'; readonly title: string; readonly spans: readonly TimelineSpan[]; /** Spans in the file; `spans` holds the first 5000. */ readonly total: number }
  | { readonly type: 'unreadable'; readonly message: string }
  | { readonly type: 'events'; readonly events: readonly RunEvent[]; readonly seriesLengths?: readonly SeriesLength[] }
  | { readonly type: 'artifact'; readonly digest: Digest; /** As it was asked for. */ readonly range?: ByteRange; /** Base64; absent when it is not to be found. */ readonly data?: string }
  /** What people said of this run, its tasks and their outputs, and of what it found up to date. */
  | { readonly type: 'remarks'; readonly remarks: readonly Remark[] }
  /** By path and digest of a source's content, a space between. */
  | { readonly type: 'workspace'; readonly files: Readonly<Record<string, WorkspaceFile>> };

export type RunViewMessage =
  | { readonly type: 'ready' }
  /** All of it, or a part: what is large is shown in pieces. */
  | { readonly type: 'load-artifact'; readonly digest: Digest; readonly range?: ByteRange }
  /** Opens in an editor of VS Code, or saves with a dialog. */
  | { readonly type: 'open-artifact'; readonly digest: Digest; readonly name: string }
  | { readonly type: 'save-artifact'; readonly digest: Digest; readonly name: string }
  | { readonly type: 'copy-artifact-path'; readonly digest: Digest; readonly name: string }
  | { readonly type: 'open-file'; /** Relative to the pipeline's folder. */ readonly path: string; readonly line?: number }
  /** Asks for a `workspace` message. */
  | { readonly type: 'look-at-workspace' }
  /** A source as the run used it, beside what the workspace has now. */
  | { readonly type: 'compare-source'; readonly path: string; readonly digest: Digest }
  /** A reason of a task, by its place in the list, as a difference in the editor. */
  | { readonly type: 'show-change'; readonly task: TaskId; readonly reason: number }
  | { readonly type: 'open-run'; readonly runId: string }
  /** Where an output, an artifact or a value of a task of this run comes from, in the lineage page. */
  | { readonly type: 'trace'; readonly task: TaskId; readonly output: string }
  /** What the run was asked for, with its parameters. */
  | { readonly type: 'run-again' }
  /** Its parameters into the pipeline file, as an edit; its sources into a new folder. */
  | { readonly type: 'restore-parameters' }
  | { readonly type: 'restore-sources' }
  | SaveChart;
