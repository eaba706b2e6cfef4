/** One run from its first event to its sealed record. */
import { rmSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { OnFailure, Pipeline, Slots, TaskId } from '../model/pipeline.ts';
import type { Durations } from '../model/remaining.ts';
import type { RunEvent, SpanId, TaskNode, Trigger } from '../model/run-event.ts';
import { toDate, type Clock } from '../model/time.ts';
import type { LoadedGraph, RunResult } from '../protocol/session.ts';
import type { Results } from '../fingerprint/results.ts';
import { runAttempt } from '../execution/attempt.ts';
import type { Backend } from '../execution/backend/backend.ts';
import type { DecisionContext } from '../execution/decide.ts';
import type { PlanScope } from '../execution/plan.ts';
import { startRun, type RunningPipeline } from '../execution/scheduler.ts';
import { commandOf } from '../execution/task/command.ts';
import type { Ids } from './ids.ts';
import { pythonHelperFolder, version } from './installation.ts';
import { resourceAttributes } from './run-context.ts';
import { createByteMasker, createMasker } from './secrets.ts';

export interface RunRequest {
  readonly pipeline: Pipeline;
  readonly graph: LoadedGraph;
  readonly scope: PlanScope;
  readonly trigger: Trigger;
  readonly onFailure: OnFailure;
  readonly slots: Slots;
  readonly durations: Durations;
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
  /** The disk refuses; the run goes on. */
  readonly onStorageError: (message: string) => void;
  readonly onStarted: (run: ActiveRun) => void;
}

/** A run in progress, as it can be acted on. */
export interface ActiveRun {
  readonly cancel: RunningPipeline['cancel'];
  /** Files changed. `false`: too late for this run. */
  readonly filesChanged: () => Promise<boolean>;
  readonly pipelineChanged: (pipeline: Pipeline, graph: LoadedGraph, scope: PlanScope) => Promise<boolean>;
}

export type RunEnd = { readonly ok: true; readonly result: RunResult } | { readonly ok: false; readonly message: string };

export async function performRun(request: RunRequest, context: RunContext): Promise<RunEnd> {
  const { pipeline, scope } = request;
  const { store, clock, ids } = context;
  const { folder } = pipeline;
  const runId = ids.runId(pipeline.name, toDate(clock.now()));
  const traceId = ids.traceId();
  const [resource, { openEventLog }, { storeArtifact }] = await Promise.all([
    resourceAttributes(folder, pipeline.name, runId, context.decision.interpreter, version),
    import('../recording/event-log.ts'),
    import('../recording/artifacts.ts'),
  ]);
  let log;
  try {
    log = await openEventLog(store, runId, { onError: (error) => context.onStorageError(error.message) });
  } catch (error) {
    return { ok: false, message: `${store} cannot be written: ${(error as Error).message}` };
  }
  const masked = createMasker(pipeline.secrets, context.environment);
  const maskedBytes = createByteMasker(pipeline.secrets, context.environment);
  const emit = (event: RunEvent): void => {
    const safe = masked(event);
    log.append(safe);
    context.onEvent(safe);
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
    pipeline: { name: pipeline.name, file: path.relative(context.workspace, pipeline.file).replaceAll(path.sep, '/') },
    params: pipeline.params,
    trigger: request.trigger,
    tasks: nodesOf(pipeline, request.graph, scope, spanOf),
    resource,
  });

  const scratch = path.join(store, 'cache', 'attempts', runId);
  const pythonPath = pythonHelperFolder();
  let attempts = 0;
  const running = startRun(
    { pipeline, scope, onFailure: request.onFailure },
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
      attempt: (task, decision, number, cause, signal) => {
        attempts += 1;
        return runAttempt(
          {
            task,
            number,
            cause,
            command: commandOf(task, { folder, pythonPath, interpreter: context.decision.interpreter?.path }),
            params: decision.params,
            runId,
            traceId,
            spanId: ids.spanId(),
            folder,
            workspace: context.workspace,
            scratch: path.join(scratch, String(attempts)),
            pythonPath,
            inherited: context.environment,
            signal,
          },
          {
            backend: context.backend,
            clock,
            emit,
            onImported: (modules) => context.onImported(task.id, modules),
            storeArtifact: async (source, name, mediaType) => {
              const content = maskedBytes === undefined ? { path: source } : maskedBytes(await readForMasking(source));
              return storeArtifact(store, content, { name, ...(mediaType !== undefined && { mediaType }) });
            },
          },
        );
      },
    },
  );
  context.onStarted({
    cancel: running.cancel,
    filesChanged: () => running.changed(),
    pipelineChanged: (next, graph, nextScope) =>
      running.changed({
        pipeline: next,
        scope: nextScope,
        announce: () => emit({ type: 'tasks-changed', time: clock.now(), params: next.params, tasks: nodesOf(next, graph, nextScope, spanOf) }),
      }),
  });
  const outcome = await running.done.catch((error: unknown) => {
    // A bug of ours; what was completed is recorded all the same.
    emit({ type: 'warning', time: clock.now(), message: `internal error: ${error instanceof Error ? error.message : String(error)}` });
    return 'error' as const;
  });
  emit({ type: 'run-ended', time: clock.now(), outcome });
  removeQuietly(scratch);
  try {
    await log.close();
    const { sealRun } = await import('../recording/seal.ts');
    return { ok: true, result: { runId, outcome, record: await sealRun(store, log.path) } };
  } catch (error) {
    return { ok: false, message: `the record of ${runId} could not be written: ${(error as Error).message}. What happened is in ${log.path}, and is sealed at the next start.` };
  }
}

/** The tasks of the run as the record and the views name them. */
function nodesOf(pipeline: Pipeline, graph: LoadedGraph, scope: PlanScope, spanOf: (task: TaskId) => SpanId): readonly TaskNode[] {
  const byId = new Map(graph.tasks.map((task) => [task.id, task]));
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

/** An artifact that is too large to look for secrets in is not recorded. */
async function readForMasking(file: string): Promise<Buffer> {
  const limit = 256 * 1024 * 1024;
  if ((await stat(file)).size > limit) throw new Error('it is larger than 256 MiB, and the pipeline has secrets that it would have to be searched for');
  return readFile(file);
}

/** Scratch files are of no use any more; that one can't be removed now is no reason to lose a run. */
function removeQuietly(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Windows: something still holds a file open.
  }
}
