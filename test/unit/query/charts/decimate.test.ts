import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { visiblePoints } from '../../../../src/query/charts/decimate.ts';

const steps = (length: number): Float64Array => Float64Array.from({ length }, (_, index) => index);
/** The same numbers in each run. */
function noise(length: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647);
}

describe('visible points', () => {
  it('are all where there is room for all', () => {
    assert.deepEqual(visiblePoints(steps(5), noise(5, 1), { from: 0, to: 4, columns: 100 }), [0, 1, 2, 3, 4]);
  });

  it('are of each column the first, the lowest, the highest and the last', () => {
    //            0  1  2  3  4  5 | 6  7  8  9 10 11
    const y = Float64Array.of(5, 9, 4, 1, 6, 5, 5, 5, 0, 8, 7, 5);
    assert.deepEqual(visiblePoints(steps(12), y, { from: 0, to: 12, columns: 1 }), [0, 1, 8, 11]);
    assert.deepEqual(visiblePoints(Float64Array.from({ length: 24 }, (_, index) => index / 2), Float64Array.from({ length: 24 }, (_, index) => y[index % 12] ?? 0), { from: 0, to: 12, columns: 2 }), [0, 1, 8, 11, 12, 13, 20, 23]);
  });

  it('never lose the lowest and the highest, however long the series is', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const length = 1000 + seed * 977;
      const y = noise(length, seed);
      const columns = 10 + seed;
      const kept = visiblePoints(steps(length), y, { from: 0, to: length - 1, columns });
      assert.ok(kept.length <= 4 * columns, `${kept.length} points in ${columns} columns`);
      assert.deepEqual([kept[0], kept.at(-1)], [0, length - 1]);
      const values = kept.map((index) => y[index] ?? NaN);
      assert.deepEqual([Math.min(...values), Math.max(...values)], [y.reduce((a, b) => Math.min(a, b)), y.reduce((a, b) => Math.max(a, b))]);
      assert.deepEqual([...kept].sort((a, b) => a - b), kept);
      assert.equal(new Set(kept).size, kept.length);
    }
  });

  it('run on to the next point on both sides of a window', () => {
    assert.deepEqual(visiblePoints(steps(10), noise(10, 3), { from: 3.5, to: 5.5, columns: 10 }), [3, 4, 5, 6]);
    assert.deepEqual(visiblePoints(steps(10), noise(10, 3), { from: 20, to: 30, columns: 10 }), [9]);
    assert.deepEqual(visiblePoints(steps(0), steps(0), { from: 0, to: 1, columns: 10 }), []);
  });

  it('have columns of one width on a logarithmic axis', () => {
    const x = Float64Array.from({ length: 10_000 }, (_, index) => index + 1);
    const kept = visiblePoints(x, noise(10_000, 5), { from: 1, to: 10_000, columns: 4, log: true });
    for (const [low, high] of [[1, 10], [10, 100], [100, 1000], [1000, 10_000]] as const) {
      const inside = kept.filter((index) => (x[index] ?? 0) >= low && (x[index] ?? 0) < high).length;
      assert.ok(inside >= 2 && inside <= 8, `${inside} from ${low} to ${high}`);
    }
  });

  it('find peaks beside gaps', () => {
    const y = Float64Array.from({ length: 100 }, (_, index) => (index < 50 ? NaN : index === 70 ? 9 : index === 80 ? -9 : 1));
    const kept = visiblePoints(steps(100), y, { from: 0, to: 99, columns: 1 });
    assert.deepEqual(kept, [0, 70, 80, 99]);
  });
});
