/**
 * Spans that happened already, under the identities and times that the events carry, written as OTLP/JSON.
 *
 * The first span of a document is made with OpenTelemetry's SDK, and with it the document: resource, scope and all. Those
 * that follow are written by `span-json.ts` into the same place, as the SDK would (a test compares them): through the SDK
 * 5000 of them, in a run that had nothing to do, took longer than all else in it. They are written one by one, so that
 * neither they nor their text are ever held as a whole.
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
import { createSpanWriter, type AddAttribute, type AddLink, type AddText } from './span-json.ts';

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

/** One whose attributes and links are added as it is written. */
export type WrittenSpan = Omit<SpanDescription, 'attributes' | 'links'> & { readonly attributes: (add: AddAttribute) => void; readonly links: (add: AddLink) => void };

export interface SpanSerializer {
  /** One TracesData document by the SDK, without a line end; at least one span, of any scopes, which have a list each. */
  readonly serialize: (spans: readonly SpanDescription[]) => string;
  /** The same added in pieces, of any number of spans that all have our own scope; yields after each, so that what was added can be used. */
  readonly write: (add: AddText, first: SpanDescription, others: Iterable<SpanDescription | WrittenSpan>) => Generator<undefined>;
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

  const serialize: SpanSerializer['serialize'] = (spans) => {
    ended = [];
    for (const span of spans) record(span);
    const bytes = JsonTraceSerializer.serializeRequest(ended);
    if (bytes === undefined) throw new Error('spans could not be serialized');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  };

  function* write(add: AddText, first: SpanDescription, others: Iterable<SpanDescription | WrittenSpan>): Generator<undefined> {
    const document = serialize([first]);
    if (!document.endsWith(documentEnd)) throw new Error('the SDK writes documents in another layout');
    add(document.slice(0, -documentEnd.length));
    const writeSpan = createSpanWriter(traceId, add);
    for (const span of others) {
      add(',');
      writeSpan(span);
      yield;
    }
    add(documentEnd);
  }

  return { serialize, write };
}

/** After the last span. */
const documentEnd = ']}]}]}';

function toHrTime(time: UnixNano): HrTime {
  const nanoseconds = BigInt(time);
  return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
}
