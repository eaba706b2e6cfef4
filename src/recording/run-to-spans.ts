/**
 * A run as spans. The layout (version 1):
 *
 *   RUN <pipeline>          the run
 *   └─ <task id>            one a task, also of tasks that did not run; links to the tasks that it depends on, and to
 *      │                    the span, in another trace, of the task that made what was found up to date
 *      └─ attempt <n>       all that the task reported, as span events; metric series in columnar chunks
 *         ├─ cell <n>       of a notebook
 *         └─ …              what the task itself reported as spans, with their own scope
 *
 * Constraints: a list of runs reads the run span and the task spans alone, so these hold all that is shown of a run at
 * a glance; everything that the fold of the events holds can be read back (`store/run-of-spans.ts` is the inverse).
 * What is joined: neighbouring pieces of output on one stream.
 * The spans that tasks reported may be many more than all others: they are not held, but made one by one from a second
 * look at the events.
 */
import { createHash } from 'node:crypto';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { SpanStatus } from '@opentelemetry/api';
import type { Json, JsonObject } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { EventOf, Outcome, RunEvent, RunId, SpanId } from '../model/run-event.ts';
import { createRunFold } from '../model/run-state.ts';
import type { AttemptState, CellState, RunState, TaskState } from '../model/run-state.ts';
import * as semconv from '../model/semantic-conventions.ts';
import type { ReportedSpan } from '../model/reported.ts';
import type { UnixNano } from '../model/time.ts';
import { prefixed, toAttributes } from './attributes.ts';
import { writtenAttributes, type AddAttribute, type WrittenList } from './span-json.ts';
import { exceptionEvents, outputEvents, reportEvents, resourceEvents, seriesEvents, type Report, type Series, type SpanEvent } from './span-events.ts';
import { createSpanIds, type SpanIds } from './span-ids.ts';
import type { SpanDescription, WrittenSpan } from './spans.ts';

export const recordVersion = 1;

export interface RunCollector {
  readonly apply: (event: RunEvent) => void;
  /** `undefined` without `run-started`. */
  readonly state: () => RunState | undefined;
  /** Line 1 of a record; the task spans are made one by one. */
  readonly head: () => { readonly run: SpanDescription; readonly tasks: Generator<WrittenSpan> };
  /** Attempts and cells, made one by one. */
  readonly rest: () => Generator<SpanDescription>;
  /** Whether a task reported spans, so that the events have to be looked at once more. */
  readonly hasReported: () => boolean;
  /** A span that a task reported. */
  readonly reported: (event: EventOf<'span'>) => SpanDescription;
}

/**
 * Follows a run's events. The fold keeps what the latest attempt of a task reported; what it lets go of is kept here
 * for the spans of earlier attempts, so that nothing is held twice.
 */
export function createRunCollector(): RunCollector {
  const fold = createRunFold();
  const earlier = new Map<SpanId, Series>();
  const reports = new Map<string, Report[]>();
  /** By attempt: the ids of the spans that it reported, with their trace. */
  const reportedIds = new Map<string, SpanIds>();
  let lastTime = '0' as UnixNano;

  const apply = (event: RunEvent): void => {
    lastTime = event.time;
    switch (event.type) {
      case 'task-skipped':
      case 'attempt-started': {
        const task = fold.task(event.task);
        const attempt = task?.attempts.at(-1);
        if (task !== undefined && attempt !== undefined) earlier.set(attempt.spanId, { metrics: task.metrics, artifacts: task.artifacts });
        break;
      }
      case 'param':
      case 'tag':
      case 'return':
      case 'observed':
      case 'dataset': {
        const key = attemptKey(event.task, event.attempt);
        const known = reports.get(key);
        if (known === undefined) reports.set(key, [event]);
        else known.push(event);
        break;
      }
      case 'span': {
        const key = attemptKey(event.task, event.attempt);
        const ids = reportedIds.get(key) ?? createSpanIds();
        ids.add(event.span.traceId, event.span.spanId);
        reportedIds.set(key, ids);
        break;
      }
      default:
    }
    fold.apply(event);
  };

  const started = (): RunState => {
    const state = fold.state();
    if (state === undefined) throw new Error('a run without run-started has no spans');
    return state;
  };

  return {
    apply,
    state: fold.state,
    head: () => {
      const state = started();
      return { run: runSpan(state, lastTime), tasks: taskSpans(state, lastTime) };
    },
    *rest() {
      for (const task of started().tasks) {
        for (const attempt of task.attempts) {
          const series = earlier.get(attempt.spanId) ?? task;
          yield attemptSpan(task, attempt, [...reportEvents(reports.get(attemptKey(task.node.id, attempt.number)) ?? []), ...seriesEvents(series)], lastTime);
          for (const cell of attempt.cells) yield cellSpan(attempt, cell, lastTime);
        }
      }
    },
    hasReported: () => reportedIds.size > 0,
    reported: ({ task, attempt: number, span: reported }) => {
      const state = started();
      const attempt = state.tasks.find(({ node }) => node.id === task)?.attempts.find((each) => each.number === number);
      return reportedSpan(reported, state, attempt?.spanId ?? state.spanId, reportedIds.get(attemptKey(task, number)) ?? createSpanIds());
    },
  };
}

function attemptKey(task: TaskId, attempt: number): string {
  return `${attempt} ${task}`;
}

function runSpan(state: RunState, lastTime: UnixNano): SpanDescription {
  const failed = state.tasks.filter((task) => isFailure(task.phase));
  return {
    name: `RUN ${state.pipeline.name}`,
    spanId: state.spanId,
    // What the conventions for CI/CD say of the span of a pipeline's run.
    kind: SpanKind.SERVER,
    ...span(state.start, state.end, lastTime),
    attributes: toAttributes({
      [semconv.recordVersion]: recordVersion,
      [semconv.cicdPipelineName]: state.pipeline.name,
      [semconv.cicdPipelineRunId]: state.runId,
      [semconv.cicdPipelineResult]: state.outcome,
      [semconv.pipelineFile]: state.pipeline.file,
      [semconv.pipelineFileDigest]: state.pipelineFile,
      [semconv.vcsChanges]: state.changes as Json | undefined,
      [semconv.trigger]: state.trigger,
      [semconv.interrupted]: state.interrupted,
      [semconv.warnings]: state.warnings,
      [semconv.unsetTimes]: unset({ end: state.end }),
      ...prefixed(semconv.paramPrefix, state.params),
      [semconv.wholeFloats]: state.floats,
    }),
    status: status(state.outcome, failed.length === 0 ? undefined : `did not succeed: ${failed.map((task) => task.node.id).join(', ')}`),
  };
}

function* taskSpans(state: RunState, lastTime: UnixNano): Generator<WrittenSpan> {
  const spanOf = new Map(state.tasks.map((task) => [task.node.id, task.node.spanId]));
  // Within a trace, links are dependencies.
  const ofDependency = writtenAttributes({});
  const byRun = new Map<RunId, WrittenList>();
  const ofMaker = (runId: RunId): WrittenList => {
    let attributes = byRun.get(runId);
    if (attributes === undefined) byRun.set(runId, (attributes = writtenAttributes({ [semconv.linkType]: semconv.linkTypeMadeBy, [semconv.linkRunId]: runId })));
    return attributes;
  };
  for (const task of state.tasks) {
    const { node, madeBy } = task;
    yield {
      name: node.id,
      spanId: node.spanId,
      parent: state.spanId,
      start: task.start ?? task.end ?? state.end ?? lastTime,
      end: task.end ?? lastTime,
      attributes: (add) => addTask(add, task, state.runId),
      status: status(outcomeOf(task), task.failure?.message),
      links: (add) => {
        for (const id of node.dependencies) {
          const spanId = spanOf.get(id);
          if (spanId !== undefined) add(ofDependency, state.traceId, spanId);
        }
        if (madeBy !== undefined) add(ofMaker(madeBy.runId), madeBy.traceId, madeBy.spanId);
      },
      events: exceptionEvents(task.failure, task.end ?? lastTime),
    };
  }
}

/** What is empty is left out: of a task that was up to date, that would be a third of its span. */
function addTask(add: AddAttribute, task: TaskState, runId: RunId): void {
  const { node, start, end } = task;
  const outcome = outcomeOf(task);
  add(semconv.taskId, node.id);
  add(semconv.cicdPipelineTaskName, node.name);
  add(semconv.cicdPipelineTaskRunId, `${runId}/${node.id}`);
  add(semconv.cicdPipelineTaskRunResult, outcome);
  add(semconv.taskPhase, outcome === undefined ? task.phase : undefined);
  add(semconv.errorType, task.failure?.type);
  add(semconv.taskKind, node.kind);
  add(semconv.taskSource, node.source);
  add(semconv.taskMatrix, filled(node.matrix));
  add(semconv.taskDependencies, filled(node.dependencies));
  add(semconv.taskDeclaredOutputs, filled(node.outputs));
  add(semconv.taskOwner, node.owner);
  add(semconv.taskDescription, node.description);
  add(semconv.taskTags, filled(node.tags));
  add(semconv.taskReasons, filled(task.reasons));
  add(semconv.taskFingerprint, task.fingerprint as unknown as Json | undefined);
  add(semconv.taskOutputs, filled(task.outputs as unknown as Json));
  add(semconv.taskInputSizes, task.inputSizes);
  add(semconv.taskSources, task.sources);
  add(semconv.taskReturns, filled(task.returns));
  add(semconv.wholeFloats, task.floats);
  add(semconv.taskSkipReason, task.skipReason);
  add(semconv.taskBlockedBy, task.blockedBy);
  add(semconv.unsetTimes, unset({ start, end }));
  for (const name in task.params) add(semconv.paramPrefix + name, task.params[name] ?? null);
  if (task.attempts.length === 0) return;
  for (const name in task.loggedParams) add(semconv.loggedParamPrefix + name, task.loggedParams[name] ?? null);
  for (const name in task.tags) add(semconv.tagPrefix + name, task.tags[name] ?? '');
  for (const name in task.metrics) add(semconv.metricPrefix + name, task.metrics[name]?.last ?? null);
  add(semconv.metricSummaries, summaries(task));
}

/** `undefined` for an empty list or object. */
function filled(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  for (const _ in value as JsonObject) return value;
  return undefined;
}

/** Only of series that are more than one number. */
function summaries(task: TaskState): Json | undefined {
  const entries = Object.entries(task.metrics).filter(([, { count }]) => count > 1);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, { count, finite, min, max, mean }]) => [name, { count, finite, ...(min !== undefined && max !== undefined && mean !== undefined && { min, max, mean }) }]));
}

function attemptSpan(task: TaskState, attempt: AttemptState, reported: readonly SpanEvent[], lastTime: UnixNano): SpanDescription {
  return {
    name: `attempt ${attempt.number}`,
    spanId: attempt.spanId,
    parent: task.node.spanId,
    ...span(attempt.start, attempt.end, lastTime),
    attributes: toAttributes({
      [semconv.taskId]: task.node.id,
      [semconv.attemptNumber]: attempt.number,
      [semconv.attemptCause]: attempt.cause,
      [semconv.attemptResult]: attempt.outcome,
      [semconv.attemptSignal]: attempt.signal,
      [semconv.attemptNote]: attempt.note,
      [semconv.errorType]: attempt.failure?.type,
      [semconv.processCommandArgs]: attempt.command,
      [semconv.processWorkingDirectory]: attempt.cwd,
      [semconv.processPid]: attempt.pid,
      [semconv.processExitCode]: attempt.exitCode,
      ...resourceTotals(attempt),
      [semconv.attemptWarnings]: attempt.warned.length === 0 ? undefined : (attempt.warned as unknown as Json),
      [semconv.attemptChecks]: attempt.checks.length === 0 ? undefined : (attempt.checks as unknown as Json),
      [semconv.attemptSpanCount]: attempt.spanCount === 0 ? undefined : attempt.spanCount,
      [semconv.unsetTimes]: unset({ end: attempt.end }),
    }),
    status: status(attempt.outcome, attempt.failure?.message),
    events: [...outputEvents(attempt.output), ...resourceEvents(attempt.resources), ...reported, ...exceptionEvents(attempt.failure, attempt.end ?? lastTime)],
  };
}

/** What an attempt used in all, as far as it was seen: the last sample is up to a second old. */
function resourceTotals({ resources, start }: AttemptState): Record<string, Json | undefined> {
  const last = resources.at(-1);
  if (last === undefined) return {};
  const seconds = Number(BigInt(last.time) - BigInt(start)) / 1e9;
  const gpus = resources.flatMap(({ gpu }) => gpu ?? []);
  const gpuMemory = resources.flatMap((point) => point.gpuMemory ?? []);
  return {
    [semconv.processCpuTime]: last.cpu,
    [semconv.processCpuUtilization]: seconds > 0 ? Number((last.cpu / seconds).toPrecision(4)) : undefined,
    [semconv.processMemoryUsage]: Math.round(mean(resources.map(({ memory }) => memory))),
    [semconv.memoryPeak]: largest(resources.map(({ memory }) => memory)),
    [semconv.processDiskRead]: last.read,
    [semconv.processDiskWritten]: last.written,
    [semconv.networkReceived]: last.received,
    [semconv.networkSent]: last.sent,
    ...(gpus.length > 0 && { [semconv.gpuUtilization]: Number(mean(gpus).toPrecision(4)), [semconv.gpuMemoryPeak]: largest(gpuMemory) }),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

function cellSpan(attempt: AttemptState, cell: CellState, lastTime: UnixNano): SpanDescription {
  return {
    name: `cell ${cell.index}`,
    spanId: createHash('sha256').update(`${attempt.spanId}/cell/${cell.index}`).digest('hex').slice(0, 16) as SpanId,
    parent: attempt.spanId,
    ...span(cell.start, cell.end, attempt.end ?? lastTime),
    attributes: toAttributes({
      [semconv.cellIndex]: cell.index,
      [semconv.cellStatus]: cell.status,
      [semconv.cellLabel]: cell.label,
      [semconv.cellSource]: cell.source,
      [semconv.cellOutputs]: cell.outputs,
      [semconv.unsetTimes]: unset({ end: cell.end }),
    }),
    status: status(cell.status === 'running' ? undefined : cell.status, undefined),
  };
}

/** By OTLP's numbers, which are not those of the SDK. */
const spanKinds = [SpanKind.INTERNAL, SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
const statusCodes = [SpanStatusCode.UNSET, SpanStatusCode.OK, SpanStatusCode.ERROR];

function reportedSpan(reported: ReportedSpan, state: RunState, attempt: SpanId, known: SpanIds): SpanDescription {
  const { name, spanId, traceId, parentSpanId, kind, scope, start, end, status, events, links, resource } = reported;
  const hangsBelow = parentSpanId !== spanId && known.has(traceId, parentSpanId) ? parentSpanId : attempt;
  return {
    name,
    spanId,
    parent: hangsBelow,
    kind: spanKinds[kind] ?? SpanKind.INTERNAL,
    ...(scope !== undefined && { scope }),
    start,
    end,
    attributes: toAttributes({
      ...withoutOurNames(reported.attributes),
      [semconv.reportedAttempt]: attempt,
      [semconv.reportedTraceId]: traceId === state.traceId ? undefined : traceId,
      [semconv.reportedParentSpanId]: parentSpanId === hangsBelow ? undefined : parentSpanId,
      [semconv.reportedResource]: resource,
    }),
    status: { code: statusCodes[status.code] ?? SpanStatusCode.UNSET, ...(status.message !== undefined && { message: status.message }) },
    links: links.map((link) => ({ ...link, attributes: toAttributes(withoutOurNames(link.attributes)) })),
    events: events.map((event) => ({ ...event, attributes: toAttributes(withoutOurNames(event.attributes)) })),
  };
}

/**
 * What a task reported must not pass for what we say: its attributes with our names are kept in one of their own, and so
 * are those with names that the SDK can't hold.
 */
function withoutOurNames(attributes: JsonObject): JsonObject {
  const isOurs = ([name]: readonly [string, Json]): boolean => name.startsWith(semconv.reservedPrefix) || name === '__proto__' || name === '';
  const entries = Object.entries(attributes);
  const ours = entries.filter(isOurs);
  if (ours.length === 0) return attributes;
  return { ...Object.fromEntries(entries.filter((entry) => !isOurs(entry))), [semconv.reportedAttributes]: Object.fromEntries(ours) };
}

function span(start: UnixNano, end: UnixNano | undefined, lastTime: UnixNano): { readonly start: UnixNano; readonly end: UnixNano } {
  return { start, end: end ?? lastTime };
}

function unset(times: Readonly<Record<string, UnixNano | undefined>>): readonly string[] | undefined {
  const names = Object.keys(times).filter((name) => times[name] === undefined);
  return names.length === 0 ? undefined : names;
}

function isFailure(phase: TaskState['phase']): boolean {
  return phase === 'failure' || phase === 'error' || phase === 'timeout';
}

function outcomeOf({ phase }: TaskState): Outcome | undefined {
  return phase === 'pending' || phase === 'stale' || phase === 'running' ? undefined : phase;
}

function status(outcome: Outcome | undefined, message: string | undefined): SpanStatus {
  if (outcome === 'success') return { code: SpanStatusCode.OK };
  if (outcome === undefined || !isFailure(outcome)) return { code: SpanStatusCode.UNSET };
  return { code: SpanStatusCode.ERROR, message: message ?? outcome };
}
