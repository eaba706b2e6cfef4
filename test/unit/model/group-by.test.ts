import assert from 'node:assert/strict';
import { it } from 'node:test';
import { groupBy } from '../../../src/model/group-by.ts';

it('groups by any key, in the order of the first item', () => {
  assert.deepEqual([...groupBy([3, 1, 2, 5, 4], (n) => n % 2)], [[1, [3, 1, 5]], [0, [2, 4]]]);
});
