import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resourceSeries } from '../../../src/model/resource-series.ts';
import type { UnixNano } from '../../../src/model/time.ts';

const at = (seconds: number): UnixNano => String(BigInt(Math.round(seconds * 10)) * 100_000_000n + 1_000_000_000_000n) as UnixNano;
const of = (seconds: number, cpu: number, memory: number, more: object = {}) => ({ time: at(seconds), cpu, memory, read: 0, written: 0, ...more });

describe('resourceSeries', () => {
  it('makes rates of what is counted up, and leaves the rest as it is', () => {
    const series = resourceSeries([of(1, 0.5, 100), of(2, 2.5, 300, { written: 5000 }), of(4, 3.5, 200, { written: 5000 })], at(0));
    assert.deepEqual(series.map(({ name }) => name), ['CPU', 'Memory', 'Read from storage', 'Written to storage']);
    assert.deepEqual(series[0]?.points, [{ seconds: 1, value: 0.5 }, { seconds: 2, value: 2 }, { seconds: 4, value: 0.5 }]);
    assert.deepEqual([series[1]?.highest, series[3]?.highest], [300, 5000]);
  });

  it('takes no process that ended for negative use, and no two samples of one moment for endless use', () => {
    const [cpu] = resourceSeries([of(1, 5, 1), of(2, 1, 1), of(2, 3, 1)], at(0));
    assert.deepEqual(cpu?.points.map(({ value }) => value), [5, 0]);
  });

  it('has series of a GPU only where one was used, and none without samples', () => {
    assert.deepEqual(resourceSeries([of(1, 1, 1, { gpu: 0.5, gpuMemory: 10 })], at(0)).map(({ name }) => name).slice(-2), ['GPU memory', 'GPU']);
    assert.deepEqual(resourceSeries([], at(0)), []);
  });
});
