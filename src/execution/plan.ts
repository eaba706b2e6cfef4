/** What a run would do now. Runs nothing. */
import path from 'node:path';
import { canOverlap, filePattern } from '../definition/overlap.ts';
import { isObserved, observedPath } from '../fingerprint/task-fingerprint.ts';
import type { Reason } from '../model/fingerprint.ts';
import type { Json } from '../model/json.ts';
import { resolveReturns, taskParams, type Pipeline, type Task, type TaskId } from '../model/pipeline.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { TaskResult } from '../model/task-result.ts';
import { decide, findKept, referenceFailure, type Decision, type DecisionContext } from './decide.ts';
import { noneSettled } from './settled-tasks.ts';

export interface PlanScope {
  /** Tasks to bring up to date, upstream included. */
  readonly wanted: ReadonlySet<TaskId>;
  /** Asked for by name: these run also when `watch: manual`. */
  readonly named: ReadonlySet<TaskId>;
  readonly forced: ReadonlySet<TaskId>;
  /** Nobody asked: after a change, when `lazy` tasks wait as well. */
  readonly unasked: boolean;
}

/**
 * Whether a stale task waits until somebody asks for it. After a change that is also a task that did not succeed and
 * would be tried again with nothing changed, and one that is never up to date.
 */
export function waitsForRequest(task: Task, scope: Pick<PlanScope, 'named' | 'unasked'>, reasons: readonly Reason[]): boolean {
  if (scope.named.has(task.id)) return false;
  if (task.watch === 'manual') return true;
  return scope.unasked && (task.watch === 'lazy' || reasons.every((reason) => (reason.type === 'last-run-failed' && reason.superseded !== true) || reason.type === 'never-cached'));
}

/** Whether a task that waits has something for those that depend on it: what an earlier run made, if it is there still. */
export function givesWaiting({ reasons }: Pick<Decision, 'reasons'>, last: Pick<TaskResult, 'outcome'> | undefined): boolean {
  return last?.outcome === 'success' && !reasons.some(({ type }) => type === 'output-missing');
}

export interface Decided {
  readonly task: Task;
  readonly decision: Decision;
}

/**
 * The first of these tasks that a run would execute or restore. It looks no further, so what waits for the run waits for
 * one decision. `isTold`: because of a change; else a task that would fail for what another did not return is none.
 */
export async function firstToDo(open: readonly Task[], scope: Pick<PlanScope, 'named' | 'forced' | 'unasked'>, context: DecisionContext, isTold = true): Promise<Decided | undefined> {
  const blocked = new Set<TaskId>();
  for (const task of open) {
    const decision = await decide(task, scope.forced.has(task.id), context);
    if (decision.reasons.length === 0) continue;
    // Nothing was told that could mend it.
    if (!isTold && referenceFailure(decision) !== undefined) {
      blocked.add(task.id);
      continue;
    }
    const isBlocked = task.dependencies.some((id) => blocked.has(id));
    if (!isBlocked && !waitsForRequest(task, scope, decision.reasons)) return { task, decision };
    if (isBlocked || !givesWaiting(decision, context.result(task.id))) blocked.add(task.id);
  }
  return undefined;
}

/** `settled` tasks are known to be up to date, and left out. */
export async function makePlan(pipeline: Pipeline, scope: PlanScope, context: DecisionContext, { open } = noneSettled(pipeline, scope)): Promise<readonly PlanEntry[]> {
  const entries: PlanEntry[] = [];
  /** What those that depend on a task are told of it. */
  const told = new Map<TaskId, 'upstream-will-run' | 'upstream-may-run' | 'upstream-will-be-restored'>();
  /** Tasks that would give nothing to those that depend on them. */
  const blocked = new Set<TaskId>();
  const byId = new Map(open.map((task) => [task.id, task]));
  const toldOf = (id: TaskId): Task | undefined => (told.has(id) ? byId.get(id) : undefined);
  for (const task of open) {
    const decision = await decide(task, scope.forced.has(task.id), context);
    const own = decision.reasons;
    const upstream = task.dependencies.flatMap((id): readonly Reason[] => {
      const type = told.get(id);
      return type === undefined ? [] : [{ type, task: id }];
    });
    // That an upstream task has no result yet is said once: it will run.
    const reasons = [...own.filter((reason) => reason.type !== 'upstream-changed' || told.get(reason.task) !== 'upstream-will-run'), ...upstream];
    if (reasons.length === 0) {
      entries.push(upToDateEntry(task.id, context));
      continue;
    }
    // As in a run: what depends on a task that waits and gives nothing waits too.
    const isBlocked = task.dependencies.some((id) => blocked.has(id));
    if (isBlocked || waitsForRequest(task, scope, reasons)) {
      if (isBlocked || !givesWaiting(decision, context.result(task.id))) blocked.add(task.id);
      entries.push({ task: task.id, action: 'manual', reasons });
      continue;
    }
    // Whether a result fits what is restored or made upstream can't be told before.
    const kept = upstream.length > 0 ? undefined : await findKept(task, decision, context);
    if (kept !== undefined) {
      const { runId, traceId, spanId } = kept.entry.result;
      told.set(task.id, 'upstream-will-be-restored');
      entries.push({ task: task.id, action: 'restore', reasons, madeBy: { runId, traceId, spanId } });
      continue;
    }
    const isOpen = (reason: Reason): boolean => isLeftOpen(reason, task, toldOf);
    const isCertain = own.some((reason) => !isOpen(reason)) && (upstream.length === 0 || (await findKept(task, decision, context, isOpen)) === undefined);
    const action = isCertain ? 'run' : 'maybe';
    told.set(task.id, action === 'run' ? 'upstream-will-run' : 'upstream-may-run');
    entries.push({ task: task.id, action, reasons });
  }
  return entries;
}

/**
 * Whether it is not known if a reason still holds when the task's turn comes: it is of what tasks before it made, or of files
 * that they are about to make again. `toldOf`: those of them that may run or be restored.
 */
function isLeftOpen(reason: Reason, task: Task, toldOf: (id: TaskId) => Task | undefined): boolean {
  switch (reason.type) {
    case 'upstream-changed':
      return toldOf(reason.task) !== undefined;
    case 'param-changed':
      // Of a task that has failed there are no returns, until it has run again.
      return isReturnedBefore(taskParams(task)[reason.name], toldOf);
    case 'source-changed':
      // A function that gets objects is compared with all of its modules.
      return reason.compared !== undefined && isReturnedBefore(taskParams(task), toldOf);
    case 'input-changed':
      return isMadeBefore(isObserved(reason.path) ? observedPath(reason.path) : reason.path, task, toldOf);
    case 'listing-changed':
      return isMadeBefore(path.posix.join(reason.folder, reason.pattern), task, toldOf);
    default:
      return false;
  }
}

/** Whether something in a param is returned by a task that may run before. */
function isReturnedBefore(param: Json | undefined, toldOf: (id: TaskId) => Task | undefined): boolean {
  const from: TaskId[] = [];
  resolveReturns(param ?? null, (id) => void from.push(id), () => undefined);
  return from.some((id) => toldOf(id) !== undefined);
}

/** Whether files that `name` stands for can be outputs of a task that may run before `task`, however far. */
function isMadeBefore(name: string, task: Task, toldOf: (id: TaskId) => Task | undefined): boolean {
  const pattern = filePattern(name);
  const seen = new Set<TaskId>();
  const left = [...task.dependencies];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const before = toldOf(id);
    if (before === undefined || seen.has(id)) continue;
    seen.add(id);
    if (before.outputs.some((output) => canOverlap(pattern, filePattern(output)))) return true;
    left.push(...before.dependencies);
  }
  return false;
}

/** Of a task that is up to date. */
export function upToDateEntry(task: TaskId, { result }: Pick<DecisionContext, 'result'>): PlanEntry {
  const last = result(task);
  return { task, action: 'skip', ...(last !== undefined && { madeBy: { runId: last.runId, traceId: last.traceId, spanId: last.spanId } }) };
}
