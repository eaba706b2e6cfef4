/** OTLP's values as JSON, nothing lost: what JSON has no form for is text. */
import type { Json, JsonObject } from '../../model/json.ts';
import type { UnixNano } from '../../model/time.ts';
import type { AnyValue, KeyValue } from './messages.ts';

export function valueOf(value: AnyValue | undefined): Json {
  if (value === undefined) return null;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return integerOf(value.intValue);
  if (value.doubleValue !== undefined) return numberOf(value.doubleValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf);
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values);
  return value.bytesValue ?? null;
}

/** Of a key that comes twice, the last. */
export function attributesOf(attributes: readonly KeyValue[] = []): JsonObject {
  return Object.fromEntries(attributes.map(({ key = '', value }) => [key, valueOf(value)]));
}

/** A number where a double holds it. */
export function integerOf(text: string): Json {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

/** NaN and infinities as text. */
export function numberOf(value: number): Json {
  return Number.isFinite(value) ? value : String(value);
}

/** `undefined` for a time that is not given, or that is none: OTLP has 64 bits for it. */
export function timeOf(text: string | undefined): UnixNano | undefined {
  return text === undefined || text === '0' || text.startsWith('-') || BigInt(text) >= 2n ** 64n ? undefined : (text as UnixNano);
}

/** Only what there is. */
export function present(values: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
