/**
 * OTLP/JSON as any program may have written it, read with distrust: what has not the form that the protocol gives it
 * is left out, never followed. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import type { Json } from './json.ts';
import { deepestRecorded, parseNested } from './nested-json.ts';
import { jsonAttributes } from './semantic-conventions.ts';

export type AttributeMap = ReadonlyMap<string, Json>;

export interface OtlpEvent {
  readonly name: string;
  readonly time: string;
  readonly attributes: AttributeMap;
}

export interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: AttributeMap;
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** Of `SpanKind` in OTLP; 0 where it is not given. */
  readonly kind: number;
  /** Unix nanoseconds in decimal; `0` where there is no usable time. */
  readonly start: string;
  readonly end: string;
  readonly attributes: AttributeMap;
  readonly error: boolean;
  readonly status: { readonly code: number; readonly message: string };
  readonly scope: { readonly name: string; readonly version: string };
  readonly events: readonly OtlpEvent[];
  readonly links: readonly OtlpLink[];
  /** Shared by the spans of one resource. */
  readonly resource: AttributeMap;
}

/** Deeper values are cut: nothing that means something is nested like that. */
const depthLimit = 32;

const spanKinds = ['SPAN_KIND_UNSPECIFIED', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT', 'SPAN_KIND_PRODUCER', 'SPAN_KIND_CONSUMER'];

type Fields = Readonly<Record<string, unknown>>;

/** The fields of a span as they were parsed. */
export type RawSpan = Fields;

/** Whether it is a document of traces, metrics or logs at all. */
export function isOtlpDocument(document: unknown): boolean {
  return ['resourceSpans', 'resourceMetrics', 'resourceLogs'].some((field) => Array.isArray(fieldsOf(document)[field]));
}

/**
 * The spans of one parsed document, in the order of the file. `isWanted` is asked of each before it is made: making a
 * span takes longer than parsing it. What is in the place of a span and is no object is none.
 */
export function* spansOf(document: unknown, isWanted?: (span: RawSpan) => boolean): Generator<OtlpSpan> {
  for (const resourceSpans of listOf(document, 'resourceSpans')) {
    let resource: AttributeMap | undefined;
    for (const scopeSpans of listOf(resourceSpans, 'scopeSpans')) {
      const { name, version } = fieldsOf(fieldsOf(scopeSpans)['scope']);
      const scope = { name: textOf(name), version: textOf(version) };
      for (const span of listOf(scopeSpans, 'spans')) {
        const fields = fieldsOf(span);
        if (fields !== span || isWanted?.(fields) === false) continue;
        resource ??= attributesOf(fieldsOf(resourceSpans)['resource']);
        yield spanOf(fields, resource, scope);
      }
    }
  }
}

/** Text that a span has as an attribute of that name. */
export function rawAttribute(span: RawSpan, name: string): string | undefined {
  for (const attribute of listOf(span, 'attributes')) {
    const { key, value } = fieldsOf(attribute);
    if (key === name) {
      const text = fieldsOf(value)['stringValue'];
      return typeof text === 'string' ? text : undefined;
    }
  }
  return undefined;
}

function spanOf(fields: Fields, resource: AttributeMap, scope: OtlpSpan['scope']): OtlpSpan {
  const parentSpanId = idOf(fields['parentSpanId']);
  const kind = typeof fields['kind'] === 'string' ? spanKinds.indexOf(fields['kind']) : fields['kind'];
  const { code, message } = fieldsOf(fields['status']);
  const error = code === 2 || code === 'STATUS_CODE_ERROR';
  return {
    traceId: idOf(fields['traceId']),
    spanId: idOf(fields['spanId']),
    ...(parentSpanId !== '' && { parentSpanId }),
    name: textOf(fields['name']),
    kind: typeof kind === 'number' && kind >= 0 && kind <= 5 ? Math.trunc(kind) : 0,
    start: timeOf(fields['startTimeUnixNano']),
    end: timeOf(fields['endTimeUnixNano']),
    attributes: attributesOf(fields),
    error,
    status: { code: error ? 2 : code === 1 || code === 'STATUS_CODE_OK' ? 1 : 0, message: textOf(message) },
    scope,
    events: listOf(fields, 'events').map((event) => ({ name: textOf(fieldsOf(event)['name']), time: timeOf(fieldsOf(event)['timeUnixNano']), attributes: attributesOf(event) })),
    links: listOf(fields, 'links').map((link) => ({ traceId: idOf(fieldsOf(link)['traceId']), spanId: idOf(fieldsOf(link)['spanId']), attributes: attributesOf(link) })),
    resource,
  };
}

/** The attributes of a resource, span, event, link, log record or data point, with the JSON text that `recording/attributes.ts` writes turned back into its value. */
export function attributesOf(holder: unknown): AttributeMap {
  const attributes = new Map<string, Json>();
  for (const attribute of listOf(holder, 'attributes')) {
    const { key, value } = fieldsOf(attribute);
    if (typeof key === 'string') attributes.set(key, valueOf(value, 0));
  }
  const asJson = attributes.get(jsonAttributes);
  attributes.delete(jsonAttributes);
  for (const name of Array.isArray(asJson) ? (asJson as readonly Json[]) : []) {
    const text = typeof name === 'string' ? attributes.get(name) : undefined;
    if (typeof name !== 'string' || typeof text !== 'string') continue;
    try {
      attributes.set(name, parseNested(text, deepestRecorded) as Json);
    } catch {
      // Not ours after all, or made to be in the way: the text is the value.
    }
  }
  return attributes;
}

/** An `AnyValue`; `depth` is 0. */
export function valueOf(value: unknown, depth: number): Json {
  const fields = fieldsOf(value);
  if (depth > depthLimit) return null;
  if (typeof fields['stringValue'] === 'string') return fields['stringValue'];
  if (typeof fields['boolValue'] === 'boolean') return fields['boolValue'];
  if (typeof fields['bytesValue'] === 'string') return fields['bytesValue'];
  for (const field of ['intValue', 'doubleValue'] as const) {
    const number = fields[field];
    if (typeof number === 'number') return number;
    if (typeof number === 'string') return Number.isFinite(Number(number)) ? Number(number) : number;
  }
  if (fields['arrayValue'] !== undefined) return listOf(fields['arrayValue'], 'values').map((item) => valueOf(item, depth + 1));
  if (fields['kvlistValue'] !== undefined) {
    return Object.fromEntries(listOf(fields['kvlistValue'], 'values').map((entry) => [textOf(fieldsOf(entry)['key']), valueOf(fieldsOf(entry)['value'], depth + 1)]));
  }
  return null;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(holder: unknown, field: string): readonly unknown[] {
  const list = fieldsOf(holder)[field];
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Hexadecimal, as the protocol wants it in JSON; or in base64, as Protobuf's own JSON mapping has bytes. */
function idOf(value: unknown): string {
  const text = textOf(value);
  return /^[\w+/-]{11}=$|^[\w+/-]{22}==$/.test(text) ? Buffer.from(text, 'base64').toString('hex') : text.toLowerCase();
}

function timeOf(value: unknown): string {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return value;
  return typeof value === 'number' && Number.isSafeInteger(Math.trunc(value / 1e6)) && value >= 0 ? String(BigInt(Math.trunc(value))) : '0';
}
