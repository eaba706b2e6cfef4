import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { restartPolicy } from '../../../src/vscode/restart-policy.ts';

describe('restartPolicy', () => {
  it('starts again at once, then later and later, and gives up after three times in a minute', () => {
    const { next } = restartPolicy();
    assert.deepEqual([next(0), next(1000), next(3000), next(10_000)], [0, 1000, 4000, undefined]);
  });

  it('counts only the last minute', () => {
    const { next } = restartPolicy();
    for (const now of [0, 1, 2]) next(now);
    assert.equal(next(59_999), undefined);
    assert.equal(next(60_002), 0);
  });

  it('counts from zero after a person asked for a start', () => {
    const { next, reset } = restartPolicy();
    for (const now of [0, 1, 2]) next(now);
    reset();
    assert.equal(next(3), 0);
  });
});
