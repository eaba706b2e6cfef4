/**
 * A run's state from its spans: the inverse of `recording/run-to-spans.ts`, whose layout it knows. A record from
 * elsewhere may lack or hold anything, so that every value is checked for its type and has a default.
 */
import type { CheckResult } from '../model/check.ts';
import type { Digest, Fingerprint, Reason } from '../model/fingerprint.ts';
import { isJsonObject } from '../model/json.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { addPoint, nanosecondsSince, newSeries, type GrowingSeries, type MetricSeries, type MetricValue } from '../model/metric-series.ts';
import type { TaskId, TaskKind } from '../model/pipeline.ts';
import { resourceColumns } from '../model/run-event.ts';
import { byStart, logText, shownSpans } from '../model/reported.ts';
import type { Dataset, ReportedLog, ReportedSpan } from '../model/reported.ts';
import type { ArtifactContent, Outcome, OutputFile, RecordedFailure, RunId, SkipReason, SpanId, TraceId, TreeChanges, Trigger } from '../model/run-event.ts';
import { standsForEarlier } from '../model/run-state.ts';
import type { ArtifactState, AttemptState, CellState, OutputChunk, ResourcePoint, RunState, TaskPhase, TaskState } from '../model/run-state.ts';
import * as semconv from '../model/semantic-conventions.ts';
import type { UnixNano } from '../model/time.ts';
import { unpack } from '../recording/packed-columns.ts';
import type { AttributeMap, OtlpEvent, OtlpSpan } from '../model/otlp-json.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const outcomes: readonly string[] = ['success', 'failure', 'error', 'timeout', 'cancellation', 'skip'] satisfies readonly Outcome[];
const unfinishedPhases: readonly string[] = ['pending', 'stale', 'running'] satisfies readonly TaskPhase[];
/** The scope of our own spans, and of a reported one that has none. */
const ownScope = 'runweave';
const kinds: readonly string[] = ['python', 'call', 'notebook', 'shell'] satisfies readonly TaskKind[];

/** Whether this is the run span of a record of ours. */
export function isRunSpan(span: OtlpSpan): boolean {
  return span.attributes.has(semconv.recordVersion) && reportedBy(span) === undefined;
}

/** The attempt whose task reported this span, if it is such a span: whatever else it says, it is none of ours. */
export function reportedBy(span: OtlpSpan): string | undefined {
  const attempt = span.attributes.get(semconv.reportedAttempt);
  return typeof attempt === 'string' ? attempt : undefined;
}

/** `spans` in the order of the file. `undefined` when there is no run span among them. */
export function runOfSpans(spans: Iterable<OtlpSpan>): RunState | undefined {
  let run: OtlpSpan | undefined;
  const byParent = new Map<string, OtlpSpan[]>();
  const reported = new Map<string, OtlpSpan[]>();
  for (const span of spans) {
    const attempt = reportedBy(span);
    if (attempt !== undefined) {
      const known = reported.get(attempt);
      if (known === undefined) reported.set(attempt, [span]);
      else if (known.length < shownSpans) known.push(span);
      continue;
    }
    if (run === undefined && isRunSpan(span)) run = span;
    const siblings = byParent.get(span.parentSpanId ?? '');
    if (siblings === undefined) byParent.set(span.parentSpanId ?? '', [span]);
    else siblings.push(span);
  }
  if (run === undefined) return undefined;
  const childrenOf = (span: OtlpSpan): readonly OtlpSpan[] => byParent.get(span.spanId) ?? [];
  const { attributes } = run;
  const outcome = outcomeOf(attributes.get(semconv.cicdPipelineResult));
  const pipelineFile = attributes.get(semconv.pipelineFileDigest);
  const changes = changesOf(attributes.get(semconv.vcsChanges));
  return {
    runId: text(attributes, semconv.cicdPipelineRunId) as RunId,
    traceId: run.traceId as TraceId,
    spanId: run.spanId as SpanId,
    pipeline: { name: text(attributes, semconv.cicdPipelineName), file: text(attributes, semconv.pipelineFile) },
    params: withPrefix(attributes, semconv.paramPrefix),
    ...floatsOf(attributes),
    trigger: triggerOf(attributes.get(semconv.trigger)),
    resource: Object.fromEntries(run.resource),
    start: run.start as UnixNano,
    ...(typeof pipelineFile === 'string' && { pipelineFile: pipelineFile as Digest }),
    ...(changes !== undefined && { changes }),
    ...times(run, 'end'),
    ...(outcome !== undefined && { outcome }),
    interrupted: attributes.get(semconv.interrupted) === true,
    warnings: texts(attributes, semconv.warnings),
    tasks: childrenOf(run).filter((span) => span.attributes.has(semconv.taskId)).map((span) => taskOf(span, childrenOf, (attempt) => reported.get(attempt.spanId) ?? [])),
  };
}

function taskOf(span: OtlpSpan, childrenOf: (span: OtlpSpan) => readonly OtlpSpan[], reportedOf: (attempt: OtlpSpan) => readonly OtlpSpan[]): TaskState {
  const { attributes, links } = span;
  const attemptSpans = childrenOf(span)
    .filter((child) => child.attributes.has(semconv.attemptNumber))
    .sort((a, b) => number(a.attributes, semconv.attemptNumber) - number(b.attributes, semconv.attemptNumber));
  const skipReason = attributes.get(semconv.taskSkipReason);
  const isEarlier = typeof skipReason === 'string' && standsForEarlier(skipReason);
  const latest = isEarlier ? undefined : attemptSpans.at(-1);
  const observed = (isEarlier ? [] : attemptSpans).flatMap((attempt) => attempt.events.filter((event) => event.name === semconv.observedEvent)).at(-1);
  const phase = outcomeOf(attributes.get(semconv.cicdPipelineTaskRunResult)) ?? phaseOf(attributes.get(semconv.taskPhase));
  const failure = failureOf(span);
  const fingerprint = fingerprintOf(attributes.get(semconv.taskFingerprint));
  const owner = attributes.get(semconv.taskOwner);
  const description = attributes.get(semconv.taskDescription);
  const sources = attributes.get(semconv.taskSources);
  const inputSizes = attributes.get(semconv.taskInputSizes);
  const madeBy = links.find((link) => link.attributes.get(semconv.linkType) === semconv.linkTypeMadeBy);
  const kind = text(attributes, semconv.taskKind);
  return {
    node: {
      id: text(attributes, semconv.taskId) as TaskId,
      name: text(attributes, semconv.cicdPipelineTaskName),
      kind: kinds.includes(kind) ? (kind as TaskKind) : 'shell',
      matrix: object(attributes.get(semconv.taskMatrix)),
      dependencies: texts(attributes, semconv.taskDependencies) as readonly TaskId[],
      source: text(attributes, semconv.taskSource),
      outputs: texts(attributes, semconv.taskDeclaredOutputs),
      spanId: span.spanId as SpanId,
      ...(typeof owner === 'string' && { owner }),
      ...(typeof description === 'string' && { description }),
      tags: texts(attributes, semconv.taskTags),
    },
    phase,
    reasons: objects(attributes.get(semconv.taskReasons)).filter((reason) => typeof reason['type'] === 'string') as unknown as readonly Reason[],
    params: withPrefix(attributes, semconv.paramPrefix),
    ...(fingerprint !== undefined && { fingerprint }),
    ...times(span, 'start'),
    ...times(span, 'end'),
    attempts: attemptSpans.map((attempt) => attemptOf(attempt, childrenOf(attempt), reportedOf(attempt))),
    metrics: latest !== undefined ? metricsOf(latest.events) : isEarlier ? record() : lastMetricsOf(span),
    loggedParams: record(withPrefix(attributes, semconv.loggedParamPrefix)),
    tags: record(strings(withPrefix(attributes, semconv.tagPrefix))),
    artifacts: latest === undefined ? [] : artifactsOf(latest),
    datasets: latest === undefined ? [] : datasetsOf(latest),
    outputs: objects(attributes.get(semconv.taskOutputs)).flatMap(outputFileOf),
    ...(isJsonObject(inputSizes) && { inputSizes: inputSizes as Record<string, number> }),
    returns: record(object(attributes.get(semconv.taskReturns))),
    ...floatsOf(attributes),
    ...(observed !== undefined && { observed: observedOf(observed) }),
    ...(isJsonObject(sources) && { sources: strings(sources) as Record<string, Digest> }),
    ...(failure !== undefined && { failure }),
    ...(typeof skipReason === 'string' && { skipReason: skipReason as SkipReason }),
    ...(madeBy !== undefined && {
      madeBy: { runId: text(madeBy.attributes, semconv.linkRunId) as RunId, traceId: madeBy.traceId as TraceId, spanId: madeBy.spanId as SpanId },
    }),
    ...(attributes.has(semconv.taskBlockedBy) && { blockedBy: texts(attributes, semconv.taskBlockedBy) as readonly TaskId[] }),
  };
}

function outputFileOf({ path, digest, size, made }: JsonObject): readonly OutputFile[] {
  if (typeof path !== 'string' || typeof digest !== 'string' || typeof size !== 'number') return [];
  return [{ path, digest: digest as Digest, size, ...(isJsonObject(made) && { made: strings(made) as Record<string, Digest> }) }];
}

function attemptOf(span: OtlpSpan, children: readonly OtlpSpan[], reported: readonly OtlpSpan[]): AttemptState {
  const { attributes } = span;
  const outcome = outcomeOf(attributes.get(semconv.attemptResult));
  const exitCode = attributes.get(semconv.processExitCode);
  const signal = attributes.get(semconv.attemptSignal);
  const note = attributes.get(semconv.attemptNote);
  const failure = failureOf(span);
  const cause = text(attributes, semconv.attemptCause);
  return {
    number: number(attributes, semconv.attemptNumber),
    spanId: span.spanId as SpanId,
    cause: cause === 'retry' || cause === 'change' ? cause : 'first',
    command: texts(attributes, semconv.processCommandArgs),
    cwd: text(attributes, semconv.processWorkingDirectory),
    pid: number(attributes, semconv.processPid),
    ...(typeof note === 'string' && { note }),
    start: span.start as UnixNano,
    ...times(span, 'end'),
    ...(outcome !== undefined && outcome !== 'skip' && { outcome }),
    ...(typeof exitCode === 'number' && { exitCode }),
    ...(typeof signal === 'string' && { signal }),
    ...(failure !== undefined && { failure }),
    warned: objects(attributes.get(semconv.attemptWarnings)).map(({ category, message, file, line, count }) => ({ category: string(category), message: string(message), file: string(file), line: typeof line === 'number' ? line : 0, count: typeof count === 'number' ? count : 1 })),
    checks: objects(attributes.get(semconv.attemptChecks)).map(checkResult),
    resources: span.events.filter((event) => event.name === semconv.resourcesEvent).flatMap(resourcesOf),
    output: span.events.filter((event) => event.name === semconv.outputEvent || event.name === semconv.logEvent).map(outputOf),
    cells: children.filter((child) => child.attributes.has(semconv.cellIndex)).map(cellOf),
    spans: reported.map(reportedSpanOf).sort(byStart),
    spanCount: Math.max(number(attributes, semconv.attemptSpanCount), reported.length),
  };
}

function reportedSpanOf(span: OtlpSpan): ReportedSpan {
  const { attributes, spanId, kind, scope, events, links, status } = span;
  const resource = attributes.get(semconv.reportedResource);
  const code = status.code === 1 || status.code === 2 ? status.code : 0;
  return {
    traceId: (optionalText(attributes, semconv.reportedTraceId) ?? span.traceId) as TraceId,
    spanId: spanId as SpanId,
    parentSpanId: (optionalText(attributes, semconv.reportedParentSpanId) ?? span.parentSpanId ?? '') as SpanId,
    name: span.name,
    kind,
    start: span.start as UnixNano,
    end: span.end as UnixNano,
    attributes: asReported(attributes),
    events: events.map((event) => ({ name: event.name, time: event.time as UnixNano, attributes: asReported(event.attributes) })),
    links: links.map((link) => ({ traceId: link.traceId as TraceId, spanId: link.spanId as SpanId, attributes: asReported(link.attributes) })),
    status: { code, ...(status.message !== '' && { message: status.message }) },
    ...(scope.name !== '' && scope.name !== ownScope && { scope: { name: scope.name, ...(scope.version !== '' && { version: scope.version }) } }),
    ...(isJsonObject(resource) && { resource }),
  };
}

function asReported(attributes: AttributeMap): JsonObject {
  const own = [...attributes].filter(([name]) => !name.startsWith(semconv.reservedPrefix));
  return { ...Object.fromEntries(own), ...object(attributes.get(semconv.reportedAttributes)) };
}

function outputOf({ name, attributes, time }: OtlpEvent): OutputChunk {
  if (name === semconv.logEvent) {
    const log = logOf(attributes, time as UnixNano);
    return { time: time as UnixNano, stream: 'stderr', text: logText(log), log };
  }
  return { time: time as UnixNano, stream: attributes.get(semconv.outputStream) === 'stderr' ? 'stderr' : 'stdout', text: text(attributes, semconv.outputText) };
}

function resourcesOf({ attributes, time }: OtlpEvent): readonly ResourcePoint[] {
  const columns = resourceColumns.map((name) => [name, list(attributes.get(semconv.resourcesPrefix + name))] as const);
  return list(attributes.get(semconv.resourcesTimes)).map((offset, index) => {
    const at = typeof offset === 'number' && Number.isSafeInteger(offset) ? BigInt(time) + BigInt(offset) : BigInt(time);
    const point: Mutable<ResourcePoint> = { cpu: 0, memory: 0, read: 0, written: 0, time: String(at) as UnixNano };
    for (const [name, values] of columns) {
      const value = values[index];
      if (typeof value === 'number') point[name] = value;
    }
    return point;
  });
}

function logOf(attributes: AttributeMap, time: UnixNano): ReportedLog {
  const severityText = optionalText(attributes, semconv.logSeverityText);
  const traceId = optionalText(attributes, semconv.logTraceId);
  const spanId = optionalText(attributes, semconv.logSpanId);
  const scope = optionalText(attributes, semconv.logScope);
  const resource = attributes.get(semconv.logResource);
  return {
    time,
    severityNumber: number(attributes, semconv.logSeverityNumber),
    ...(severityText !== undefined && { severityText }),
    body: attributes.get(semconv.logBody) ?? null,
    attributes: object(attributes.get(semconv.logAttributes)),
    ...(traceId !== undefined && { traceId: traceId as TraceId }),
    ...(spanId !== undefined && { spanId: spanId as SpanId }),
    ...(scope !== undefined && { scope }),
    ...(isJsonObject(resource) && { resource }),
  };
}

function datasetsOf(span: OtlpSpan): readonly Dataset[] {
  return span.events
    .filter((event) => event.name === semconv.datasetEvent)
    .map(({ attributes }) => {
      const context = optionalText(attributes, semconv.datasetContext);
      const sourceType = optionalText(attributes, semconv.datasetSourceType);
      const [source, schema, profile] = [semconv.datasetSource, semconv.datasetSchema, semconv.datasetProfile].map((name) => attributes.get(name));
      return {
        name: text(attributes, semconv.datasetName),
        digest: text(attributes, semconv.datasetDigest),
        ...(context !== undefined && { context }),
        ...(sourceType !== undefined && { sourceType }),
        ...(source !== undefined && { source }),
        ...(schema !== undefined && { schema }),
        ...(profile !== undefined && { profile }),
      };
    });
}

function cellOf(span: OtlpSpan): CellState {
  const status = text(span.attributes, semconv.cellStatus);
  const source = span.attributes.get(semconv.cellSource);
  const outputs = span.attributes.get(semconv.cellOutputs);
  return {
    index: number(span.attributes, semconv.cellIndex),
    status: status === 'success' || status === 'failure' ? status : 'running',
    label: text(span.attributes, semconv.cellLabel),
    start: span.start as UnixNano,
    ...times(span, 'end'),
    ...(typeof source === 'string' && { source }),
    ...(outputs !== undefined && { outputs: objects(outputs) }),
  };
}

function metricsOf(events: readonly OtlpEvent[]): TaskState['metrics'] {
  const metrics = record<GrowingSeries>();
  for (const { name, time, attributes } of events) {
    if (name !== semconv.metricsEvent) continue;
    const series = (metrics[text(attributes, semconv.metricsName)] ??= newSeries(time as UnixNano));
    const base = nanosecondsSince(series.start, time as UnixNano);
    const values = column(attributes, semconv.metricsValues, 0);
    const times = column(attributes, semconv.metricsTimes, values.length);
    const steps = column(attributes, semconv.metricsSteps, values.length);
    const details = list(attributes.get(semconv.metricsDetails));
    for (const [index, value] of values.entries()) {
      if (!isMetricValue(value)) continue;
      const offset = times[index];
      const step = steps[index];
      const detail = details[index];
      addPoint(series, base + (typeof offset === 'number' && Number.isFinite(offset) ? offset : 0), jsonNumber(value), typeof step === 'number' && !Number.isNaN(step) ? step : null, isJsonObject(detail) ? detail : undefined);
    }
  }
  return metrics;
}

/** A list, or a packed one. */
function column(attributes: AttributeMap, name: string, length: number): readonly Json[] {
  const value = attributes.get(name);
  return typeof value === 'string' ? (unpack(value, length) ?? []) : list(value);
}

function jsonNumber(value: MetricValue): MetricValue {
  return typeof value === 'number' && !Number.isFinite(value) ? (String(value) as MetricValue) : value;
}

/** The last point of each metric and what is said of all: what a task span has of them. */
function lastMetricsOf({ attributes, end }: OtlpSpan): TaskState['metrics'] {
  const metrics = record<MetricSeries>();
  const summaries = object(attributes.get(semconv.metricSummaries));
  for (const [name, value] of Object.entries(withPrefix(attributes, semconv.metricPrefix))) {
    if (!isMetricValue(value)) continue;
    const series = newSeries(end as UnixNano);
    addPoint(series, 0, value, undefined);
    const { count, finite, min, max, mean } = object(Object.hasOwn(summaries, name) ? summaries[name] : undefined);
    metrics[name] = {
      ...series,
      ...(typeof count === 'number' && { count }),
      ...(typeof finite === 'number' && { finite }),
      ...(typeof min === 'number' && { min }),
      ...(typeof max === 'number' && { max }),
      ...(typeof mean === 'number' && { mean }),
    };
  }
  return metrics;
}

function isMetricValue(value: Json): value is MetricValue {
  return typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}

function artifactsOf(span: OtlpSpan): readonly ArtifactState[] {
  return span.events.filter((event) => event.name === semconv.artifactEvent).map(({ attributes, time }) => ({
    name: text(attributes, semconv.artifactFilename),
    mediaType: text(attributes, semconv.artifactMediaType),
    size: number(attributes, semconv.artifactSize),
    digest: text(attributes, semconv.artifactDigest) as Digest,
    content: contentOf(attributes),
    time: time as UnixNano,
    attempt: number(span.attributes, semconv.attemptNumber),
  }));
}

function contentOf(attributes: AttributeMap): ArtifactContent {
  const content = text(attributes, semconv.artifactContent);
  switch (attributes.get(semconv.artifactContentType)) {
    case 'utf8':
      return { type: 'utf8', text: content };
    case 'base64':
      return { type: 'base64', data: content };
    default:
      return { type: 'reference' };
  }
}

function observedOf({ attributes }: OtlpEvent): NonNullable<TaskState['observed']> {
  return {
    modules: texts(attributes, semconv.observedModules),
    read: texts(attributes, semconv.observedRead),
    written: texts(attributes, semconv.observedWritten),
    packages: strings(object(attributes.get(semconv.observedPackages))),
  };
}

function failureOf(span: OtlpSpan): RecordedFailure | undefined {
  const event = span.events.find((candidate) => candidate.name === semconv.exceptionEvent);
  if (event === undefined) return undefined;
  const stacktrace = event.attributes.get(semconv.exceptionStacktrace);
  const frames = event.attributes.get(semconv.exceptionFrames);
  return {
    type: text(event.attributes, semconv.exceptionType),
    message: text(event.attributes, semconv.exceptionMessage),
    ...(typeof stacktrace === 'string' && { stacktrace }),
    ...(Array.isArray(frames) && {
      frames: objects(frames).map((frame) => ({ file: string(frame['file']), line: typeof frame['line'] === 'number' ? frame['line'] : 0, function: string(frame['function']) })),
    }),
  };
}

function floatsOf(attributes: OtlpSpan['attributes']): Pick<TaskState, 'floats'> {
  const floats = attributes.get(semconv.wholeFloats);
  return isJsonObject(floats) ? { floats } : {};
}

const fingerprintTables = ['definitionParts', 'params', 'sources', 'inputs', 'upstream', 'env'] satisfies readonly (keyof Fingerprint)[];

function fingerprintOf(value: Json | undefined): Fingerprint | undefined {
  if (!isJsonObject(value) || typeof value['definition'] !== 'string' || typeof value['interpreter'] !== 'string') return undefined;
  // Earlier records have none of these.
  if ([value['packages'], value['lookups'], value['listings']].some((table) => table !== undefined && !isJsonObject(table))) return undefined;
  if ([value['moving'], value['own']].some((list) => list !== undefined && !Array.isArray(list))) return undefined;
  return fingerprintTables.every((table) => isJsonObject(value[table])) ? (value as unknown as Fingerprint) : undefined;
}

function changesOf(value: Json | undefined): TreeChanges | undefined {
  if (!isJsonObject(value)) return undefined;
  const { diff, size, truncated, untracked, untrackedCount } = value;
  return {
    ...(typeof diff === 'string' && { diff: diff as Digest }),
    size: typeof size === 'number' ? size : 0,
    truncated: truncated === true,
    untracked: list(untracked).filter((file) => typeof file === 'string'),
    untrackedCount: typeof untrackedCount === 'number' ? untrackedCount : 0,
  };
}

function triggerOf(value: Json | undefined): Trigger {
  const trigger = object(value);
  if (trigger['type'] === 'change') {
    return { type: 'change', files: list(trigger['files']).filter((file) => typeof file === 'string'), count: typeof trigger['count'] === 'number' ? trigger['count'] : 0 };
  }
  return { type: 'manual', tasks: list(trigger['tasks']).filter((task) => typeof task === 'string') };
}

function times(span: OtlpSpan, name: 'start'): { readonly start?: UnixNano };
function times(span: OtlpSpan, name: 'end'): { readonly end?: UnixNano };
function times(span: OtlpSpan, name: 'start' | 'end'): object {
  return texts(span.attributes, semconv.unsetTimes).includes(name) ? {} : { [name]: span[name] };
}

function outcomeOf(value: Json | undefined): Outcome | undefined {
  return typeof value === 'string' && outcomes.includes(value) ? (value as Outcome) : undefined;
}

function phaseOf(value: Json | undefined): TaskPhase {
  return typeof value === 'string' && unfinishedPhases.includes(value) ? (value as TaskPhase) : 'pending';
}

/** Without a prototype, as the fold makes them: names come from tasks. */
function record<T>(entries: Readonly<Record<string, T>> = {}): Mutable<Record<string, T>> {
  return Object.assign(Object.create(null) as Record<string, T>, entries);
}

function withPrefix(attributes: AttributeMap, prefix: string): JsonObject {
  const entries: [string, Json][] = [];
  for (const [name, value] of attributes) if (name.startsWith(prefix)) entries.push([name.slice(prefix.length), value]);
  return Object.fromEntries(entries);
}

function checkResult({ type, check, outcome, found }: JsonObject): CheckResult {
  return { type: type === 'before' || type === 'after' ? type : 'condition', check: string(check), outcome: outcome === 'success' ? outcome : 'failure', ...(typeof found === 'string' && { found }) };
}

function strings(values: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, string(value)]));
}

function text(attributes: AttributeMap, name: string): string {
  return string(attributes.get(name));
}

function optionalText(attributes: AttributeMap, name: string): string | undefined {
  const value = attributes.get(name);
  return typeof value === 'string' ? value : undefined;
}

function string(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function number(attributes: AttributeMap, name: string): number {
  const value = attributes.get(name);
  return typeof value === 'number' ? value : 0;
}

function texts(attributes: AttributeMap, name: string): readonly string[] {
  return list(attributes.get(name)).filter((item) => typeof item === 'string');
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function object(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return list(value).filter((item) => isJsonObject(item));
}
