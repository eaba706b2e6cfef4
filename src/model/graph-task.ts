/** A task as graph and lists show it: what it is, and how it stands. */
import type { TaskId, TaskKind } from './pipeline.ts';
import type { TaskPhase } from './run-state.ts';

export interface TaskStatus {
  /** In the latest run; `pending` if it had none. */
  readonly phase: TaskPhase;
  /** Milliseconds of the last execution; of a running task absent. */
  readonly duration?: number;
  /** Unix milliseconds, of a running task. */
  readonly startedAt?: number;
  /** What would make it run now, or made it run: sentences. */
  readonly reasons: readonly string[];
  /** What went wrong, of a task that failed. */
  readonly failure?: string;
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
