/** Values of declared secrets never reach a record, a log or a view. */
import type { Json } from '../model/json.ts';

/** Shorter values would hide ordinary words and digits. */
const shortest = 4;
const mask = '***';

/** Replaces every declared secret's value in all strings of an event, keys included. Identity when there are none. */
export function createMasker(names: readonly string[], environment: Readonly<Record<string, string | undefined>>): <T>(value: T) => T {
  const values = names
    .map((name) => environment[name] ?? '')
    .filter((value) => value.length >= shortest)
    .sort((a, b) => b.length - a.length);
  if (values.length === 0) return (value) => value;
  const text = (input: string): string => values.reduce((masked, secret) => masked.replaceAll(secret, mask), input);
  const walk = (value: Json): Json => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return (value as readonly Json[]).map(walk);
    if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), walk(item)]));
    return value;
  };
  return <T>(value: T): T => walk(value as Json) as T;
}
