/** Results in pages. The token is MLflow's: base64 of `{"offset": n}`. */
import { isJsonObject } from '../../model/json.ts';
import { invalid } from './refusal.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly token: string | undefined;
}

export interface PageRequest {
  readonly token: string | undefined;
  readonly max: number | undefined;
}

export interface PageLimits {
  readonly usual: number;
  readonly most: number;
}

export function pageBounds({ token, max }: PageRequest, { usual, most }: PageLimits): { readonly start: number; readonly size: number } {
  const size = max ?? usual;
  if (size < 1 || size > most) throw invalid(`Invalid value ${size} for parameter 'max_results' supplied: It must be at least 1 and at most ${most}`);
  return { start: token === undefined || token === '' ? 0 : offsetOf(token), size };
}

export function pageToken(offset: number): string {
  return Buffer.from(JSON.stringify({ offset })).toString('base64');
}

export function paginate<T>(all: readonly T[], request: PageRequest, limits: PageLimits): Page<T> {
  const { start, size } = pageBounds(request, limits);
  return { items: all.slice(start, start + size), token: start + size < all.length ? pageToken(start + size) : undefined };
}

function offsetOf(token: string): number {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
  } catch {
    decoded = undefined;
  }
  const offset = isJsonObject(decoded) ? decoded['offset'] : undefined;
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0) throw invalid(`Invalid page token ${JSON.stringify(token.slice(0, 100))}`);
  return offset;
}
