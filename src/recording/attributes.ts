/**
 * JSON values as OpenTelemetry attributes, and back without loss.
 *
 * The SDK's attributes are strings, booleans, numbers and arrays of one of these; its JSON serialiser writes every
 * number that is an integer as an int64, also 1e300, which no reader of OTLP accepts. So a value goes through as it is
 * where it survives, for other tools to read, and as JSON text otherwise; the names of the latter are in the attribute
 * `runweave.json`.
 */
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { Json } from '../model/json.ts';
import { jsonAttributes } from '../model/semantic-conventions.ts';

/** Entries that are `undefined` are left out. */
export function toAttributes(values: Readonly<Record<string, Json | undefined>>): Attributes {
  const attributes: Attributes = {};
  const asJson: string[] = [];
  for (const name in values) {
    const value = values[name];
    if (value === undefined || name === '') continue;
    if (isNative(value)) {
      attributes[name] = value;
    } else {
      attributes[name] = JSON.stringify(value);
      asJson.push(name);
    }
  }
  if (asJson.length > 0) attributes[jsonAttributes] = asJson;
  return attributes;
}

/** One that is named by us, into those that were made in this way alone. */
export function addAttribute(attributes: Attributes, name: string, value: Json): void {
  if (isNative(value)) {
    attributes[name] = value;
    return;
  }
  attributes[name] = JSON.stringify(value);
  const asJson = (attributes[jsonAttributes] ??= []) as string[];
  asJson.push(name);
}

const nothing: Readonly<Record<string, Json>> = {};

/** `{prefix}{name}` for every entry. */
export function prefixed(prefix: string, values: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  const names = Object.keys(values);
  return names.length === 0 ? nothing : Object.fromEntries(names.map((name) => [prefix + name, values[name] ?? null]));
}

function isNative(value: Json): value is AttributeValue & Json {
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    return items.every((item) => typeof item === 'string') || items.every((item) => item === null || isNativeNumber(item));
  }
  return typeof value === 'string' || typeof value === 'boolean' || isNativeNumber(value);
}

function isNativeNumber(value: Json): boolean {
  return typeof value === 'number' && (Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value)));
}
