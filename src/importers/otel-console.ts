/**
 * What the console exporters of the OpenTelemetry SDKs print: Python's `to_json`, Go's `stdouttrace`, and the objects
 * that the exporter for JavaScript prints (see `inspected-text.ts`).
 */
import type { Json, JsonObject } from '../model/json.ts';
import type { ReportedLog } from '../model/reported.ts';
import type { SpanId, TraceId } from '../model/run-event.ts';
import type { UnixNano } from '../model/time.ts';
import { later, timeOfIso, timeOfNumber } from './foreign-time.ts';
import type { ForeignSignals, ForeignSpan } from './foreign-trace.ts';
import { listOf, objectOf, present, textOf, without } from './json-value.ts';

const zero = '0' as UnixNano;

export function isPythonSpan(value: Json): boolean {
  const { context, start_time: start } = objectOf(value);
  return typeof objectOf(context)['trace_id'] === 'string' && typeof start === 'string';
}

/** A log record is known by its severity; what it says may be anything. */
export function isConsoleSignal(value: Json): boolean {
  const fields = objectOf(value);
  return isPythonSpan(value) || isGoSpan(fields) || isJavaScriptSpan(fields) || isPythonLog(fields);
}

function isGoSpan(fields: JsonObject): boolean {
  return typeof objectOf(fields['SpanContext'])['TraceID'] === 'string';
}

function isJavaScriptSpan(fields: JsonObject): boolean {
  return typeof fields['traceId'] === 'string' && typeof fields['id'] === 'string' && typeof fields['timestamp'] === 'number';
}

function isPythonLog(fields: JsonObject): boolean {
  return 'body' in fields && 'severity_number' in fields;
}

export function signalsOfConsole(values: readonly Json[]): ForeignSignals {
  const spans: ForeignSpan[] = [];
  const logs: ReportedLog[] = [];
  for (const value of values) {
    const fields = objectOf(value);
    if (isPythonSpan(value)) spans.push(pythonSpan(fields));
    else if (isGoSpan(fields)) spans.push(goSpan(fields));
    else if (isJavaScriptSpan(fields)) spans.push(javaScriptSpan(fields));
    else if (isPythonLog(fields)) logs.push(pythonLog(fields));
  }
  return { spans, logs, metrics: [] };
}

const id = (value: unknown): string => (textOf(value) ?? '').replace(/^0x/, '').toLowerCase();

/** https://github.com/open-telemetry/opentelemetry-python: `ReadableSpan.to_json`. Early versions have no `attributes` in the resource. */
export function pythonSpan(fields: JsonObject): ForeignSpan {
  const context = objectOf(fields['context']);
  const parent = id(fields['parent_id']);
  const start = timeOfIso(fields['start_time']) ?? zero;
  const { status_code: code, description } = objectOf(fields['status']);
  const kind = ['INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].indexOf((textOf(fields['kind']) ?? '').replace('SpanKind.', '')) + 1;
  return {
    traceId: id(context['trace_id']),
    spanId: id(context['span_id']),
    ...(parent !== '' && { parentSpanId: parent }),
    name: textOf(fields['name']) ?? '',
    kind,
    start,
    end: timeOfIso(fields['end_time']) ?? start,
    attributes: { ...objectOf(fields['attributes']), ...without(present(fields), ['name', 'context', 'parent_id', 'kind', 'start_time', 'end_time', 'status', 'attributes', 'events', 'links', 'resource']), ...traceState(textOf(context['trace_state'])) },
    events: listOf(fields['events']).map(objectOf).map((event) => ({ name: textOf(event['name']) ?? '', time: timeOfIso(event['timestamp']) ?? start, attributes: objectOf(event['attributes']) })),
    links: listOf(fields['links']).map(objectOf).map((link) => ({ traceId: id(objectOf(link['context'])['trace_id']), spanId: id(objectOf(link['context'])['span_id']), attributes: objectOf(link['attributes']) })),
    status: status(textOf(code), textOf(description)),
    resource: resourceOf(fields['resource']),
  };
}

function traceState(text: string | undefined): JsonObject {
  return text === undefined || text === '[]' || text === '{}' ? {} : { trace_state: text };
}

function resourceOf(resource: Json | undefined): JsonObject {
  const fields = objectOf(resource);
  return typeof fields['attributes'] === 'object' ? objectOf(fields['attributes']) : fields;
}

function status(code: string | undefined, message: string | undefined): ForeignSpan['status'] {
  const word = (code ?? '').replace('StatusCode.', '').toUpperCase();
  return { code: word === 'ERROR' ? 2 : word === 'OK' ? 1 : 0, ...(message !== undefined && { message }) };
}

function pythonLog(fields: JsonObject): ReportedLog {
  const severityNumber = Number(/\d+/.exec(JSON.stringify(fields['severity_number']))?.[0] ?? 0);
  const severityText = textOf(fields['severity_text']);
  const traceId = id(fields['trace_id']);
  const spanId = id(fields['span_id']);
  const resource = resourceOf(fields['resource']);
  return {
    time: timeOfIso(fields['timestamp']) ?? timeOfIso(fields['observed_timestamp']) ?? zero,
    severityNumber,
    ...(severityText !== undefined && { severityText }),
    body: fields['body'] ?? '',
    attributes: { ...objectOf(fields['attributes']), ...without(present(fields), ['body', 'severity_number', 'severity_text', 'attributes', 'timestamp', 'observed_timestamp', 'trace_id', 'span_id', 'resource']) },
    ...(/^[0-9a-f]{32}$/.test(traceId) && { traceId: traceId as TraceId }),
    ...(/^[0-9a-f]{16}$/.test(spanId) && { spanId: spanId as SpanId }),
    ...(Object.keys(resource).length > 0 && { resource }),
  };
}

/** `stdouttrace`: attributes are lists of `{Key, Value: {Type, Value}}`. */
function goSpan(fields: JsonObject): ForeignSpan {
  const parent = id(objectOf(fields['Parent'])['SpanID']);
  const start = timeOfIso(fields['StartTime']) ?? zero;
  const scope = objectOf(fields['InstrumentationScope'] ?? fields['InstrumentationLibrary']);
  const { Code: code, Description: description } = objectOf(fields['Status']);
  const context = objectOf(fields['SpanContext']);
  const version = textOf(scope['Version']);
  return {
    traceId: id(context['TraceID']),
    spanId: id(context['SpanID']),
    ...(!/^0*$/.test(parent) && { parentSpanId: parent }),
    name: textOf(fields['Name']) ?? '',
    kind: typeof fields['SpanKind'] === 'number' && fields['SpanKind'] >= 0 && fields['SpanKind'] <= 5 ? fields['SpanKind'] : 0,
    start,
    end: timeOfIso(fields['EndTime']) ?? start,
    attributes: goAttributes(fields['Attributes']),
    events: listOf(fields['Events']).map(objectOf).map((event) => ({ name: textOf(event['Name']) ?? '', time: timeOfIso(event['Time']) ?? start, attributes: goAttributes(event['Attributes']) })),
    links: listOf(fields['Links']).map(objectOf).map((link) => ({ traceId: id(objectOf(link['SpanContext'])['TraceID']), spanId: id(objectOf(link['SpanContext'])['SpanID']), attributes: goAttributes(link['Attributes']) })),
    status: status(textOf(code), textOf(description)),
    scope: { name: textOf(scope['Name']) ?? '', ...(version !== undefined && { version }) },
    resource: goAttributes(fields['Resource']),
  };
}

function goAttributes(list: Json | undefined): JsonObject {
  return Object.fromEntries(listOf(list).map(objectOf).flatMap((entry) => (typeof entry['Key'] === 'string' ? [[entry['Key'], objectOf(entry['Value'])['Value'] ?? null]] : [])));
}

/** `ConsoleSpanExporter._exportInfo`: times in microseconds. */
function javaScriptSpan(fields: JsonObject): ForeignSpan {
  const start = timeOfNumber(fields['timestamp'], 1000) ?? zero;
  const parent = textOf(objectOf(fields['parentSpanContext'])['spanId']) ?? textOf(fields['parentId']);
  const { code, message } = objectOf(fields['status']);
  const scope = objectOf(fields['instrumentationScope']);
  const version = textOf(scope['version']);
  const text = textOf(message);
  return {
    traceId: id(fields['traceId']),
    spanId: id(fields['id']),
    ...(parent !== undefined && { parentSpanId: id(parent) }),
    name: textOf(fields['name']) ?? '',
    // The SDK for JavaScript counts from 0, OTLP from 1.
    kind: typeof fields['kind'] === 'number' && fields['kind'] >= 0 && fields['kind'] <= 4 ? fields['kind'] + 1 : 0,
    start,
    end: later(start, typeof fields['duration'] === 'number' && Number.isFinite(fields['duration']) ? fields['duration'] * 1000 : 0),
    attributes: objectOf(fields['attributes']),
    events: listOf(fields['events']).map(objectOf).map((event) => {
      const [seconds, nanos] = listOf(event['time']);
      return { name: textOf(event['name']) ?? '', time: later(timeOfNumber(seconds, 1_000_000_000) ?? start, typeof nanos === 'number' ? nanos : 0), attributes: objectOf(event['attributes']) };
    }),
    links: listOf(fields['links']).map(objectOf).map((link) => ({ traceId: id(objectOf(link['context'])['traceId']), spanId: id(objectOf(link['context'])['spanId']), attributes: objectOf(link['attributes']) })),
    status: { code: code === 2 ? 2 : code === 1 ? 1 : 0, ...(text !== undefined && { message: text }) },
    scope: { name: textOf(scope['name']) ?? '', ...(version !== undefined && { version }) },
    resource: objectOf(objectOf(fields['resource'])['attributes']),
  };
}
