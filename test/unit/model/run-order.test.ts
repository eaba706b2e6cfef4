import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newestFirst } from '../../../src/model/run-order.ts';

describe('the order of runs', () => {
  const newest = [
    'zebra',
    '20261120T224012Z-a-0001',
    '20261120T224011Z-a-ffff',
    '20261120T224011Z-train-nightly-8000',
    '20261120T224011Z-b-0002',
    '20261120T224011Z-a-0002',
    '20261120T224011Z-z-0001',
    '20261120T224011Z-z',
    '20261120T224011Z',
    '20261120T224010Z-a-0000',
    '2026',
    '',
  ];

  it('is that of their starts, also of different pipelines in one second', () => {
    for (const turn of newest.keys()) assert.deepEqual([...newest.slice(turn), ...newest.slice(0, turn)].sort(newestFirst), newest);
    assert.deepEqual([...newest].reverse().sort(newestFirst), newest);
  });

  it('has one place for each', () => {
    for (const [at, a] of newest.entries()) for (const [other, b] of newest.entries()) assert.equal(Math.sign(newestFirst(a, b)), Math.sign(at - other), `${a} ${b}`);
  });
});
