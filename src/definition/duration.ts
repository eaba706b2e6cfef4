/** Durations as people write them: `500ms`, `1s`, `10m`, `2h`, or a number of seconds. */
import type { Milliseconds } from '../model/time.ts';

export const durationPattern = '^(\\d+(?:\\.\\d+)?)(ms|s|m|h)$';
/** Timers hold no more than 2³¹ ms, 24.8 days; one that is longer fires at once. */
export const longestDuration: Milliseconds = 24 * 24 * 3_600_000;

const unitLengths: Readonly<Record<string, Milliseconds>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `undefined` for what is no duration. */
export function parseDuration(value: number | string): Milliseconds | undefined {
  if (typeof value === 'number') return value >= 0 ? value * 1000 : undefined;
  const match = new RegExp(durationPattern).exec(value);
  return match === null ? undefined : Number(match[1]) * (unitLengths[match[2] ?? ''] ?? 1);
}

/** `10 minutes` → `10m`: what was meant by something that is nearly a duration. */
export function nearDuration(text: string): string | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, amount = '', word = ''] = match;
  const unit = [/^(ms|msecs?|milli(second)?s?)$/i, /^(s|secs?|seconds?|)$/i, /^(m|mins?|minutes?)$/i, /^(h|hrs?|hours?)$/i].findIndex((pattern) => pattern.test(word));
  if (unit !== -1) return amount + (['ms', 's', 'm', 'h'][unit] ?? '');
  return /^d(ays?)?$/i.test(word) && Number(amount) * 24 * 3_600_000 <= longestDuration ? `${Number(amount) * 24}h` : undefined;
}
