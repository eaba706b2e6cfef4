import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSize } from '../../../src/definition/size.ts';

describe('parseSize', () => {
  it('reads sizes as people write them, as bytes', () => {
    assert.deepEqual(['0B', '12B', '1KB', '512MB', '1.5GB', '2 TB', '1KiB', '1.5GiB', 10].map(parseSize), [0, 12, 1000, 512e6, 1.5e9, 2e12, 1024, 1.5 * 1024 ** 3, 10]);
  });

  it('is undefined for what is none', () => {
    assert.deepEqual(['', 'GB', '1', '1G', '-1GB', '1 gigabyte', -1].map(parseSize), Array.from({ length: 7 }, () => undefined));
  });
});
