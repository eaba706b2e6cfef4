import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { smooth } from '../../../../src/query/charts/smooth.ts';

describe('smooth', () => {
  const values = Float64Array.of(10, 0, 0, 10);

  it('is the exponential moving average without its bias towards zero', () => {
    // As TensorBoard's: last = last · w + (1 − w) · value, divided by 1 − w^n.
    assert.deepEqual([...smooth(values, 0.5)], [10, 2.5 / 0.75, 1.25 / 0.875, 5.625 / 0.9375]);
  });

  it('leaves values as they are without a weight, and a line that does not change', () => {
    assert.equal(smooth(values, 0), values);
    const flat = Float64Array.of(0.1, 0.1, 0.1);
    assert.equal(smooth(flat, 0.9), flat);
  });

  it('is moved by finite numbers only', () => {
    const smoothed = smooth(Float64Array.of(1, NaN, Infinity, 1, 3), 0.5);
    assert.deepEqual([...smoothed], [1, NaN, Infinity, 1, (0.75 * 0.5 + 0.5 * 3) / (1 - 0.125)]);
  });
});
