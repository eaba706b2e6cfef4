import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRunQueue } from '../../../src/app/run-queue.ts';

/** A run that the test lets start and end. */
function heldRun() {
  let [start, end, fail]: (() => void)[] = [];
  const mayStart = new Promise<void>((resolve) => (start = resolve));
  const over = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = () => reject(new Error('no such run'));
  });
  const run = async (started: () => void): Promise<string> => {
    await mayStart;
    started();
    await over;
    return 'over';
  };
  return { run, start: () => start?.(), end: () => end?.(), fail: () => fail?.() };
}

describe('runs that wait for one another', () => {
  it('are waited for in their order: who is told of the first need not wait for those behind it', async () => {
    const queue = createRunQueue();
    assert.equal(queue.starting(), undefined);
    const [a, b] = [heldRun(), heldRun()];
    const ends = [queue.add(a.run), queue.add(b.run)];
    const first = queue.starting();
    a.start();
    await first;
    const second = queue.starting();
    assert.notEqual(second, first);
    b.start();
    a.end();
    await second;
    assert.equal(queue.starting(), undefined);
    b.end();
    assert.deepEqual(await Promise.all(ends), ['over', 'over']);
  });

  it('do not wait for ever for one that could not start', async () => {
    const queue = createRunQueue();
    const [a, b] = [heldRun(), heldRun()];
    const refused = queue.add(() => Promise.reject(new Error('refused')));
    const next = queue.add(b.run);
    await queue.starting();
    await assert.rejects(refused, /refused/);
    b.start();
    await queue.starting();
    b.end();
    assert.equal(await next, 'over');
    const failing = queue.add(a.run);
    a.start();
    a.fail();
    await assert.rejects(failing);
    await queue.settled();
    assert.equal(queue.starting(), undefined);
  });
});
