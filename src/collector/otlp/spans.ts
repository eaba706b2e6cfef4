/** Spans of OTLP as reports. */
import type { JsonObject } from '../../model/json.ts';
import type { ReportedSpan } from '../../model/reported.ts';
import type { SpanId, TraceId } from '../../model/run-event.ts';
import { otelDroppedAttributes, otelDroppedEvents, otelDroppedLinks } from '../../model/semantic-conventions.ts';
import type { UnixNano } from '../../model/time.ts';
import type { Scope, Span } from './messages.ts';
import { attributesOf, present, timeOf } from './values.ts';

export interface SpanOrigin {
  /** The attempt's span. */
  readonly spanId: SpanId;
  readonly now: UnixNano;
  readonly scope: Scope | undefined;
  readonly resource: JsonObject;
}

/** What OTLP has no place for in our model becomes an attribute, by the names that other exporters use for it. */
export function reportedSpan(span: Span, { spanId: attempt, now, scope, resource }: SpanOrigin): ReportedSpan | { readonly rejected: string } {
  const { traceId = '', spanId = '', parentSpanId = '', name = '', kind = 0, status = {}, events = [], links = [] } = span;
  if (!isId(traceId, 32) || !isId(spanId, 16)) return { rejected: 'a span without a valid trace id and span id' };
  if (spanId === attempt) return { rejected: 'a span with the id of the span that it is reported to' };
  const start = timeOf(span.startTimeUnixNano) ?? timeOf(span.endTimeUnixNano) ?? now;
  const end = timeOf(span.endTimeUnixNano) ?? start;
  const code = status.code === 1 || status.code === 2 ? status.code : 0;
  const scopeAttributes = attributesOf(scope?.attributes);
  return {
    traceId: traceId as TraceId,
    spanId: spanId as SpanId,
    parentSpanId: (isId(parentSpanId, 16) ? parentSpanId : attempt) as SpanId,
    name,
    // Unspecified counts as internal (trace.proto).
    kind: kind >= 1 && kind <= 5 ? kind : 1,
    start,
    end: BigInt(end) < BigInt(start) ? start : end,
    attributes: {
      ...attributesOf(span.attributes),
      ...Object.fromEntries(Object.entries(scopeAttributes).map(([key, value]) => [`otel.scope.${key}`, value])),
      ...present({
        'w3c.tracestate': text(span.traceState),
        [otelDroppedAttributes]: count(span.droppedAttributesCount),
        [otelDroppedEvents]: count(span.droppedEventsCount),
        [otelDroppedLinks]: count(span.droppedLinksCount),
      }),
    },
    events: events.map((event) => ({
      name: event.name ?? '',
      time: timeOf(event.timeUnixNano) ?? start,
      attributes: { ...attributesOf(event.attributes), ...present({ [otelDroppedAttributes]: count(event.droppedAttributesCount) }) },
    })),
    links: links
      .filter((link) => isId(link.traceId ?? '', 32) && isId(link.spanId ?? '', 16))
      .map((link) => ({
        traceId: link.traceId as TraceId,
        spanId: link.spanId as SpanId,
        attributes: { ...attributesOf(link.attributes), ...present({ 'w3c.tracestate': text(link.traceState), [otelDroppedAttributes]: count(link.droppedAttributesCount) }) },
      })),
    status: { code, ...(status.message !== undefined && status.message !== '' && { message: status.message }) },
    ...(scope?.name !== undefined && scope.name !== '' && { scope: { name: scope.name, ...(scope.version !== undefined && scope.version !== '' && { version: scope.version }) } }),
    ...(Object.keys(resource).length > 0 && { resource }),
  };
}

/** Of so many hex digits, and not all zeros. */
export function isId(id: string, digits: 16 | 32): boolean {
  return id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id);
}

function count(dropped: number | undefined): number | undefined {
  return dropped === 0 ? undefined : dropped;
}

function text(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
