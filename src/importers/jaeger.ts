/** Traces as Jaeger's UI downloads them (`{traceID, spans, processes}`) and its API gives them (`{data: [...]}`). */
import type { Json, JsonObject } from '../model/json.ts';
import type { UnixNano } from '../model/time.ts';
import { later, timeOfNumber } from './foreign-time.ts';
import type { ForeignSignals, ForeignSpan } from './foreign-trace.ts';
import { listOf, objectOf, present, textOf, without } from './json-value.ts';

const kinds = ['internal', 'server', 'client', 'producer', 'consumer'];

/** The traces in a document; none where it is not of Jaeger. */
export function jaegerTraces(document: Json): readonly JsonObject[] {
  const held = objectOf(document)['data'] ?? document;
  const list = Array.isArray(held) ? listOf(held) : [held];
  return list.map(objectOf).filter((trace) => typeof trace['traceID'] === 'string' && Array.isArray(trace['spans']) && typeof trace['processes'] === 'object');
}

export function signalsOfJaeger(traces: readonly JsonObject[]): ForeignSignals {
  return { spans: traces.flatMap((trace) => listOf(trace['spans']).map(objectOf).map((span) => foreignSpan(span, trace))), logs: [], metrics: [] };
}

function foreignSpan(span: JsonObject, trace: JsonObject): ForeignSpan {
  const traceId = textOf(span['traceID']) ?? textOf(trace['traceID']) ?? '';
  const process = objectOf(objectOf(trace['processes'])[textOf(span['processID']) ?? ''] ?? span['process']);
  const { 'span.kind': kind, error, 'otel.status_code': code, 'otel.status_description': message, 'otel.scope.name': scope, 'otel.scope.version': version, ...attributes } = tagsOf(span['tags']);
  const references = listOf(span['references']).map(objectOf);
  const parent = references.find((reference) => reference['refType'] === 'CHILD_OF' && (reference['traceID'] ?? traceId) === traceId) ?? references.find((reference) => reference['refType'] === 'FOLLOWS_FROM' && (reference['traceID'] ?? traceId) === traceId);
  const parentSpanId = textOf(parent?.['spanID']) ?? textOf(span['parentSpanID']);
  // Some exporters write tags of the type bool as text.
  const failed = error === true || error === 'true' || code === 'ERROR';
  const start = timeOfNumber(span['startTime'], 1000) ?? ('0' as UnixNano);
  const description = textOf(message);
  const scopeName = textOf(scope);
  const scopeVersion = textOf(version);
  return {
    traceId,
    spanId: textOf(span['spanID']) ?? '',
    ...(parentSpanId !== undefined && { parentSpanId }),
    name: textOf(span['operationName']) ?? '',
    kind: kinds.indexOf(textOf(kind) ?? '') + 1,
    start,
    end: later(start, typeof span['duration'] === 'number' && Number.isFinite(span['duration']) ? span['duration'] * 1000 : 0),
    attributes: {
      ...attributes,
      ...(error !== undefined && !failed && { error }),
      ...prefixed('jaeger.', without(present(span), ['traceID', 'spanID', 'parentSpanID', 'operationName', 'references', 'startTime', 'duration', 'tags', 'logs', 'processID', 'process', 'flags'])),
    },
    events: listOf(span['logs']).map(objectOf).map((log) => {
      const { event, ...fields } = tagsOf(log['fields']);
      return { name: textOf(event) ?? 'log', time: timeOfNumber(log['timestamp'], 1000) ?? start, attributes: fields };
    }),
    links: references.filter((reference) => reference !== parent).map((reference) => ({ traceId: textOf(reference['traceID']) ?? traceId, spanId: textOf(reference['spanID']) ?? '', attributes: present({ 'jaeger.ref_type': reference['refType'] }) })),
    status: { code: failed ? 2 : code === 'OK' ? 1 : 0, ...(description !== undefined && { message: description }) },
    ...(scopeName !== undefined && { scope: { name: scopeName, ...(scopeVersion !== undefined && { version: scopeVersion }) } }),
    resource: { ...tagsOf(process['tags']), ...present({ 'service.name': process['serviceName'] }) },
  };
}

function tagsOf(list: Json | undefined): JsonObject {
  return Object.fromEntries(listOf(list).map(objectOf).flatMap((tag) => (typeof tag['key'] === 'string' ? [[tag['key'], tag['value'] ?? null]] : [])));
}

function prefixed(prefix: string, object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [prefix + name, value]));
}
