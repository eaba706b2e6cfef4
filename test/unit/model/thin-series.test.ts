import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keptIndexes } from '../../../src/model/thin-series.ts';

describe('keptIndexes', () => {
  it('keeps a short series whole', () => {
    assert.deepEqual(keptIndexes(3, (index) => index, 10), [0, 1, 2]);
  });

  it('keeps ends, peaks and valleys of a long one, in their order', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => Math.sin(index / 500));
    values[1234] = 99;
    values[5678] = -99;
    const kept = keptIndexes(values.length, (index) => values[index], 100);
    assert.ok(kept.length <= 100);
    for (const index of [0, 1234, 5678, 9999]) assert.ok(kept.includes(index), String(index));
    assert.deepEqual(kept, kept.toSorted((a, b) => a - b));
  });

  it('passes over what is no number', () => {
    assert.deepEqual(keptIndexes(1000, () => undefined, 10), [0, 999]);
  });
});
