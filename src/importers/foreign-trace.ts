/**
 * Spans of any tool as runs. A trace whose spans say that they are tasks (`cicd.pipeline.task.name`) is a run with
 * these tasks; all other spans of a source together are one run of the shape `trace`, which opens as a trace unless
 * logs or metrics came with it.
 */
import type { Json, JsonObject } from '../model/json.ts';
import type { ReportedLog, ReportedSpan } from '../model/reported.ts';
import type { Outcome, RecordedFailure, SpanId, TraceId } from '../model/run-event.ts';
import * as semconv from '../model/semantic-conventions.ts';
import type { UnixNano } from '../model/time.ts';
import { earliest, latest } from './foreign-time.ts';
import { hash, hexId, importedRun, worstOutcome, type AttemptDraft, type TaskDraft, type Told } from './run-draft.ts';
import { groupBy } from '../model/group-by.ts';
import { textOf } from './json-value.ts';
import type { ImportedRun, ImportFormat } from './source.ts';

export interface ForeignSpan extends Omit<ReportedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'links' | 'resource'> {
  /** As the source has them; they need not be hexadecimal. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: JsonObject }[];
  readonly resource: JsonObject;
}

export interface ForeignSignals {
  readonly spans: readonly ForeignSpan[];
  readonly logs: readonly ReportedLog[];
  readonly metrics: readonly Extract<Told, { readonly type: 'metric' }>[];
}

const outcomes: readonly string[] = ['success', 'failure', 'error', 'timeout', 'cancellation'] satisfies readonly Outcome[];

export function runsOfSignals(format: ImportFormat, source: string, signals: ForeignSignals): readonly ImportedRun[] {
  const traces = groupBy(signals.spans, (span) => span.traceId);
  const pipelines: ImportedRun[] = [];
  const rest: ForeignSpan[] = [];
  for (const [traceId, spans] of traces) {
    if (spans.some(isTask)) pipelines.push(pipelineRun(format, source, traceId, spans, signals.logs));
    else rest.push(...spans);
  }
  const ids = new Set(rest.map((span) => hexId(span.traceId, 32, span.traceId)));
  const logs = pipelines.length === 0 ? signals.logs : signals.logs.filter((log) => log.traceId === undefined || ids.has(log.traceId));
  if (rest.length + logs.length + signals.metrics.length === 0) return pipelines;
  return [...pipelines, traceRun(format, source, { spans: rest, logs, metrics: signals.metrics })];
}

function traceRun(format: ImportFormat, source: string, { spans, logs, metrics }: ForeignSignals): ImportedRun {
  const parents = new Set(spans.map((span) => span.spanId));
  const root = spans.find((span) => span.parentSpanId === undefined || !parents.has(span.parentSpanId)) ?? spans[0];
  const times = [...spans.map((span) => span.start), ...logs.map((log) => log.time), ...metrics.map((metric) => metric.time)];
  const start = earliest(times) ?? ('0' as UnixNano);
  const resource = spans[0]?.resource ?? {};
  return runOfTrace({
    format,
    source,
    identity: hash([...new Set(spans.map((span) => `${span.traceId}/${span.spanId}/${span.start}/${span.name}`))].sort().join(' ') + (spans.length === 0 ? JSON.stringify([logs, metrics]) : ''), 32),
    root,
    resource,
    start,
    end: latest([...spans.map((span) => span.end), ...times]) ?? start,
    // A trace's view has no place for logs and metrics; the task's has for all three.
    shape: logs.length + metrics.length === 0 ? 'trace' : 'task',
    told: [...spans.map((span): Told => reported(span, resource)), ...logs.map((log): Told => ({ type: 'log', time: log.time, log })), ...metrics],
  });
}

export interface TraceDraft {
  readonly format: ImportFormat;
  readonly source: string;
  readonly identity: string;
  readonly root: ForeignSpan | undefined;
  /** Of the first span: what it has in common with others is told once. */
  readonly resource: JsonObject;
  readonly start: UnixNano;
  readonly end: UnixNano;
  /** Opens as a trace, or as the run with one task that it is. */
  readonly shape: 'trace' | 'task';
  readonly told: readonly Told[];
}

/** A run with the one task that told all spans. */
export function runOfTrace({ format, source, identity, root, resource, start, end, shape, told }: TraceDraft): ImportedRun {
  const service = textOf(root?.resource[semconv.serviceName]);
  const title = [service, root?.name].filter((part) => part !== undefined && part !== '').join(': ');
  const outcome = root?.status.code === 2 ? 'failure' : 'success';
  const attempt: AttemptDraft = { start, end, outcome, ...failureOf(root), told };
  return importedRun({
    format,
    source,
    identity,
    pipeline: title === '' ? (source.split('/').at(-1) ?? source) : title,
    ...(root !== undefined && { traceId: root.traceId }),
    start,
    end,
    outcome,
    resource: { ...foreignNames(resource), ...(shape === 'trace' && { [semconv.importShape]: 'trace' }) },
    tasks: [{ key: 'trace', name: 'trace', needs: [], attempts: [attempt] }],
  });
}

function pipelineRun(format: ImportFormat, source: string, traceId: string, spans: readonly ForeignSpan[], logs: readonly ReportedLog[]): ImportedRun {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const taskOf = (span: ForeignSpan): ForeignSpan | undefined => {
    let at: ForeignSpan | undefined = span;
    for (let steps = 0; at !== undefined && steps < 1000; steps += 1) {
      if (isTask(at)) return at;
      at = at.parentSpanId === undefined ? undefined : byId.get(at.parentSpanId);
    }
    return undefined;
  };
  const run = spans.find((span) => span.attributes[semconv.cicdPipelineName] !== undefined && !isTask(span)) ?? spans.find((span) => span.parentSpanId === undefined && !isTask(span)) ?? spans[0];
  const resource = run?.resource ?? {};
  const inside = groupBy(spans.filter((span) => span !== run && !isTask(span)), (span) => taskOf(span)?.spanId ?? '');
  const trace = hexId(traceId, 32, traceId);
  const tasks = spans.filter(isTask).map((span): TaskDraft => {
    const within = inside.get(span.spanId) ?? [];
    const ids = new Set([span, ...within].map((each) => hexId(each.spanId, 16, each.spanId)));
    const told: readonly Told[] = [
      ...attributesTold(span.attributes, span.end),
      // Its own events, links and attributes are on no span of ours.
      ...[span, ...within].filter((each) => each !== span || span.events.length > 0).map((each) => reported(each, resource)),
      ...logs.filter((log) => log.traceId === trace && log.spanId !== undefined && ids.has(log.spanId)).map((log): Told => ({ type: 'log', time: log.time, log })),
    ];
    return {
      key: span.spanId,
      name: textOf(span.attributes[semconv.cicdPipelineTaskName]) ?? span.name,
      needs: span.links.flatMap((link) => (isTask(byId.get(link.spanId)) ? [link.spanId] : [])),
      spanId: hash(`${trace}/${span.spanId}/task`, 16),
      attempts: [{ start: span.start, end: span.end, outcome: outcomeOf(span, semconv.cicdPipelineTaskRunResult), ...failureOf(span), told }],
    };
  });
  const loose = inside.get('') ?? [];
  const start = earliest(spans.map((span) => span.start)) ?? ('0' as UnixNano);
  const end = latest(spans.map((span) => span.end)) ?? start;
  const own = run === undefined || isTask(run) ? {} : run.attributes;
  const rest: readonly TaskDraft[] = loose.length === 0 ? [] : [{ key: '', name: 'other spans', needs: [], attempts: [{ start, end, outcome: 'success', told: loose.map((span) => reported(span, resource)) }] }];
  const outcome = run === undefined || isTask(run) ? worstOutcome(tasks) : outcomeOf(run, semconv.cicdPipelineResult);
  const name = textOf(own[semconv.cicdPipelineName]) ?? textOf(resource[semconv.cicdPipelineName]) ?? textOf(spans.find(isTask)?.attributes[semconv.cicdPipelineName]) ?? run?.name ?? traceId;
  return importedRun({ format, source, identity: `${traceId}/${start}`, pipeline: name, traceId, start, end, outcome, resource: { ...foreignNames(resource), ...foreignNames(own) }, tasks: [...tasks, ...rest] });
}

function isTask(span: ForeignSpan | undefined): boolean {
  return typeof span?.attributes[semconv.cicdPipelineTaskName] === 'string';
}

function outcomeOf(span: ForeignSpan, name: string): Exclude<Outcome, 'skip'> {
  const result = span.attributes[name];
  if (typeof result === 'string' && outcomes.includes(result)) return result as Exclude<Outcome, 'skip'>;
  return span.status.code === 2 ? 'failure' : 'success';
}

/** The exception that a span tells of, by the conventions for exceptions. */
export function failureOf(span: ForeignSpan | undefined): { readonly failure?: RecordedFailure } {
  if (span?.status.code !== 2) return {};
  const exception = span.events.find((event) => event.name === semconv.exceptionEvent)?.attributes;
  const stacktrace = textOf(exception?.[semconv.exceptionStacktrace]);
  const message = textOf(exception?.[semconv.exceptionMessage]) ?? span.status.message ?? '';
  return { failure: { type: textOf(exception?.[semconv.exceptionType]) ?? 'error', message, ...(stacktrace !== undefined && { stacktrace }) } };
}

/** Attributes of a span that a task of ours has no place for. */
function attributesTold(attributes: JsonObject, time: UnixNano): readonly Told[] {
  return Object.entries(attributes).map(([name, value]): Told => ({ type: 'tag', time, name, value: typeof value === 'string' ? value : JSON.stringify(value) }));
}

/** A foreign attribute must not pass for one of ours. */
export function foreignNames(attributes: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]): [string, Json] => [name.startsWith(semconv.reservedPrefix) ? `foreign.${name}` : name, value]));
}

/** `common`: the attributes of the run's own resource, which need not be told with each span. */
export function reported(span: ForeignSpan, common: JsonObject): Told {
  const traceId = hexId(span.traceId, 32, span.traceId) as TraceId;
  const spanId = hexId(span.spanId, 16, `${span.traceId}/${span.spanId}/${span.name}/${span.start}`) as SpanId;
  const resource = Object.fromEntries(Object.entries(span.resource).filter(([name, value]) => JSON.stringify(common[name]) !== JSON.stringify(value)));
  const original: JsonObject = { ...(!isHex(span.spanId) && span.spanId !== '' && { 'import.span_id': span.spanId }), ...(!isHex(span.traceId) && span.traceId !== '' && { 'import.trace_id': span.traceId }) };
  const body: ReportedSpan = {
    traceId,
    spanId,
    // Of itself: there is none, and it hangs below the attempt.
    parentSpanId: (span.parentSpanId === undefined ? spanId : hexId(span.parentSpanId, 16, span.parentSpanId)) as SpanId,
    name: span.name,
    kind: span.kind,
    start: span.start,
    end: BigInt(span.end) < BigInt(span.start) ? span.start : span.end,
    attributes: { ...span.attributes, ...original },
    events: span.events,
    links: span.links.map((link) => ({ traceId: hexId(link.traceId, 32, link.traceId) as TraceId, spanId: hexId(link.spanId, 16, link.spanId) as SpanId, attributes: link.attributes })),
    status: span.status,
    ...(span.scope !== undefined && span.scope.name !== '' && { scope: span.scope }),
    ...(Object.keys(resource).length > 0 && { resource }),
  };
  return { type: 'span', time: body.end, span: body };
}

function isHex(id: string): boolean {
  return /^(0x)?[0-9a-f]+$/i.test(id) && id.length <= 34;
}
