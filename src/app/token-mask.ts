/** Tokens of the collector are worth something while their attempt runs, so they are taken out of what is recorded and shown. */
import { isJsonObject, type Json } from '../model/json.ts';
import type { RunEvent } from '../model/run-event.ts';
import { tokenPattern } from '../collector/token.ts';

/** Every event of a run is asked, and nearly none has one: so its text is looked through, which whoever stores it needs anyway. */
export function withoutTokens(event: RunEvent): { readonly event: RunEvent; readonly text: string } {
  const text = JSON.stringify(event);
  if (!text.includes('rwt_')) return { event, text };
  const masked = walk(event as unknown as Json);
  return { event: masked as unknown as RunEvent, text: JSON.stringify(masked) };
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
