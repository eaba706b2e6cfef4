import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addPoint, newSeries, pointsAt, type MetricValue } from '../../../src/model/metric-series.ts';
import type { UnixNano } from '../../../src/model/time.ts';

function series(...points: readonly (readonly [MetricValue, number?])[]) {
  const made = newSeries('100' as UnixNano);
  for (const [at, [value, step]] of points.entries()) addPoint(made, at * 10, value, step);
  return made;
}

describe('a series', () => {
  it('knows its last, least, greatest and mean value', () => {
    const { count, finite, last, min, max, mean } = series([3], [-1], [10], [4]);
    assert.deepEqual({ count, finite, last, min, max, mean }, { count: 4, finite: 4, last: 4, min: -1, max: 10, mean: 4 });
  });

  it('leaves what is no number out of these, and keeps it', () => {
    assert.deepEqual(series(['NaN'], [2], ['Infinity'], [4], ['-Infinity']), { start: '100', times: [0, 10, 20, 30, 40], values: ['NaN', 2, 'Infinity', 4, '-Infinity'], count: 5, finite: 2, last: '-Infinity', min: 2, max: 4, mean: 3 });
    assert.deepEqual(series(['NaN']), { start: '100', times: [0], values: ['NaN'], count: 1, finite: 0, last: 'NaN' });
  });

  it('has steps from the first that was given', () => {
    assert.deepEqual(series([1], [2, 7], [3]).steps, [null, 7, null]);
    assert.equal('steps' in series([1]), false);
  });

  it('of which points were left out says the same of all', () => {
    assert.deepEqual(pointsAt(series([1, 1], [9, 2], [5, 3]), [0, 2]), { start: '100', times: [0, 20], values: [1, 5], steps: [1, 3], count: 3, finite: 3, last: 5, min: 1, max: 9, mean: 5 });
  });
});
