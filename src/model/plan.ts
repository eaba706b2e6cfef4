import type { Reason } from './fingerprint.ts';
import type { TaskId } from './pipeline.ts';
import type { SpanReference } from './run-event.ts';

/** What a run would do with a task now, and why. */
export type PlanEntry =
  | { readonly task: TaskId; readonly action: 'run'; readonly reasons: readonly Reason[] }
  /** Runs only if an upstream task that will run or be restored leaves other outputs than the task, or a kept result of it, was made from. */
  | { readonly task: TaskId; readonly action: 'maybe'; readonly reasons: readonly Reason[] }
  /** Stale, and a run has made its outputs from what is there now: they are put back. */
  | { readonly task: TaskId; readonly action: 'restore'; readonly reasons: readonly Reason[]; readonly madeBy: SpanReference }
  | { readonly task: TaskId; readonly action: 'skip'; readonly madeBy?: SpanReference }
  /** Stale, but runs only when it is asked for by name (`watch: manual`). */
  | { readonly task: TaskId; readonly action: 'manual'; readonly reasons: readonly Reason[] };

/** `plan` in one line for people: `3 to run, 4 perhaps, if their inputs change, 2 up to date`. */
export function summarizePlan(entries: readonly PlanEntry[]): string {
  const count = (action: PlanEntry['action']): number => entries.filter((entry) => entry.action === action).length;
  const parts = [
    [count('run'), 'to run'],
    [count('restore'), 'to restore'],
    [count('maybe'), 'perhaps, if their inputs change'],
    [count('skip'), 'up to date'],
    [count('manual'), 'stale, run on request'],
  ] as const;
  return parts.filter(([n]) => n > 0).map(([n, text]) => `${n} ${text}`).join(', ') || 'no tasks';
}
