/**
 * One span as OTLP/JSON, as `JsonTraceSerializer` of `@opentelemetry/otlp-transformer` writes those of the SDK, but for
 * the counts of what was dropped: none is, and what is left out in proto3's JSON is zero.
 */
import { SpanKind, SpanStatusCode, TraceFlags, type Attributes, type AttributeValue } from '@opentelemetry/api';
import type { Json } from '../model/json.ts';
import type { TraceId } from '../model/run-event.ts';
import { jsonAttributes } from '../model/semantic-conventions.ts';
import { isNative } from './attributes.ts';
import type { SpanDescription, WrittenSpan } from './spans.ts';

/** Flags of the W3C trace context, and that it is known whether the parent was remote: it was not (trace.proto, SpanFlags). */
const flags = TraceFlags.SAMPLED | 0x100;

export function spanJson(traceId: TraceId, { name, spanId, parent, kind, start, end, attributes, status, links = [], events = [] }: SpanDescription | WrittenSpan): string {
  const told = events.map((event) => `{"attributes":[${attributesJson(event.attributes)}],"name":${JSON.stringify(event.name)},"timeUnixNano":"${event.time}"}`);
  const linked = links.map((link) => `{"attributes":[${linkAttributesJson(link.attributes)}],"spanId":"${link.spanId}","traceId":"${link.traceId}","flags":${flags}}`);
  const message = status?.message === undefined ? '' : `,"message":${JSON.stringify(status.message)}`;
  return (
    `{"traceId":"${traceId}","spanId":"${spanId}"${parent === undefined ? '' : `,"parentSpanId":"${parent}"`},"name":${JSON.stringify(name)},"kind":${(kind ?? SpanKind.INTERNAL) + 1}` +
    `,"startTimeUnixNano":"${start}","endTimeUnixNano":"${end}","attributes":[${typeof attributes === 'string' ? attributes : attributesJson(attributes)}]` +
    `,"events":[${told.join(',')}],"status":{"code":${status?.code ?? SpanStatusCode.UNSET}${message}},"links":[${linked.join(',')}],"flags":${flags}}`
  );
}

/** Of a span's attributes, without the brackets around them. */
export type AttributeText = string & { readonly __brand: 'AttributeText' };

function attributesJson(attributes: Attributes): string {
  let text = '';
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) text += `${text === '' ? '' : ','}${keyJson(name)}${valueJson(value)}}`;
  }
  return text;
}

/** The attributes of an object, as `toAttributes` would make them, by a table of what they are. */
export function attributeWriter<T extends readonly unknown[]>(table: readonly (readonly [name: string, value: (...of: T) => Json | undefined])[]): (more: Iterable<readonly [name: string, value: Json]>, ...of: T) => AttributeText {
  const columns = table.map(([name, value]) => ({ name, key: keyJson(name), value }));
  return (more, ...of) => {
    let text = '';
    let asJson: string[] | undefined;
    const add = (name: string, key: string, value: Json): void => {
      const isText = !isNative(value);
      if (isText) (asJson ??= []).push(name);
      text += `${text === '' ? '' : ','}${key}${valueJson(isText ? JSON.stringify(value) : value)}}`;
    };
    for (const { name, key, value: valueOf } of columns) {
      const value = valueOf(...of);
      if (value !== undefined) add(name, key, value);
    }
    for (const [name, value] of more) add(name, keyJson(name), value);
    if (asJson !== undefined) add(jsonAttributes, keyJson(jsonAttributes), asJson);
    return text as AttributeText;
  };
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
