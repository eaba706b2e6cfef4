/**
 * The composition root that every host uses: one pipeline file, loaded, planned, run and watched. The command line
 * holds a session in its own process, the extension in `executor.ts`.
 */
import { availableParallelism, totalmem } from 'node:os';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describeReason, type Digest } from '../model/fingerprint.ts';
import { tasksNamed, withUpstream, type Pipeline, type Slots, type Task, type TaskId } from '../model/pipeline.ts';
import type { JsonObject } from '../model/json.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { Durations } from '../model/remaining.ts';
import type { Trigger } from '../model/run-event.ts';
import type { Interpreter, LoadedGraph, OpenOptions, ProblemCode, RunOptions, RunResult, SessionMessage } from '../protocol/session.ts';
import type { LoadedPipeline } from '../definition/load-pipeline.ts';
import { nearName } from '../model/near-name.ts';
import { openKeptResults } from '../fingerprint/kept-results.ts';
import { outputLookup, type IsOutput } from '../fingerprint/listings.ts';
import { localBackend } from '../execution/backend/local.ts';
import { spawningBackend } from '../execution/backend/spawner.ts';
import { warmBackend } from '../execution/backend/warm.ts';
import { checkSyntax } from '../execution/check-syntax.ts';
import { decide, type DecisionContext } from '../execution/decide.ts';
import { settledTasks, type DecisionMemory } from '../execution/decision-memory.ts';
import { findInterpreter, interpreterStamp } from '../execution/interpreter.ts';
import { changedInputs } from '../execution/same-inputs.ts';
import { makePlan, type PlanScope } from '../execution/plan.ts';
import { needsInterpreter } from '../execution/task/command.ts';
import { startWatcher } from '../execution/watcher.ts';
import { systemClock } from './clock.ts';
import { createAutomaticPush } from './exporting/automatic-push.ts';
import { randomIds } from './ids.ts';
import { pythonHelperFolder, spawnerCommands, workspaceOf } from './installation.ts';
import { keptLimit } from './kept-limit.ts';
import { performRun, type ActiveRun } from './perform-run.ts';
import { createPipelineLock } from './pipeline-lock.ts';
import { objectPath } from '../recording/artifacts.ts';
import { createPipelineSource } from './pipeline-source.ts';
import { recoverInterruptedRuns } from './recover.ts';
import { createTaskMemory } from './task-memory.ts';
import { warmProfiles } from './warm-profiles.ts';
import { fewestTasks, warmRun } from './warm-run.ts';
import type { Results } from '../fingerprint/results.ts';

export type Problem = Extract<SessionMessage, { readonly type: 'problem' }>;

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

/** Milliseconds after the last change of a watch, until all is looked at once more. */
const quietTime = 300;

interface Prepared {
  readonly pipeline: Pipeline;
  readonly scope: PlanScope;
  readonly decision: DecisionContext & { readonly memory: DecisionMemory };
  readonly settled: ReadonlySet<TaskId>;
  /** Of the memory, when it was asked. */
  readonly revision: number;
}

export async function openSession(options: OpenOptions, listener: (message: SessionMessage) => void): Promise<Session> {
  const file = path.resolve(options.file);
  const folder = path.dirname(file);
  const workspace = workspaceOf(folder);
  const store = path.join(folder, '.runweave');
  // A copy: `process.env` asks the system for each variable each time, and each attempt reads them all.
  const environment = { ...process.env };
  const clock = systemClock();
  const ids = randomIds();
  const spawner = spawningBackend(localBackend(), spawnerCommands());
  const backend = warmBackend(spawner);
  const memory = createTaskMemory(store, file);
  const kept = openKeptResults({ store, pipelineFile: file, limit: keptLimit(environment), digests: memory.digests });
  const hasObject = (digest: Digest): boolean => existsSync(objectPath(store, digest) ?? '');
  const push = createAutomaticPush({ environment, endpoint: options.otlpEndpoint, onProblem: (message) => listener({ type: 'notice', message }) });
  const lock = createPipelineLock(store, file, memory.forgetResults);

  const source = createPipelineSource(file, options.set, environment, store);

  let loaded = source.read();
  /** Of the run in progress: with its own parameters, where it has some. */
  let sourceOfRun = source;
  let interpreter: Promise<Interpreter | Problem> | undefined;
  /** What its files were like when it was first used. */
  let interpreterSeen: string | undefined;
  let active: ActiveRun | undefined;
  /** Settled when the run that was asked for last is `active`, or has failed to be. */
  let starting: Promise<void> | undefined;
  /** Asked to cancel while no task could run yet. */
  let cancelEarly = false;
  /** Attempts of the latest run. */
  let executed = 0;
  let watching = false;
  let stopWatching: (() => Promise<void>) | undefined;
  /** While watching: resolves when the changes so far are looked at, and no more are expected to come with them. */
  let changesSettled: (() => Promise<void>) | undefined;
  let closing = false;
  /** Whether all files were looked at since changes are watched. */
  let isTrusted = false;
  /** Runs come one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  const problem = (code: ProblemCode, message: string): Problem => ({ type: 'problem', code, message });
  const status = (): void => listener({ type: 'status', watching, running: active !== undefined });

  const reload = (): void => {
    const before = loaded;
    loaded = source.read();
    if (before !== loaded && JSON.stringify(before.graph) !== JSON.stringify(loaded.graph)) listener({ type: 'graph', graph: loaded.graph });
  };

  const recover = async (): Promise<void> => {
    try {
      for (const result of await recoverInterruptedRuns(store)) listener({ type: 'recovered', result });
    } catch (error) {
      listener(problem('storage', `runs that were interrupted could not be sealed: ${(error as Error).message}`));
    }
  };

  const pipelineOrProblem = (): Pipeline | Problem => {
    if (loaded.pipeline !== undefined) return loaded.pipeline;
    const errors = loaded.graph.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    return problem('bad-pipeline', `${path.basename(file)} has ${errors} ${errors === 1 ? 'mistake' : 'mistakes'}; nothing runs until they are corrected`);
  };

  const interpreterFor = async (pipeline: Pipeline): Promise<Interpreter | Problem | undefined> => {
    if (!pipeline.tasks.some(needsInterpreter)) return undefined;
    interpreter ??= findInterpreter({
      folder,
      workspace,
      environment,
      ...(options.python !== undefined && { chosen: options.python, chosenBy: options.pythonOrigin ?? 'setting' }),
    }).then((found) => {
      if (!found.ok) return problem('no-interpreter', found.message);
      listener({ type: 'interpreter', interpreter: found.interpreter });
      return found.interpreter;
    });
    const found = await interpreter;
    // Somebody may install one while we watch, or make the environment anew.
    if ('code' in found) interpreter = undefined;
    else {
      const stamp = interpreterStamp(found);
      if (stamp !== (interpreterSeen ??= stamp)) {
        interpreter = undefined;
        interpreterSeen = undefined;
        return interpreterFor(pipeline);
      }
    }
    return found;
  };

  const decisionContext = async (pipeline: Pipeline): Promise<(DecisionContext & { readonly memory: DecisionMemory }) | Problem> => {
    const python = await interpreterFor(pipeline);
    if (python !== undefined && 'code' in python) return python;
    const results = await memory.results(pipeline);
    const decisions = memory.decisions(pipeline, source.key());
    decisions.trustEvents(watching);
    // Without a watcher, any file may have changed since; and before it began.
    if (!watching || !isTrusted) decisions.touch();
    isTrusted = watching;
    return { folder, digests: memory.digests(), interpreter: python, result: results.get, kept, checkSyntax, hasObject, memory: decisions, isOutput: (relative) => isOutputOf(loaded.pipeline ?? pipeline)(relative) };
  };

  const scopeFor = (pipeline: Pipeline, tasks: readonly string[], force: boolean, unasked: boolean): PlanScope | Problem => {
    const named: TaskId[] = [];
    for (const name of tasks) {
      const found = tasksNamed(pipeline, name);
      if (found.length === 0) return problem('unknown-task', unknownTask(pipeline, name));
      named.push(...found);
    }
    const wanted = withUpstream(pipeline, named);
    return { wanted, named: new Set(named), forced: new Set(force ? (named.length > 0 ? named : wanted) : []), unasked };
  };

  const planNow = async (tasks: readonly string[], unasked: boolean): Promise<readonly PlanEntry[] | Problem> => {
    const pipeline = pipelineOrProblem();
    if ('code' in pipeline) return pipeline;
    const scope = scopeFor(pipeline, tasks, false, unasked);
    if ('code' in scope) return scope;
    const context = await decisionContext(pipeline);
    if ('code' in context) return context;
    const entries = await makePlan(pipeline, scope, context);
    if (tasks.length === 0) listener({ type: 'plan', entries });
    return entries;
  };

  /** One run, after those before it. The caller holds the lock. */
  const runNext = (options: RunOptions, trigger: Trigger, prepared?: Prepared): Promise<RunResult | Problem> => {
    let settle: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => (settle = resolve));
    starting = promise;
    const result = last.then(() => runNow(options, trigger, settle, prepared));
    last = result
      .catch(() => undefined)
      .finally(() => {
        settle();
        if (starting !== promise) return;
        starting = undefined;
        cancelEarly = false;
      });
    return result;
  };

  /** The file as it is for a run with these parameters. */
  const loadedWith = (params: JsonObject | undefined): LoadedPipeline | Problem => {
    sourceOfRun = params === undefined ? source : createPipelineSource(file, { ...options.set, ...params }, environment, store);
    if (params === undefined || loaded.pipeline === undefined) return loaded;
    const own = sourceOfRun.read();
    if (own.pipeline === undefined) {
      const mistake = own.graph.diagnostics.find((diagnostic) => diagnostic.severity === 'error');
      return problem('bad-pipeline', `${path.basename(file)} does not take the parameters of that run any more: ${mistake?.message ?? ''}`);
    }
    if (isDeepStrictEqual(own.pipeline.params, loaded.pipeline.params)) return loaded;
    return watching ? problem('locked', 'that run had other parameters than the pipeline file has now, and watch brings the tasks up to date with the file. Switch watch off first.') : own;
  };

  /** What tasks are to be brought up to date, and which of them are. */
  const prepare = async (tasks: readonly string[], force: boolean, unasked: boolean, of = loaded): Promise<Prepared | Problem> => {
    const pipeline = of.pipeline ?? pipelineOrProblem();
    if ('code' in pipeline) return pipeline;
    const scope = scopeFor(pipeline, tasks, force, unasked);
    if ('code' in scope) return scope;
    const decision = await decisionContext(pipeline);
    if ('code' in decision) return decision;
    return { pipeline, scope, decision, revision: decision.memory.revision(), settled: settledTasks(pipeline, scope, decision.memory) };
  };

  const runNow = async ({ tasks, force, alone, params }: RunOptions, trigger: Trigger, started: () => void, before?: Prepared): Promise<RunResult | Problem> => {
    const ofRun = loadedWith(params);
    if ('code' in ofRun) return ofRun;
    const isStillSo = before !== undefined && before.pipeline === ofRun.pipeline && before.decision.memory.revision() === before.revision;
    const prepared = isStillSo ? before : await prepare(tasks, force, trigger.type === 'change', ofRun);
    if ('code' in prepared) return prepared;
    const { pipeline, scope: withNeeds, decision, settled } = prepared;
    const refusal = alone === undefined ? undefined : await refuseAlone(pipeline, withNeeds.named, alone, decision);
    if (refusal !== undefined) return refusal;
    const scope = alone === undefined ? withNeeds : { ...withNeeds, wanted: withNeeds.named };
    executed = 0;
    const results = await memory.results(pipeline);
    const slots: Slots = { cpus: availableParallelism(), gpus: 1, memory: totalmem(), ...pipeline.slots, ...(options.jobs !== undefined && { cpus: options.jobs }) };
    const durations = (of: readonly Task[]): Durations => durationsOf(of, results);
    const python = decision.interpreter;
    const warm = warmRun(pipeline, scope.wanted, (task) => results.get(task) !== undefined, (likely) => {
      if (python !== undefined) prepareWarm(pipeline.tasks.filter(({ id }) => watching || likely.has(id)), python.path, fewestTasks);
    });
    try {
      const end = await performRun(
        { pipeline, graph: ofRun.graph, scope, trigger, onFailure: options.onFailure ?? pipeline.onFailure, slots, durations, settled },
        {
          store,
          workspace,
          environment,
          decision,
          results,
          clock,
          ids,
          backend,
          onEvent: (event) => {
            warm.follow(event);
            if (event.type === 'attempt-started') executed += 1;
            // A run that executes nothing takes no time worth an estimate.
            if (event.type === 'attempt-started' && executed === 1) listener({ type: 'estimate', durations: durations(pipeline.tasks), slots: slots.cpus });
            listener({ type: 'event', event });
          },
          onImported: (task, modules) => {
            memory.imports().set(task, modules);
            warm.imported(modules);
          },
          onStorageError: (message) => listener(problem('storage', message)),
          ...(trigger.type === 'change' && changesSettled !== undefined && { changesSettled }),
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
      memory.save();
      memory.imports().save();
      source.save();
      status();
    }
  };

  const prepareWarm = (tasks: readonly Task[], interpreterPath: string, fewest: number): void => {
    backend.prepare(warmProfiles(tasks, { folder, interpreter: interpreterPath, pythonPath: pythonHelperFolder(), workspace, inherited: environment, importsOf: memory.imports().of }), fewest);
  };

  /** While nothing runs, what the next change will need is made ready. */
  const keepWarm = async (): Promise<void> => {
    const { pipeline } = loaded;
    if (!watching || pipeline === undefined) return;
    const python = await interpreterFor(pipeline);
    if (python !== undefined && !('code' in python)) prepareWarm(pipeline.tasks, python.path, 1);
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

  const run: Session['run'] = async (options) => {
    const held = lock.acquire('run');
    if (!held.ok) return problem(held.code, held.message);
    try {
      reload();
      return await runNext(options, { type: 'manual', tasks: options.tasks });
    } finally {
      held.release();
    }
  };

  const watch: Session['watch'] = async (tasks) => {
    const held = lock.acquire('watch');
    if (!held.ok) return problem(held.code, held.message);
    reload();
    const scope = loaded.pipeline === undefined ? undefined : scopeFor(loaded.pipeline, tasks, false, true);
    if (scope !== undefined && 'code' in scope) {
      held.release();
      return scope;
    }
    watching = true;
    const isWatching = (): boolean => watching;
    let changes: Promise<void> = Promise.resolve();
    /** Changes that came when the run had nothing left to do. */
    const late: string[] = [];
    const watcher = startWatcher({
      folder,
      onError: (message) => listener(problem('storage', message)),
      onChange: (files) => {
        if (active === undefined) backend.soon();
        if (loaded.pipeline !== undefined) memory.decisions(loaded.pipeline, source.key()).touch(files);
        changes = changes.then(() => onChange(files)).catch((error: unknown) => listener(problem('internal', (error as Error).message)));
      },
    });
    changesSettled = async () => {
      await watcher.settled();
      await changes;
    };
    const watchOutside = async (): Promise<void> => {
      if (loaded.pipeline === undefined) return;
      const results = await memory.results(loaded.pipeline);
      const names = loaded.pipeline.tasks.flatMap((task) => [...task.inputs, ...(task.source.kind === 'shell' ? [] : Object.keys(results.get(task.id)?.fingerprint?.sources ?? {}))]);
      watcher.add([...new Set(names)].filter((name) => name.startsWith('..') || path.isAbsolute(name)).map((name) => path.resolve(folder, name)));
    };
    const onChange = async (files: readonly string[]): Promise<void> => {
      if (!isWatching()) return;
      const pipelineChanged = files.includes(file);
      if (pipelineChanged) reload();
      const pipeline = loaded.pipeline;
      if (pipeline === undefined) return;
      if (active === undefined) await starting;
      if (active !== undefined) {
        const now = pipelineChanged ? sourceOfRun.read() : undefined;
        const next = now?.pipeline === undefined ? undefined : scopeFor(now.pipeline, tasks, false, true);
        const wasInTime = await (now?.pipeline === undefined || next === undefined || 'code' in next ? active.filesChanged() : active.pipelineChanged(now.pipeline, now.graph, next));
        if (!wasInTime) late.push(...files);
        return;
      }
      const prepared = await prepare(tasks, false, true);
      if ('code' in prepared) {
        listener(prepared);
        return;
      }
      const { scope, decision, settled } = prepared;
      const entries = settled.size === scope.wanted.size ? [] : await makePlan(pipeline, scope, decision, settled);
      if (!isWatching()) return;
      if (!entries.some((entry) => entry.action === 'run' || entry.action === 'restore')) {
        afterwards();
        return;
      }
      // This may have been asked for by something else than a change that was told, which waits for git: what is there
      // is a part of a checkout then, and would be a run of its own.
      const gitDone = watcher.gitDone();
      if (gitDone !== undefined) {
        await gitDone;
        return onChange(files);
      }
      // A change that the last run saw too late has no batch of its own; its reasons name it.
      const names = files.length > 0 ? files.map((name) => path.relative(folder, name).replaceAll(path.sep, '/')) : changedPaths(entries);
      // Not awaited: changes that come during the run are handled while it goes on.
      void runAndReport({ type: 'change', files: names.slice(0, 100), count: names.length }, prepared);
    };
    let quiet: NodeJS.Timeout | undefined;
    /**
     * When nothing has happened for a while: what the plan is now, for who shows it, and whether the system has told of
     * every change, which it need not (a queue that overflows, a file system of another machine).
     */
    const afterwards = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        changes = changes.then(whenQuiet).catch((error: unknown) => listener(problem('internal', (error as Error).message)));
      }, quietTime);
    };
    /** Whether a task may have used what changed before it was known to. */
    let isDoubtful = false;
    const whenQuiet = async (): Promise<void> => {
      if (!isWatching() || active !== undefined || starting !== undefined || loaded.pipeline === undefined) return;
      const missed: string[] = [];
      for await (const changed of memory.decisions(loaded.pipeline, source.key()).verify()) missed.push(changed);
      if (missed.length > 0 || isDoubtful) {
        isDoubtful = false;
        await onChange(missed);
      } else if (isWatching()) await planNow(tasks, true);
    };
    const runAndReport = async (trigger: Trigger, prepared?: Prepared): Promise<void> => {
      try {
        const result = await runNext({ tasks, force: false }, trigger, prepared);
        if ('code' in result) listener(result);
        await watchOutside();
        // A file that changed while a task used it, or at the very end of the run. What a failure kept from running
        // waits for the next change; after a run that executed nothing there is nothing to look at again.
        isDoubtful = !('code' in result) && result.outcome === 'success' && executed > 0;
        if (late.length > 0) await onChange(late.splice(0));
        else afterwards();
        if (isWatching() && loaded.pipeline !== undefined) (await memory.results(loaded.pipeline)).prepare();
        spawner.warm();
        if (active === undefined) await keepWarm();
      } catch (error) {
        listener(problem('internal', (error as Error).message));
      }
    };
    stopWatching = async () => {
      watching = false;
      stopWatching = undefined;
      changesSettled = undefined;
      clearTimeout(quiet);
      await watcher.close();
      await last;
      held.release();
      status();
    };
    await watcher.ready;
    status();
    if (loaded.pipeline !== undefined) void runAndReport({ type: 'manual', tasks });
    return { close: async () => stopWatching?.() };
  };

  listener({ type: 'graph', graph: loaded.graph });
  await recover();
  return {
    graph: () => loaded.graph,
    interpreter: async () => {
      const found = loaded.pipeline === undefined ? undefined : await interpreterFor(loaded.pipeline);
      return found === undefined || 'code' in found ? undefined : found;
    },
    plan: async (tasks) => {
      reload();
      // Without the lock, another process may have run meanwhile.
      if (!watching && active === undefined && starting === undefined) memory.forgetResults();
      return planNow(tasks, false);
    },
    run,
    watch,
    cancel: (task) => {
      if (active !== undefined) active.cancel(task);
      else if (starting !== undefined && task === undefined) cancelEarly = true;
    },
    close: async () => {
      closing = true;
      active?.cancel();
      await stopWatching?.();
      await last;
      await push.settled();
      backend.close();
      await spawner.close();
      memory.forgetResults();
    },
  };
}

/** Made when a task lists a folder: most do not. */
function isOutputOf(pipeline: Pipeline): IsOutput {
  let isOutput = outputLookups.get(pipeline);
  if (isOutput === undefined) outputLookups.set(pipeline, (isOutput = outputLookup(pipeline.tasks.flatMap((task) => task.outputs))));
  return isOutput;
}
const outputLookups = new WeakMap<Pipeline, IsOutput>();

/** What was executed is up to date now: the next process need not find that out. */
async function rememberDecisions({ tasks }: Pipeline, context: DecisionContext & { readonly memory: DecisionMemory }): Promise<void> {
  for (const task of tasks) if (task.source.kind === 'shell' && !context.memory.holds(task)) await decide(task, false, context);
}

/** Of what was cut off is only known that it takes longer. */
function durationsOf(tasks: readonly Task[], results: Results): Durations {
  return Object.fromEntries(tasks.flatMap(({ id }) => {
    const { outcome, duration = 0 } = results.get(id) ?? {};
    return outcome === 'success' ? [[id, duration]] : [];
  }));
}

function changedPaths(entries: readonly PlanEntry[]): readonly string[] {
  const reasons = entries.flatMap((entry) => (entry.action === 'run' || entry.action === 'restore' ? entry.reasons : []));
  return [...new Set(reasons.flatMap((reason) => ('path' in reason ? [reason.path] : [])))];
}

function unknownTask(pipeline: Pipeline, name: string): string {
  const values = pipeline.tasks.filter((task) => task.id !== task.name && name.startsWith(`${task.name}[`)).map((task) => task.id);
  if (values.length > 0) return `there is no task ${name}: the tasks of this name are ${values.slice(0, 6).join(' ')}${values.length > 6 ? ' …' : ''}`;
  const near = nearName(name, [...new Set(pipeline.tasks.flatMap((task) => [task.name, task.id]))]);
  const names = [...new Set(pipeline.tasks.map((task) => task.name))];
  const suggestion = near === undefined ? `the tasks are ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}` : `did you mean ${near}?`;
  return `there is no task ${name}: ${suggestion}`;
}
