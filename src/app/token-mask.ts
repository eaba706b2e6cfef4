/** Tokens of the collector are worth something while their attempt runs, so they are taken out of what is recorded and shown. */
import { isJsonObject, type Json } from '../model/json.ts';
import { tokenPattern } from '../collector/token.ts';

/** The same value where there is none in it. */
export function withoutTokens<T>(value: T): T {
  return (hasToken(value as Json) ? walk(value as Json) : value) as T;
}

/** Every event of a run is asked, and nearly none has one: so without a copy of anything. */
function hasToken(value: Json): boolean {
  if (typeof value === 'string') return value.includes('rwt_');
  if (Array.isArray(value)) return (value as readonly Json[]).some(hasToken);
  if (!isJsonObject(value)) return false;
  for (const key in value) if (key.includes('rwt_') || hasToken(value[key] ?? null)) return true;
  return false;
}

function walk(value: Json): Json {
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
