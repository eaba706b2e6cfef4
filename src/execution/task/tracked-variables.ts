/**
 * `RUNWEAVE_TRACK_accuracy=0.9`, `RUNWEAVE_TRACK_loss_STEP_3=0.5`: values that a task reports by setting a variable. The
 * prefix `runnable_TRACK_` is that of the tool runnable. How they are seen differs:
 *
 *   sh -c COMMAND   in its environment when it ends (`track.sh`, by a trap)
 *   bash            before each command, also of a script that the task names (`track.sh`, by BASH_ENV)
 *   Python          when `os.environ` is set (`track.py`, by an audit hook)
 *   other shells    in the environment of the processes that they start, on Linux, while these run
 *
 * A variable may be seen several times and in several ways; it counts when its value is another than before.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../../model/json.ts';
import { parseNested } from '../../model/nested-json.ts';
import type { Task } from '../../model/pipeline.ts';
import { sourceFiles } from '../../fingerprint/task-fingerprint.ts';

export const trackedName = /^(?:RUNWEAVE|runnable)_TRACK_(.+?)(?:_STEP_(-?\d+))?$/;
/** A script beyond this is hardly written by hand. */
const largestScript = 1024 * 1024;

export type TrackedValue =
  | { readonly type: 'metric'; readonly name: string; readonly value: number | 'NaN' | 'Infinity' | '-Infinity'; readonly step?: number }
  | { readonly type: 'param'; readonly name: string; readonly value: Json };

/** Numbers are metrics; JSON, and any other text, are parameters, with their step in the name as they have no series. */
export function trackVariables(): (variable: string, value: string) => TrackedValue | undefined {
  const seen = new Map<string, string>();
  return (variable, text) => {
    const [, name, step] = trackedName.exec(variable) ?? [];
    if (name === undefined || seen.get(variable) === text) return undefined;
    seen.set(variable, text);
    const number = numberOf(text.trim());
    if (number !== undefined) return { type: 'metric', name, value: number, ...(step !== undefined && { step: Number(step) }) };
    return { type: 'param', name: step === undefined ? name : `${name}_STEP_${step}`, value: jsonOrText(text) };
  };
}

function numberOf(text: string): number | 'NaN' | 'Infinity' | '-Infinity' | undefined {
  const special = /^(?:(nan)|([+-]?)inf(?:inity)?)$/i.exec(text);
  if (special !== null) return special[1] !== undefined ? 'NaN' : special[2] === '-' ? '-Infinity' : 'Infinity';
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

function jsonOrText(text: string): Json {
  try {
    return parseNested(text) as Json;
  } catch {
    return text;
  }
}

/** Whether the command of a shell task, or a script that it names, speaks of such a variable. */
export function usesTracking(task: Task, folder: string): boolean {
  if (task.source.kind !== 'shell' || process.platform === 'win32') return false;
  if (mark.test(task.source.command)) return true;
  return sourceFiles(task, folder).some((file) => {
    const absolute = path.resolve(folder, file);
    try {
      return statSync(absolute).size <= largestScript && mark.test(readFileSync(absolute, 'utf8'));
    } catch {
      return false;
    }
  });
}

const mark = /\b(?:RUNWEAVE|runnable)_TRACK_/;

export interface Tracking {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The same task with `track.sh` read first. `command` is what `commandOf` makes of a shell task. */
export function withTracking(command: readonly string[], env: Readonly<Record<string, string>>, pythonPath: string): Tracking {
  const script = path.join(pythonPath, '_runweave', 'track.sh');
  const [shell = '/bin/sh', ...rest] = command;
  const text = rest.pop() ?? '';
  return {
    // On the same line, so that the line numbers of the shell's messages stay those of the command.
    command: [shell, ...rest, `[ ! -r "$RUNWEAVE_TRACKER" ] || . "$RUNWEAVE_TRACKER"; ${text}`],
    env: { ...env, RUNWEAVE_TRACKER: script, BASH_ENV: script, ...(env['BASH_ENV'] !== undefined && { RUNWEAVE_BASH_ENV: env['BASH_ENV'] }) },
  };
}
