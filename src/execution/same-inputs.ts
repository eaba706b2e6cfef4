/**
 * Whether a task could be run again alone with the inputs that it had. Its own source and definition may be others
 * now: that somebody has corrected them is why they ask.
 */
import { absent, type Fingerprint, type Reason } from '../model/fingerprint.ts';
import type { Task } from '../model/pipeline.ts';
import { fingerprintDifference } from '../fingerprint/staleness.ts';
import { isObserved, observedPath } from '../fingerprint/task-fingerprint.ts';
import { decide, readOutputs, type DecisionContext } from './decide.ts';

/** What is not as it was when `task` ran with `recorded`: of what it is given, and of what its dependencies have made. */
export async function changedInputs(task: Task, recorded: Fingerprint, context: DecisionContext): Promise<readonly Reason[]> {
  const last = context.result(task.id);
  // What the task was seen to read in that run counts, not what it read in a later one.
  const result: DecisionContext['result'] = (id) => (id === task.id && last !== undefined ? { ...last, fingerprint: recorded } : context.result(id));
  const { fingerprint } = await decide(task, false, { ...context, result });
  const reasons: Reason[] = [];
  for (const difference of fingerprintDifference(recorded, fingerprint)) {
    const reason = await withDropped(difference, context);
    if (reason !== undefined && isInput(reason, task)) reasons.push(reason);
  }
  for (const id of task.dependencies) reasons.push(...(await changedOutputs(id, context)));
  return reasons;
}

/** An input that the definition names no more is what it was, or is another. */
async function withDropped(reason: Reason, { folder, digests }: DecisionContext): Promise<Reason | undefined> {
  if (reason.type !== 'input-changed' || reason.from === undefined || reason.to !== undefined) return reason;
  const to = (await digests.ofPath(folder, isObserved(reason.path) ? observedPath(reason.path) : reason.path))?.digest ?? absent;
  return to === reason.from ? undefined : { ...reason, to };
}

function isInput(reason: Reason, task: Task): boolean {
  switch (reason.type) {
    case 'param-changed':
    case 'upstream-changed':
    case 'env-changed':
    case 'listing-changed':
      return true;
    case 'input-changed':
      // One that was added to the definition was not given to it then.
      return reason.from !== undefined || !task.inputs.includes(reason.path);
    case 'definition-changed':
    case 'source-changed':
    case 'interpreter-changed':
    case 'package-changed':
      return false;
    // Reasons of a decision, which no two fingerprints differ by.
    case 'never-ran':
    case 'last-run-failed':
    case 'forced':
    case 'never-cached':
    case 'upstream-will-run':
    case 'upstream-may-run':
    case 'upstream-will-be-restored':
    case 'output-missing':
    case 'output-changed':
      return false;
    default:
      return reason satisfies never;
  }
}

/** Outputs of a dependency that are no longer as it left them. */
async function changedOutputs(id: Task['id'], context: DecisionContext): Promise<readonly Reason[]> {
  const made = context.result(id)?.outputs ?? [];
  const now = await readOutputs({ outputs: made.map((output) => output.path) }, context.folder, context.digests);
  const digests = new Map(now.outputs.map((output) => [output.path, output.digest]));
  return made.flatMap(({ path, digest: from }): readonly Reason[] => {
    const to = digests.get(path);
    if (to === undefined) return [{ type: 'output-missing', path }];
    return to === from ? [] : [{ type: 'output-changed', path, from, to }];
  });
}
