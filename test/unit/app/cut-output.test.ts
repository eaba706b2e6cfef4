import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RunState } from '../../../src/model/run-state.ts';
import { cutOutput } from '../../../src/app/cut-output.ts';

it('keeps the end of what is too long, says of which tasks, and leaves the state as it is', () => {
  const chunk = (text: string) => ({ time: '0', stream: 'stdout', text });
  const state = {
    tasks: [
      { node: { id: 'short' }, attempts: [{ output: [chunk('abc')] }] },
      { node: { id: 'long' }, attempts: [{ output: [chunk('abc'), chunk('defg'), chunk('hi')] }] },
    ],
  } as unknown as RunState;
  const before = structuredClone(state);
  const { state: cut, cutOutput: tasks } = cutOutput(state, 4);
  assert.deepEqual(tasks, ['long']);
  assert.deepEqual(cut.tasks.map((task) => task.attempts[0]?.output.map((each) => each.text)), [['abc'], ['fg', 'hi']]);
  assert.deepEqual(state, before);
  assert.equal(cutOutput(state, 100).state, state);
});
