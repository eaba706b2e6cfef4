import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keptLimit } from '../../../src/app/kept-limit.ts';

describe('RUNWEAVE_CACHE_LIMIT', () => {
  it('is a size, 5 GB where it is not set', () => {
    const limits = [undefined, '', '0', '1024', '10MB', '1.5 GiB', '2g'].map((text) => keptLimit({ RUNWEAVE_CACHE_LIMIT: text }));
    assert.deepEqual(limits, [5e9, 5e9, 0, 1024, 10e6, 1.5 * 2 ** 30, 2e9].map((limit) => ({ limit })));
  });

  it('is said to be wrong where it is no size', () => {
    for (const text of ['abc', '10MBB', '-5', '5 5']) {
      const { limit, mistake } = keptLimit({ RUNWEAVE_CACHE_LIMIT: text });
      assert.equal(limit, 5e9);
      assert.match(mistake ?? '', new RegExp(`^RUNWEAVE_CACHE_LIMIT is "${text}", which is no size\\.`));
    }
  });
});
