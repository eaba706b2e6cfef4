import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { displayFeed, thinned } from '../../../src/app/display-feed.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';
import type { ExecutorMessage, SessionMessage } from '../../../src/protocol/session.ts';

const metric = (name: string, value: number): RunEvent => ({ type: 'metric', time: '0', task: 'a', attempt: 1, name, value }) as unknown as RunEvent;
const output = (text: string): RunEvent => ({ type: 'output', time: '0', task: 'a', attempt: 1, stream: 'stdout', text }) as unknown as RunEvent;
const warning = (message: string): RunEvent => ({ type: 'warning', time: '0', message }) as unknown as RunEvent;
const status: SessionMessage = { type: 'status', watching: false, running: true };

/** Time and the other process go on when the test says so. */
function sketch() {
  const sent: ExecutorMessage[] = [];
  const planned: (() => void)[] = [];
  const taken: (() => void)[] = [];
  let now = 0;
  const push = displayFeed(
    (message, done) => {
      sent.push(message);
      taken.push(done);
    },
    { now: () => now, after: (_, call) => planned.push(call) },
  );
  return {
    sent,
    event: (...events: readonly RunEvent[]) => events.forEach((event) => push({ type: 'event', event })),
    push,
    passTime: () => {
      now += 1000;
      for (const call of planned.splice(0)) call();
    },
    take: () => {
      for (const done of taken.splice(0)) done();
    },
  };
}

describe('displayFeed', () => {
  it('keeps the order of messages, and joins events that follow each other', () => {
    const { sent, event, push, passTime } = sketch();
    event(warning('1'), warning('2'));
    push(status);
    event(warning('3'));
    passTime();
    assert.deepEqual(sent, [{ type: 'events', events: [warning('1'), warning('2')] }, status, { type: 'events', events: [warning('3')] }]);
  });

  it('sends no more before what it sent was taken, and loses nothing meanwhile', () => {
    const { sent, event, passTime, take } = sketch();
    event(warning('1'));
    passTime();
    event(warning('2'));
    passTime();
    event(warning('3'));
    assert.equal(sent.length, 1);
    take();
    passTime();
    assert.deepEqual(sent.slice(1), [{ type: 'events', events: [warning('2'), warning('3')] }]);
  });
});

describe('thinned', () => {
  it('keeps the last value of each metric, and all that is no value', () => {
    assert.deepEqual(thinned([metric('loss', 1), warning('x'), metric('loss', 2), metric('rate', 3), output('y'), metric('loss', 4)]), [warning('x'), metric('rate', 3), output('y'), metric('loss', 4)]);
  });

  it('keeps the last of several values that came at once', () => {
    const several = { type: 'metrics', time: '0', task: 'a', attempt: 1, name: 'loss', times: [0, 1], values: [1, 2], steps: [5, 6] } as unknown as RunEvent;
    assert.deepEqual(thinned([several]), [{ ...several, times: [1], values: [2], steps: [6] }]);
    assert.deepEqual(thinned([several, metric('loss', 3)]), [metric('loss', 3)]);
  });

  it('keeps the end of output that is too long to be read', () => {
    const [long, last] = [output('x'.repeat(300_000)), output('the end')];
    assert.deepEqual(thinned([output('the start'), long, last]), [long, last]);
  });
});
