import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addPoint, newSeries, type MetricSeries, type MetricValue } from '../../../src/model/metric-series.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';
import type { RunState } from '../../../src/model/run-state.ts';
import { cutSeries, thinBatch } from '../../../src/app/cut-series.ts';

describe('cutSeries', () => {
  it('thins what is long, says of which tasks, and leaves the state as it is', () => {
    const series = (values: readonly MetricValue[]): MetricSeries => {
      const made = newSeries('0' as UnixNano);
      for (const [at, value] of values.entries()) addPoint(made, at, value, undefined);
      return made;
    };
    const state = {
      tasks: [
        { node: { id: 'short' }, metrics: { loss: series([1, 2, 3]) } },
        { node: { id: 'long' }, metrics: { loss: series([...Array.from({ length: 500 }, () => 1), 9, 'NaN', ...Array.from({ length: 500 }, () => 2)]) } },
      ],
    } as unknown as RunState;
    const before = structuredClone(state);
    const { state: cut, seriesLengths } = cutSeries(state, 10);
    assert.deepEqual(seriesLengths, [{ task: 'long', name: 'loss', length: 1002 }]);
    const values = cut.tasks[1]?.metrics['loss']?.values ?? [];
    assert.ok(values.length <= 10 && values.includes(9), values.join());
    assert.deepEqual([values[0], values.at(-1)], [1, 2]);
    assert.deepEqual([cut.tasks[1]?.metrics['loss']?.count, cut.tasks[1]?.metrics['loss']?.max], [1002, 9], 'what is said of all stays');
    assert.deepEqual(state, before);
    assert.equal(cutSeries(state, 2000).state, state);
  });
});

describe('thinBatch', () => {
  it('keeps the extremes and the last of each series, and everything else in its order', () => {
    const metric = (name: string, value: number): RunEvent => ({ type: 'metric', time: '0', task: 'a', attempt: 1, name, value }) as unknown as RunEvent;
    const output = { type: 'output', time: '0', task: 'a', attempt: 1, stream: 'stdout', text: 'x' } as unknown as RunEvent;
    const batch = [metric('loss', 3), metric('loss', 9), output, metric('loss', 1), metric('other', 7), metric('loss', 4), metric('loss', 5)];
    assert.deepEqual(thinBatch(batch), [metric('loss', 3), metric('loss', 9), output, metric('loss', 1), metric('other', 7), metric('loss', 5)]);
  });

  it('thins what came at once as well', () => {
    const values = Array.from({ length: 1000 }, (_, index) => (index === 500 ? 99 : 1));
    const [event] = thinBatch([{ type: 'metrics', time: '0', task: 'a', attempt: 1, name: 'loss', times: values.map((_, index) => index), values, steps: values.map((_, index) => index) } as unknown as RunEvent]);
    assert.ok(event?.type === 'metrics');
    assert.deepEqual([event.times, event.values, event.steps], [[0, 500, 999], [1, 99, 1], [0, 500, 999]]);
  });
});
