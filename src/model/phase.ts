/** The words and signs for phases, the same in the terminal, in mermaid text and in the panels. */
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
