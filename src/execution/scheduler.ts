/**
 * One run: brings the wanted tasks up to date, in the graph's order and within the slots, and follows changes
 * that happen meanwhile.
 *
 *              all upstream done          stale              a slot is free
 *   waiting ──────────────────▶ deciding ───────▶ queued ───────────────▶ running
 *      ▲                            │ up to date                             │
 *      │                            ▼                                        │ ended, or restored
 *      └──────────reset─────────── done ◀───────────────────────────────────┘
 *
 * A stale task of which a result is kept that was made from what is there now goes from deciding to running without a
 * slot: its outputs are put back, and it is done; where that fails it is queued.
 *
 * `reset` is what a change does: a task whose fingerprint is another now than when it was decided goes back to
 * waiting (a running one is ended first), and so do all tasks that depend on it. Everything else goes on.
 *
 * Invariants: a task runs only when all its dependencies are done and gave something; `open` counts the dependencies
 * that are not done; a decision is used only if no reset came while it was made (`generation`).
 */
import path from 'node:path';
import type { Fingerprint, Reason } from '../model/fingerprint.ts';
import { remainingPaths, type Durations } from '../model/remaining.ts';
import { taskById, type OnFailure, type Pipeline, type Slots, type Task, type TaskId } from '../model/pipeline.ts';
import type { EventOf, SkipReason } from '../model/run-event.ts';
import { fingerprintDifference } from '../fingerprint/staleness.ts';
import type { KeptResult } from '../fingerprint/kept-results.ts';
import { decide, findKept, lookBeyond, referenceFailure, type Decision, type DecisionContext } from './decide.ts';
import { executeTask, setAsideIn, type ExecutionContext } from './execute-task.ts';
import { givesWaiting, waitsForRequest, type Decided, type PlanScope } from './plan.ts';
import { byUrgency, doneToOutputs, isFailure, isGiven, isMoving, isOwnDoing, mayBeSince, mayOverlap, outcomeOf, withoutOwnAttempts, type Ended, type Entry } from './scheduled-task.ts';
import { noneSettled, type Settled } from './settled-tasks.ts';
import { createSlotPool, type SlotKind } from './slots.ts';

export interface SchedulerContext extends ExecutionContext {
  /** How long these tasks took before. */
  readonly durations: (tasks: readonly Task[]) => Durations;
  readonly slots: Slots;
  /** Asked when nothing is left to do. Resolves when no change is under way that belongs to this run; absent: none is. */
  readonly changesSettled?: () => Promise<void>;
}

export interface SchedulerRequest {
  readonly pipeline: Pipeline;
  readonly scope: PlanScope;
  readonly onFailure: OnFailure;
  /** Tasks that are up to date, and so is all before them: they are only told of, after everything else has begun. */
  readonly settled?: Settled;
  readonly first?: FirstDecision;
}

/** What was decided before the run, and is not decided again if the memory of decisions is still at that revision. */
export interface FirstDecision extends Decided {
  readonly revision: number;
}

export interface RunningPipeline {
  /** Resolves when every wanted task is done. Rejects only for a broken invariant. */
  readonly done: Promise<Ended>;
  readonly cancel: (task?: TaskId) => void;
  /**
   * Files changed, or the pipeline did: restarts what that affects. Resolves with `false` when the run had nothing left
   * to do already; otherwise `announce` is called before any event of the changed pipeline.
   */
  readonly changed: (next?: Pick<SchedulerRequest, 'pipeline' | 'scope'> & Pick<DecisionContext, 'memory'> & { readonly announce: () => void }) => Promise<boolean>;
}

export function startRun(request: SchedulerRequest, given: SchedulerContext): RunningPipeline {
  /** Its memory of decisions is the pipeline's, so it changes with that. */
  let context = given;
  const { clock, emit, results } = context;
  let { pipeline, scope } = request;
  let entries = new Map<TaskId, Entry>();
  /** Not among the entries as long as no change has come that they could be affected by. */
  let settled = request.settled ?? noneSettled(pipeline, scope);
  let queue: Entry[] = [];
  const pool = createSlotPool(context.slots);
  /** Attempts under way, also of tasks that are gone from the pipeline file. */
  let running = 0;
  /** Those of which that is so, until they have ended. */
  const leaving = new Set<Entry>();
  let undone = 0;
  let failures = 0;
  /** Tasks whose dependencies are all done: a list and not recursion, as a chain can be thousands long. */
  const readyList: Entry[] = [];
  let pumping = false;
  let cancelled = false;
  /** Changes that are looked at. */
  let changing = 0;
  let takingIn: Promise<void> = Promise.resolve();
  let isEnding = false;
  let isOver = false;
  /** Said once. */
  let keepFailed = false;
  let resolveDone: (outcome: Ended) => void = () => undefined;
  let rejectDone: (error: unknown) => void = () => undefined;
  const done = new Promise<Ended>((resolve, reject) => {
    resolveDone = resolve;
    rejectDone = reject;
  });

  const underWay = new Set<Promise<void>>();
  /** Work that nobody waits for; an error in it is a broken invariant, and ends the run once nothing runs any more. */
  const background = (work: Promise<void>): void => {
    const guarded = work
      .catch((error: unknown) => {
        cancel();
        void Promise.all([...underWay].filter((other) => other !== guarded)).then(() => rejectDone(error));
      })
      .finally(() => underWay.delete(guarded));
    underWay.add(guarded);
  };

  const link = (wasSettled?: Settled): void => {
    const previous = entries;
    entries = new Map();
    const tasks = settled.open;
    const paths = remainingPaths(tasks, context.durations(tasks));
    for (const [place, task] of tasks.entries()) {
      const known = previous.get(task.id);
      const path = paths.get(task.id) ?? 0;
      if (known !== undefined) Object.assign(known, { task, path, place, open: 0, dependents: [] });
      const state = wasSettled?.has(task.id) === true ? ({ phase: 'done', outcome: 'up-to-date' } as const) : ({ phase: 'waiting' } as const);
      entries.set(task.id, known ?? { ...state, task, path, place, open: 0, dependents: [], generation: 0, attempts: 0, restarting: false, taken: 0 });
    }
    for (const [id, entry] of previous) {
      if (entries.has(id)) continue;
      entry.generation += 1;
      entry.abort?.abort();
      if (entry.phase === 'running') leaving.add(entry);
      if (isFailure(entry.outcome)) failures -= 1;
    }
    queue = queue.filter((entry) => entries.get(entry.task.id) === entry);
    undone = 0;
    for (const entry of entries.values()) {
      if (entry.phase !== 'done') undone += 1;
      for (const id of entry.task.dependencies) {
        const dependency = entries.get(id);
        if (dependency === undefined) continue;
        dependency.dependents.push(entry);
        if (dependency.phase !== 'done') entry.open += 1;
      }
    }
  };

  const gives = (entry: Entry): boolean =>
    entry.outcome === 'success' || entry.outcome === 'up-to-date' || entry.outcome === 'restored' || (entry.outcome === 'manual' && entry.decision !== undefined && givesWaiting(entry.decision, results.get(entry.task.id)));

  /** Asked anew after what takes time. */
  const isCancelled = (): boolean => cancelled;

  const stopping = (): boolean => cancelled || (request.onFailure === 'stop' && failures > 0);

  /** Goes on with all that can go on, and ends the run when nothing is left. */
  const pump = (): void => {
    if (pumping) return;
    pumping = true;
    // Looked at in the order in which they should start, as the first decision is ready first.
    readyList.sort((a, b) => byUrgency(b, a));
    for (let next = readyList.pop(); next !== undefined; next = readyList.pop()) {
      if (next.phase === 'waiting' && next.open === 0 && !next.restarting && !isHeld(next)) ready(next);
    }
    if (stopping()) for (const entry of queue.splice(0)) skip(entry, 'stopped');
    startQueued();
    pumping = false;
    if (readyList.length > 0) pump();
    else if (isIdle() && !isEnding) {
      if (context.changesSettled === undefined) end();
      else background(endWhenSettled(context.changesSettled));
    }
  };

  /** What is gone from the pipeline file may write until it has ended, and so may its result be told. */
  const isHeld = ({ task }: Entry): boolean => [...leaving].some((other) => other.task.id === task.id || other.task.outputs.some((output) => task.outputs.some((each) => mayOverlap(output, each))));

  const isIdle = (): boolean => undone === 0 && running === 0 && changing === 0;

  const end = (): void => {
    isOver = true;
    tellSettled();
    resolveDone(outcomeOf([...entries.values()], cancelled));
  };

  /** A save that was one of several, and what followed it, are one run however soon the first was done. */
  const endWhenSettled = async (changesSettled: () => Promise<void>): Promise<void> => {
    isEnding = true;
    tellSettled();
    await changesSettled();
    isEnding = false;
    if (isIdle()) end();
  };

  let isSettledTold = false;
  const tellSettled = (): void => {
    if (isSettledTold) return;
    isSettledTold = true;
    const time = clock.now();
    for (const id of scope.wanted) if (settled.has(id)) emit({ ...madeBy(id), type: 'task-skipped', task: id, time, reason: 'up-to-date' });
  };

  const madeBy = (id: TaskId): Pick<EventOf<'task-skipped'>, 'madeBy'> => {
    const maker = context.decision.memory?.madeBy(id) ?? results.get(id);
    return maker === undefined ? {} : { madeBy: { runId: maker.runId, traceId: maker.traceId, spanId: maker.spanId } };
  };

  /** A task is done: tasks that waited for it alone are next. */
  const settle = (entry: Entry, outcome: Ended | SkipReason): void => {
    entry.phase = 'done';
    entry.outcome = outcome;
    undone -= 1;
    if (isFailure(outcome)) failures += 1;
    for (const dependent of entry.dependents) {
      dependent.open -= 1;
      if (dependent.open === 0) readyList.push(dependent);
    }
    pump();
  };

  const tellWaiting = ({ task: { id: task } }: Entry, reasons: readonly Reason[]): void => {
    emit({ type: 'task-stale', task, time: clock.now(), reasons });
    emit({ type: 'task-skipped', task, time: clock.now(), reason: 'manual' });
  };

  const skip = (entry: Entry, reason: SkipReason, more: Partial<EventOf<'task-skipped'>> = {}): void => {
    emit({ ...more, type: 'task-skipped', task: entry.task.id, time: clock.now(), reason });
    settle(entry, reason);
  };

  /** What it needs that is done, and gives nothing. */
  const blockersOf = ({ task }: Entry): readonly TaskId[] =>
    task.dependencies.filter((id) => {
      const dependency = entries.get(id);
      return dependency?.phase === 'done' && !gives(dependency);
    });

  const ready = (entry: Entry): void => {
    const blockedBy = blockersOf(entry);
    if (blockedBy.length > 0) {
      const stopped = cancelled || blockedBy.every((id) => entries.get(id)?.outcome === 'stopped');
      if (stopped) skip(entry, 'stopped');
      else skip(entry, 'upstream', { blockedBy });
    } else if (stopping()) {
      skip(entry, 'stopped');
    } else {
      entry.phase = 'deciding';
      background(decideNow(entry));
    }
  };

  const decideNow = async (entry: Entry): Promise<void> => {
    const generation = entry.generation;
    const { task } = entry;
    const { first } = request;
    const isDecided = first?.task === task && context.decision.memory?.revision() === first.revision;
    const decided = isDecided ? first.decision : await decide(task, scope.forced.has(task.id) && entry.success === undefined, context.decision);
    if (entry.generation !== generation) return;
    const decision = { ...decided, reasons: withoutOwnAttempts(decided.reasons, context.runId) };
    if (entry.cancelledAt !== undefined && entry.decision !== undefined && differences(entry, entry.decision.fingerprint, decision.fingerprint).length === 0) {
      skip(entry, 'stopped');
      return;
    }
    delete entry.cancelledAt;
    entry.decision = decision;
    const failure = referenceFailure(decision);
    if (failure !== undefined) {
      emit({ type: 'task-ended', task: task.id, time: clock.now(), outcome: 'failure', outputs: [], returns: {}, failure });
      settle(entry, 'failure');
    } else if (decision.reasons.length === 0) {
      upToDate(entry);
    } else if (entry.attempts === 0 && waitsForRequest(task, scope, decision.reasons)) {
      tellWaiting(entry, decision.reasons);
      settle(entry, 'manual');
    } else if (stopping()) {
      skip(entry, 'stopped');
    } else {
      if (isAheadOfChanges(task)) {
        await changed();
        if (entry.generation !== generation) return;
      }
      const kept = await findKept(task, decision, context.decision);
      if (entry.generation !== generation) return;
      emit({ type: 'task-stale', task: task.id, time: clock.now(), reasons: decision.reasons });
      if (kept === undefined) enqueue(entry);
      else await restore(entry, decision, kept);
    }
  };

  /** That an output has gone is told a tenth of a second later: until then, a task before this one seems up to date. */
  const isAheadOfChanges = ({ dependencies }: Task): boolean => {
    const { memory } = context.decision;
    if (memory === undefined) return false;
    // All are asked, as what is another is known for the next look by that.
    const gone = dependencies.filter((id) => {
      const dependency = taskById(pipeline, id);
      return dependency !== undefined && memory.outputsChanged(dependency);
    });
    return gone.length > 0;
  };

  const enqueue = (entry: Entry): void => {
    entry.phase = 'queued';
    const at = queue.findIndex((other) => byUrgency(entry, other) < 0);
    queue.splice(at === -1 ? queue.length : at, 0, entry);
    pump();
  };

  const restore = async (entry: Entry, decision: Decision, kept: KeptResult): Promise<void> => {
    const { id } = entry.task;
    const { result } = kept.entry;
    entry.phase = 'running';
    running += 1;
    const isRestored = (await context.decision.kept?.restore(entry.task, kept, setAsideIn(context), results.get(id)?.left)) === true;
    running -= 1;
    context.decision.memory?.written(entry.task.outputs.map((file) => path.resolve(context.decision.folder, file)));
    if (isRestored) {
      results.ended(id, result);
      entry.decision = { ...decision, fingerprint: result.fingerprint };
      delete entry.success;
    }
    if (goesOn(entry)) return;
    if (isRestored) skip(entry, 'restored', { madeBy: { runId: result.runId, traceId: result.traceId, spanId: result.spanId } });
    else enqueue(entry);
  };

  /** Whether a task that has just ended is not done with: it is gone from the pipeline file, or a change wants it again. */
  const goesOn = (entry: Entry): boolean => {
    if (entries.get(entry.task.id) !== entry) {
      leaving.delete(entry);
      for (const other of entries.values()) if (other.phase === 'waiting' && other.open === 0) readyList.push(other);
      pump();
      return true;
    }
    if (!entry.restarting) return false;
    entry.restarting = false;
    entry.phase = 'waiting';
    readyList.push(entry);
    pump();
    return true;
  };

  const upToDate = (entry: Entry): void => {
    if (entry.success !== undefined) {
      emit(entry.success);
      settle(entry, 'success');
      return;
    }
    skip(entry, 'up-to-date', madeBy(entry.task.id));
  };

  const startQueued = (): void => {
    /** What a task waits for is not taken by those behind it, or a large one would never start. */
    const awaited = new Set<SlotKind>();
    for (let at = 0; at < queue.length && !awaited.has('cpus'); ) {
      const next = queue[at];
      if (next === undefined) return;
      const lacking = pool.lacking(next.task);
      for (const kind of lacking) awaited.add(kind);
      if (pool.takes(next.task, awaited)) {
        at += 1;
        continue;
      }
      queue.splice(at, 1);
      pool.take(next.task);
      running += 1;
      next.phase = 'running';
      background(execute(next, next.task));
    }
  };

  const execute = async (entry: Entry, slots: Slots): Promise<void> => {
    const { task, decision } = entry;
    if (decision === undefined) throw new Error(`${task.id} was started without a decision`);
    const abort = new AbortController();
    entry.abort = abort;
    delete entry.success;
    let isFree = false;
    const free = (): void => {
      if (!isFree) pool.give(slots);
      isFree = true;
    };
    const { ended, keep } = await executeTask(
      {
        task,
        decision,
        signal: abort.signal,
        pipeline: () => pipeline,
        isWaiting: (id) => entries.get(id)?.outcome === 'manual',
        attempts: entry.attempts,
        onAttempt: (number) => {
          entry.attempts = number;
        },
        // The next task runs while this one is looked at; after a failure, it may be that none should.
        onWell: () => {
          free();
          pump();
        },
      },
      context,
    );
    const { outcome } = ended;
    free();
    delete entry.abort;
    if (outcome !== 'cancellation') delete entry.cancelledAt;
    entry.endedAt = Date.now();
    // From the pipeline file meanwhile: its span must end all the same, and should it come back, nobody wanted it to end.
    const isGone = entries.get(task.id) !== entry;
    const isTold = isGone || !entry.restarting;
    if (isTold) emit(ended);
    // Before anything that depends on it can start and write to its outputs.
    const refused = await keep(entry.restarting || (isGone && !cancelled));
    if (refused !== undefined && !keepFailed) emit({ type: 'warning', time: clock.now(), message: `outputs are not kept for later: ${refused}` });
    keepFailed ||= refused !== undefined;
    running -= 1;
    if (goesOn(entry)) return;
    if (!isTold) emit(ended);
    if (outcome === 'success') entry.success = ended;
    else if (ended.fingerprint !== undefined) entry.decision = { ...decision, fingerprint: ended.fingerprint };
    settle(entry, outcome);
  };

  /** By which a task is to run again: of one that somebody cancelled, what changed since. */
  const differences = ({ cancelledAt }: Entry, before: Fingerprint, now: Fingerprint): readonly Reason[] => {
    const all = fingerprintDifference(before, now);
    return cancelledAt === undefined ? all : all.filter((each) => mayBeSince(cancelledAt, each, context.decision.folder));
  };

  /** Back to waiting, and all that depends on it. */
  const reset = (entry: Entry, reasons: readonly Reason[]): void => {
    entry.generation += 1;
    switch (entry.phase) {
      case 'waiting':
        return;
      case 'running':
        entry.restarting = true;
        delete entry.cancelledAt;
        entry.abort?.abort();
        break;
      case 'queued':
        queue = queue.filter((other) => other !== entry);
        entry.phase = 'waiting';
        break;
      case 'deciding':
        entry.phase = 'waiting';
        break;
      case 'done':
        entry.phase = 'waiting';
        if (isFailure(entry.outcome)) failures -= 1;
        delete entry.outcome;
        undone += 1;
        for (const dependent of entry.dependents) {
          dependent.open += 1;
          reset(dependent, [{ type: 'upstream-will-run', task: entry.task.id }]);
        }
        break;
      default:
        entry.phase satisfies never;
    }
    if (reasons.length > 0) emit({ type: 'task-stale', task: entry.task.id, time: clock.now(), reasons });
  };

  const changed: RunningPipeline['changed'] = async (next) => {
    if (cancelled || isOver) return false;
    changing += 1;
    const own = takingIn.then(() => takeIn(next));
    // One after the other: each may bring other entries.
    takingIn = own.catch(() => undefined);
    try {
      await own;
    } finally {
      changing -= 1;
      pump();
    }
    return true;
  };

  const takeIn = async (given: Parameters<RunningPipeline['changed']>[0]): Promise<void> => {
    if (cancelled) return;
    // A save that changed nothing.
    const next = given?.pipeline === pipeline ? undefined : given;
    lookBeyond(context.decision);
    const isDoubtful = pipeline.tasks.some((task) => settled.has(task.id) && context.decision.memory?.holds(task) !== true);
    if (next !== undefined || isDoubtful) tellSettled();
    if (next !== undefined) {
      ({ pipeline, scope } = next);
      context = { ...context, decision: { ...context.decision, memory: next.memory } };
      next.announce();
    }
    if (next !== undefined || isDoubtful) {
      const wasSettled = settled;
      settled = noneSettled(pipeline, scope);
      link(wasSettled);
    }
    for (const entry of entries.values()) {
      if (entry.phase === 'waiting' || entry.restarting) continue;
      // Also what is only to be run on request now.
      if (entry.phase === 'deciding' || (next !== undefined && entry.phase === 'queued' && entry.attempts === 0 && waitsForRequest(entry.task, scope, entry.decision?.reasons ?? []))) {
        reset(entry, []);
        continue;
      }
      // It may need something else now.
      if (next !== undefined && entry.outcome === 'upstream') {
        if (blockersOf(entry).length === 0) reset(entry, []);
        continue;
      }
      // A task that is to run once more, or runs, is compared with what it was decided on, not with its earlier success.
      const isSettled = entry.decision === undefined && entry.outcome === 'up-to-date';
      const { memory } = context.decision;
      const holds = memory?.holds(entry.task) === true;
      if (isSettled && holds) continue;
      const before = (entry.phase === 'done' ? entry.success?.fingerprint : undefined) ?? (isSettled ? results.get(entry.task.id) : entry.decision)?.fingerprint;
      if (before === undefined) continue;
      // Nothing that was looked at is another: to ask costs nothing, however many tasks there are.
      const known = holds ? results.get(entry.task.id)?.fingerprint : isGiven(entry) ? undefined : memory?.standing(entry.task)?.fingerprint;
      if (known === before && (next === undefined || entry.outcome !== 'manual')) continue;
      const generation = entry.generation;
      const now = await decide(entry.task, false, context.decision);
      if (isCancelled()) return;
      if (entry.generation !== generation) continue;
      const ofOutputs = doneToOutputs(entry, now.reasons);
      if (ofOutputs.length > 0) entry.taken += 1;
      const isItsOwn = (reason: Reason): boolean => (entry.phase === 'running' ? isMoving(reason, before, entry) : isOwnDoing(reason, entry, context.decision.folder));
      const reasons = [...differences(entry, before, now.fingerprint).filter((each) => !isItsOwn(each)), ...ofOutputs];
      if (entry.outcome === 'manual' && now.reasons.length > 0 && waitsForRequest(entry.task, scope, now.reasons) && givesWaiting(now, results.get(entry.task.id)) === gives(entry)) {
        // It goes on waiting, and what depends on it is not concerned.
        entry.decision = now;
        if (reasons.length > 0) tellWaiting(entry, now.reasons);
      } else if (reasons.length > 0 || entry.outcome === 'manual') reset(entry, reasons);
    }
    // Tasks that a failure kept from starting have another chance when the failed task has.
    if (!stopping()) for (const entry of entries.values()) if (entry.outcome === 'stopped' && entry.cancelledAt === undefined) reset(entry, []);
    for (const entry of entries.values()) if (entry.phase === 'waiting' && entry.open === 0) readyList.push(entry);
  };

  const cancel: RunningPipeline['cancel'] = (id) => {
    // Only waits for changes that may belong to it.
    if (isEnding && isIdle()) return;
    if (id === undefined) {
      cancelled = true;
      for (const entry of entries.values()) {
        entry.restarting = false;
        entry.abort?.abort();
      }
      pump();
      return;
    }
    const entry = entries.get(id);
    if (entry?.phase === 'running' && entry.abort !== undefined) {
      entry.cancelledAt = Date.now();
      entry.restarting = false;
      entry.abort.abort();
    } else if (entry?.phase === 'queued') {
      queue = queue.filter((other) => other !== entry);
      entry.cancelledAt = Date.now();
      skip(entry, 'stopped');
    }
  };

  link();
  // Started on the next turn, so that the caller holds the handle when the first event comes.
  setImmediate(() => {
    for (const entry of entries.values()) if (entry.open === 0) readyList.push(entry);
    pump();
    // After the first tasks were started.
    setTimeout(tellSettled, 5);
  });
  return { done, cancel, changed };
}
