/** Tokens of the collector are worth something while their attempt runs, so they are taken out of what is recorded and shown. */
import { isJsonObject, type Json } from '../model/json.ts';
import { tokenPattern } from '../collector/token.ts';

/** The same value where there is none in it. */
export function withoutTokens<T>(value: T): T {
  return walk(value as Json) as T;
}

function walk(value: Json): Json {
  // Nearly all text has none, and is looked at once.
  if (typeof value === 'string') return value.includes('rwt_') ? value.replaceAll(tokenPattern, '***') : value;
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    const masked = items.map(walk);
    return masked.every((item, index) => item === items[index]) ? items : masked;
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  const masked = entries.map(([key, item]) => [walk(key) as string, walk(item)] as const);
  return masked.every(([key, item], index) => key === entries[index]?.[0] && item === entries[index][1]) ? value : Object.fromEntries(masked);
}
