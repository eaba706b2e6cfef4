/** Nanoseconds since the Unix epoch as a decimal string: what OTLP/JSON writes, and more than a double holds. */
export type UnixNano = string & { readonly __brand: 'UnixNano' };

/** Durations in the model are milliseconds (fractions allowed). */
export type Milliseconds = number;

/** The only way that the core learns what time it is. */
export interface Clock {
  now(): UnixNano;
}

/** Milliseconds from `start` to `end`. */
export function elapsed(start: UnixNano, end: UnixNano): Milliseconds {
  return Number(BigInt(end) - BigInt(start)) / 1e6;
}

export function fromMilliseconds(ms: number): UnixNano {
  return String(BigInt(Math.round(ms * 1000)) * 1000n) as UnixNano;
}

export function toDate(time: UnixNano): Date {
  return new Date(Number(BigInt(time) / 1_000_000n));
}

/** `640 ms`, `3.2 s`, `1 min 4 s`, `2 h 3 min`: how every surface writes a duration. */
export function formatDuration(ms: Milliseconds): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
