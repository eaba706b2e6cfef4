import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { warmRun } from '../../../src/app/warm-run.ts';
import type { Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';

type Kind = Task['source']['kind'];

/** Of a task only its id, kind and dependencies are looked at. */
function pipelineOf(tasks: Readonly<Record<string, readonly [kind: Kind, ...needs: string[]]>>): Pipeline {
  return { tasks: Object.entries(tasks).map(([id, [kind, ...dependencies]]) => ({ id, source: { kind }, dependencies })) } as unknown as Pipeline;
}
const started = (task: string): RunEvent => ({ type: 'attempt-started', task }) as unknown as RunEvent;
const ended = (task: string): RunEvent => ({ type: 'task-ended', task }) as unknown as RunEvent;

function setUp(pipeline: Pipeline, { results = [] as readonly string[], wanted = pipeline.tasks.map(({ id }) => id as string) } = {}) {
  const prepared: string[][] = [];
  const run = warmRun(pipeline, new Set(wanted as unknown as readonly TaskId[]), (task) => results.includes(task), (tasks) => prepared.push([...tasks].sort()));
  return { run, prepared };
}

describe('a warm process for a run', () => {
  const fan = pipelineOf({ a: ['python'], b: ['notebook', 'a'], c: ['call', 'a'], d: ['python', 'a'], e: ['shell', 'a'] });

  it('is made when the first task starts, for those of Python that never ran', () => {
    const { run, prepared } = setUp(fan);
    run.follow(started('a'));
    assert.deepEqual(prepared, [['b', 'c', 'd']]);
  });

  it('is made for tasks that come after one that runs again', () => {
    const all = ['a', 'b', 'c', 'd', 'e'];
    const chain = setUp(pipelineOf({ a: ['shell'], b: ['python', 'a'], c: ['python', 'b'], d: ['python', 'c'] }), { results: all });
    chain.run.follow(started('a'));
    assert.deepEqual(chain.prepared, [['b', 'c', 'd']]);
    const last = setUp(pipelineOf({ a: ['shell'], b: ['python', 'a'], c: ['python', 'b'], d: ['python'] }), { results: all });
    last.run.follow(started('a'));
    assert.deepEqual(last.prepared, [], 'two tasks start as fast without it');
  });

  it('is not made for tasks that are not wanted, or are over', () => {
    const some = setUp(fan, { wanted: ['a', 'b', 'c'] });
    some.run.follow(started('a'));
    assert.deepEqual(some.prepared, []);
    const late = setUp(fan);
    late.run.follow(ended('b'));
    late.run.follow(started('a'));
    assert.deepEqual(late.prepared, []);
  });

  it('is made anew when a task imported what was not known', () => {
    const { run, prepared } = setUp(pipelineOf({ a: ['python'], b: ['python'], c: ['python'], d: ['python'], e: ['python'] }));
    run.follow(started('a'));
    run.imported(['numpy']);
    run.follow(started('b'));
    run.imported(['numpy']);
    run.follow(started('c'));
    run.imported(['sklearn']);
    assert.deepEqual(prepared, [['b', 'c', 'd', 'e'], ['b', 'c', 'd', 'e']], 'nothing new the second time, too few left the third');
  });
});
