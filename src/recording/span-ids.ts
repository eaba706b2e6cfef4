/**
 * Ids of spans, in 16 bytes each: a run may tell of millions, and a set of as many strings takes ten times the memory.
 *
 * A table with open addressing that holds a number of 64 bits for an id: a span's own id mixed with its trace's. Two
 * ids with one number are not told apart; among ten million that happens once in 400,000 runs.
 */
export interface SpanIds {
  readonly add: (traceId: string, spanId: string) => void;
  readonly has: (traceId: string, spanId: string) => boolean;
}

export function createSpanIds(): SpanIds {
  // High and low halves: numbers of 64 bits are slow.
  let table = new Uint32Array(2 * 1024);
  let count = 0;
  /** Where the number is, or the free place for it. */
  const placeOf = (high: number, low: number): number => {
    const mask = table.length / 2 - 1;
    for (let place = (low ^ (high >>> 15)) & mask; ; place = (place + 1) & mask) {
      const at = 2 * place;
      if ((table[at] === high && table[at + 1] === low) || (table[at] === 0 && table[at + 1] === 0)) return at;
    }
  };
  const put = (high: number, low: number): boolean => {
    const at = placeOf(high, low);
    const isNew = table[at] === 0 && table[at + 1] === 0;
    table[at] = high;
    table[at + 1] = low;
    return isNew;
  };
  const halves = (traceId: string, spanId: string): readonly [number, number] => {
    const high = (hash(traceId, 0x811c9dc5) ^ hash(spanId, 0x2545f491)) >>> 0;
    const low = (hash(spanId, 0x9e3779b9) ^ Math.imul(hash(traceId, 0x27d4eb2f), 3)) >>> 0;
    // Nothing and nothing is a free place.
    return [high, low === 0 ? 1 : low];
  };
  return {
    add: (traceId, spanId) => {
      // Three quarters full: searches stay short.
      if (8 * count >= 3 * table.length) {
        const old = table;
        table = new Uint32Array(old.length * 2);
        for (let at = 0; at < old.length; at += 2) if (old[at] !== 0 || old[at + 1] !== 0) put(old[at] ?? 0, old[at + 1] ?? 0);
      }
      if (put(...halves(traceId, spanId))) count += 1;
    },
    has: (traceId, spanId) => {
      const [high, low] = halves(traceId, spanId);
      const at = placeOf(high, low);
      return table[at] === high && table[at + 1] === low;
    },
  };
}

/** FNV-1a with a final mix (murmur3's). */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
