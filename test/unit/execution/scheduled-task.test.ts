import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import { unsettled } from '../../../src/model/fingerprint.ts';
import { isOwnDoing, type Entry } from '../../../src/execution/scheduled-task.ts';
import { taskOf } from '../sketch.ts';

describe('a task that has ended well', () => {
  it('is taken for the writer of its input only where that was written while it ran, as in many attempts before', () => {
    const reason = { type: 'input-changed', path: 'in.txt', from: unsettled, to: digestOf('1') } as const;
    const entry = { task: taskOf({ id: 'a', inputs: ['in.txt'] }), attempts: 11, endedAt: 1000 } as Entry;
    const isOwn = (lastWrite: number | undefined, more: Partial<Entry> = {}): boolean => isOwnDoing(reason, { ...entry, ...more }, () => lastWrite);
    assert.equal(isOwn(1000), true);
    assert.equal(isOwn(1001), false);
    assert.equal(isOwn(undefined), false);
    assert.equal(isOwn(1000, { attempts: 10 }), false);
    assert.equal(isOwnDoing({ ...reason, from: digestOf('0') }, entry, () => 1000), false);
  });
});
