/**
 * Between the graph panel's webview and its host. Who owns what: the host owns tasks and statuses; the webview owns
 * which matrices are open, zoom, scroll and selection, and keeps them in its own persisted state.
 * A hidden view gets a snapshot when it is shown again, never deltas.
 */
import type { GraphTask, TaskStatus } from '../model/graph-task.ts';
import type { TaskId } from '../model/pipeline.ts';

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
  /** What changed, so that the task runs. */
  | { readonly type: 'explain'; readonly task: TaskId }
  | { readonly type: 'run'; readonly tasks: readonly TaskId[] }
  | { readonly type: 'stop' }
  | { readonly type: 'watch'; readonly on: boolean }
  | { readonly type: 'show-problems' };
