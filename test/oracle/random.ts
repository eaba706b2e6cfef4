/** Numbers that a seed decides, and what is picked by them. */
import assert from 'node:assert/strict';

export interface Random {
  readonly pick: (below: number) => number;
  readonly oneOf: <T>(items: readonly T[]) => T;
  /** True once in so many times. */
  readonly chance: (of: number) => boolean;
}

/** Marsaglia's xorshift32: small, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed === 0 ? 1 : seed;
  const pick = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  // Small seeds that follow each other begin alike.
  for (let n = 0; n < 20; n += 1) pick(1);
  return { pick, oneOf: (items) => items[pick(items.length)] ?? assert.fail('nothing to pick from'), chance: (of) => pick(of) === 0 };
}
