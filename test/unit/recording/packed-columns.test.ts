import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packFloats, packRising, packSteps, unpack } from '../../../src/recording/packed-columns.ts';

describe('packed columns', () => {
  it('keep every float', () => {
    const values = [0, -0, 0.1, -2.5, 1e300, 5e-324, Number.MAX_SAFE_INTEGER, NaN, Infinity, -Infinity];
    assert.deepEqual(unpack(packFloats(values), values.length), values);
    assert.deepEqual(unpack(packFloats(['NaN', '-Infinity', null]), 3), [NaN, -Infinity, NaN]);
  });

  it('keep rising numbers in four bytes each, others all the same', () => {
    const rising = [0, 1, 5_000_000, 4_000_000_000, 8_000_000_000];
    assert.match(packRising(rising), /^u32:/);
    assert.deepEqual(unpack(packRising(rising), 5), rising);
    for (const other of [[0, 5, 3], [0, 5e9], [0, 0.5], []]) assert.deepEqual(unpack(packRising(other), other.length), other);
  });

  it('keep steps at equal distances in two numbers', () => {
    assert.equal(packSteps([10, 20, 30]), 'lin:10,10');
    assert.deepEqual(unpack('lin:10,10', 4), [10, 20, 30, 40]);
    assert.deepEqual(unpack(packSteps([1, 2, 4]), 3), [1, 2, 4]);
    assert.deepEqual(unpack(packSteps([1, null, 3]), 3), [1, NaN, 3]);
    assert.deepEqual(unpack(packSteps([7]), 1), [7]);
  });

  it('are nothing where the text is none', () => {
    assert.equal(unpack('something', 3), undefined);
    assert.deepEqual(unpack('f64:AA', 3), []);
  });
});
