/**
 * One span as OTLP/JSON, as `JsonTraceSerializer` of `@opentelemetry/otlp-transformer` writes those of the SDK, but for
 * the counts of what was dropped: none is, and what is left out in proto3's JSON is zero.
 */
import { SpanKind, SpanStatusCode, TraceFlags, type Attributes, type AttributeValue, type SpanStatus } from '@opentelemetry/api';
import type { Json } from '../model/json.ts';
import type { SpanId, TraceId } from '../model/run-event.ts';
import { jsonAttributes } from '../model/semantic-conventions.ts';
import { isNative } from './attributes.ts';
import type { SpanDescription, WrittenSpan } from './spans.ts';

/** Flags of the W3C trace context, and that it is known whether the parent was remote: it was not (trace.proto, SpanFlags). */
const flags = TraceFlags.SAMPLED | 0x100;

/** Takes a text in pieces. */
export type AddText = (piece: string) => void;
/** `undefined` is left out. */
export type AddAttribute = (name: string, value: Json | undefined) => void;
export type AddLink = (attributes: WrittenList, traceId: TraceId, spanId: SpanId) => void;

/** Without the brackets around it. */
export type WrittenList = string & { readonly __brand: 'WrittenList' };

/** For links that have the same attributes. */
export function writtenAttributes(attributes: Attributes): WrittenList {
  const pieces: string[] = [];
  createListWriter((piece) => pieces.push(piece)).addAll(attributes);
  return pieces.join('') as WrittenList;
}

/**
 * What writes spans of one trace, in pieces: to put each together first leaves so much behind that in a run over thousands
 * of tasks with nothing to do, V8 begins to collect the garbage of the whole heap.
 */
export function createSpanWriter(traceId: TraceId, add: AddText): (span: SpanDescription | WrittenSpan) => void {
  const head = `{"traceId":"${traceId}","spanId":"`;
  const list = createListWriter(add);
  const addLink: AddLink = (attributes, otherTrace, spanId) => {
    list.separate();
    add('{"attributes":[');
    add(attributes);
    add('],"spanId":"');
    add(spanId);
    add('","traceId":"');
    add(otherTrace);
    add(linkEnd);
  };
  return ({ name, spanId, parent, kind, start, end, attributes, status, links, events }) => {
    add(head);
    add(spanId);
    if (parent !== undefined) {
      add('","parentSpanId":"');
      add(parent);
    }
    add('","name":');
    add(JSON.stringify(name));
    add(kind === undefined ? ofInternal : kindJson(kind));
    add(start);
    add('","endTimeUnixNano":"');
    add(end);
    add('","attributes":[');
    list.begin();
    if (typeof attributes === 'function') attributes(list.add);
    else list.addAll(attributes);
    list.end();
    add('],"events":[');
    if (events !== undefined) {
      for (const [index, event] of events.entries()) {
        add(index === 0 ? '{"attributes":[' : ',{"attributes":[');
        list.begin();
        list.addAll(event.attributes);
        add(`],"name":${JSON.stringify(event.name)},"timeUnixNano":"${event.time}"}`);
      }
    }
    add(status === undefined ? ofUnset : statusJson(status));
    list.begin();
    if (typeof links === 'function') links(addLink);
    else if (links !== undefined) for (const link of links) addLink(writtenAttributes(link.attributes), link.traceId, link.spanId);
    add(spanEnd);
  };
}

function kindJson(kind: SpanKind): string {
  return `,"kind":${kind + 1},"startTimeUnixNano":"`;
}
const ofInternal = kindJson(SpanKind.INTERNAL);

function statusJson({ code, message }: SpanStatus): string {
  return `],"status":{"code":${code}${message === undefined ? '' : `,"message":${JSON.stringify(message)}`}},"links":[`;
}
const ofUnset = statusJson({ code: SpanStatusCode.UNSET });

const linkEnd = `","flags":${flags}}`;
const spanEnd = `],"flags":${flags}}`;

/** Of lists without the brackets around them. */
interface ListWriter {
  readonly begin: () => void;
  /** Before each item. */
  readonly separate: () => void;
  /** One attribute, as `toAttributes` would make it. */
  readonly add: AddAttribute;
  /** Attributes that were made so. */
  readonly addAll: (attributes: Attributes) => void;
  /** After `add`: which attributes are JSON. */
  readonly end: () => void;
}

function createListWriter(add: AddText): ListWriter {
  let isFirst = true;
  let asJson: string[] | undefined;
  const addValue = (value: AttributeValue | null | undefined): void => {
    if (typeof value === 'string') {
      add('{"stringValue":');
      add(JSON.stringify(value));
      add('}');
    } else if (Array.isArray(value)) {
      add('{"arrayValue":{"values":[');
      for (let at = 0; at < value.length; at += 1) {
        if (at > 0) add(',');
        addValue(value[at]);
      }
      add(']}}');
    } else {
      add(plainValueJson(value));
    }
  };
  const addNative = (name: string, value: AttributeValue): void => {
    const key = keyJson(name);
    const begin = typeof value === 'string' ? key.ofText : key.ofOther;
    // Without the comma.
    add(isFirst ? begin.slice(1) : begin);
    isFirst = false;
    if (typeof value === 'string') {
      add(JSON.stringify(value));
      add('}}');
    } else {
      addValue(value);
      add('}');
    }
  };
  return {
    begin: () => (isFirst = true),
    separate: () => {
      if (!isFirst) add(',');
      isFirst = false;
    },
    add: (name, value) => {
      if (value === undefined) return;
      if (typeof value === 'string' || isNative(value)) {
        addNative(name, value);
      } else {
        (asJson ??= []).push(name);
        addNative(name, JSON.stringify(value));
      }
    },
    addAll: (attributes) => {
      for (const name in attributes) {
        const value = attributes[name];
        if (value !== undefined) addNative(name, value);
      }
    },
    end: () => {
      if (asJson !== undefined) addNative(jsonAttributes, asJson);
      asJson = undefined;
    },
  };
}

/** What comes before a value, with a comma. */
interface Key {
  readonly ofText: string;
  readonly ofOther: string;
}

/** Thousands of spans have the same names. */
function keyJson(name: string): Key {
  let key = keys.get(name);
  if (key === undefined) {
    const ofOther = `,{"key":${JSON.stringify(name)},"value":`;
    key = { ofText: `${ofOther}{"stringValue":`, ofOther };
    // Those of tasks' own spans may be any.
    if (keys.size < mostKeys) keys.set(name, key);
  }
  return key;
}
const keys = new Map<string, Key>();
const mostKeys = 1000;

/** Integers are int64 in OTLP; the SDK writes them as numbers. */
function plainValueJson(value: number | boolean | null | undefined): string {
  if (typeof value === 'boolean') return `{"boolValue":${value}}`;
  if (typeof value === 'number') return `{"${Number.isInteger(value) ? 'intValue' : 'doubleValue'}":${JSON.stringify(value)}}`;
  return '{}';
}
