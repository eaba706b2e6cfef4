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
import type { Attributes, SpanStatus } from '@opentelemetry/api';
import type { Json, JsonObject } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import { resourceColumns } from '../model/run-event.ts';
import type { EventOf, Outcome, RecordedFailure, ResourceSample, RunEvent, RunId, SpanId } from '../model/run-event.ts';
import { createRunFold } from '../model/run-state.ts';
import type { ArtifactState, AttemptState, CellState, OutputChunk, ResourcePoint, RunState, TaskState } from '../model/run-state.ts';
import type { MetricSeries } from '../model/metric-series.ts';
import * as semconv from '../model/semantic-conventions.ts';
import type { ReportedLog, ReportedSpan } from '../model/reported.ts';
import type { UnixNano } from '../model/time.ts';
import { prefixed, toAttributes } from './attributes.ts';
import { packFloats, packRising, packSteps } from './packed-columns.ts';
import { createSpanIds, type SpanIds } from './span-ids.ts';
import type { SpanDescription } from './spans.ts';

export const recordVersion = 1;

const outputLimit = 16 * 1024;
const outputSpan = 1_000_000_000n;
/** Points of a series that any reader of OTLP can read, as lists; a longer one is packed. */
const readablePoints = 1000;
const packedPoints = 16_384;

type SpanEvent = NonNullable<SpanDescription['events']>[number];
type Report = EventOf<'param' | 'tag' | 'return' | 'observed' | 'dataset'>;
interface Series {
  readonly metrics: TaskState['metrics'];
  readonly artifacts: readonly ArtifactState[];
}

export interface RunCollector {
  readonly apply: (event: RunEvent) => void;
  /** `undefined` without `run-started`. */
  readonly state: () => RunState | undefined;
  /** The run span and the task spans: line 1 of a record. */
  readonly head: () => readonly SpanDescription[];
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
      return [runSpan(state, lastTime), ...taskSpans(state, lastTime)];
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
    }),
    status: status(state.outcome, failed.length === 0 ? undefined : `did not succeed: ${failed.map((task) => task.node.id).join(', ')}`),
  };
}

function taskSpans(state: RunState, lastTime: UnixNano): readonly SpanDescription[] {
  const spanOf = new Map(state.tasks.map((task) => [task.node.id, task.node.spanId]));
  /** By run: the attributes of links to it, each once. */
  const madeByRun = new Map<RunId, Attributes>();
  const linkTo = (runId: RunId): Attributes => {
    let attributes = madeByRun.get(runId);
    if (attributes === undefined) madeByRun.set(runId, (attributes = { [semconv.linkType]: semconv.linkTypeMadeBy, [semconv.linkRunId]: runId }));
    return attributes;
  };
  return state.tasks.map((task) => {
    const { node, madeBy } = task;
    const outcome = isOutcome(task.phase) ? task.phase : undefined;
    const dependencies = node.dependencies.flatMap((id) => spanOf.get(id) ?? []);
    return {
      name: node.id,
      spanId: node.spanId,
      parent: state.spanId,
      ...span(task.start ?? task.end ?? state.end ?? lastTime, task.end, lastTime),
      attributes: toAttributes({
        [semconv.taskId]: node.id,
        [semconv.cicdPipelineTaskName]: node.name,
        [semconv.cicdPipelineTaskRunId]: `${state.runId}/${node.id}`,
        [semconv.cicdPipelineTaskRunResult]: outcome,
        [semconv.taskPhase]: outcome === undefined ? task.phase : undefined,
        [semconv.errorType]: task.failure?.type,
        [semconv.taskKind]: node.kind,
        [semconv.taskSource]: node.source,
        [semconv.taskMatrix]: node.matrix,
        [semconv.taskDependencies]: node.dependencies,
        [semconv.taskDeclaredOutputs]: node.outputs,
        [semconv.taskOwner]: node.owner,
        [semconv.taskDescription]: node.description,
        [semconv.taskTags]: node.tags,
        [semconv.taskReasons]: task.reasons,
        [semconv.taskFingerprint]: task.fingerprint as unknown as Json | undefined,
        [semconv.taskOutputs]: task.outputs as unknown as Json,
        [semconv.taskInputSizes]: task.inputSizes,
        [semconv.taskSources]: task.sources,
        [semconv.taskReturns]: task.returns,
        [semconv.taskSkipReason]: task.skipReason,
        [semconv.taskBlockedBy]: task.blockedBy,
        [semconv.unsetTimes]: unset({ start: task.start, end: task.end }),
        ...prefixed(semconv.paramPrefix, task.params),
        ...prefixed(semconv.loggedParamPrefix, task.loggedParams),
        ...prefixed(semconv.tagPrefix, task.tags),
        ...prefixed(semconv.metricPrefix, lastValues(task)),
        [semconv.metricSummaries]: summaries(task),
      }),
      status: status(outcome, task.failure?.message),
      links: [
        ...dependencies.map((spanId) => ({ traceId: state.traceId, spanId, attributes: dependencyLink })),
        ...(madeBy === undefined
          ? []
          : [{ traceId: madeBy.traceId, spanId: madeBy.spanId, attributes: linkTo(madeBy.runId) }]),
      ],
      events: exceptionEvents(task.failure, task.end ?? lastTime),
    };
  });
}

const dependencyLink: Attributes = { [semconv.linkType]: semconv.linkTypeDependency };

function lastValues(task: TaskState): Record<string, Json> {
  return Object.fromEntries(Object.entries(task.metrics).map(([name, { last }]) => [name, last]));
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

function resourceEvents(points: readonly ResourcePoint[]): readonly SpanEvent[] {
  const [first] = points;
  if (first === undefined) return [];
  const base = BigInt(first.time);
  const column = (name: keyof ResourceSample): Record<string, Json> =>
    points.some((point) => point[name] !== undefined) ? { [semconv.resourcesPrefix + name]: points.map((point) => point[name] ?? null) } : {};
  const columns = [...resourceColumns].map(column);
  return [{ name: semconv.resourcesEvent, time: first.time, attributes: toAttributes(Object.assign({ [semconv.resourcesTimes]: points.map((point) => Number(BigInt(point.time) - base)) }, ...columns) as Record<string, Json>) }];
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

function outputEvents(chunks: readonly OutputChunk[]): readonly SpanEvent[] {
  const joined: { -readonly [K in keyof OutputChunk]: OutputChunk[K] }[] = [];
  for (const chunk of chunks) {
    const last = joined.at(-1);
    const joins =
      last?.stream === chunk.stream && last.log === undefined && chunk.log === undefined && last.text.length + chunk.text.length <= outputLimit && BigInt(chunk.time) - BigInt(last.time) <= outputSpan;
    if (joins) last.text += chunk.text;
    else joined.push({ ...chunk });
  }
  return joined.map(({ time, stream, text, log }) => {
    if (log !== undefined) return logEvent(log);
    return { name: semconv.outputEvent, time, attributes: toAttributes({ [semconv.outputStream]: stream, [semconv.outputText]: text }) };
  });
}

function logEvent({ time, severityNumber, severityText, body, attributes, traceId, spanId, scope, resource }: ReportedLog): SpanEvent {
  return {
    name: semconv.logEvent,
    time,
    attributes: toAttributes({
      [semconv.logSeverityNumber]: severityNumber,
      [semconv.logSeverityText]: severityText,
      [semconv.logBody]: body,
      [semconv.logAttributes]: Object.keys(attributes).length === 0 ? undefined : attributes,
      [semconv.logTraceId]: traceId,
      [semconv.logSpanId]: spanId,
      [semconv.logScope]: scope,
      [semconv.logResource]: resource,
    }),
  };
}

function seriesEvents({ metrics, artifacts }: Series): readonly SpanEvent[] {
  const events: SpanEvent[] = [];
  for (const [name, series] of Object.entries(metrics)) events.push(...metricEvents(name, series));
  for (const { name, mediaType, size, digest, content, time } of artifacts) {
    events.push({
      name: semconv.artifactEvent,
      time,
      attributes: toAttributes({
        [semconv.artifactFilename]: name,
        [semconv.artifactMediaType]: mediaType,
        [semconv.artifactSize]: size,
        [semconv.artifactDigest]: digest,
        [semconv.artifactContentType]: content.type,
        [semconv.artifactContent]: content.type === 'utf8' ? content.text : content.type === 'base64' ? content.data : undefined,
      }),
    });
  }
  return events;
}

function metricEvents(name: string, { start, times, values, steps, details }: MetricSeries): readonly SpanEvent[] {
  const isPacked = values.length > readablePoints;
  const length = isPacked ? packedPoints : readablePoints;
  const events: SpanEvent[] = [];
  for (let at = 0; at < values.length; at += length) {
    const base = times[at] ?? 0;
    const offsets = times.slice(at, at + length).map((time) => time - base);
    const chunk = values.slice(at, at + length);
    const ofChunk = steps?.slice(at, at + length);
    const ofChunkDetails = details?.slice(at, at + length);
    const hasSteps = ofChunk?.some((step) => step !== null) === true;
    events.push({
      name: semconv.metricsEvent,
      time: String(BigInt(start) + BigInt(base)) as UnixNano,
      attributes: toAttributes({
        [semconv.metricsName]: name,
        [semconv.metricsTimes]: isPacked ? packRising(offsets) : offsets,
        [semconv.metricsValues]: isPacked ? packFloats(chunk) : chunk,
        [semconv.metricsSteps]: hasSteps ? (isPacked ? packSteps(ofChunk) : ofChunk) : undefined,
        [semconv.metricsDetails]: ofChunkDetails?.some((detail) => detail !== null) === true ? ofChunkDetails : undefined,
      }),
    });
  }
  return events;
}

function reportEvents(reports: readonly Report[]): readonly SpanEvent[] {
  const names = { param: semconv.paramEvent, tag: semconv.tagEvent, return: semconv.returnEvent } as const;
  return reports.map((report) => {
    if (report.type === 'dataset') {
      const { name, digest, context, sourceType, source, schema, profile } = report.dataset;
      return {
        name: semconv.datasetEvent,
        time: report.time,
        attributes: toAttributes({
          [semconv.datasetName]: name,
          [semconv.datasetDigest]: digest,
          [semconv.datasetContext]: context,
          [semconv.datasetSourceType]: sourceType,
          [semconv.datasetSource]: source,
          [semconv.datasetSchema]: schema,
          [semconv.datasetProfile]: profile,
        }),
      };
    }
    if (report.type !== 'observed') {
      return { name: names[report.type], time: report.time, attributes: toAttributes({ [semconv.eventName]: report.name, [semconv.eventValue]: report.value }) };
    }
    const { modules, read, written, packages, time } = report;
    return {
      name: semconv.observedEvent,
      time,
      attributes: toAttributes({
        [semconv.observedModules]: modules,
        [semconv.observedRead]: read,
        [semconv.observedWritten]: written,
        [semconv.observedPackages]: packages,
      }),
    };
  });
}

/** By OpenTelemetry's conventions for exceptions; where it was raised is the last frame. */
function exceptionEvents(failure: RecordedFailure | undefined, time: UnixNano): readonly SpanEvent[] {
  if (failure === undefined) return [];
  const raisedAt = failure.frames?.at(-1);
  const attributes = toAttributes({
    [semconv.exceptionType]: failure.type,
    [semconv.exceptionMessage]: failure.message,
    [semconv.exceptionStacktrace]: failure.stacktrace,
    [semconv.exceptionFrames]: failure.frames,
    [semconv.codeFilePath]: raisedAt?.file,
    [semconv.codeLineNumber]: raisedAt?.line,
    [semconv.codeFunctionName]: raisedAt?.function,
  });
  return [{ name: semconv.exceptionEvent, time, attributes }];
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

function isOutcome(phase: TaskState['phase']): phase is Outcome {
  return phase !== 'pending' && phase !== 'stale' && phase !== 'running';
}

function status(outcome: Outcome | undefined, message: string | undefined): SpanStatus {
  if (outcome === 'success') return { code: SpanStatusCode.OK };
  if (outcome === undefined || !isFailure(outcome)) return { code: SpanStatusCode.UNSET };
  return { code: SpanStatusCode.ERROR, message: message ?? outcome };
}
