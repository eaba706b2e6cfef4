import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import { unsettled, type Digest, type Fingerprint } from '../../../src/model/fingerprint.ts';
import { isMoving, isOwnDoing, mayBeSince, type Entry } from '../../../src/execution/scheduled-task.ts';
import { taskOf } from '../sketch.ts';

function folderWith(context: TestContext, ...files: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-task-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), '');
  }
  return folder;
}

describe('a task that has ended', () => {
  it('is taken for the writer of its input or script only where that was written while it ran, as in many attempts before', (context) => {
    const folder = folderWith(context, 'in.txt', 'run.sh');
    const { mtimeMs } = statSync(path.join(folder, 'run.sh'));
    const entry = { task: taskOf({ id: 'a', inputs: ['in.txt'] }), attempts: 11, endedAt: mtimeMs + 1 } as Entry;
    for (const [type, name] of [['input-changed', 'in.txt'], ['source-changed', 'run.sh']] as const) {
      const isOwn = (reason: { readonly path?: string; readonly from?: Digest } = {}, more: Partial<Entry> = {}): boolean => isOwnDoing({ type, path: name, from: unsettled, to: digestOf('1'), ...reason }, { ...entry, ...more }, folder);
      assert.equal(isOwn(), true, name);
      assert.equal(isOwn({}, { endedAt: mtimeMs - 1000 }), false);
      assert.equal(isOwn({}, { attempts: 10 }), false);
      assert.equal(isOwn({ from: digestOf('0') }), false);
      assert.equal(isOwn({ path: 'gone' }, { task: taskOf({ inputs: ['gone'] }) }), false);
    }
    const python = { ...entry, task: taskOf({ source: { kind: 'python', script: 'run.sh' } }) };
    assert.equal(isOwnDoing({ type: 'source-changed', path: 'run.sh', from: unsettled }, python, folder), false);
  });
});

describe('a task that runs', () => {
  it('is taken for the writer of the script that its command names after many attempts, and of one that it is known to write at once', () => {
    const reason = { type: 'source-changed', path: 'run.sh' } as const;
    const fingerprint = { own: ['own.sh'] } as unknown as Fingerprint;
    const isIts = (attempts: number, task = taskOf(), name = 'run.sh'): boolean => isMoving({ ...reason, path: name }, fingerprint, { attempts, task } as Entry);
    assert.deepEqual([isIts(10), isIts(11), isIts(1, taskOf(), 'own.sh')], [false, true, true]);
    assert.equal(isIts(11, taskOf({ source: { kind: 'python', script: 'run.py' } })), false);
  });
});

describe('what differs', () => {
  it('may have come after a moment unless all that it is of is older', (context) => {
    const folder = folderWith(context, 'data/a.csv', 'data/b.csv', 'a.py');
    const { ctimeMs } = statSync(path.join(folder, 'a.py'));
    const isSince = (type: 'input-changed' | 'source-changed', name: string, moment: number): boolean => mayBeSince(moment, { type, path: name }, folder);
    for (const [type, name] of [['source-changed', 'a.py'], ['input-changed', 'a.py (read)'], ['input-changed', 'data'], ['input-changed', 'data/*.csv']] as const) {
      assert.deepEqual([isSince(type, name, ctimeMs - 1000), isSince(type, name, ctimeMs + 1000)], [true, false], name);
    }
    assert.equal(isSince('input-changed', 'gone', ctimeMs + 1000), true);
    assert.equal(mayBeSince(ctimeMs + 1000, { type: 'param-changed', name: 'x' }, folder), true);
  });

  it('may also be what has gone from a folder in it, and where a link leads', async (context) => {
    const folder = folderWith(context, 'data/sub/only.csv', 'data/a.csv', 'v1.txt', 'v2.txt', 'runs/v1/a.csv', 'runs/v2/a.csv');
    symlinkSync('v1.txt', path.join(folder, 'in.txt'));
    symlinkSync('runs/v1', path.join(folder, 'latest'));
    const isSince = (name: string, moment: number): boolean => mayBeSince(moment, { type: 'input-changed', path: name }, folder);
    await setTimeout(50);
    const moment = Date.now();
    for (const name of ['data', 'data/**/*.csv', 'in.txt', 'latest', 'latest/*.csv']) assert.equal(isSince(name, moment), false, name);
    rmSync(path.join(folder, 'data/sub/only.csv'));
    for (const [link, target] of [['in.txt', 'v2.txt'], ['latest', 'runs/v2']] as const) {
      symlinkSync(target, path.join(folder, 'next'));
      renameSync(path.join(folder, 'next'), path.join(folder, link));
    }
    for (const name of ['data', 'data/**/*.csv', 'in.txt', 'latest', 'latest/*.csv']) assert.equal(isSince(name, moment), true, name);
    assert.equal(isSince('data/*.csv', moment), false, 'what is in a folder below does not count');
  });
});
