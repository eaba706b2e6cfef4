/**
 * The composition root that every host uses: one pipeline file, loaded, planned, run and watched. The command line
 * holds a session in its own process, the extension in `executor.ts`.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import { tasksNamed, withUpstream, type Pipeline, type TaskId } from '../model/pipeline.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { RunEvent, SpanId, TaskNode, Trigger } from '../model/run-event.ts';
import type { TaskResult } from '../model/task-result.ts';
import { toDate } from '../model/time.ts';
import type { Interpreter, LoadedGraph, OpenOptions, ProblemCode, RunOptions, RunResult, SessionMessage } from '../protocol/session.ts';
import { nearName } from '../definition/near-name.ts';
import { loadPipeline } from '../definition/load-pipeline.ts';
import { createFileDigests, type FileDigests } from '../fingerprint/file-digests.ts';
import { openResults, readResults, type Results } from '../fingerprint/results.ts';
import { runAttempt } from '../execution/attempt.ts';
import { localBackend } from '../execution/backend/local.ts';
import type { DecisionContext } from '../execution/decide.ts';
import { findInterpreter } from '../execution/interpreter.ts';
import { makePlan, type PlanScope } from '../execution/plan.ts';
import { startRun, type RunningPipeline } from '../execution/scheduler.ts';
import { commandOf, needsInterpreter } from '../execution/task/command.ts';
import { startWatcher, type Watcher } from '../execution/watcher.ts';
import { systemClock } from './clock.ts';
import { randomIds } from './ids.ts';
import { pythonHelperFolder, version } from './installation.ts';
import { acquireLock } from './lock.ts';
import { recoverInterruptedRuns } from './recover.ts';
import { resourceAttributes } from './run-context.ts';
import { createMasker } from './secrets.ts';

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

/** The reloadable part of a session. */
interface Loaded {
  readonly pipeline: Pipeline | undefined;
  readonly graph: LoadedGraph;
}

interface ActiveRun {
  readonly running: RunningPipeline;
  readonly emit: (event: RunEvent) => void;
  readonly spanOf: (task: TaskId) => SpanId;
  readonly scopeOf: (pipeline: Pipeline) => PlanScope | Problem;
}

export async function openSession(options: OpenOptions, listener: (message: SessionMessage) => void): Promise<Session> {
  const file = path.resolve(options.file);
  const folder = path.dirname(file);
  const workspace = options.workspace ?? folder;
  const store = path.join(folder, '.runweave');
  const environment = process.env;
  const clock = systemClock();
  const ids = randomIds();
  const backend = localBackend();
  const pythonPath = pythonHelperFolder();
  const slots = options.jobs ?? availableParallelism();

  let loaded = load();
  let digests: FileDigests | undefined;
  let results: Results | undefined;
  let interpreter: Promise<Interpreter | Problem> | undefined;
  let active: ActiveRun | undefined;
  /** Settled when the run that was asked for last is `active`, or has failed to be. */
  let starting: Promise<void> | undefined;
  let watching = false;
  let stopWatching: (() => Promise<void>) | undefined;
  let closing = false;
  /** Asked to cancel while no task could run yet. */
  let cancelEarly = false;
  /** Runs come one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  listener({ type: 'graph', graph: loaded.graph });
  for (const result of await recover()) listener({ type: 'recovered', result });

  function load(): Loaded {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      const message = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'the pipeline file does not exist' : `the pipeline file cannot be read: ${(error as Error).message}`;
      const nowhere = { line: 0, character: 0 };
      const diagnostic: Diagnostic = { code: 'unreadable-file', severity: 'error', message, file, range: { start: nowhere, end: nowhere } };
      return { pipeline: undefined, graph: { name: path.basename(folder), file, folder, tasks: [], diagnostics: [diagnostic] } };
    }
    const { pipeline, graph } = loadPipeline({ file, text, environment, fileExists: existsSync, ...(options.set !== undefined && { set: options.set }) });
    return { pipeline, graph };
  }

  async function recover(): Promise<readonly RunResult[]> {
    try {
      return await recoverInterruptedRuns(store);
    } catch (error) {
      listener(problem('storage', `runs that were interrupted could not be sealed: ${(error as Error).message}`));
      return [];
    }
  }

  function problem(code: ProblemCode, message: string): Problem {
    return { type: 'problem', code, message };
  }

  function status(): void {
    listener({ type: 'status', watching, running: active !== undefined });
  }

  function pipelineOrProblem(): Pipeline | Problem {
    if (loaded.pipeline !== undefined) return loaded.pipeline;
    const errors = loaded.graph.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    return problem('bad-pipeline', `${path.basename(file)} has ${errors} ${errors === 1 ? 'mistake' : 'mistakes'}; nothing runs until they are corrected`);
  }

  async function interpreterFor(pipeline: Pipeline): Promise<Interpreter | Problem | undefined> {
    if (!pipeline.tasks.some(needsInterpreter)) return undefined;
    interpreter ??= findInterpreter({ folder, workspace, environment, ...(options.python !== undefined && { chosen: options.python, chosenBy: options.pythonOrigin ?? 'setting' }) }).then((found) => {
      if (!found.ok) return problem('no-interpreter', found.message);
      listener({ type: 'interpreter', interpreter: found.interpreter });
      return found.interpreter;
    });
    const found = await interpreter;
    // Somebody may install one while we watch.
    if ('code' in found) interpreter = undefined;
    return found;
  }

  async function knownResults(pipeline: Pipeline): Promise<Results> {
    if (results !== undefined) return results;
    const cache = path.join(store, 'cache', `results-${path.basename(file)}.jsonl`);
    let known = readResults(cache);
    if (known === undefined && existsSync(path.join(store, 'runs'))) {
      const { latestResults } = await import('../store/latest-results.ts');
      known = new Map<TaskId, TaskResult>(await latestResults(store, pipeline.name, new Set(pipeline.tasks.map((task) => task.id))));
    }
    results = openResults(cache, known ?? new Map());
    return results;
  }

  function fileDigests(): FileDigests {
    digests ??= createFileDigests(readJson(path.join(store, 'cache', 'digests.json')));
    return digests;
  }

  async function decisionContext(pipeline: Pipeline): Promise<DecisionContext | Problem> {
    const python = await interpreterFor(pipeline);
    if (python !== undefined && 'code' in python) return python;
    const known = await knownResults(pipeline);
    return { folder, digests: fileDigests(), interpreter: python, result: known.get };
  }

  function scopeFor(pipeline: Pipeline, tasks: readonly string[], force: boolean, unasked: boolean): PlanScope | Problem {
    const named: TaskId[] = [];
    for (const name of tasks) {
      const found = tasksNamed(pipeline, name);
      if (found.length === 0) return problem('unknown-task', unknownTask(pipeline, name));
      named.push(...found);
    }
    const wanted = withUpstream(pipeline, named);
    return { wanted, named: new Set(named), forced: new Set(force ? (named.length > 0 ? named : wanted) : []), unasked };
  }

  async function planNow(tasks: readonly string[], unasked: boolean): Promise<readonly PlanEntry[] | Problem> {
    const pipeline = pipelineOrProblem();
    if ('code' in pipeline) return pipeline;
    const scope = scopeFor(pipeline, tasks, false, unasked);
    if ('code' in scope) return scope;
    const context = await decisionContext(pipeline);
    if ('code' in context) return context;
    const entries = await makePlan(pipeline, scope, context);
    if (tasks.length === 0) listener({ type: 'plan', entries });
    return entries;
  }

  /** One run, after those before it. The caller holds the lock. */
  function runNow(tasks: readonly string[], force: boolean, trigger: Trigger): Promise<RunResult | Problem> {
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((settle) => (resolve = settle));
    starting = promise;
    const result = last.then(() => performRun(tasks, force, trigger, resolve));
    last = result
      .catch(() => undefined)
      .finally(() => {
        resolve();
        if (starting !== promise) return;
        starting = undefined;
        cancelEarly = false;
      });
    return result;
  }

  async function performRun(tasks: readonly string[], force: boolean, trigger: Trigger, started: () => void): Promise<RunResult | Problem> {
    const pipeline = pipelineOrProblem();
    if ('code' in pipeline) return pipeline;
    const scopeOf = (of: Pipeline): PlanScope | Problem => scopeFor(of, tasks, force, trigger.type === 'change');
    const scope = scopeOf(pipeline);
    if ('code' in scope) return scope;

    const runId = ids.runId(pipeline.name, toDate(clock.now()));
    const traceId = ids.traceId();
    const context = await decisionContext(pipeline);
    if ('code' in context) return context;
    const [resource, { openEventLog }, { storeArtifact }, known] = await Promise.all([
      resourceAttributes(folder, pipeline.name, runId, context.interpreter, version),
      import('../recording/event-log.ts'),
      import('../recording/artifacts.ts'),
      knownResults(pipeline),
    ]);
    let log;
    try {
      log = await openEventLog(store, runId, { onError: (error) => listener(problem('storage', error.message)) });
    } catch (error) {
      return problem('storage', `${store} cannot be written: ${(error as Error).message}`);
    }
    const masked = createMasker(pipeline.secrets, environment);
    const emit = (event: RunEvent): void => {
      const safe = masked(event);
      log.append(safe);
      listener({ type: 'event', event: safe });
    };
    const spans = new Map<TaskId, SpanId>();
    const spanOf = (task: TaskId): SpanId => {
      const span = spans.get(task) ?? ids.spanId();
      spans.set(task, span);
      return span;
    };
    emit({
      type: 'run-started',
      time: clock.now(),
      runId,
      traceId,
      spanId: ids.spanId(),
      pipeline: { name: pipeline.name, file: path.relative(workspace, file).replaceAll(path.sep, '/') },
      params: pipeline.params,
      trigger,
      tasks: nodesOf(pipeline, scope, spanOf),
      resource,
    });

    const scratch = path.join(store, 'cache', 'attempts', runId);
    let attempts = 0;
    const running = startRun(
      { pipeline, scope, onFailure: options.onFailure ?? pipeline.onFailure },
      {
        decision: context,
        results: known,
        clock,
        emit,
        runId,
        traceId,
        spanOf,
        slots,
        attempt: (task, decision, number, cause, signal) => {
          attempts += 1;
          return runAttempt(
            {
              task,
              number,
              cause,
              command: commandOf(task, { folder, pythonPath, interpreter: context.interpreter?.path, shellCommand: decision.shellCommand }),
              params: decision.params,
              runId,
              traceId,
              spanId: ids.spanId(),
              folder,
              workspace,
              scratch: path.join(scratch, String(attempts)),
              pythonPath,
              inherited: environment,
              signal,
            },
            { backend, clock, emit, storeArtifact: (source, name, mediaType) => storeArtifact(store, { path: source }, { name, ...(mediaType !== undefined && { mediaType }) }) },
          );
        },
      },
    );
    active = { running, emit, spanOf, scopeOf };
    started();
    status();
    if (closing || cancelEarly) running.cancel();
    cancelEarly = false;
    try {
      const outcome = await running.done;
      emit({ type: 'run-ended', time: clock.now(), outcome });
      await log.close();
      const { sealRun } = await import('../recording/seal.ts');
      const result: RunResult = { runId, outcome, record: await sealRun(store, log.path) };
      listener({ type: 'sealed', result });
      return result;
    } catch (error) {
      return problem('storage', `the record of ${runId} could not be written: ${(error as Error).message}. What happened is in ${log.path}, and is sealed at the next start.`);
    } finally {
      active = undefined;
      rmSync(scratch, { recursive: true, force: true });
      saveDigests();
      status();
    }
  }

  function saveDigests(): void {
    if (digests === undefined) return;
    try {
      writeJson(path.join(store, 'cache', 'digests.json'), digests.export());
    } catch {
      // Only a cache: without it files are read again.
    }
  }

  function nodesOf(pipeline: Pipeline, scope: PlanScope, spanOf: (task: TaskId) => SpanId): readonly TaskNode[] {
    const byId = new Map(loaded.graph.tasks.map((task) => [task.id, task]));
    return pipeline.tasks
      .filter((task) => scope.wanted.has(task.id))
      .map((task) => ({
        id: task.id,
        name: task.name,
        kind: task.source.kind,
        matrix: task.matrix,
        dependencies: task.dependencies,
        source: byId.get(task.id)?.source ?? '',
        outputs: task.outputs,
        spanId: spanOf(task.id),
        tags: task.tags,
        ...(task.owner !== undefined && { owner: task.owner }),
        ...(task.description !== undefined && { description: task.description }),
      }));
  }

  function lock(purpose: string): (() => void) | Problem {
    try {
      const result = acquireLock(store, file, purpose);
      if (result.ok) return result.release;
      const { pid, host, purpose: theirs } = result.holder;
      return problem('locked', `another process holds this pipeline: ${theirs === 'watch' ? 'a watch' : 'a run'} with process id ${pid} on ${host}. Wait for it, or end it.`);
    } catch (error) {
      return problem('storage', `${store} cannot be written: ${(error as Error).message}`);
    }
  }

  function reload(): void {
    const before = loaded;
    loaded = load();
    if (JSON.stringify(before.graph) !== JSON.stringify(loaded.graph)) listener({ type: 'graph', graph: loaded.graph });
  }

  const run: Session['run'] = async ({ tasks, force }) => {
    const release = watching ? () => undefined : lock('run');
    if ('code' in release) return release;
    try {
      reload();
      return await runNow(tasks, force, { type: 'manual', tasks });
    } finally {
      release();
    }
  };

  const watch: Session['watch'] = async (tasks) => {
    const release = lock('watch');
    if ('code' in release) return release;
    reload();
    const scope = loaded.pipeline === undefined ? undefined : scopeFor(loaded.pipeline, tasks, false, true);
    if (scope !== undefined && 'code' in scope) {
      release();
      return scope;
    }
    watching = true;
    let changes: Promise<void> = Promise.resolve();
    const watcher: Watcher = startWatcher({
      folder,
      onError: (message) => listener(problem('storage', message)),
      onChange: (files) => {
        changes = changes.then(() => onChange(files)).catch((error: unknown) => listener(problem('internal', (error as Error).message)));
      },
    });
    const watchOutside = (): void => {
      if (loaded.pipeline === undefined || results === undefined) return;
      const files = loaded.pipeline.tasks.flatMap((task) => {
        const fingerprint = results?.get(task.id)?.fingerprint;
        return [...task.inputs, ...Object.keys(fingerprint?.sources ?? {})].filter((name) => name.startsWith('..') || path.isAbsolute(name));
      });
      watcher.add([...new Set(files)].map((name) => path.resolve(folder, name)));
    };
    const onChange = async (files: readonly string[]): Promise<void> => {
      if (!isWatching()) return;
      const pipelineChanged = files.includes(file);
      if (pipelineChanged) reload();
      const pipeline = loaded.pipeline;
      if (pipeline === undefined) return;
      if (active === undefined) await starting;
      if (active !== undefined) {
        const { running, emit, spanOf, scopeOf } = active;
        const nextScope = pipelineChanged ? scopeOf(pipeline) : undefined;
        if (nextScope === undefined || 'code' in nextScope) return running.changed();
        emit({ type: 'tasks-changed', time: clock.now(), params: pipeline.params, tasks: nodesOf(pipeline, nextScope, spanOf) });
        return running.changed({ pipeline, scope: nextScope });
      }
      const entries = await planNow(tasks, true);
      if ('code' in entries) {
        listener(entries);
        return;
      }
      if (!isWatching() || !entries.some((entry) => entry.action === 'run')) return;
      const names = files.map((name) => path.relative(folder, name).replaceAll(path.sep, '/'));
      // Not awaited: changes that come during the run are handled while it goes on.
      void runAndReport({ type: 'change', files: names.slice(0, 100), count: names.length });
    };
    const runAndReport = async (trigger: Trigger): Promise<void> => {
      const result = await runNow(tasks, false, trigger);
      if ('code' in result) listener(result);
      watchOutside();
      // What changed at the very end of the run, and what lazy and manual tasks wait for.
      if (isWatching()) await onChange([]);
    };
    const isWatching = (): boolean => watching;
    stopWatching = async () => {
      watching = false;
      stopWatching = undefined;
      await watcher.close();
      await last;
      release();
      status();
    };
    await watcher.ready;
    status();
    if (loaded.pipeline !== undefined) void runAndReport({ type: 'manual', tasks });
    return { close: async () => stopWatching?.() };
  };

  return {
    graph: () => loaded.graph,
    interpreter: async () => {
      const found = loaded.pipeline === undefined ? undefined : await interpreterFor(loaded.pipeline);
      return found === undefined || 'code' in found ? undefined : found;
    },
    plan: async (tasks) => {
      reload();
      return planNow(tasks, false);
    },
    run,
    watch,
    cancel: (task) => {
      if (active !== undefined) active.running.cancel(task);
      else if (starting !== undefined && task === undefined) cancelEarly = true;
    },
    close: async () => {
      closing = true;
      active?.running.cancel();
      await stopWatching?.();
      await last;
      results?.close();
      results = undefined;
    },
  };
}

function unknownTask(pipeline: Pipeline, name: string): string {
  const names = [...new Set(pipeline.tasks.flatMap((task) => [task.name, task.id]))];
  const near = nearName(name, names);
  const list = [...new Set(pipeline.tasks.map((task) => task.name))];
  const suggestion = near === undefined ? `the tasks are ${list.slice(0, 20).join(', ')}${list.length > 20 ? ', …' : ''}` : `did you mean ${near}?`;
  return `there is no task ${name}: ${suggestion}`;
}

function readJson(file: string): Parameters<typeof createFileDigests>[0] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof createFileDigests>[0];
  } catch {
    return {};
  }
}

function writeJson(file: string, value: unknown): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(value));
  renameSync(temporary, file);
}
