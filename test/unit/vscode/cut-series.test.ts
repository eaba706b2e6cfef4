import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEvent } from '../../../src/model/run-event.ts';
import type { RunState } from '../../../src/model/run-state.ts';
import { cutSeries, thinBatch } from '../../../src/vscode/cut-series.ts';

describe('cutSeries', () => {
  it('thins what is long, says of which tasks, and leaves the state as it is', () => {
    const series = (values: readonly (number | string)[]) => values.map((value) => ({ time: '0', value }));
    const state = {
      tasks: [
        { node: { id: 'short' }, metrics: { loss: series([1, 2, 3]) } },
        { node: { id: 'long' }, metrics: { loss: series([...Array.from({ length: 500 }, () => 1), 9, 'NaN', ...Array.from({ length: 500 }, () => 2)]) } },
      ],
    } as unknown as RunState;
    const before = structuredClone(state);
    const { state: cut, seriesLengths } = cutSeries(state, 10);
    assert.deepEqual(seriesLengths, [{ task: 'long', name: 'loss', length: 1002 }]);
    const values = cut.tasks[1]?.metrics['loss']?.map((point) => point.value) ?? [];
    assert.ok(values.length <= 10 && values.includes(9), values.join());
    assert.deepEqual([values[0], values.at(-1)], [1, 2]);
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
});
