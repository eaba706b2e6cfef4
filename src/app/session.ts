/**
 * The composition root that every host uses: one pipeline file, loaded, planned, run and watched. The command line
 * holds a session in its own process, the extension in `executor.ts`.
 */
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { describeReason } from '../model/fingerprint.ts';
import { createMasker } from '../model/masker.ts';
import type { Pipeline, Slots, Task, TaskId } from '../model/pipeline.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { Durations } from '../model/remaining.ts';
import type { Trigger } from '../model/run-event.ts';
import type { Interpreter, LoadedGraph, OpenOptions, RunOptions, RunResult, SessionMessage } from '../protocol/session.ts';
import type { LoadedPipeline } from '../definition/load-pipeline.ts';
import { openKeptResults } from '../fingerprint/kept-results.ts';
import type { Results } from '../fingerprint/results.ts';
import { localBackend } from '../execution/backend/local.ts';
import { spawningBackend } from '../execution/backend/spawner.ts';
import { warmBackend } from '../execution/backend/warm.ts';
import { decide, type DecisionContext } from '../execution/decide.ts';
import { makePlan, type PlanScope } from '../execution/plan.ts';
import { changedInputs } from '../execution/same-inputs.ts';
import { settledTasks } from '../execution/settled-tasks.ts';
import { systemClock } from './clock.ts';
import { createAutomaticPush } from './exporting/automatic-push.ts';
import { randomIds } from './ids.ts';
import { pythonHelperFolder, spawnerCommands, workspaceOf } from './installation.ts';
import { keptLimit } from './kept-limit.ts';
import { performRun, type ActiveRun } from './perform-run.ts';
import { createPipelineLock } from './pipeline-lock.ts';
import { openPipelineSource } from './pipeline-source.ts';
import { createPreparation, problem, type Prepared, type Problem, type RememberingContext } from './preparation.ts';
import { interruptedRuns, recoverInterruptedRuns, type Recovery } from './recover.ts';
import { createCollectorSource } from './run-collector.ts';
import { createRunQueue } from './run-queue.ts';
import { secretValues } from './secret-values.ts';
import { createTaskMemory } from './task-memory.ts';
import { likelyImports, warmProfiles } from './warm-profiles.ts';
import { fewestTasks, warmRun } from './warm-run.ts';
import { startWatching, type Watching } from './watching.ts';

export interface Session {
  /** What the pipeline file says now, mistakes included. */
  readonly graph: () => LoadedGraph;
  readonly interpreter: () => Promise<Interpreter | undefined>;
  readonly plan: (tasks: readonly string[]) => Promise<readonly PlanEntry[] | Problem>;
  /** Resolves when the record is sealed. While another run goes on, after that. */
  readonly run: (options: RunOptions) => Promise<RunResult | Problem>;
  /** Runs, and again after every change, until closed. Resolves as soon as changes are seen. */
  readonly watch: (tasks: readonly string[]) => Promise<Watch | Problem>;
  /** Cancels one task of the run in progress, or the whole run. */
  readonly cancel: (task?: TaskId) => void;
  /** Cancels what runs, waits for its record, and releases everything. */
  readonly close: () => Promise<void>;
}

export interface Watch {
  /** Resolves when the run in progress, if any, has ended; it is not cancelled. */
  readonly close: () => Promise<void>;
}

/** Tasks of a run that are made ready for the next one. */
const mostPrepared = 16;
/** Tasks that certainly run, from which on their processes are started by one that is small: it is made at once. */
const manyStarts = 16;

export async function openSession(options: OpenOptions, listener: (message: SessionMessage) => void): Promise<Session> {
  const file = path.resolve(options.file);
  const folder = path.dirname(file);
  const workspace = workspaceOf(folder);
  const store = path.join(folder, '.runweave');
  // A copy: `process.env` asks the system for each variable each time, and each attempt reads them all.
  const environment = { ...process.env };
  // To ask costs a part of what the start of a process does.
  const machine: Slots = { cpus: availableParallelism(), gpus: 1, memory: totalmem() };
  const clock = systemClock();
  const ids = randomIds();
  const spawner = spawningBackend(localBackend(), spawnerCommands());
  const collectors = createCollectorSource();
  const memory = createTaskMemory(store, file);
  const backend = warmBackend(spawner, { of: (source) => memory.misfits().of(source), set: (source, reason) => memory.misfits().set(source, reason) });
  const room = keptLimit(environment);
  if (room.mistake !== undefined) listener({ type: 'notice', message: `${room.mistake} Until then the limit is 5 GB.` });
  const kept = openKeptResults({ store, pipelineFile: file, limit: room.limit, digests: memory.digests });
  const push = createAutomaticPush({ environment, endpoint: options.otlpEndpoint, onProblem: (message) => listener({ type: 'notice', message }) });
  /** Since the lock was taken: until then, a run that seems cut off may be somebody's. */
  let recovery: Promise<void> | undefined;
  const lock = createPipelineLock(store, file, () => {
    memory.forgetResults();
    recovery = undefined;
  });

  const source = await openPipelineSource(file, options.set, environment, store);

  const preparation = createPreparation({ options, file, folder, workspace, store, environment, source, memory, kept, listener });
  /** Of the run in progress: with its own parameters, where it has some. */
  let sourceOfRun = source;
  let scopeOfRun: (pipeline: Pipeline) => PlanScope | Problem;
  let active: ActiveRun | undefined;
  /** Asked to cancel while no task could run yet. */
  let cancelEarly = false;
  /** Attempts of the latest run. */
  let executed = 0;
  /** Some of what ran: it is what runs again soon. */
  const lastExecuted = new Set<TaskId>();
  let watching = false;
  let stopWatching: (() => Promise<void>) | undefined;
  /** While watching. */
  let ofWatch: Watching | undefined;
  let closing = false;
  const queue = createRunQueue();

  const status = (): void => listener({ type: 'status', watching, running: active !== undefined });

  const recover = (): Promise<void> => (recovery ??= recoverNow());

  const maskedText = (text: string): string => {
    const { pipeline } = source.loaded();
    return createMasker(secretValues(pipeline ?? { secrets: [], tasks: [] }, environment))?.text(text) ?? text;
  };

  const recoverNow = async (): Promise<void> => {
    const refused = (error: unknown): void => listener(problem('storage', `runs that were interrupted could not be sealed: ${(error as Error).message}`));
    try {
      const recovery: Recovery = { pipelineFile: path.basename(file), onError: refused, onUntold: (message) => listener({ type: 'notice', message }), masked: maskedText };
      for (const result of await recoverInterruptedRuns(store, recovery)) listener({ type: 'recovered', result });
    } catch (error) {
      refused(error);
    }
  };

  /** So that a run that was cut off is seen as that. Where somebody holds the pipeline, he seals it. */
  const recoverAtOpen = async (): Promise<void> => {
    if ((await interruptedRuns(store)).length === 0) return;
    const held = lock.acquire('run');
    if (!held.ok) return;
    await recover();
    held.release();
  };

  const plan: Session['plan'] = async (tasks) => {
    await preparation.reload();
    // Without the lock, another process may have run meanwhile.
    if (!watching && active === undefined && queue.starting() === undefined) memory.forgetResults();
    const prepared = await preparation.prepare(tasks, false, false);
    if ('code' in prepared) return prepared;
    const entries = await makePlan(prepared.pipeline, prepared.scope, prepared.decision);
    if (tasks.length === 0) listener({ type: 'plan', entries });
    return entries;
  };

  /** One run, after those before it. The caller holds the lock. */
  const runNext = (options: RunOptions, trigger: Trigger, { prepared, before }: { readonly prepared?: Prepared; readonly before?: () => Promise<void> } = {}): Promise<RunResult | Problem> => {
    // At once: from now on it can be cancelled, and is waited for.
    const result = queue.add(async (started) => {
      await before?.();
      await recover();
      return runNow(options, trigger, started, prepared);
    });
    void queue.settled().then(() => {
      if (queue.starting() === undefined) cancelEarly = false;
    });
    return result;
  };

  /** The file as it is for a run with these parameters. */
  const loadedWith = async ({ params, paramsOf }: RunOptions): Promise<LoadedPipeline | Problem> => {
    sourceOfRun = params === undefined ? source : await openPipelineSource(file, { ...options.set, ...params }, environment, store);
    const loaded = preparation.loaded();
    if (params === undefined || loaded.pipeline === undefined) return loaded;
    const unknown = Object.keys(params).filter((name) => paramsOf !== undefined && !Object.hasOwn(loaded.pipeline?.params ?? {}, name));
    if (unknown.length > 0) {
      const [a, them] = unknown.length === 1 ? ['a parameter', 'it'] : ['parameters', 'them'];
      return problem('bad-pipeline', `${paramsOf} had ${a} that ${path.basename(file)} does not have any more: ${unknown.join(', ')}. Give ${them} back to the file, or run it as it is now: runweave run`);
    }
    const own = sourceOfRun.loaded();
    if (own.pipeline === undefined) {
      const mistake = own.graph.diagnostics.find((diagnostic) => diagnostic.severity === 'error');
      return problem('bad-pipeline', `${path.basename(file)} does not take the parameters of that run any more: ${mistake?.message ?? ''}`);
    }
    // In their order, which tasks see.
    if (JSON.stringify(own.pipeline.params) === JSON.stringify(loaded.pipeline.params)) return loaded;
    return watching ? problem('locked', 'that run had other parameters than the pipeline file has now, and watch brings the tasks up to date with the file. Switch watch off first.') : own;
  };

  const runNow = async (asked: RunOptions, trigger: Trigger, started: () => void, before?: Prepared): Promise<RunResult | Problem> => {
    const { tasks, force, alone } = asked;
    const ofRun = await loadedWith(asked);
    if ('code' in ofRun) return ofRun;
    const isStillSo = before !== undefined && before.pipeline === ofRun.pipeline && before.decision.memory.revision() === before.revision;
    const prepared = isStillSo ? before : await preparation.prepare(tasks, force, trigger.type === 'change', ofRun);
    if ('code' in prepared) return prepared;
    const { pipeline, scope: withNeeds, decision } = prepared;
    const refusal = alone === undefined ? undefined : await refuseAlone(pipeline, withNeeds.named, alone, decision);
    if (refusal !== undefined) return refusal;
    const scope = alone === undefined ? withNeeds : onlyNamed(withNeeds);
    scopeOfRun = (pipeline) => {
      const now = preparation.scopeFor(pipeline, tasks, force, trigger.type === 'change');
      return 'code' in now || alone === undefined ? now : onlyNamed(now);
    };
    const settled = alone === undefined ? prepared.settled : settledTasks(pipeline, scope, decision.memory);
    executed = 0;
    lastExecuted.clear();
    const results = await memory.results(pipeline);
    // It gets ready while the first tasks are decided.
    if (settled.open.filter(({ id }) => results.get(id) === undefined).length >= manyStarts) spawner.warm();
    const slots: Slots = { ...machine, ...pipeline.slots, ...(options.jobs !== undefined && { cpus: options.jobs }) };
    const durations = (of: readonly Task[]): Durations => durationsOf(of, results);
    const python = decision.interpreter;
    const importedInRun = new Set<string>();
    const warm = warmRun(pipeline, scope.wanted, (task) => results.get(task) !== undefined, (likely) => {
      if (python !== undefined) prepareWarm(pipeline, (id) => watching || likely.has(id), python.path, fewestTasks, importedInRun);
    });
    try {
      const end = await performRun(
        { pipeline, graph: ofRun.graph, scope, trigger, onFailure: options.onFailure ?? pipeline.onFailure, slots, durations, settled, ...(isStillSo && before.first !== undefined && { first: { ...before.first, revision: before.revision } }) },
        {
          store,
          workspace,
          environment,
          decision,
          results,
          clock,
          ids,
          backend,
          takeCollector: collectors.take,
          onEvent: (event) => {
            warm.follow(event);
            if (event.type === 'attempt-started') {
              executed += 1;
              if (lastExecuted.size < mostPrepared) lastExecuted.add(event.task);
            }
            // A run that executes nothing takes no time worth an estimate.
            if (event.type === 'attempt-started' && executed === 1) listener({ type: 'estimate', durations: durations(pipeline.tasks), slots: slots.cpus });
            listener({ type: 'event', event });
          },
          onImported: (task, modules) => {
            memory.imports().set(task, modules);
            for (const name of modules) importedInRun.add(name);
            warm.imported(modules);
          },
          onStorageError: (message) => listener(problem('storage', message)),
          ...(trigger.type === 'change' && ofWatch !== undefined && { changesSettled: ofWatch.changesSettled }),
          onStarted: (run) => {
            active = run;
            started();
            status();
            if (closing || cancelEarly) run.cancel();
            cancelEarly = false;
          },
        },
      );
      if (!end.ok) return problem('storage', end.message);
      listener({ type: 'sealed', result: end.result });
      push.push(end.result.record);
      if (executed > 0 && end.result.outcome === 'success' && !watching) await rememberDecisions(pipeline, decision);
      return end.result;
    } finally {
      active = undefined;
      kept.makeRoom();
      // While watching, it is all at hand; it is saved now and then.
      if (!watching) memory.save();
      memory.imports().save();
      memory.misfits().save();
      source.save();
      status();
    }
  };

  const prepareWarm = ({ tasks }: Pipeline, isLikely: (task: TaskId) => boolean, interpreterPath: string, fewest: number, importedInRun: ReadonlySet<string>): void => {
    const importsOf = likelyImports(tasks, memory.imports().of, importedInRun);
    backend.prepare(warmProfiles(tasks.filter(({ id }) => isLikely(id)), { folder, interpreter: interpreterPath, pythonPath: pythonHelperFolder(), workspace, inherited: environment, importsOf }), fewest);
  };

  /** While nothing runs, what the next change will need is made ready. */
  const keepWarm = async (): Promise<void> => {
    const { pipeline } = preparation.loaded();
    if (!watching || pipeline === undefined) return;
    const python = await preparation.interpreterFor(pipeline);
    if (python !== undefined && !('code' in python)) prepareWarm(pipeline, () => true, python.path, 1, new Set());
  };

  const refuseAlone = async (pipeline: Pipeline, named: ReadonlySet<TaskId>, { runId, fingerprint }: NonNullable<RunOptions['alone']>, decision: DecisionContext): Promise<Problem | undefined> => {
    for (const task of pipeline.tasks) {
      if (!named.has(task.id)) continue;
      const reasons = await changedInputs(task, fingerprint, decision);
      if (reasons.length === 0) continue;
      const told = reasons.slice(0, 5).map(describeReason).join('; ');
      const more = reasons.length > 5 ? `; and ${reasons.length - 5} more` : '';
      return problem('inputs-changed', `the inputs that ${task.id} had in ${runId} are no longer there: ${told}${more}. With the inputs as they are now: runweave run '${task.id}'`);
    }
    return undefined;
  };

  const lookAgain = async (): Promise<void> => {
    await preparation.reload();
    // Who asks is not told "up to date" for a change that the watcher was not told of: one that keeps a file's size and times.
    if (watching) await preparation.lookAtAll();
  };

  const run: Session['run'] = async (options) => {
    const held = lock.acquire('run');
    if (!held.ok) return problem(held.code, held.message);
    try {
      return await runNext(options, { type: 'manual', tasks: options.tasks }, { before: lookAgain });
    } finally {
      held.release();
      ofWatch?.askedRunEnded();
    }
  };

  const watch: Session['watch'] = async (tasks) => {
    const held = lock.acquire('watch');
    if (!held.ok) return problem(held.code, held.message);
    await preparation.reload();
    await recover();
    const { pipeline } = preparation.loaded();
    const scope = pipeline === undefined ? undefined : preparation.scopeFor(pipeline, tasks, false, true);
    if (scope !== undefined && 'code' in scope) {
      held.release();
      return scope;
    }
    watching = true;
    const own = await startWatching(tasks, {
      file,
      folder,
      preparation,
      memory,
      listener,
      activeRun: () => active,
      onFailure: options.onFailure,
      starting: queue.starting,
      readForRun: () => sourceOfRun.read(),
      scopeOfRun: (pipeline) => scopeOfRun(pipeline),
      run: async (options, trigger, prepared) => ({ result: await runNext(options, trigger, prepared && { prepared }), executed }),
      onStir: collectors.soon,
      onSaved: backend.soon,
      makeReady: async () => {
        const { pipeline } = preparation.loaded();
        if (pipeline !== undefined) (await memory.results(pipeline)).prepare();
        spawner.warm();
        collectors.prepare();
        for (const task of lastExecuted) kept.prepare(task);
        await source.prepare();
        if (active === undefined) await keepWarm();
      },
    });
    // What was decided before changes were seen is not trusted.
    preparation.trustEvents(true);
    ofWatch = own;
    stopWatching = async () => {
      watching = false;
      preparation.trustEvents(false);
      stopWatching = undefined;
      ofWatch = undefined;
      await own.stop();
      await queue.settled();
      memory.save();
      held.release();
      status();
    };
    status();
    own.begin();
    return { close: async () => stopWatching?.() };
  };

  listener({ type: 'graph', graph: preparation.loaded().graph });
  await recoverAtOpen();
  return {
    graph: () => preparation.loaded().graph,
    interpreter: async () => {
      const { pipeline } = preparation.loaded();
      const found = pipeline === undefined ? undefined : await preparation.interpreterFor(pipeline);
      return found === undefined || 'code' in found ? undefined : found;
    },
    plan,
    run,
    watch,
    cancel: (task) => {
      if (active !== undefined) active.cancel(task);
      else if (queue.starting() !== undefined && task === undefined) cancelEarly = true;
    },
    close: async () => {
      closing = true;
      active?.cancel();
      await stopWatching?.();
      await queue.settled();
      await push.settled();
      backend.close();
      await collectors.close();
      await spawner.close();
      memory.forgetResults();
    },
  };
}

/** What was executed is up to date now: the next process need not find that out. */
async function rememberDecisions({ tasks }: Pipeline, context: RememberingContext): Promise<void> {
  for (const task of tasks) if (task.source.kind === 'shell' && !context.memory.holds(task)) await decide(task, false, context);
}

/** Without what they need. */
function onlyNamed(scope: PlanScope): PlanScope {
  return { ...scope, wanted: scope.named };
}

/** Of what was cut off is only known that it takes longer. */
function durationsOf(tasks: readonly Task[], results: Results): Durations {
  return Object.fromEntries(tasks.flatMap(({ id }) => {
    const { outcome, duration = 0 } = results.get(id) ?? {};
    return outcome === 'success' ? [[id, duration]] : [];
  }));
}
