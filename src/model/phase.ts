/** The words and signs for phases, the same in the terminal, in mermaid text and in the panels. */
import type { TaskId } from './pipeline.ts';
import type { SkipReason } from './run-event.ts';
import type { TaskPhase } from './run-state.ts';

interface PhaseLook {
  /** For people: `timed out`. */
  readonly label: string;
  /** One character, for text where no icon can be drawn. */
  readonly sign: string;
}

export const phaseLook: Readonly<Record<TaskPhase, PhaseLook>> = {
  pending: { label: 'pending', sign: '○' },
  stale: { label: 'stale', sign: '●' },
  running: { label: 'running', sign: '▶' },
  success: { label: 'succeeded', sign: '✓' },
  failure: { label: 'failed', sign: '✗' },
  error: { label: 'could not run', sign: '✗' },
  timeout: { label: 'timed out', sign: '⧖' },
  cancellation: { label: 'cancelled', sign: '⊘' },
  skip: { label: 'skipped', sign: '↷' },
};

/** Why a task was skipped, in a few words. */
export function describeSkip(reason: SkipReason, blockedBy: readonly TaskId[] = []): string {
  switch (reason) {
    case 'up-to-date':
      return 'up to date';
    case 'restored':
      return 'restored from an earlier run';
    case 'upstream':
      return blockedBy.length === 0 ? 'an upstream task did not succeed' : `${blockedBy.slice(0, 3).join(', ')}${blockedBy.length > 3 ? ', …' : ''} did not succeed`;
    case 'stopped':
      return 'not started: the run was stopped';
    case 'manual':
      return 'stale, runs when it is asked for';
    default:
      return reason satisfies never;
  }
}
