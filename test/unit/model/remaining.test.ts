import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { remainingPaths, timeLeft, type Durations } from '../../../src/model/remaining.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunState, TaskPhase, TaskState } from '../../../src/model/run-state.ts';
import type { UnixNano } from '../../../src/model/time.ts';

const durations = (values: object): Durations => values as Durations;
const id = (name: string): TaskId => name as TaskId;

function stateOf(tasks: Readonly<Record<string, { readonly phase: TaskPhase; readonly needs?: readonly string[]; readonly start?: string }>>): Pick<RunState, 'tasks'> {
  return {
    tasks: Object.entries(tasks).map(([name, { phase, needs = [], start }]) => ({ node: { id: name, dependencies: needs }, phase, attempts: [], start }) as unknown as TaskState),
  };
}

describe('remainingPaths', () => {
  it('is the longest way to the end, with the middle of what is known for what is not', () => {
    const tasks = [
      { id: id('a'), dependencies: [] },
      { id: id('b'), dependencies: [id('a')] },
      { id: id('c'), dependencies: [id('a')] },
      { id: id('d'), dependencies: [id('b'), id('c')] },
    ];
    assert.deepEqual(Object.fromEntries(remainingPaths(tasks, durations({ a: 1, b: 5, d: 2 }))), { a: 8, b: 7, c: 4, d: 2 });
  });
});

describe('timeLeft', () => {
  const now = '5000000000' as UnixNano;

  it('is the longest way where that is longer than the shared work', () => {
    const state = stateOf({ done: { phase: 'success' }, a: { phase: 'running', start: '4000000000' }, b: { phase: 'pending', needs: ['a'] }, c: { phase: 'pending' } });
    assert.equal(timeLeft(state, durations({ a: 3000, b: 4000, c: 1000 }), 4, now), 6000);
    assert.equal(timeLeft(state, durations({ a: 3000, b: 4000, c: 1000 }), 1, now), 7000);
  });

  it('is not known when a task never ran, and when nothing is left', () => {
    assert.equal(timeLeft(stateOf({ a: { phase: 'pending' }, b: { phase: 'pending' } }), durations({ a: 1 }), 1, now), undefined);
    assert.equal(timeLeft(stateOf({ a: { phase: 'success' } }), durations({ a: 1 }), 1, now), undefined);
  });

  it('never falls below nothing for a task that takes longer than before', () => {
    assert.equal(timeLeft(stateOf({ a: { phase: 'running', start: '0' } }), durations({ a: 1000 }), 1, now), 0);
  });
});
