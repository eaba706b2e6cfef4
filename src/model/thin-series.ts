/**
 * Fewer points of a series that look the same when drawn: of each stretch its lowest and its highest, in their order,
 * and the first and the last of all. A plain sample would lose the peaks.
 */

/** Indexes to keep, ascending, about `most` of them; `valueAt` gives `undefined` for what is no finite number. */
export function keptIndexes(length: number, valueAt: (index: number) => number | undefined, most: number): readonly number[] {
  if (length <= most) return Array.from({ length }, (_, index) => index);
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const kept = new Set([0]);
  for (let stretch = 0; stretch < stretches; stretch += 1) {
    const start = Math.floor((stretch * length) / stretches);
    const end = Math.floor(((stretch + 1) * length) / stretches);
    let lowest: number | undefined;
    let highest: number | undefined;
    for (let index = start; index < end; index += 1) {
      const value = valueAt(index);
      if (value === undefined) continue;
      if (lowest === undefined || value < (valueAt(lowest) ?? Infinity)) lowest = index;
      if (highest === undefined || value > (valueAt(highest) ?? -Infinity)) highest = index;
    }
    for (const index of [lowest, highest].filter((each) => each !== undefined).sort((a, b) => a - b)) kept.add(index);
  }
  kept.add(length - 1);
  return [...kept];
}
