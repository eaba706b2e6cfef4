import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Reason } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import { createRunFold } from '../../../src/model/run-state.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import type { LoadedGraph, LoadedTask } from '../../../src/protocol/session.ts';
import { PipelineModel } from '../../../src/vscode/pipeline-model.ts';

const nowhere = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

function task(id: string, dependencies: readonly string[] = [], matrix: LoadedTask['matrix'] = {}): LoadedTask {
  return { id: id as TaskId, name: id.replace(/\[.*/, ''), kind: 'python', matrix, dependencies: dependencies as readonly TaskId[], source: `${id}.py`, outputs: [], tags: [], range: nowhere, watch: 'auto' };
}

function graph(...tasks: readonly LoadedTask[]): LoadedGraph {
  return { name: 'demo', file: '/p/runweave.yaml', folder: '/p', tasks, diagnostics: [] };
}

const at = fromMilliseconds;
const touched: readonly Reason[] = [{ type: 'forced' }];
const span = '00f067aa0ba902b7' as SpanId;

function started(runId: string, tasks: readonly LoadedTask[], time = 0): RunEvent {
  return {
    type: 'run-started',
    time: at(time),
    runId: runId as RunId,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736' as TraceId,
    spanId: span,
    pipeline: { name: 'demo', file: 'runweave.yaml' },
    params: {},
    trigger: { type: 'manual', tasks: [] },
    tasks: tasks.map((each) => ({ ...each, spanId: span })),
    resource: {},
  };
}

/** A task that runs from `start` to `end` (milliseconds). */
function execution(id: string, start: number, end?: number): readonly RunEvent[] {
  const of = { task: id as TaskId };
  return [
    { ...of, type: 'task-stale', time: at(start), reasons: touched },
    { ...of, type: 'task-started', time: at(start), params: {}, fingerprint: {} as never },
    { ...of, type: 'attempt-started', time: at(start), attempt: 1, spanId: span, cause: 'first', command: [], cwd: '.', pid: 1 },
    ...(end === undefined
      ? []
      : ([
          { ...of, type: 'metric', time: at(end), attempt: 1, name: 'auc', value: 0.9 },
          { ...of, type: 'attempt-ended', time: at(end), attempt: 1, outcome: 'success' },
          { ...of, type: 'task-ended', time: at(end), outcome: 'success', outputs: [], returns: {} },
        ] as const)),
  ];
}

function play(model: PipelineModel, events: readonly RunEvent[]): void {
  for (const event of events) model.apply({ type: 'event', event });
}

describe('PipelineModel', () => {
  const a = task('a');
  const b = task('b', ['a']);

  it('knows nothing of tasks that never ran', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a, b));
    assert.deepEqual(model.statusOf(a.id), { phase: 'pending', reasons: [] });
    assert.deepEqual(model.progress(), { done: 0, total: 0 });
  });

  it('follows a run: running with its start, then success with its duration and metrics', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a, b));
    play(model, [started('1', [a, b]), ...execution('a', 1000)]);
    assert.deepEqual(model.statusOf(a.id), { phase: 'running', reasons: ['forced'], startedAt: 1000, stale: true });
    assert.deepEqual(model.progress(), { done: 0, total: 2 });
    play(model, execution('a', 1000, 3500).slice(3));
    assert.deepEqual(model.statusOf(a.id), { phase: 'success', reasons: ['forced'], duration: 2500, stale: false, metrics: { auc: 0.9 } });
    assert.deepEqual(model.progress(), { done: 1, total: 2 });
  });

  it('keeps what it knows of a task that the next run leaves out', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a, b));
    play(model, [started('1', [a, b]), ...execution('a', 0, 10), ...execution('b', 10, 30), started('2', [a], 100), ...execution('a', 100, 105)]);
    assert.equal(model.statusOf(b.id).phase, 'success');
    assert.equal(model.statusOf(b.id).duration, 20);
    assert.equal(model.statusOf(a.id).duration, 5);
  });

  it('keeps the duration of the last execution of a task that is up to date now', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a));
    play(model, [started('1', [a]), ...execution('a', 0, 40), started('2', [a], 100), { type: 'task-skipped', time: at(101), task: a.id, reason: 'up-to-date' }]);
    assert.deepEqual(model.statusOf(a.id), { phase: 'skip', reasons: ['up to date'], duration: 40, stale: false });
  });

  it('shows a task that a failure held up as stale', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a, b));
    play(model, [started('1', [a, b]), { type: 'task-skipped', time: at(5), task: b.id, reason: 'upstream', blockedBy: [a.id] }]);
    assert.equal(model.statusOf(b.id).stale, true);
  });

  it('says what a plan says, with its reasons', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a, b));
    const changed = model.apply({ type: 'plan', entries: [{ task: a.id, action: 'run', reasons: [{ type: 'never-ran' }] }, { task: b.id, action: 'skip' }] });
    assert.deepEqual(changed, new Set([a.id, b.id]));
    assert.deepEqual(model.statusOf(a.id), { phase: 'pending', reasons: ['no earlier result'], stale: true });
    assert.equal(model.statusOf(b.id).stale, false);
  });

  it('says what went wrong, until the task runs again', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a));
    const failure = { type: 'ValueError', message: `expected fast or slow,\n  got ${'x'.repeat(1000)}` };
    play(model, [started('1', [a]), ...execution('a', 0), { type: 'task-ended', time: at(5), task: a.id, outcome: 'failure', failure, outputs: [], returns: {} }]);
    const said = model.statusOf(a.id).failure;
    assert.match(said ?? '', /^ValueError: expected fast or slow, got x+…$/);
    assert.equal(said?.length, 300);
    play(model, execution('a', 10));
    assert.equal(model.statusOf(a.id).failure, undefined);
  });

  it('ends what was running when the executor is gone', () => {
    const model = new PipelineModel();
    model.setGraph(graph(a, b));
    model.apply({ type: 'status', watching: true, running: true });
    play(model, [started('1', [a, b]), ...execution('a', 1000)]);
    model.executorGone();
    assert.equal(model.statusOf(a.id).phase, 'error');
    assert.equal(model.run?.interrupted, true);
    assert.deepEqual([model.watching, model.running], [false, false]);
    assert.deepEqual(model.failed(), [a.id]);
  });

  it('starts from a recorded run, but not over one in progress', () => {
    const recorded = createRunFold();
    for (const event of [started('1', [a]), ...execution('a', 0, 7)]) recorded.apply(event);
    const state = recorded.state();
    assert.ok(state);
    const model = new PipelineModel();
    model.setGraph(graph(a));
    model.setLatestRun(state);
    assert.equal(model.statusOf(a.id).duration, 7);
    model.apply({ type: 'status', watching: false, running: true });
    play(model, [started('2', [a]), ...execution('a', 100)]);
    model.setLatestRun(state);
    assert.equal(model.statusOf(a.id).phase, 'running');
  });

  it('does not redraw for output', () => {
    const model = new PipelineModel();
    play(model, [started('1', [a]), ...execution('a', 0)]);
    assert.deepEqual(model.apply({ type: 'event', event: { type: 'output', time: at(1), task: a.id, attempt: 1, stream: 'stdout', text: 'x' } }), new Set());
  });
});

describe('the time left', () => {
  const [a, b] = [task('a'), task('b', ['a'])];
  const estimate = { type: 'estimate', durations: { [a.id]: 2000, [b.id]: 3000 }, slots: 2 } as const;
  const running = { type: 'status', watching: false, running: true } as const;

  it('is known while a run goes on, from its estimate', () => {
    const model = new PipelineModel();
    play(model, [started('r1', [a, b])]);
    model.apply(estimate);
    assert.equal(model.timeLeft(at(0)), undefined);
    model.apply(running);
    assert.equal(model.timeLeft(at(0)), 5000);
    play(model, execution('a', 0));
    assert.equal(model.timeLeft(at(500)), 4500);
    play(model, [{ type: 'run-ended', time: at(600), outcome: 'cancellation' }]);
    assert.equal(model.timeLeft(at(600)), undefined);
  });

  it('is of one run only', () => {
    const model = new PipelineModel();
    play(model, [started('r1', [a, b])]);
    model.apply(estimate);
    model.apply(running);
    play(model, [started('r2', [a, b])]);
    assert.equal(model.timeLeft(at(0)), undefined);
  });
});
