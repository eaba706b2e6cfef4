import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { distinctPaths } from '../../../src/exporters/artifact-name.ts';

const distinct = (...paths: readonly string[]): readonly string[] => paths.map(distinctPaths());

describe('distinctPaths', () => {
  it('gives each file a path of its own, whatever the case', () => {
    assert.deepEqual(distinct('a.txt', 'A.txt', 'a.txt', 'b/a.txt'), ['a.txt', 'A (2).txt', 'a (3).txt', 'b/a.txt']);
  });

  it('gives no file the path of a folder', () => {
    assert.deepEqual(distinct('model', 'model/weights', 'model/bias', 'other'), ['model', 'model (2)/weights', 'model (2)/bias', 'other']);
    assert.deepEqual(distinct('model/weights', 'Model', 'model/weights/0'), ['model/weights', 'Model (2)', 'model/weights (2)/0']);
  });
});
