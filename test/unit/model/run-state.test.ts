import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { countPhases, createRunFold, type RunState, type TaskState } from '../../../src/model/run-state.ts';
import { digitsEvents } from '../../webview/digits.ts';

function fold(events: readonly RunEvent[], snapshot?: RunState): RunState {
  const { apply, state } = createRunFold(snapshot);
  events.forEach(apply);
  const run = state();
  assert.ok(run);
  return run;
}

function taskOf(run: RunState, id: string): TaskState {
  const task = run.tasks.find((each) => each.node.id === id);
  assert.ok(task);
  return task;
}

const trained = 'train[nr_train_images=500]';

describe('createRunFold', () => {
  it('has no state before the run starts, and ignores what comes before', () => {
    const { apply, state } = createRunFold();
    apply({ type: 'warning', time: '1' as never, message: 'early' });
    assert.equal(state(), undefined);
  });

  it('folds a run to its end', () => {
    const run = fold(digitsEvents());
    assert.equal(run.outcome, 'success');
    assert.deepEqual({ ...countPhases(run) }, { pending: 0, stale: 0, running: 0, success: 9, failure: 0, error: 0, timeout: 0, cancellation: 0, skip: 1 });
    const train = taskOf(run, trained);
    assert.deepEqual(train.attempts.map(({ number, outcome, cause }) => [number, outcome, cause]), [[1, 'failure', 'first'], [2, 'success', 'retry']]);
    assert.equal(train.metrics['loss']?.values.length, 21);
    assert.equal(train.failure, undefined);
    assert.equal(taskOf(run, 'eda').madeBy?.runId, '20261119T101500Z-digits-77aa');
  });

  it('goes on from a snapshot that travelled as JSON, to the same state, wherever it was cut', () => {
    const events = digitsEvents();
    const whole = JSON.stringify(fold(events));
    for (const cut of [1, 5, 40, Math.floor(events.length / 2), events.length - 1]) {
      const snapshot = JSON.parse(JSON.stringify(fold(events.slice(0, cut)))) as RunState;
      assert.equal(JSON.stringify(fold(events.slice(cut), snapshot)), whole, `cut after ${cut} events`);
    }
  });

  it('forgets what an earlier attempt reported when another starts', () => {
    const metric = (attempt: number, name: string): RunEvent => ({ type: 'metric', time: '3' as never, task: 'ingest' as TaskId, attempt, name, value: 1 });
    const events = digitsEvents();
    const start = events.findIndex((event) => event.type === 'attempt-started');
    const first = events[start];
    assert.ok(first?.type === 'attempt-started');
    const run = fold([...events.slice(0, start + 1), metric(1, 'old'), { ...first, attempt: 2, cause: 'change' }, metric(2, 'new')]);
    assert.deepEqual(Object.keys(taskOf(run, 'ingest').metrics), ['new']);
  });

  it('takes a metric named __proto__ for a name like any other', () => {
    const events = digitsEvents();
    const start = events.findIndex((event) => event.type === 'attempt-started');
    const run = fold([...events.slice(0, start + 1), { type: 'metric', time: '3' as never, task: 'ingest' as TaskId, attempt: 1, name: '__proto__', value: 1 }]);
    assert.deepEqual(Object.keys(taskOf(run, 'ingest').metrics), ['__proto__']);
  });

  it('keeps a task that ran and then left the file', () => {
    const events = digitsEvents();
    const started = events[0];
    assert.ok(started?.type === 'run-started');
    const run = fold([...events, { type: 'tasks-changed', time: '9' as never, params: {}, tasks: started.tasks.filter((node) => node.id !== 'summary' && node.id !== 'eda') }]);
    assert.equal(run.tasks.at(-1)?.node.id, 'summary');
    assert.ok(!run.tasks.some((task) => task.node.id === 'eda'));
  });

  it('makes a finished task stale and running again', () => {
    const events = digitsEvents();
    const again = events.find((event) => event.type === 'task-started');
    assert.ok(again?.type === 'task-started');
    const stale: RunEvent = { type: 'task-stale', time: '8' as never, task: again.task, reasons: [{ type: 'forced' }] };
    assert.equal(taskOf(fold([...events, stale]), again.task).phase, 'stale');
    const running = taskOf(fold([...events, stale, again]), again.task);
    assert.equal(running.phase, 'running');
    assert.equal(running.end, undefined);
  });
});
