/** What the status bar item says, as data. Knows nothing of `vscode`. */
import { homedir } from 'node:os';
import { sep } from 'node:path';
import { describeTimeLeft } from '../model/remaining.ts';
import type { Milliseconds } from '../model/time.ts';
import type { Interpreter } from '../protocol/session.ts';
import type { RunProgress } from './pipeline-model.ts';

export interface StatusInput {
  readonly pipeline: string;
  /** Absolute path of the pipeline's folder. */
  readonly folder: string;
  readonly trusted: boolean;
  readonly watching: boolean;
  readonly running: boolean;
  readonly progress: RunProgress;
  /** Of the run in progress, where that is known. */
  readonly left?: Milliseconds;
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
    ...(input.interpreter === undefined ? [] : [interpreterLine(input.interpreter, input.folder)]),
  ];
  if (!input.trusted) return { text: '$(shield) Runweave: restricted', tooltip: [...tooltip, 'Nothing runs in a workspace that is not trusted. Click to manage trust.'], severity: 'none' };
  const hint = input.watching ? 'Watch is on: tasks run again when their sources change. Click to switch it off.' : 'Watch is off. Click to switch it on.';
  const lines = [...tooltip, hint];
  if (input.running) {
    const left = describeTimeLeft(input.left);
    return {
      text: `$(sync~spin) Runweave: ${progress.done}/${progress.total}${left === undefined ? '' : `, ${left}`}${input.watching ? ' $(eye)' : ''}`,
      tooltip: left === undefined ? lines : [...tooltip, `${left}, from how long the tasks took before`, hint],
      severity: 'none',
    };
  }
  if (input.errors > 0) return { text: `${eye} Runweave: ${input.errors} ${input.errors === 1 ? 'mistake' : 'mistakes'}`, tooltip: lines, severity: 'error' };
  if (failed.length > 0) return { text: `${eye} Runweave: ${failed.length} failed`, tooltip: lines, severity: 'error' };
  return { text: `${eye} Runweave: ${input.watching ? 'watching' : 'watch off'}`, tooltip: lines, severity: 'none' };
}

/** `CPython 3.11.7 · .venv/bin/python3 (.venv)` */
export function interpreterLine({ version, path, origin }: Interpreter, folder: string): string {
  return `${version} · ${shortPath(path, folder, homedir())} (${origin})`;
}

/** From the pipeline's folder, or from home: as people write paths. */
export function shortPath(path: string, folder: string, home: string): string {
  if (path.startsWith(folder + sep)) return path.slice(folder.length + 1);
  return path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}
