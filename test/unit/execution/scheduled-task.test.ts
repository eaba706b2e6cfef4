import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import { unsettled } from '../../../src/model/fingerprint.ts';
import { isOwnDoing, mayBeSince, type Entry } from '../../../src/execution/scheduled-task.ts';
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

describe('what differs', () => {
  it('may have come after a moment unless all that it is of is older', (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'runweave-task-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(path.join(folder, 'data'));
    for (const file of ['data/a.csv', 'data/b.csv', 'a.py']) writeFileSync(path.join(folder, file), '');
    const { ctimeMs } = statSync(path.join(folder, 'a.py'));
    const isSince = (type: 'input-changed' | 'source-changed', name: string, moment: number): boolean => mayBeSince(moment, { type, path: name }, folder);
    for (const [type, name] of [['source-changed', 'a.py'], ['input-changed', 'a.py (read)'], ['input-changed', 'data'], ['input-changed', 'data/*.csv']] as const) {
      assert.deepEqual([isSince(type, name, ctimeMs - 1000), isSince(type, name, ctimeMs + 1000)], [true, false], name);
    }
    assert.equal(isSince('input-changed', 'gone', ctimeMs + 1000), true);
    assert.equal(mayBeSince(ctimeMs + 1000, { type: 'param-changed', name: 'x' }, folder), true);
  });
});
