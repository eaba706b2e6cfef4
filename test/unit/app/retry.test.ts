import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retryOfRun, retryOfTask } from '../../../src/app/retry.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { EventOf } from '../../../src/model/run-event.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import { at, runStarted, task } from '../cli/sample-run.ts';

function runOf(more: Partial<EventOf<'run-started'>>): RunState {
  const [a, b] = [task('a'), task('b')];
  const fold = createRunFold();
  fold.apply(runStarted([a, b], more));
  fold.apply({ type: 'task-started', time: at(0), task: a.id, params: {}, fingerprint: { command: 'sha256:x' } as never });
  fold.apply({ type: 'attempt-started', time: at(0), task: a.id, attempt: 1, spanId: a.spanId, cause: 'first', command: [], cwd: '.', pid: 1 });
  fold.apply({ type: 'task-skipped', time: at(1), task: b.id, reason: 'manual' });
  const state = fold.state();
  assert.ok(state !== undefined);
  return state;
}

describe('to retry a run', () => {
  it('is to ask for what it was asked for, with its parameters', () => {
    const state = runOf({ trigger: { type: 'manual', tasks: ['a'] }, params: { rate: 0.1 } });
    assert.deepEqual(retryOfRun(state, true), { tasks: ['a'], force: true, params: { rate: 0.1 }, paramsOf: state.runId });
  });

  it('leaves parameters to the file that held a secret', () => {
    assert.deepEqual(retryOfRun(runOf({ params: { rate: 1, url: 'https://***@host', nested: { token: '***' } } }), false).params, { rate: 1 });
  });

  it('is all that a change ran, but not what waits to be asked for', () => {
    assert.deepEqual(retryOfRun(runOf({ trigger: { type: 'change', files: ['x'], count: 1 } }), false).tasks, ['a']);
  });
});

describe('to retry a task', () => {
  it('is to run it alone, with the inputs that it had', () => {
    const state = runOf({ params: { rate: 0.1 } });
    const [a] = state.tasks;
    assert.ok(a?.fingerprint !== undefined);
    assert.deepEqual(retryOfTask(state, a), { tasks: ['a' as TaskId], force: true, params: { rate: 0.1 }, paramsOf: state.runId, alone: { runId: state.runId, fingerprint: a.fingerprint } });
  });

  it('needs one that ran', () => {
    const state = runOf({});
    const [, b] = state.tasks;
    assert.ok(b !== undefined);
    assert.equal(retryOfTask(state, b), undefined);
  });
});
