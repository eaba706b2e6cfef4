import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetricSeries } from '../../../../src/collector/mlflow/metric-series.ts';

describe('createMetricSeries', () => {
  const point = (value: number, step: number, timestamp = 0) => ({ value, step, timestamp });

  it('gives the points back in the order in which they were logged', () => {
    const series = createMetricSeries();
    const points = Array.from({ length: 1000 }, (_, index) => point(index % 7 === 0 ? NaN : index / 3, 1000 - index, index));
    for (const each of points) series.add(each, true);
    assert.deepEqual(series.slice(0, Infinity), points);
    assert.deepEqual(series.slice(990, 2000), points.slice(990));
    assert.equal(series.length, 1000);
  });

  it('takes the greatest step, then the latest time, then the greatest value for the latest', () => {
    const latest = (...points: readonly ReturnType<typeof point>[]) => {
      const series = createMetricSeries();
      for (const each of points) series.add(each, true);
      return series.latest?.value;
    };
    assert.equal(latest(point(1, 5), point(2, 3)), 1);
    assert.equal(latest(point(1, 1, 10), point(2, 1, 5)), 1);
    assert.equal(latest(point(3, 1, 5), point(2, 1, 5)), 3);
    assert.equal(latest(point(3, 1, 5), point(4, 1, 5)), 4);
    assert.ok(Number.isNaN(latest(point(3, 1, 5), point(NaN, 1, 5))));
    assert.equal(latest(), undefined);
  });

  it('counts what is not kept, and still knows the latest', () => {
    const series = createMetricSeries();
    series.add(point(1, 1), true);
    series.add(point(2, 2), false);
    assert.deepEqual([series.length, series.dropped, series.latest?.value], [1, 1, 2]);
  });
});
