/**
 * Between the graph panel's webview and its host. Who owns what: the host owns tasks and statuses; the webview owns
 * which matrices are open, zoom, scroll and selection, and keeps them in its own persisted state.
 * A hidden view gets a snapshot when it is shown again, never deltas.
 */
import type { TaskId, TaskKind } from '../model/pipeline.ts';
import type { TaskPhase } from '../model/run-state.ts';

export interface TaskStatus {
  /** In the latest run; `pending` if it had none. */
  readonly phase: TaskPhase;
  /** Milliseconds of the last execution; of a running task absent. */
  readonly duration?: number;
  /** Unix milliseconds, of a running task. */
  readonly startedAt?: number;
  /** What would make it run now, or made it run: sentences. */
  readonly reasons: readonly string[];
  /** Up to date or not, between runs; absent when not known. */
  readonly stale?: boolean;
  /** Last values, for the tooltip. */
  readonly metrics?: Readonly<Record<string, number | string>>;
}

export interface GraphTask {
  readonly id: TaskId;
  readonly name: string;
  readonly kind: TaskKind;
  readonly dependencies: readonly TaskId[];
  /** Shown in the tooltip: source file or command. */
  readonly source: string;
  /** Whether a second click can open an output. */
  readonly hasOutput: boolean;
  readonly status: TaskStatus;
}

export type GraphHostMessage =
  | {
      readonly type: 'snapshot';
      readonly title: string;
      readonly watching: boolean;
      readonly running: boolean;
      /** Mistakes in the pipeline file: shown as a banner with a link to Problems. */
      readonly errors: number;
      readonly tasks: readonly GraphTask[];
    }
  | { readonly type: 'statuses'; readonly watching: boolean; readonly running: boolean; readonly changes: readonly { readonly id: TaskId; readonly status: TaskStatus }[] };

export type GraphViewMessage =
  /** Sent once when the webview's script runs, and after it was shown again. */
  | { readonly type: 'ready' }
  | { readonly type: 'open-source'; readonly task: TaskId }
  | { readonly type: 'open-output'; readonly task: TaskId }
  | { readonly type: 'run'; readonly tasks: readonly TaskId[] }
  | { readonly type: 'stop' }
  | { readonly type: 'watch'; readonly on: boolean }
  | { readonly type: 'show-problems' };
