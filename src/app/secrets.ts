/** Values of declared secrets never reach a record, a log or a view. */
import type { Json } from '../model/json.ts';

/** Shorter values would hide ordinary words and digits. */
const shortest = 4;
const mask = '***';
/** Ids, digests and times of ours: a short secret may occur in them by chance, and masked they would be none any more. */
const opaque = /^(?:\d{16,20}|[0-9a-f]{16}|[0-9a-f]{32}|sha256:[0-9a-f]{64}|\d{8}T\d{6}Z-[\w-]+)$/;

/**
 * Replaces every declared secret's value in all strings of an event, keys included. Identity when there are none.
 * The event's own type and the names of its fields are ours, and stay.
 */
export function createMasker(names: readonly string[], environment: Readonly<Record<string, string | undefined>>): <T>(value: T) => T {
  const values = secretValues(names, environment);
  if (values.length === 0) return (value) => value;
  const text = (input: string): string => {
    if (opaque.test(input)) return values.includes(input) ? mask : input;
    return values.reduce((masked, secret) => masked.replaceAll(secret, mask), input);
  };
  const walk = (value: Json): Json => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return (value as readonly Json[]).map(walk);
    if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), walk(item)]));
    return value;
  };
  return <T>(value: T): T =>
    (value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === 'type' ? (item as Json) : walk(item as Json)]))
      : walk(value as Json)) as T;
}

/** The same for the bytes of an artifact. `undefined` when there is nothing to look for. */
export function createByteMasker(names: readonly string[], environment: Readonly<Record<string, string | undefined>>): ((bytes: Buffer) => Buffer) | undefined {
  const values = secretValues(names, environment).map((value) => Buffer.from(value));
  if (values.length === 0) return undefined;
  return (bytes) => values.reduce(replaceAll, bytes);
}

/** Longest first, so that one that holds another is masked whole. */
function secretValues(names: readonly string[], environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return names
    .map((name) => environment[name] ?? '')
    .filter((value) => value.length >= shortest)
    .sort((a, b) => b.length - a.length);
}

function replaceAll(bytes: Buffer, secret: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, from)) {
    parts.push(bytes.subarray(from, at), Buffer.from(mask));
    from = at + secret.length;
  }
  return from === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(from)]);
}
