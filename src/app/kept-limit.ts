/** How much may be kept for later: `RUNWEAVE_CACHE_LIMIT`. */

const defaultLimit = 5e9;

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40 };

/** Bytes: `5GB`, `500 MiB`, or a number; 0 for nothing at all. `undefined` for what is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?\s*$/i.exec(text);
  return match === null ? undefined : Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1);
}

export interface KeptLimit {
  /** Bytes. */
  readonly limit: number;
  /** What is wrong with the variable; then it is as if it were not set. */
  readonly mistake?: string;
}

/** An empty variable is none. */
export function keptLimit(environment: Readonly<Record<string, string | undefined>>): KeptLimit {
  const text = environment['RUNWEAVE_CACHE_LIMIT'] ?? '';
  const limit = text.trim() === '' ? defaultLimit : parseSize(text);
  if (limit !== undefined) return { limit };
  return { limit: defaultLimit, mistake: `RUNWEAVE_CACHE_LIMIT is ${JSON.stringify(text)}, which is no size. Write a number of bytes, 500MB or 5GiB; 0 keeps nothing.` };
}
