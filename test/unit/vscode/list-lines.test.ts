import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listLines } from '../../../src/vscode/list-lines.ts';

describe('listLines', () => {
  it('breaks what is too wide between words', () => {
    const text = 'source lib/text.py changed (582e56b5 → 2800cd72), imported by tasks/ingest.py → lib/clean.py';
    assert.deepEqual(listLines(text), ['source lib/text.py changed (582e56b5 → 2800cd72), imported by', 'tasks/ingest.py → lib/clean.py']);
    assert.deepEqual(listLines('source notebooks/explore.ipynb changed in code cell 2 (141dadbb → 400c51bf)'), ['source notebooks/explore.ipynb changed in code cell 2 (141dadbb → 400c51bf)']);
  });

  it('leaves what has no place to break', () => {
    const text = 'x'.repeat(100);
    assert.deepEqual(listLines(text), [text]);
  });
});
