import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coalesce, debounce } from '../../../src/vscode/coalesce.ts';
import { fakeTimers } from './fake-timers.ts';

describe('coalesce', () => {
  it('hands over the first change at once and the rest together, each once', () => {
    const timers = fakeTimers();
    const seen: string[][] = [];
    const { add } = coalesce<string>(50, (items) => seen.push([...items]), timers);
    add('a');
    timers.pass(0);
    add('b');
    add('c', 'b');
    timers.pass(49);
    assert.deepEqual(seen, [['a']]);
    timers.pass(1);
    assert.deepEqual(seen, [['a'], ['b', 'c']]);
    timers.pass(1000);
    assert.equal(seen.length, 2);
  });

  it('hands over no more often than every interval, however many changes there are', () => {
    const timers = fakeTimers();
    const times: number[] = [];
    const { add } = coalesce<number>(50, () => times.push(timers.now()), timers);
    for (let ms = 0; ms < 999; ms += 1) {
      add(ms);
      timers.pass(1);
    }
    assert.equal(times.length, 20);
    assert.ok(times.every((time, at) => at === 0 || time - (times[at - 1] ?? 0) >= 50));
  });

  it('forgets what waits when it is disposed, and hands it over when flushed', () => {
    const timers = fakeTimers();
    const seen: string[][] = [];
    const coalescer = coalesce<string>(50, (items) => seen.push([...items]), timers);
    coalescer.add('a');
    coalescer.flush();
    assert.deepEqual(seen, [['a']]);
    coalescer.add('b');
    coalescer.dispose();
    timers.pass(1000);
    assert.deepEqual(seen, [['a']]);
  });
});

describe('debounce', () => {
  it('calls once, after the last call', () => {
    const timers = fakeTimers();
    const times: number[] = [];
    const { call } = debounce(150, () => times.push(timers.now()), timers);
    call();
    timers.pass(100);
    call();
    timers.pass(149);
    assert.deepEqual(times, []);
    timers.pass(1);
    assert.deepEqual(times, [250]);
  });
});
