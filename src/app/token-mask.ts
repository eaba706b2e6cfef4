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
    return masked.some((item, index) => item !== items[index]) ? masked : value;
  }
  if (!isJsonObject(value)) return value;
  let changed = false;
  const entries = Object.entries(value).map(([key, item]) => {
    const masked = [walk(key) as string, walk(item)] as const;
    changed ||= masked[0] !== key || masked[1] !== item;
    return masked;
  });
  return changed ? Object.fromEntries(entries) : value;
}
