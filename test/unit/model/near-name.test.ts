import assert from 'node:assert/strict';
import { it } from 'node:test';
import { editDistance, nearName } from '../../../src/model/near-name.ts';

it('counts insertions, deletions, replacements and swaps of neighbours', () => {
  const cases: readonly (readonly [string, string, number])[] = [['', '', 0], ['', 'abc', 3], ['abc', '', 3], ['need', 'needs', 1], ['trian', 'train', 1], ['kitten', 'sitting', 3], ['ca', 'abc', 3]];
  for (const [a, b, distance] of cases) assert.deepEqual([a, b, editDistance(a, b), editDistance(b, a)], [a, b, distance, distance]);
});

it('finds the nearest name, and none when all are far', () => {
  assert.equal(nearName('trian', ['split', 'train', 'drain']), 'train');
  assert.equal(nearName('NEEDS', ['needs']), 'needs');
  assert.equal(nearName('a', ['b']), 'b');
  assert.equal(nearName('ingest', ['summary', 'publish']), undefined);
  assert.equal(nearName('x'.repeat(10_000), ['x']), undefined);
});
