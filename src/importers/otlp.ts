/** OTLP/JSON documents of any tool: traces, logs and metrics. */
import type { Json, JsonObject } from '../model/json.ts';
import { attributesOf, isOtlpDocument, spansOf, valueOf, type OtlpSpan } from '../model/otlp-json.ts';
import { seriesName, type ReportedLog } from '../model/reported.ts';
import type { SpanId, TraceId } from '../model/run-event.ts';
import { timeOfNumber } from './foreign-time.ts';
import type { ForeignSignals, ForeignSpan } from './foreign-trace.ts';
import { listOf, metricOf, objectOf, present, textOf, without } from './json-value.ts';
import type { Told } from './run-draft.ts';
import type { UnixNano } from '../model/time.ts';

export { isOtlpDocument };

export function signalsOfOtlp(documents: readonly Json[]): ForeignSignals {
  return { spans: documents.flatMap((document) => [...spansOf(document)].map(foreignSpan)), logs: documents.flatMap(logsOf), metrics: documents.flatMap(metricsOf) };
}

export function foreignSpan(span: OtlpSpan): ForeignSpan {
  const { scope, status, attributes, events, links, resource, parentSpanId } = span;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name: span.name,
    kind: span.kind,
    start: span.start as UnixNano,
    end: (span.end === '0' ? span.start : span.end) as UnixNano,
    attributes: Object.fromEntries(attributes),
    events: events.map((event) => ({ name: event.name, time: event.time as UnixNano, attributes: Object.fromEntries(event.attributes) })),
    links: links.map((link) => ({ ...link, attributes: Object.fromEntries(link.attributes) })),
    status: { code: status.code as 0 | 1 | 2, ...(status.message !== '' && { message: status.message }) },
    scope: { name: scope.name, ...(scope.version !== '' && { version: scope.version }) },
    resource: Object.fromEntries(resource),
  };
}

function logsOf(document: Json): readonly ReportedLog[] {
  return listOf(objectOf(document)['resourceLogs']).flatMap((resourceLogs) => {
    const resource = Object.fromEntries(attributesOf(objectOf(resourceLogs)['resource']));
    return listOf(objectOf(resourceLogs)['scopeLogs']).flatMap((scopeLogs) => {
      const scope = textOf(objectOf(objectOf(scopeLogs)['scope'])['name']);
      return listOf(objectOf(scopeLogs)['logRecords']).map(objectOf).flatMap((record): readonly ReportedLog[] => {
        const given = timeOfNumberText(record['timeUnixNano']);
        const time = given === undefined || given === '0' ? timeOfNumberText(record['observedTimeUnixNano']) : given;
        if (time === undefined) return [];
        const severityText = textOf(record['severityText']);
        const traceId = idOf(record['traceId'], 32);
        const spanId = idOf(record['spanId'], 16);
        const known = ['timeUnixNano', 'observedTimeUnixNano', 'severityNumber', 'severityText', 'body', 'attributes', 'traceId', 'spanId'];
        return [
          {
            time,
            severityNumber: typeof record['severityNumber'] === 'number' ? record['severityNumber'] : 0,
            ...(severityText !== undefined && { severityText }),
            body: valueOf(record['body'], 0) ?? '',
            attributes: { ...Object.fromEntries(attributesOf(record)), ...without(present(record), known) },
            ...(traceId !== undefined && { traceId: traceId as TraceId }),
            ...(spanId !== undefined && { spanId: spanId as SpanId }),
            ...(scope !== undefined && { scope }),
            ...(Object.keys(resource).length > 0 && { resource }),
          },
        ];
      });
    });
  });
}

type Metric = Extract<Told, { readonly type: 'metric' }>;
const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

/** A series for each metric and set of attributes; of a distribution `.count`, `.sum`, `.min` and `.max`, and the rest with `.count`. */
function metricsOf(document: Json): readonly Metric[] {
  return listOf(objectOf(document)['resourceMetrics']).flatMap((resourceMetrics) => {
    const resource = Object.fromEntries(attributesOf(objectOf(resourceMetrics)['resource']));
    return listOf(objectOf(resourceMetrics)['scopeMetrics']).flatMap((scopeMetrics) =>
      listOf(objectOf(scopeMetrics)['metrics']).map(objectOf).flatMap((metric) =>
        kinds.flatMap((kind) => {
          const { dataPoints, ...constant } = objectOf(metric[kind]);
          const detail = present({ type: kind, unit: metric['unit'], description: metric['description'], ...constant, ...(Object.keys(resource).length > 0 && { resource }) });
          return listOf(dataPoints).map(objectOf).flatMap((point) => pointsOf(textOf(metric['name']) ?? 'metric', point, detail));
        }),
      ),
    );
  });
}

function pointsOf(name: string, point: JsonObject, constant: JsonObject): readonly Metric[] {
  const time = timeOfNumberText(point['timeUnixNano']);
  if (time === undefined) return [];
  const attributes = Object.fromEntries(attributesOf(point));
  const detail = { ...constant, ...without(point, ['attributes', 'timeUnixNano', 'asDouble', 'asInt', 'count', 'sum', 'min', 'max']) };
  return [
    ['', point['asDouble'] ?? point['asInt']] as const,
    ...(['count', 'sum', 'min', 'max'] as const).map((part) => [`.${part}`, point[part]] as const),
  ].flatMap(([suffix, written], index): readonly Metric[] => {
    const value = metricOf(typeof written === 'string' && Number.isFinite(Number(written)) ? Number(written) : written);
    return value === undefined ? [] : [{ type: 'metric', time, name: seriesName(name + suffix, attributes), value, ...(index <= 1 && { detail }) }];
  });
}

function timeOfNumberText(value: unknown): UnixNano | undefined {
  if (typeof value === 'string') return /^\d{1,19}$/.test(value) ? (value as UnixNano) : undefined;
  return timeOfNumber(value, 1);
}

function idOf(value: unknown, digits: number): string | undefined {
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  return new RegExp(`^[0-9a-f]{${digits}}$`).test(text) && !/^0+$/.test(text) ? text : undefined;
}
