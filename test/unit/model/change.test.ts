import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeOf } from '../../../src/model/change.ts';
import type { Digest } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;

describe('changeOf', () => {
  it('compares values as JSON, and text by its lines', () => {
    assert.deepEqual(changeOf({ type: 'param-changed', name: 'rates', from: [1], to: { a: 2 } }), { type: 'values', name: 'parameter rates', from: '[\n  1\n]\n', to: '{\n  "a": 2\n}\n' });
    assert.deepEqual(changeOf({ type: 'definition-changed', part: 'shell', from: 'a\nb', to: 'a\nc' }), { type: 'values', name: 'definition: shell', from: 'a\nb\n', to: 'a\nc\n' });
    assert.deepEqual(changeOf({ type: 'env-changed', name: 'X', to: '1' }), { type: 'values', name: 'environment variable X', from: '', to: '1\n' });
  });

  it('names a file by its path, also one that was only read', () => {
    assert.deepEqual(changeOf({ type: 'input-changed', path: 'data.csv (read)', from: digest('a'), to: digest('b') }), { type: 'file', path: 'data.csv', from: digest('a'), to: digest('b') });
    assert.deepEqual(changeOf({ type: 'source-changed', path: 'a.py', to: digest('b') }), { type: 'file', path: 'a.py', to: digest('b') });
    assert.deepEqual(changeOf({ type: 'source-changed', path: 'a.py', from: digest('a'), to: digest('b'), parts: ['function f'] }), { type: 'file', path: 'a.py', from: digest('a'), to: digest('b'), isPart: true });
  });

  it('has nothing for a folder or glob, whose files the reason names', () => {
    assert.equal(changeOf({ type: 'input-changed', path: 'data/*.csv', from: digest('a'), to: digest('b'), added: [], removed: [], changed: ['data/a.csv'] }), undefined);
  });

  it('leads from an upstream task on to that task, and from the rest nowhere', () => {
    assert.deepEqual(changeOf({ type: 'upstream-will-run', task: 'a' as TaskId }), { type: 'upstream', task: 'a' });
    assert.equal(changeOf({ type: 'forced' }), undefined);
    assert.equal(changeOf({ type: 'source-changed', path: 'a.py', from: digest('a'), to: digest('b'), compared: 'more closely' }), undefined);
  });
});
