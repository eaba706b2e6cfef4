/**
 * What a session does while it watches.
 *
 *   a change ──▶ looked at ──nothing to do──▶ quiet for `quietTime` ──▶ looked at once more, and the plan is told
 *                   │ stale tasks                   ▲
 *                   ▼                               │
 *                a run ──────────ended──────────────┘
 *
 * Changes that come during a run are handed to it. What is done after a change is in proportion to what it touched:
 * only when the events of the system may have been lost, all files are looked at (`wholeLookInterval`).
 */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describeReason, isUnsettled, type Digest, type Reason } from '../model/fingerprint.ts';
import type { OnFailure, Pipeline, TaskId } from '../model/pipeline.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { Trigger } from '../model/run-event.ts';
import type { RunOptions, RunResult, SessionMessage } from '../protocol/session.ts';
import { filesUsed } from '../fingerprint/task-fingerprint.ts';
import type { DecisionMemory } from '../execution/decision-memory.ts';
import { createLinkReader } from '../execution/links.ts';
import { isDeclared } from '../execution/decide.ts';
import { firstToDo, makePlan, upToDateEntry, type Decided, type PlanScope } from '../execution/plan.ts';
import type { LoadedPipeline } from '../definition/load-pipeline.ts';
import type { ActiveRun } from './perform-run.ts';
import { problem, type Preparation, type Prepared, type Problem } from './preparation.ts';
import type { TaskMemory } from './task-memory.ts';
import { createWatchedPlaces } from './watched-places.ts';

/** Milliseconds after the last change, until all that it touched is looked at once more. */
const quietTime = 300;
/** Milliseconds from one look at all files to the next, and how many changes make that one come at once. */
const wholeLookInterval = 10_000;
const manyChanges = 1000;
/** After so many runs in a row that failed, a task that changes what it reads and fails each time waits for the next change. */
const mostFailedRuns = 3;
/**
 * After so many runs in a row, of which each follows from what changed while the same tasks ran, a rest comes before
 * the next, and is doubled: they may write to what they read. Milliseconds.
 */
const mostWithoutRest = 3;
const [shortestRest, longestRest] = [200, 60_000];
/** A rest of which is told. */
const notableRest = 1000;
/** Milliseconds from a change until the watcher knows: chokidar keeps to itself for 100 that a file has gone. */
const toldWithin = 150;

export interface Watching {
  /** Resolves when no change is known that is not looked at, and none is expected that belongs to the last one. */
  readonly changesSettled: () => Promise<void>;
  /** The first run, of all that is stale. */
  readonly begin: () => void;
  /** A run that somebody asked for is over: it was handed the changes that came meanwhile, but need not have all tasks. */
  readonly askedRunEnded: () => void;
  /** The run in progress is not cancelled. */
  readonly stop: () => Promise<void>;
}

export interface WatchingContext {
  readonly file: string;
  readonly folder: string;
  readonly preparation: Preparation;
  readonly memory: TaskMemory;
  readonly listener: (message: SessionMessage) => void;
  readonly activeRun: () => ActiveRun | undefined;
  /** In place of what the pipeline file says. */
  readonly onFailure: OnFailure | undefined;
  /** Settled when the run that comes next is active, or has failed to be. */
  readonly starting: () => Promise<void> | undefined;
  /** The file as it is now for the run in progress: with its own parameters, where it has some. */
  readonly readForRun: () => Promise<LoadedPipeline>;
  /** What that run was asked for. */
  readonly scopeOfRun: (pipeline: Pipeline) => PlanScope | Problem;
  /** One run, after those before it; resolves with what came of it and how many attempts it made. */
  readonly run: (options: RunOptions, trigger: Trigger, prepared?: Prepared) => Promise<{ readonly result: RunResult | Problem; readonly executed: number }>;
  /** The system has told of something: a change may be told of soon. */
  readonly onStir: () => void;
  /** A run may follow soon. */
  readonly onSaved: () => void;
  /** While nothing runs, what the next change will need is made ready. */
  readonly makeReady: () => Promise<void>;
}

/** Resolves when changes are seen. */
export async function startWatching(tasks: readonly string[], context: WatchingContext): Promise<Watching> {
  const { file, folder, preparation, memory, listener, activeRun } = context;
  let isOver = false;
  const isWatching = (): boolean => !isOver;
  let changes: Promise<void> = Promise.resolve();
  /** Changes that came when the run had nothing left to do. */
  const late: string[] = [];
  /** Whether a run was handed changes. */
  let isHanded = false;
  /** Whether a task may have used what changed before it was known to. */
  let isDoubtful = false;
  /** In a row, since a change was told while nothing ran. */
  let failedRuns = 0;
  /** In a row, because of what changed while tasks ran. */
  let repeatedRuns = 0;
  /** Of the last run, in Unix milliseconds. */
  let lastEnd = -Infinity;
  /** Of `performance.now`. */
  let restsUntil = -Infinity;
  let resting: NodeJS.Timeout | undefined;
  let restToldAt = 0;
  let quiet: NodeJS.Timeout | undefined;
  /** What was told of the plan last. */
  let told: { readonly memory: DecisionMemory; readonly revision: number; readonly open: readonly TaskId[] } | undefined;
  let lastWholeLook = -Infinity;
  let changesSince = 0;
  /** Files that were told of since it was quiet. */
  const recent = new Set<string>();

  const tellInternal = (error: unknown): void => listener(problem('internal', (error as Error).message));
  /** One after the other. */
  const then = (next: () => Promise<void>): void => {
    changes = changes.then(next).catch(tellInternal);
  };

  // What watches files is not loaded for a run.
  const { startWatcher } = await import('../execution/watcher.ts');
  const watcher = startWatcher({
    folder,
    onError: (message) => listener(problem('storage', message)),
    onStir: () => {
      if (activeRun() === undefined) context.onStir();
    },
    onChange: (files) => {
      if (activeRun() === undefined) {
        failedRuns = 0;
        context.onSaved();
      }
      changesSince += files.length;
      for (const changed of files) recent.add(changed);
      places.changed(files);
      memory.touch(files);
      then(() => onChange(files));
    },
  });

  /** The pipeline file, and if it is a link, what it leads to: under that name a save of it is told. */
  let pipelineFiles: ReadonlySet<string> = new Set([file]);
  const followPipelineFile = (): void => {
    pipelineFiles = new Set([file, ...createLinkReader(folder).passedTo(file)]);
    for (const each of pipelineFiles) watcher.add(each);
  };
  followPipelineFile();

  const places = createWatchedPlaces(folder, watcher.add);
  const watchPlaces = async (): Promise<void> => {
    const { pipeline } = preparation.loaded();
    if (pipeline === undefined) return;
    const results = await memory.results(pipeline);
    for (const task of pipeline.tasks) {
      const known = task.source.kind === 'shell' ? undefined : results.get(task.id)?.fingerprint;
      places.add(task.inputs, known === undefined ? [] : filesUsed(known));
    }
  };

  const onChange = async (files: readonly string[], isTold = true): Promise<void> => {
    if (!isWatching()) return;
    // Of a stash or checkout, files may be told long before the pipeline file is; some mistakes are that a file is missing.
    const pipelineChanged = files.some((each) => pipelineFiles.has(each)) || preparation.loaded().pipeline === undefined || !preparation.isCurrent();
    if (pipelineChanged) {
      await preparation.reload();
      followPipelineFile();
    }
    while (activeRun() === undefined && context.starting() !== undefined) await context.starting();
    const now = pipelineChanged && activeRun() !== undefined ? await context.readForRun() : undefined;
    const run = activeRun();
    if (run !== undefined) {
      isHanded = true;
      const next = now?.pipeline === undefined ? undefined : context.scopeOfRun(now.pipeline);
      const wasInTime = await (now?.pipeline === undefined || next === undefined || 'code' in next ? run.filesChanged() : run.pipelineChanged(now.pipeline, now.graph, next, preparation.memoryOf(now.pipeline)));
      if (!wasInTime) late.push(...files);
      return;
    }
    if (preparation.loaded().pipeline !== undefined && (await bringUpToDate(files, isTold))) afterwards();
  };

  /** Starts a run if one has to be; `isTold`: because the watcher told of a change. Resolves with `true` if there is nothing to do. */
  const bringUpToDate = async (files: readonly string[], isTold: boolean): Promise<boolean> => {
    const prepared = await prepare();
    if (prepared === undefined) return false;
    const { scope, decision, settled } = prepared;
    const first = await firstToDo(settled.open, scope, decision, isTold);
    if (!isWatching()) return false;
    if (first === undefined) return true;
    // To decide takes a while where files are many.
    if (!preparation.isCurrent()) {
      await onChange(files, isTold);
      return false;
    }
    // This may have been asked for by something else than a change that was told, which waits for git: what is there
    // is a part of a checkout then, and would be a run of its own.
    const gitDone = watcher.gitDone();
    if (gitDone !== undefined) {
      await gitDone;
      await onChange(files, isTold);
      return false;
    }
    // What was found before it was told of may be a part of more, as of a checkout that is over: all of it is told soon.
    if (!isTold) {
      const before = changes;
      await pause(toldWithin);
      if (changes === before && !watcher.isGathering()) await onChange(files);
      return false;
    }
    const isRepeated = isRepetition(first.decision.reasons, files);
    if (isRepeated && performance.now() < restsUntil && (await planOf(prepared)).every((entry) => (entry.action === 'run' ? isRepetition(entry.reasons, files) : entry.action !== 'restore'))) {
      rest(first, files, isTold);
      return true;
    }
    // A change that the last run saw too late has no batch of its own; its reasons name it.
    const names = files.length > 0 ? files.map((name) => path.relative(folder, name).replaceAll(path.sep, '/')) : changedPaths(await planOf(prepared));
    // Not awaited: changes that come during the run are handled while it goes on.
    if (!isRepeated) repeatedRuns = restToldAt = 0;
    else repeatedRuns += 1;
    void runAndReport({ type: 'change', files: names.slice(0, 100), count: names.length }, { ...prepared, first });
    return false;
  };

  /** Whether all that a task would run for changed while it ran: none of `files`, which were told of now, is one that was written since. */
  const isRepetition = (reasons: readonly Reason[], files: readonly string[]): boolean => {
    const isOf = (changed: string, name: string): boolean => isDeclared(path.relative(folder, changed).replaceAll(path.sep, '/'), [name]);
    return reasons.every((reason) => {
      if (reason.type === 'upstream-will-run' || reason.type === 'upstream-may-run' || reason.type === 'last-run-failed') return true;
      if (!('from' in reason) || !isUnsettled(reason.from as Digest | undefined)) return false;
      return !('path' in reason) || !files.some((changed) => isOf(changed, reason.path) && isSince(changed, lastEnd));
    });
  };

  /** Until there is one more run; what else changes meanwhile does not wait for it. */
  const rest = ({ task: { id }, decision: { reasons } }: Decided, files: readonly string[], isTold: boolean): void => {
    const length = restAfter(repeatedRuns);
    if (length >= notableRest && restToldAt < notableRest) listener({ type: 'notice', message: `${id} runs again and again: ${reasons.map(describeReason).join('; ')}. If it writes to that itself, ${reasons.some(({ type }) => type === 'source-changed') ? 'let it write to another file' : 'take it out of its inputs'}. From now on there is a rest before it runs again, unless something else changes` });
    restToldAt = length;
    clearTimeout(resting);
    resting = setTimeout(() => then(() => onChange(files, isTold)), Math.max(0, restsUntil - performance.now()));
  };

  const prepare = async (): Promise<Prepared | undefined> => {
    const prepared = await preparation.prepare(tasks, false, true);
    if (!('code' in prepared)) return prepared;
    listener(prepared);
    return undefined;
  };

  const afterwards = (): void => {
    clearTimeout(quiet);
    if (isWatching()) quiet = setTimeout(() => then(whenQuiet), quietTime);
  };

  const isIdle = (): boolean => isWatching() && activeRun() === undefined && context.starting() === undefined;

  /** When nothing has happened for a while: what the plan is now, for who shows it. */
  const whenQuiet = async (): Promise<void> => {
    if (!isIdle() || preparation.loaded().pipeline === undefined) return;
    if (places.isEmpty()) await watchPlaces();
    // chokidar takes what follows within a tenth of a second for the same change.
    const missed = preparation.missedOf(recent);
    recent.clear();
    const mayRun = isDoubtful || missed.length > 0;
    isDoubtful = false;
    if (mayRun && !(await bringUpToDate(missed, false))) return;
    const prepared = await prepare();
    if (prepared === undefined || !isWatching()) return;
    if (tasks.length === 0) tellPlan(prepared, await planOf(prepared));
    clearTimeout(quiet);
    const wait = changesSince >= manyChanges ? 0 : Math.max(0, lastWholeLook + wholeLookInterval - performance.now());
    if (changesSince > 0) quiet = setTimeout(() => void lookAtAll().catch(tellInternal), wait);
  };

  /**
   * Whether the system has told of every change, which it need not (a queue that overflows, a file system of another
   * machine). Beside the changes: one that comes does not wait for this, but ends it, and it comes again after that one.
   */
  const lookAtAll = async (): Promise<void> => {
    const before = changesSince;
    const goesOn = (): boolean => isIdle() && changesSince === before;
    const missed: string[] = [];
    for await (const changed of preparation.missed(goesOn)) missed.push(changed);
    if (!goesOn()) return;
    if (await preparation.reload()) missed.push(file);
    // Not those that came meanwhile.
    changesSince = Math.max(0, changesSince - before);
    lastWholeLook = performance.now();
    memory.save();
    if (missed.length > 0) then(() => onChange(missed, false));
  };

  /** Tasks that were not looked at since are as they were told. */
  const tellPlan = ({ scope, decision, settled, revision }: Prepared, entries: readonly PlanEntry[]): void => {
    const since = told?.memory === decision.memory ? decision.memory.doubtedSince(told.revision) : undefined;
    const others = told === undefined || since === undefined ? scope.wanted : new Set([...told.open, ...since]);
    const all = [...entries, ...[...others].filter((id) => settled.has(id)).map((id) => upToDateEntry(id, decision))];
    told = { memory: decision.memory, revision, open: settled.open.map(({ id }) => id) };
    if (all.length > 0) listener({ type: 'plan', entries: all });
  };

  const goesOnAfterFailure = (): boolean => (context.onFailure ?? preparation.loaded().pipeline?.onFailure) === 'continue';

  const runAndReport = async (trigger: Trigger, prepared?: Prepared): Promise<void> => {
    try {
      const { result, executed } = await context.run({ tasks, force: false }, trigger, prepared);
      isHanded = false;
      failedRuns = 'code' in result || result.outcome === 'failure' ? failedRuns + 1 : 0;
      lastEnd = Date.now();
      restsUntil = performance.now() + restAfter(repeatedRuns);
      if ('code' in result) listener(result);
      await watchPlaces();
      // A file that changed while a task used it, or at the very end of the run. What a failure stopped waits for the
      // next change; after a run that executed nothing there is nothing to look at again.
      isDoubtful = !('code' in result) && executed > 0 && (result.outcome === 'success' || (result.outcome === 'failure' && goesOnAfterFailure() && failedRuns <= mostFailedRuns));
      if (late.length > 0) await onChange(late.splice(0));
      else afterwards();
      if (isWatching()) await context.makeReady();
    } catch (error) {
      tellInternal(error);
    }
  };

  await watcher.ready;
  return {
    changesSettled: async () => {
      await watcher.settled();
      await changes;
    },
    begin: () => {
      if (preparation.loaded().pipeline !== undefined) void runAndReport({ type: 'manual', tasks });
    },
    askedRunEnded: () => {
      if (isHanded) then(() => onChange(late.splice(0)));
      isHanded = false;
    },
    stop: async () => {
      isOver = true;
      clearTimeout(quiet);
      clearTimeout(resting);
      await watcher.close();
    },
  };
}

/** Milliseconds. */
function restAfter(repeatedRuns: number): number {
  return repeatedRuns < mostWithoutRest ? 0 : Math.min(longestRest, shortestRest * 2 ** (repeatedRuns - mostWithoutRest));
}

/** Whether a file was written since, in Unix milliseconds; also what is gone, of which nothing says when. */
function isSince(file: string, time: number): boolean {
  try {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    return stats === undefined || Math.max(stats.mtimeMs, stats.ctimeMs) > time;
  } catch {
    return true;
  }
}

/** Of tasks that are not settled. */
async function planOf({ pipeline, scope, decision, settled }: Prepared): Promise<readonly PlanEntry[]> {
  return settled.open.length === 0 ? [] : makePlan(pipeline, scope, decision, settled);
}

function changedPaths(entries: readonly PlanEntry[]): readonly string[] {
  const reasons = entries.flatMap((entry) => (entry.action === 'run' || entry.action === 'restore' ? entry.reasons : []));
  return [...new Set(reasons.flatMap((reason) => ('path' in reason ? [reason.path] : [])))];
}
