import assert from 'node:assert/strict';
import { it } from 'node:test';
import { namesOf } from '../../../src/vscode/folder-names.ts';

it('names folders as shortly as tells them apart', () => {
  const workspace = [{ path: '/w/a', name: 'a' }, { path: '/w/b', name: 'second' }];
  assert.deepEqual(namesOf(['/w/a', '/w/a/x', '/w/b'], workspace), ['a', 'a/x', 'second']);
  assert.deepEqual(namesOf(['/w/ab'], workspace), ['ab']);
  assert.deepEqual(namesOf(['/x/one/p', '/x/two/p', '/x/q'], workspace), ['one/p', 'two/p', 'q']);
});
