import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { artifactPath } from '../../../../src/collector/mlflow/artifact-path.ts';
import { Refusal } from '../../../../src/collector/mlflow/refusal.ts';

describe('artifactPath', () => {
  for (const path of ['', 'a', 'a/b/c.txt', 'with space & ünï%.txt', '..a/b..', 'a/.hidden', '%2e%2e/x']) it(`takes ${JSON.stringify(path)}`, () => assert.equal(artifactPath(path), path));
  it('leaves a slash at the end out', () => assert.equal(artifactPath('a/b/'), 'a/b'));
  for (const path of ['..', '../a', 'a/../b', 'a/..', './a', 'a//b', '/a', '//a', 'C:/a', 'c:a', 'a\\b', '..\\a', 'a\0b', 'a\nb', 'x'.repeat(300), 'a/'.repeat(3000)]) {
    it(`refuses ${JSON.stringify(path.slice(0, 40))}`, () => assert.throws(() => artifactPath(path), Refusal));
  }
});
