import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Digest } from '../../../src/model/fingerprint.ts';
import { describePickle, mayBePickle, pickledParams, withValues, type PickledReturn } from '../../../src/model/pickled-return.ts';

const pickle: PickledReturn = { type: 'pandas.core.frame.DataFrame', size: 1_234_567, digest: `sha256:${'0f3a'.repeat(16)}` as Digest };

it('is described by type, size and digest', () => {
  assert.equal(describePickle(pickle), 'DataFrame (pickle, 1.2 MB, sha256:0f3a0f3a0f3a0f3a)');
  assert.equal(describePickle({ ...pickle, type: 'set', size: 12 }), 'set (pickle, 12 B, sha256:0f3a0f3a0f3a0f3a)');
  assert.ok(mayBePickle(describePickle(pickle)));
  assert.ok(!mayBePickle('DataFrame'));
});

it('is found wherever a reference is the whole value, and told where it is not', () => {
  const params = { frame: '${tasks.split.returns.frame}', both: ['${tasks.split.returns.n}', { deep: '${tasks.split.returns.frame}' }], text: 'a ${tasks.split.returns.frame}' };
  const found = pickledParams(params, (task) => (task === 'split' ? { frame: pickle } : undefined));
  assert.deepEqual(found.params.map(({ at }) => at), [['frame'], ['both', 1, 'deep']]);
  assert.deepEqual(found.inText, ['split.returns.frame']);
  assert.deepEqual(withValues(params, found.params, () => '/path'), { ...params, frame: '/path', both: ['${tasks.split.returns.n}', { deep: '/path' }] });
});

it('is not taken from names that every object has', () => {
  assert.deepEqual(pickledParams({ x: '${tasks.split.returns.constructor}' }, () => ({})).params, []);
});
