/** What the status bar item says, as data. Knows nothing of `vscode`. */
import type { Interpreter } from '../protocol/session.ts';
import type { RunProgress } from './pipeline-model.ts';

export interface StatusInput {
  readonly pipeline: string;
  readonly trusted: boolean;
  readonly watching: boolean;
  readonly running: boolean;
  readonly progress: RunProgress;
  readonly failed: readonly string[];
  /** Mistakes in the pipeline file. */
  readonly errors: number;
  readonly interpreter?: Interpreter;
}

export interface StatusText {
  readonly text: string;
  readonly tooltip: readonly string[];
  readonly severity: 'none' | 'error';
}

export function statusText(input: StatusInput): StatusText {
  const { progress, failed } = input;
  const eye = input.watching ? '$(eye)' : '$(eye-closed)';
  const tooltip = [
    `Pipeline ${input.pipeline}`,
    ...(failed.length === 0 ? [] : [`failed: ${failed.slice(0, 5).join(', ')}${failed.length > 5 ? ` and ${failed.length - 5} more` : ''}`]),
    ...(input.interpreter === undefined ? [] : [interpreterLine(input.interpreter)]),
  ];
  if (!input.trusted) return { text: '$(shield) Runweave: restricted', tooltip: [...tooltip, 'Nothing runs in a workspace that is not trusted. Click to manage trust.'], severity: 'none' };
  const hint = input.watching ? 'Watch is on: tasks run again when their sources change. Click to switch it off.' : 'Watch is off. Click to switch it on.';
  const lines = [...tooltip, hint];
  if (input.running) return { text: `$(sync~spin) Runweave: ${progress.done}/${progress.total}${input.watching ? ' $(eye)' : ''}`, tooltip: lines, severity: 'none' };
  if (input.errors > 0) return { text: `${eye} Runweave: ${input.errors} ${input.errors === 1 ? 'mistake' : 'mistakes'}`, tooltip: lines, severity: 'error' };
  if (failed.length > 0) return { text: `${eye} Runweave: ${failed.length} failed`, tooltip: lines, severity: 'error' };
  return { text: `${eye} Runweave: ${input.watching ? 'watching' : 'watch off'}`, tooltip: lines, severity: 'none' };
}

/** `CPython 3.11.7 · /usr/bin/python3 (setting)` */
export function interpreterLine(interpreter: Interpreter): string {
  return `${interpreter.version} · ${interpreter.path} (${interpreter.origin})`;
}
