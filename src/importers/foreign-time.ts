/** Times as other tools write them, to Unix nanoseconds. `undefined` for what is none, or is before 1970. */
import type { UnixNano } from '../model/time.ts';

/** ISO 8601 with up to nine digits of a second. A time without a zone is taken as UTC. */
export function timeOfIso(text: unknown): UnixNano | undefined {
  if (typeof text !== 'string') return undefined;
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\d*\s*(Z|[+-]\d\d:?\d\d)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, day = '', clock = '', fraction = '', zone = 'Z'] = match;
  return nano(BigInt(Math.trunc(Date.parse(`${day}T${clock}${zone === 'Z' ? 'Z' : zone.replace(/(\d\d):?(\d\d)$/, '$1:$2')}`) || -1)) * 1_000_000n + BigInt(fraction.padEnd(9, '0')));
}

/** A number of units since 1970; `unit` in nanoseconds. */
export function timeOfNumber(value: unknown, unit: 1 | 1000 | 1_000_000 | 1_000_000_000): UnixNano | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || Math.abs(number) > 2 ** 63 / unit) return undefined;
  const whole = Math.floor(number);
  return nano(BigInt(whole) * BigInt(unit) + BigInt(Math.round((number - whole) * unit)));
}

export function later(time: UnixNano, nanoseconds: number): UnixNano {
  return String(BigInt(time) + BigInt(Math.max(0, Math.round(nanoseconds)))) as UnixNano;
}

export function earliest(times: Iterable<UnixNano | undefined>): UnixNano | undefined {
  return pick(times, (a, b) => a < b);
}

export function latest(times: Iterable<UnixNano | undefined>): UnixNano | undefined {
  return pick(times, (a, b) => a > b);
}

function pick(times: Iterable<UnixNano | undefined>, wins: (a: bigint, b: bigint) => boolean): UnixNano | undefined {
  let best: UnixNano | undefined;
  for (const time of times) if (time !== undefined && (best === undefined || wins(BigInt(time), BigInt(best)))) best = time;
  return best;
}

/** 64 bits: more fits in no OTLP field. */
function nano(value: bigint): UnixNano | undefined {
  return value < 0n || value >= 1n << 63n ? undefined : (String(value) as UnixNano);
}
