/**
 * A comparison on its way to a webview. What a run has not is `undefined` in a list of values by run, of which JSON
 * makes `null`, which a value may be too: so the places without a value travel beside the values.
 */
import type { Difference } from './compare.ts';
import type { TimelineRow, Timelines } from './compare-timelines.ts';

interface Packed<T> {
  readonly value: T;
  /** Name of a list → the places in it that are `undefined`. */
  readonly holes: Readonly<Record<string, readonly number[]>>;
}

export interface PackedComparison {
  readonly differences: readonly Packed<Difference>[];
  readonly lengths: Timelines['lengths'];
  readonly rows: readonly Packed<TimelineRow>[];
}

export function packComparison(differences: readonly Difference[], { lengths, rows }: Timelines): PackedComparison {
  return { differences: differences.map(pack), lengths, rows: rows.map(pack) };
}

export function unpackComparison({ differences, lengths, rows }: PackedComparison): { readonly differences: readonly Difference[]; readonly timelines: Timelines } {
  return { differences: differences.map(unpack), timelines: { lengths, rows: rows.map(unpack) } };
}

function pack<T extends object>(value: T): Packed<T> {
  const holes: Record<string, readonly number[]> = {};
  for (const [name, list] of Object.entries(value) as [string, unknown][]) {
    if (!Array.isArray(list)) continue;
    const places = list.flatMap((item, at) => (item === undefined ? [at] : []));
    if (places.length > 0) holes[name] = places;
  }
  return { value, holes };
}

function unpack<T extends object>({ value, holes }: Packed<T>): T {
  const filled = Object.entries(holes).map(([name, places]) => {
    const missing = new Set(places);
    return [name, ((value as Record<string, unknown>)[name] as readonly unknown[]).map((item, at) => (missing.has(at) ? undefined : item))] as const;
  });
  return { ...value, ...(Object.fromEntries(filled) as Partial<T>) };
}
