/** Whether one task is up to date, with everything that an execution of it needs. Shared by plan and scheduler. */
import { globMatcher, isGlob } from '../definition/paths.ts';
import type { Fingerprint, Reason } from '../model/fingerprint.ts';
import type { JsonObject } from '../model/json.ts';
import { resolveReturns, taskParams, type Task, type TaskId } from '../model/pipeline.ts';
import type { OutputFile } from '../model/run-event.ts';
import type { TaskResult } from '../model/task-result.ts';
import type { Interpreter } from '../protocol/session.ts';
import type { FileDigests } from '../fingerprint/file-digests.ts';
import { reasonsToRun } from '../fingerprint/staleness.ts';
import { fingerprintTask } from '../fingerprint/task-fingerprint.ts';
import { needsInterpreter } from './task/command.ts';

export interface DecisionContext {
  readonly folder: string;
  readonly digests: FileDigests;
  readonly interpreter: Interpreter | undefined;
  readonly result: (task: TaskId) => TaskResult | undefined;
}

export interface Decision {
  readonly fingerprint: Fingerprint;
  readonly params: JsonObject;
  /** Empty: up to date. */
  readonly reasons: readonly Reason[];
  /** References to returns that the upstream task did not give: `split.returns.n`. */
  readonly missingReturns: readonly string[];
}

export async function decide(task: Task, forced: boolean, context: DecisionContext): Promise<Decision> {
  const missingReturns: string[] = [];
  const returnsOf = (id: TaskId): JsonObject | undefined => context.result(id)?.returns;
  const onMissing = (id: TaskId, name: string): void => {
    missingReturns.push(`${id}.returns.${name}`);
  };
  const params = resolveReturns(taskParams(task), returnsOf, onMissing) as JsonObject;
  const last = context.result(task.id);
  const fingerprint = await fingerprintTask(
    {
      task,
      folder: context.folder,
      params,
      interpreter: needsInterpreter(task) && context.interpreter !== undefined ? `${context.interpreter.version} ${context.interpreter.path}` : undefined,
      upstream: context.result,
      last: last?.fingerprint,
    },
    context.digests,
  );
  const outputs = await Promise.all(task.outputs.map(async (output) => ({ path: output, digest: (await context.digests.ofPath(context.folder, output))?.digest })));
  const reasons = reasonsToRun({ cache: task.cache, forced, last, current: fingerprint, outputs });
  return { fingerprint, params, missingReturns, reasons: reasons.map((reason) => withCells(reason, context.digests)) };
}

function withCells(reason: Reason, digests: FileDigests): Reason {
  if (reason.type !== 'source-changed' || reason.from === undefined || reason.to === undefined) return reason;
  const cells = digests.changedCells(reason.from, reason.to);
  return cells === undefined || cells.length === 0 ? reason : { ...reason, cells };
}

/** The declared outputs as they are now; those that are not there are named apart. */
export async function readOutputs(task: Task, folder: string, digests: FileDigests): Promise<{ readonly outputs: readonly OutputFile[]; readonly missing: readonly string[] }> {
  const outputs: OutputFile[] = [];
  const missing: string[] = [];
  for (const output of task.outputs) {
    const found = await digests.ofPath(folder, output);
    if (found === undefined) missing.push(output);
    else outputs.push({ path: output, digest: found.digest, size: found.size });
  }
  return { outputs, missing };
}

/** Whether `relative` is, or lies in, one of `declared` files, folders and globs. */
export function isDeclared(relative: string, declared: readonly string[]): boolean {
  return declared.some((entry) => (isGlob(entry) ? globMatcher(entry)(relative) : relative === entry || entry === '.' || relative.startsWith(`${entry}/`)));
}
