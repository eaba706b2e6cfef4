import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { observedKey } from '../../../src/fingerprint/task-fingerprint.ts';
import type { Fingerprint } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import { createUsedFiles } from '../../../src/execution/used-files.ts';
import { taskOf } from '../sketch.ts';

const id = (text: string): TaskId => text as TaskId;

describe('files that tasks use', () => {
  const tasks = [taskOf({ id: 'a' }), taskOf({ id: 'b' }), taskOf({ id: 'c', inputs: ['data', 'x/*.csv'] })];
  const results = new Map<TaskId, { readonly fingerprint: Fingerprint }>();
  const seen = (...files: readonly string[]): { readonly fingerprint: Fingerprint } => ({ fingerprint: { inputs: Object.fromEntries(files.map((file) => [observedKey(file), 'sha256:1'])) } as unknown as Fingerprint });
  const isUsedElsewhere = createUsedFiles({ tasks } as never, (task) => results.get(task));

  it('are what others were seen to read last, and their inputs', () => {
    assert.equal(isUsedElsewhere(id('a'), []), false);
    assert.equal(isUsedElsewhere(id('a'), ['log.txt', 'data/in.txt']), true);
    assert.equal(isUsedElsewhere(id('c'), ['data/in.txt', 'x/a.csv']), false);
    assert.equal(isUsedElsewhere(id('a'), ['x/a.csv']), true);
    assert.equal(isUsedElsewhere(id('a'), ['log.txt']), false);
    results.set(id('b'), seen('log.txt', 'deep/er/file'));
    assert.equal(isUsedElsewhere(id('a'), ['log.txt']), true);
    assert.equal(isUsedElsewhere(id('b'), ['log.txt']), false);
    assert.equal(isUsedElsewhere(id('a'), ['deep/']), true);
    assert.equal(isUsedElsewhere(id('a'), ['dee/']), false);
    results.set(id('b'), seen('other.txt'));
    assert.equal(isUsedElsewhere(id('a'), ['log.txt', 'deep/']), false);
  });
});
