/**
 * Spans that happened already, made with OpenTelemetry's SDK under the identities and times that the events carry, and
 * written as OTLP/JSON.
 *
 * The SDK takes its defaults from `OTEL_*` variables of this process, which are the user's and mean the user's own
 * programs: sampler and limits are therefore all given here. Its limits (128 attributes, events, links) are lifted,
 * so that a record drops nothing.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import type { Attributes, HrTime, SpanContext, SpanStatus, Tracer } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { JsonObject } from '../model/json.ts';
import type { SpanId, TraceId } from '../model/run-event.ts';
import type { UnixNano } from '../model/time.ts';
import { toAttributes } from './attributes.ts';

export interface SpanDescription {
  readonly name: string;
  readonly spanId: SpanId;
  readonly parent?: SpanId;
  readonly kind?: SpanKind;
  /** Ours when absent. */
  readonly scope?: { readonly name: string; readonly version?: string };
  readonly start: UnixNano;
  readonly end: UnixNano;
  readonly attributes: Attributes;
  readonly status?: SpanStatus;
  readonly links?: readonly { readonly traceId: TraceId; readonly spanId: SpanId; readonly attributes: Attributes }[];
  readonly events?: readonly { readonly name: string; readonly time: UnixNano; readonly attributes: Attributes }[];
}

export interface SpanSerializer {
  /** One TracesData document, without a line end. */
  readonly serialize: (spans: readonly SpanDescription[]) => Uint8Array;
}

/** For the spans of one trace, which share a resource. */
export function createSpanSerializer(traceId: TraceId, resource: JsonObject): SpanSerializer {
  let spanId = '';
  let ended: ReadableSpan[] = [];
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(toAttributes(resource)),
    sampler: new AlwaysOnSampler(),
    idGenerator: { generateTraceId: () => traceId, generateSpanId: () => spanId },
    spanLimits: {
      attributeCountLimit: Infinity,
      attributeValueLengthLimit: Infinity,
      eventCountLimit: Infinity,
      linkCountLimit: Infinity,
      attributePerEventCountLimit: Infinity,
      attributePerLinkCountLimit: Infinity,
    },
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => ended.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  const tracers = new Map<string, Tracer>();
  const tracerOf = ({ name, version }: NonNullable<SpanDescription['scope']>): Tracer => {
    const key = JSON.stringify([name, version]);
    const tracer = tracers.get(key) ?? provider.getTracer(name, version);
    tracers.set(key, tracer);
    return tracer;
  };
  const contextOf = (id: SpanId, ofTrace = traceId): SpanContext => ({ traceId: ofTrace, spanId: id, traceFlags: TraceFlags.SAMPLED });

  const record = (description: SpanDescription): void => {
    spanId = description.spanId;
    const { name, parent, kind, scope = { name: 'runweave' }, start, end, attributes, status, links = [], events = [] } = description;
    const span = tracerOf(scope).startSpan(
      name,
      {
        kind: kind ?? SpanKind.INTERNAL,
        startTime: toHrTime(start),
        attributes,
        links: links.map((link) => ({ context: contextOf(link.spanId, link.traceId), attributes: link.attributes })),
      },
      parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent)),
    );
    for (const event of events) span.addEvent(event.name, event.attributes, toHrTime(event.time));
    span.setStatus(status ?? { code: SpanStatusCode.UNSET });
    span.end(toHrTime(end));
  };

  return {
    serialize: (spans) => {
      ended = [];
      for (const span of spans) record(span);
      const bytes = JsonTraceSerializer.serializeRequest(ended);
      if (bytes === undefined) throw new Error('spans could not be serialized');
      return bytes;
    },
  };
}

function toHrTime(time: UnixNano): HrTime {
  const nanoseconds = BigInt(time);
  return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
}
