/** One run from its first event to its sealed record. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { maskEvent, maskValue } from '../model/masked-event.ts';
import { createMasker, type Masker } from '../model/masker.ts';
import { hasMisfit, type Digest } from '../model/fingerprint.ts';
import type { OnFailure, Pipeline, Slots, Task, TaskId } from '../model/pipeline.ts';
import type { JsonObject } from '../model/json.ts';
import type { Durations } from '../model/remaining.ts';
import type { RunEvent, SpanId, TaskNode, Trigger } from '../model/run-event.ts';
import { createRunFold } from '../model/run-state.ts';
import { withValues } from '../model/pickled-return.ts';
import { toDate, type Clock, type UnixNano } from '../model/time.ts';
import { floatsAmong, plainJson } from '../model/whole-float.ts';
import type { LoadedGraph, RunResult } from '../protocol/session.ts';
import type { Collector } from '../collector/server.ts';
import { sourceLabel } from '../definition/task-source.ts';
import { objectPath } from '../recording/artifacts.ts';
import { unfinished } from '../recording/interruption.ts';
import type { Results } from '../fingerprint/results.ts';
import { runAttempt } from '../execution/attempt.ts';
import { createSampler } from '../execution/backend/sampled-backend.ts';
import type { Backend } from '../execution/backend/backend.ts';
import type { Decision, DecisionContext } from '../execution/decide.ts';
import type { DecisionMemory } from '../execution/decision-memory.ts';
import type { PlanScope } from '../execution/plan.ts';
import type { Settled } from '../execution/settled-tasks.ts';
import { startRun, type FirstDecision, type RunningPipeline } from '../execution/scheduler.ts';
import { commandOf } from '../execution/task/command.ts';
import type { Ids } from './ids.ts';
import { pythonHelperFolder, version } from './installation.ts';
import { collectEvents } from './collect-events.ts';
import type { CollectorSource } from './run-collector.ts';
import { resourceAttributes } from './run-context.ts';
import { createSourceKeeper } from './keep-sources.ts';
import { gatherMetrics } from './gather-metrics.ts';
import { maskedBackend } from './masked-backend.ts';
import { secretValues } from './secret-values.ts';
import { withoutTokens } from './token-mask.ts';
import { treeChanges } from './tree-changes.ts';

/** In bytes: more does not belong into a line of text. */
const largestInline = 16 * 1024 * 1024;

/** How long events wait, in milliseconds, unless one comes that must not. */
const tellInterval = 10;
/** How long what a run tells may wait for its first task, in milliseconds. */
const longestUndescribed = 30;
/** (From the end of an attempt alone nothing follows.) */
const toldAtOnce: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>(['attempt-started', 'task-ended', 'run-ended']);

export interface RunRequest {
  readonly pipeline: Pipeline;
  readonly graph: LoadedGraph;
  readonly scope: PlanScope;
  readonly trigger: Trigger;
  readonly onFailure: OnFailure;
  readonly slots: Slots;
  readonly durations: (tasks: readonly Task[]) => Durations;
  readonly settled: Settled;
  readonly first?: FirstDecision;
}

export interface RunContext {
  /** `.runweave`. */
  readonly store: string;
  readonly workspace: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly decision: DecisionContext;
  readonly results: Results;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly backend: Backend;
  readonly onEvent: (event: RunEvent) => void;
  readonly onImported: (task: TaskId, modules: readonly string[]) => void;
  /** Something that listens for the run's tasks. */
  readonly takeCollector: CollectorSource['take'];
  /** The disk refuses; the run goes on. */
  readonly onStorageError: (message: string) => void;
  readonly onStarted: (run: ActiveRun) => void;
  /** Resolves when no change is under way that belongs to the run; absent: nobody watches. */
  readonly changesSettled?: () => Promise<void>;
}

/** A run in progress, as it can be acted on. */
export interface ActiveRun {
  readonly cancel: RunningPipeline['cancel'];
  /** Files changed. `false`: too late for this run. */
  readonly filesChanged: () => Promise<boolean>;
  readonly pipelineChanged: (pipeline: Pipeline, graph: LoadedGraph, scope: PlanScope, memory: DecisionMemory) => Promise<boolean>;
}

export type RunEnd = { readonly ok: true; readonly result: RunResult } | { readonly ok: false; readonly message: string };

export async function performRun(request: RunRequest, context: RunContext): Promise<RunEnd> {
  const { pipeline, scope } = request;
  const { store, clock, ids } = context;
  const { folder } = pipeline;
  const runId = ids.runId(pipeline.name, toDate(clock.now()));
  const traceId = ids.traceId();
  // To start git from a large process takes longer than to start a task through the helper, so the task comes first.
  let hasBegun: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (hasBegun = resolve));
  const isNothingToDo = request.settled.open.length === 0;
  const described = (isNothingToDo ? setTimeout(2) : Promise.race([begun, setTimeout(longestUndescribed, undefined, { ref: false })])).then(() =>
    resourceAttributes({ folder, pipelineName: pipeline.name, runId, interpreter: context.decision.interpreter, version, environment: context.environment, env: pipeline.record.env }),
  );
  const { eventsOfLog, openEventLog } = await import('../recording/event-log.ts');
  let log;
  try {
    log = await openEventLog(store, runId, { onError: ({ message }) => context.onStorageError(`${store} cannot be written to: ${message}. The run goes on; make room, so that it can be recorded`) });
  } catch (error) {
    return { ok: false, message: `${store} cannot be written: ${(error as Error).message}` };
  }
  let secrets = secretsOf(pipeline, context.environment);
  let masker = createMasker(secrets);
  const maskedText = (text: string): string => masker?.text(text) ?? text;
  // What happens is told a moment later, so that nothing that it is told to stands between a change and the start of a
  // process; but always before anything that follows from the end of a task.
  const untold: (RunEvent | (() => RunEvent))[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Makes the record, from the events as they are told. */
  const collected = collectEvents();
  let resource: JsonObject | undefined;
  let attempts = 0;
  /** A bug of ours that came first, wherever it was: what it left untold is made up for at the end. */
  let internalError: string | undefined;
  const failed = (error: unknown): void => {
    internalError ??= `internal error: ${error instanceof Error ? error.message : String(error)}`;
    // Who emitted the event is in the midst of something.
    setImmediate(() => running.cancel());
  };
  const tell = (): void => {
    timer?.close();
    timer = undefined;
    if (resource === undefined) return;
    for (const next of untold.splice(0)) {
      try {
        tellOne(next, resource);
      } catch (error) {
        failed(error);
      }
    }
  };
  const tellOne = (next: RunEvent | (() => RunEvent), resource: JsonObject): void => {
    const event = typeof next === 'function' ? next() : next;
    const whole = event.type === 'run-started' ? { ...event, resource } : event;
    const masked = masker === undefined ? whole : maskEvent(whole, masker);
    // Before the first attempt there is no token; what is told then is most of a run that has nothing to do.
    const { event: safe, text } = attempts === 0 ? { event: masked } : withoutTokens(masked);
    collected.add(safe, text?.length ?? 0);
    log.append(safe, text);
    context.onEvent(safe);
  };
  const emit = gatherMetrics((event) => {
    untold.push(event);
    if (event.type === 'task-started') log.begin();
    if (event.type === 'attempt-started') hasBegun();
    if (toldAtOnce.has(event.type)) tell();
    else timer ??= globalThis.setTimeout(tell, tellInterval);
    surroundings.follow(event);
  });
  const isDescribed = described.then((attributes) => {
    resource = attributes;
    tell();
  });
  const surroundings = followSurroundings(pipeline, { store, clock, emit, maskedText });
  const spans = new Map<TaskId, SpanId>();
  const spanOf = (task: TaskId): SpanId => {
    const span = spans.get(task) ?? ids.spanId();
    spans.set(task, span);
    return span;
  };
  const startTime = clock.now();
  const spanId = ids.spanId();
  untold.push(() => ({
    type: 'run-started',
    time: startTime,
    runId,
    traceId,
    spanId,
    pipeline: { name: pipeline.name, file: path.relative(context.workspace, pipeline.file).replaceAll(path.sep, '/') },
    ...recordedParams(pipeline),
    trigger: request.trigger,
    tasks: nodesOf(pipeline, request.graph, scope, spanOf),
    // Known a little later: git has to be asked.
    resource: {},
  }));

  const backend = maskedBackend(context.backend, () => masker);
  const sampler = createSampler();
  const scratch = path.join(store, 'cache', 'attempts', runId);
  const pythonPath = pythonHelperFolder();
  /** Asked for with the first attempt. */
  let collector: Promise<Collector> | undefined;
  const { changesSettled } = context;
  /** Since when it only waits for changes that may belong to it. */
  let idleSince: UnixNano | undefined;
  const running = startRun(
    { pipeline, scope, onFailure: request.onFailure, settled: request.settled, ...(request.first !== undefined && { first: request.first }) },
    {
      decision: context.decision,
      results: context.results,
      clock,
      emit,
      runId,
      traceId,
      spanOf,
      slots: request.slots,
      durations: request.durations,
      ...(changesSettled !== undefined && {
        changesSettled: () => {
          idleSince = clock.now();
          return changesSettled();
        },
      }),
      attempt: async (task, decision, number, cause, signal, onExit) => {
        attempts += 1;
        let token: string | undefined;
        const withToken = (values: readonly string[]): Masker | undefined => createMasker(token === undefined ? values : [...values, token]);
        const result = await runAttempt(
          {
            task,
            number,
            cause,
            command: commandOf(task, { folder, pythonPath, interpreter: context.decision.interpreter?.path }),
            params: withValues(decision.params, decision.pickles ?? [], ({ pickle }) => objectPath(store, pickle.digest) ?? null),
            pickles: (decision.pickles ?? []).map(({ at, task: from, name, pickle }) => ({ at, path: objectPath(store, pickle.digest) ?? '', digest: pickle.digest, what: `the ${pickle.type} that ${from} returned as ${name}`, folders: moduleFolders(pipeline, from) })),
            runId,
            traceId,
            spanId: ids.spanId(),
            folder,
            workspace: context.workspace,
            scratch: path.join(scratch, String(attempts)),
            pythonPath,
            inherited: needsFresh(decision) ? { ...context.environment, RUNWEAVE_WARM: 'off' } : context.environment,
            signal,
            onExit,
          },
          {
            // Most tasks print nothing, and a masker is made when there is something to mask.
            backend: maskedBackend(sampler.watch(backend, (sample) => emit({ type: 'resources', task: task.id, attempt: number, time: clock.now(), ...sample })), () => withToken([])),
            clock,
            emit,
            onImported: (modules) => context.onImported(task.id, modules),
            openChannel: async ({ number: attempt, spanId, scratch: prefix }, report) => {
              const { url, open } = await (collector ??= context.takeCollector((message) => emit({ type: 'warning', time: clock.now(), message })));
              const registration = open({ runId, task: task.id, attempt, traceId, spanId, start: clock.now(), scratch: prefix, report });
              ({ token } = registration);
              return { url, ...registration, experiment: pipeline.name };
            },
            digests: context.decision.digests,
            storeArtifact: async (source, name, mediaType, inlineLimit) => {
              const { storeArtifact } = await import('../recording/artifacts.ts');
              return storeArtifact(store, { path: source }, { name, mediaType, masker: withToken(secrets), inlineLimit: inlineLimit ?? Math.min(pipeline.record.inline, largestInline) });
            },
          },
        );
        // Nothing follows from its end before that is in the log.
        await isDescribed;
        // Returns go into the results and to the tasks after this one, and so into their fingerprints and params.
        return { ...result, returns: masker === undefined ? result.returns : maskValue(result.returns, masker) };
      },
    },
  );
  context.onStarted({
    cancel: running.cancel,
    filesChanged: () => running.changed(),
    pipelineChanged: (next, graph, nextScope, memory) =>
      running.changed({
        pipeline: next,
        memory,
        scope: nextScope,
        announce: () => {
          secrets = [...new Set([...secrets, ...secretValues(next, context.environment)])];
          masker = createMasker(secrets);
          emit({ type: 'tasks-changed', time: clock.now(), ...recordedParams(next), tasks: nodesOf(next, graph, nextScope, spanOf) });
        },
      }),
  });
  /** Of what, by what was told, is still under way. */
  const untoldEnds = async (message: string): Promise<readonly RunEvent[]> => {
    await log.flush();
    const fold = createRunFold();
    for await (const event of eventsOfLog(log.path)) fold.apply(event);
    const state = fold.state();
    return state === undefined ? [] : unfinished(state, clock.now(), { type: 'internal', message });
  };
  const sealing = Promise.all([import('../recording/seal.ts'), collected.load()]);
  const ended = await running.done.catch((error: unknown) => {
    failed(error);
    return 'error' as const;
  });
  hasBegun();
  // That it could not be started was told by those who asked for it.
  await (await collector?.catch(() => undefined))?.close();
  await surroundings.settled();
  const end = idleSince ?? clock.now();
  await isDescribed;
  tell();
  if (internalError !== undefined) {
    // What was completed is recorded all the same.
    const message = internalError;
    emit({ type: 'warning', time: clock.now(), message });
    for (const event of await untoldEnds(message)) emit(event);
  }
  const outcome = internalError === undefined ? ended : 'error';
  emit({ type: 'run-ended', time: internalError === undefined ? end : clock.now(), outcome });
  if (attempts > 0) removeQuietly(scratch);
  const [{ sealRun, sealCollected }] = await sealing;
  const whole = collected.all();
  if (!collected.hasStarted() && whole !== undefined) {
    // Nothing is lost with its events: there is no log of them. But while it is there, the next start looks after what
    // a process that is killed here leaves.
    log.begin();
    try {
      const record = await sealCollected(store, whole, () => []);
      log.discard();
      return { ok: true, result: { runId, outcome, record } };
    } catch {
      // What could not be recorded goes to the log, and is tried again.
    }
  }
  try {
    await log.close();
    const record = whole === undefined ? await sealRun(store, log.path) : await sealCollected(store, whole, () => eventsOfLog(log.path));
    return { ok: true, result: { runId, outcome, record } };
  } catch (error) {
    return { ok: false, message: `the record of ${runId} could not be written: ${(error as Error).message}. What happened is in ${log.path}, and is sealed at the next start.` };
  }
}

/** To look through the variables of thousands of tasks takes longer than a change may wait. */
function secretsOf(pipeline: Pipeline, environment: RunContext['environment']): readonly string[] {
  const known = knownSecrets.get(pipeline);
  if (known?.environment === environment) return known.values;
  const values = secretValues(pipeline, environment);
  knownSecrets.set(pipeline, { environment, values });
  return values;
}
const knownSecrets = new WeakMap<Pipeline, { readonly environment: RunContext['environment']; readonly values: readonly string[] }>();
function recordedParams({ params }: Pipeline): { readonly params: JsonObject; readonly floats?: JsonObject } {
  const floats = floatsAmong(params);
  return { params: plainJson(params), ...(floats !== undefined && { floats }) };
}

/** Its last execution got a module that did not fit it. */
function needsFresh({ reasons }: Decision): boolean {
  return reasons.some((reason) => reason.type === 'interpreter-changed' && hasMisfit(reason.from));
}

/** Absolute, each once. */
function moduleFolders({ tasks, folder }: Pipeline, id: TaskId): readonly string[] {
  const task = tasks.find((each) => each.id === id);
  const own = task?.source.kind === 'python' ? path.dirname(task.source.script) : task?.source.kind === 'notebook' ? task.cwd : '.';
  return [...new Set([path.resolve(folder, own), folder])];
}

/** The tasks of the run as the record and the views name them. */
function nodesOf(pipeline: Pipeline, graph: LoadedGraph, scope: PlanScope, spanOf: (task: TaskId) => SpanId): readonly TaskNode[] {
  let modules: ReadonlyMap<TaskId, string> | undefined;
  const moduleOf = (id: TaskId): string => (modules ??= new Map(graph.tasks.map((task) => [task.id, task.source]))).get(id) ?? '';
  return pipeline.tasks
    .filter((task) => scope.wanted.has(task.id))
    .map((task) => ({
      id: task.id,
      name: task.name,
      kind: task.source.kind,
      matrix: plainJson(task.matrix),
      dependencies: task.dependencies,
      source: sourceLabel(task.source) ?? moduleOf(task.id),
      outputs: task.outputs,
      spanId: spanOf(task.id),
      tags: task.tags,
      ...(task.owner !== undefined && { owner: task.owner }),
      ...(task.description !== undefined && { description: task.description }),
    }));
}

/** Keeps, behind what the run does, the sources that its tasks use and how the checkout differs from its commit. */
function followSurroundings(
  { folder, file }: Pipeline,
  { store, clock, emit, maskedText }: Pick<RunContext, 'store' | 'clock'> & { readonly emit: (event: RunEvent) => void; readonly maskedText: (text: string) => string },
): { readonly follow: (event: RunEvent) => void; readonly settled: () => Promise<void> } {
  const sources = createSourceKeeper(store, folder, maskedText);
  const pipelineFile = path.basename(file);
  const started = new Map<TaskId, { readonly at: number; readonly kept: Promise<Readonly<Record<string, Digest>>> }>();
  let work: Promise<unknown> = Promise.resolve();
  let changes: Promise<void> | undefined;
  /** One after the other: the tasks come first. */
  const then = <T>(next: () => Promise<T>): Promise<T> => {
    const result = work.then(next);
    work = result;
    return result;
  };
  const lookAround = async (): Promise<void> => {
    const [kept, tree] = await Promise.all([sources.keep([pipelineFile]), treeChanges(store, folder, maskedText).catch(() => undefined)]);
    const digest = kept[pipelineFile];
    if (digest !== undefined || tree !== undefined) emit({ type: 'run-context', time: clock.now(), ...(digest !== undefined && { pipelineFile: digest }), ...(tree !== undefined && { changes: tree }) });
  };
  return {
    follow: (event) => {
      if (event.type === 'task-started') {
        started.set(event.task, { at: Date.now(), kept: then(() => sources.keep(Object.keys(event.fingerprint.sources))) });
      } else if (event.type === 'attempt-started') {
        // A run in which nothing is executed needs none of this.
        changes ??= lookAround();
      } else if (event.type === 'task-ended' && event.fingerprint !== undefined) {
        const { task, fingerprint } = event;
        const start = started.get(task);
        void then(async () => {
          const first = (await start?.kept) ?? {};
          const used = Object.keys(fingerprint.sources);
          const later = await sources.keep(used.filter((name) => !Object.hasOwn(first, name)), start?.at);
          const files = Object.fromEntries(Object.entries({ ...later, ...first }).filter(([name]) => used.includes(name)));
          if (Object.keys(files).length > 0) emit({ type: 'sources', task, time: clock.now(), files });
        });
      }
    },
    settled: async () => {
      await Promise.all([work, changes]);
    },
  };
}

/** Scratch files are of no use any more; that one can't be removed now is no reason to lose a run. */
function removeQuietly(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Windows: something still holds a file open.
  }
}
