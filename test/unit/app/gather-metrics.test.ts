import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gatherMetrics } from '../../../src/app/gather-metrics.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';

function metric(task: string, name: string, time: number, value: number, step?: number): RunEvent {
  return { type: 'metric', task, attempt: 1, time: String(time), name, value, ...(step !== undefined && { step }) } as unknown as RunEvent;
}
function tag(task: string): RunEvent {
  return { type: 'tag', task, attempt: 1, time: '9', name: 'x', value: 'y' } as unknown as RunEvent;
}

describe('gathered metrics', () => {
  it('are one event a series when the turn ends, and as they were when there is one point', async () => {
    const told: RunEvent[] = [];
    const emit = gatherMetrics((event) => told.push(event));
    emit(metric('a', 'loss', 100, 3, 1));
    emit(metric('a', 'auc', 101, 0.5));
    emit(metric('a', 'loss', 105, 2));
    assert.deepEqual(told, []);
    await nextTurn();
    await nextTurn();
    assert.deepEqual(told, [{ type: 'metrics', task: 'a', attempt: 1, time: '100', name: 'loss', times: [0, 5], values: [3, 2], steps: [1, null] }, metric('a', 'auc', 101, 0.5)]);
  });

  it('come before whatever else their attempt tells, and before what is of the run', () => {
    const told: RunEvent[] = [];
    const emit = gatherMetrics((event) => told.push(event));
    emit(metric('a', 'loss', 1, 1));
    emit(metric('b', 'loss', 2, 2));
    emit(tag('a'));
    emit({ type: 'run-ended', time: '9', outcome: 'success' } as unknown as RunEvent);
    assert.deepEqual(told.map((event) => `${event.type} ${'task' in event ? event.task : ''}`), ['metric a', 'tag a', 'metric b', 'run-ended ']);
  });

  it('are no more than 4096 points', () => {
    const told: RunEvent[] = [];
    const emit = gatherMetrics((event) => told.push(event));
    for (let at = 0; at < 5000; at += 1) emit(metric('a', 'loss', at, at));
    emit(tag('a'));
    assert.deepEqual(told.map((event) => (event.type === 'metrics' ? event.values.length : 0)), [4096, 904, 0]);
  });
});
