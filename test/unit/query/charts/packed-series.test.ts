import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addPoint, newSeries, type MetricSeries, type MetricValue } from '../../../../src/model/metric-series.ts';
import type { TaskId } from '../../../../src/model/pipeline.ts';
import { fromMilliseconds } from '../../../../src/model/time.ts';
import { joinSeries, packSeries, unpackSeries } from '../../../../src/query/charts/packed-series.ts';
import { axisLine, columnOf } from '../../../../src/query/charts/series-axis.ts';

const train = 'train' as TaskId;
function series(...points: readonly (readonly [time: number, value: MetricValue, step?: number])[]): MetricSeries {
  const made = newSeries(fromMilliseconds(1000));
  for (const [time, value, step] of points) addPoint(made, time * 1e6, value, step);
  return made;
}

describe('packed series', () => {
  const whole = series([0, 0.1], [5, 'NaN'], [10, '-Infinity'], [15, 1e300, 7]);

  it('are the same unpacked, also what is not finite, through JSON', () => {
    const packed = JSON.parse(JSON.stringify(packSeries(train, 'loss', whole))) as ReturnType<typeof packSeries>;
    assert.deepEqual(unpackSeries(packed), { task: 'train', name: 'loss', start: 1000, length: 4, times: Float64Array.of(0, 5, 10, 15), values: Float64Array.of(0.1, NaN, -Infinity, 1e300), steps: Float64Array.of(NaN, NaN, NaN, 7) });
    assert.equal('steps' in packSeries(train, 'loss', series([0, 1])), false);
  });

  it('are joined with what comes after', () => {
    const known = joinSeries(undefined, packSeries(train, 'loss', series([0, 1], [1, 2])));
    const more = packSeries(train, 'loss', series([0, 1], [1, 2], [2, 3, 30]), { from: 2 });
    assert.deepEqual(joinSeries(known, more), { task: 'train', name: 'loss', start: 1000, length: 3, times: Float64Array.of(0, 1, 2), values: Float64Array.of(1, 2, 3), steps: Float64Array.of(NaN, NaN, 30) });
    assert.equal(joinSeries(undefined, more), undefined);
  });

  it('of many points keep the lowest and the highest', () => {
    const long = series(...Array.from({ length: 5000 }, (_, index) => [index, index === 1234 ? -5 : index === 4321 ? 99 : 1] as const));
    const { values, length } = unpackSeries(packSeries(train, 'loss', long, { most: 100 }));
    assert.equal(length, 5000);
    assert.ok(values.length <= 100 && values.includes(-5) && values.includes(99));
  });
});

describe('axes of a series', () => {
  const points = unpackSeries(packSeries(train, 'loss', series([0, 4, 0], [1000, 3, 10], [2000, -2, 5], [3000, 'NaN'])));

  it('are steps, time since the beginning, and the clock', () => {
    assert.deepEqual([...columnOf(points, 'step')], [0, 10, 5, 6]);
    assert.deepEqual([...columnOf(points, 'relative')], [0, 1000, 2000, 3000]);
    assert.deepEqual([...columnOf(points, 'wall')], [1000, 2000, 3000, 4000]);
    assert.deepEqual([...columnOf(unpackSeries(packSeries(train, 'x', series([0, 1], [1, 2]))), 'step')], [0, 1]);
  });

  it('ascend, with a gap for what can not be drawn', () => {
    assert.deepEqual(axisLine(points, points.values, { axis: 'step' }), { x: Float64Array.of(0, 5, 6, 10), y: Float64Array.of(4, -2, NaN, 3), left: 1 });
    assert.deepEqual(axisLine(points, points.values, { axis: 'step', logX: true, logY: true }), { x: Float64Array.of(5, 6, 10), y: Float64Array.of(NaN, NaN, 3), left: 3 });
  });
});
