import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tellingMetrics } from '../../../../src/query/charts/telling-metrics.ts';

/** `accuracy:10,1` is two series, of ten points and of one. */
const order = (...metrics: readonly string[]): readonly string[] => tellingMetrics(metrics.flatMap((each) => {
  const [name = '', counts = ''] = each.split(':');
  return counts.split(',').map((count) => ({ name, count: Number(count) }));
}));

describe('the metric that is charted first', () => {
  it('is a course in all runs, not in some', () => {
    assert.deepEqual(order('accuracy:10,1,1', 'step_time:9,9,9'), ['step_time', 'accuracy']);
    assert.deepEqual(order('accuracy:10,10,10', 'step_time:9,9,9'), ['accuracy', 'step_time']);
  });

  it('is one that most runs have', () => {
    assert.deepEqual(order('loss:5', 'queue:5,5,5', 'rate:5,5'), ['queue', 'rate', 'loss']);
  });

  it('is any course before single values, then what says what is good, then by name', () => {
    assert.deepEqual(order('accuracy:1,1', 'b:2,1', 'a:1', 'rows:1,1'), ['b', 'accuracy', 'a', 'rows']);
    assert.deepEqual(order(), []);
  });
});
