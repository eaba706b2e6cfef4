/**
 * One span as OTLP/JSON, as `JsonTraceSerializer` of `@opentelemetry/otlp-transformer` writes those of the SDK, but for
 * the counts of what was dropped: none is, and what is left out in proto3's JSON is zero.
 */
import { SpanKind, SpanStatusCode, TraceFlags, type Attributes, type AttributeValue } from '@opentelemetry/api';
import type { TraceId } from '../model/run-event.ts';
import type { SpanDescription } from './spans.ts';

/** Flags of the W3C trace context, and that it is known whether the parent was remote: it was not (trace.proto, SpanFlags). */
const flags = TraceFlags.SAMPLED | 0x100;

export function spanJson(traceId: TraceId, { name, spanId, parent, kind, start, end, attributes, status, links = [], events = [] }: SpanDescription): string {
  const told = events.map((event) => `{"attributes":${attributesJson(event.attributes)},"name":${JSON.stringify(event.name)},"timeUnixNano":"${event.time}"}`);
  const linked = links.map((link) => `{"attributes":${linkAttributesJson(link.attributes)},"spanId":"${link.spanId}","traceId":"${link.traceId}","flags":${flags}}`);
  const message = status?.message === undefined ? '' : `,"message":${JSON.stringify(status.message)}`;
  return (
    `{"traceId":"${traceId}","spanId":"${spanId}"${parent === undefined ? '' : `,"parentSpanId":"${parent}"`},"name":${JSON.stringify(name)},"kind":${(kind ?? SpanKind.INTERNAL) + 1}` +
    `,"startTimeUnixNano":"${start}","endTimeUnixNano":"${end}","attributes":${attributesJson(attributes)}` +
    `,"events":[${told.join(',')}],"status":{"code":${status?.code ?? SpanStatusCode.UNSET}${message}},"links":[${linked.join(',')}],"flags":${flags}}`
  );
}

function attributesJson(attributes: Attributes): string {
  let text = '';
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) text += `${text === '' ? '' : ','}${keyJson(name)}${valueJson(value)}}`;
  }
  return `[${text}]`;
}

/** Links of thousands of spans share theirs. */
function linkAttributesJson(attributes: Attributes): string {
  let text = ofLinks.get(attributes);
  if (text === undefined) ofLinks.set(attributes, (text = attributesJson(attributes)));
  return text;
}
const ofLinks = new WeakMap<Attributes, string>();

/** Thousands of spans have the same names. */
function keyJson(name: string): string {
  let text = keys.get(name);
  if (text === undefined) {
    text = `{"key":${JSON.stringify(name)},"value":`;
    // Those of tasks' own spans may be any.
    if (keys.size < mostKeys) keys.set(name, text);
  }
  return text;
}
const keys = new Map<string, string>();
const mostKeys = 1000;

/** Integers are int64 in OTLP; the SDK writes them as numbers. */
function valueJson(value: AttributeValue | null | undefined): string {
  switch (typeof value) {
    case 'string':
      return `{"stringValue":${JSON.stringify(value)}}`;
    case 'boolean':
      return `{"boolValue":${value}}`;
    case 'number':
      return `{"${Number.isInteger(value) ? 'intValue' : 'doubleValue'}":${JSON.stringify(value)}}`;
    default:
      return Array.isArray(value) ? `{"arrayValue":{"values":[${value.map(valueJson).join(',')}]}}` : '{}';
  }
}
