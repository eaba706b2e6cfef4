import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBudget } from '../../../../src/collector/mlflow/budget.ts';
import { Refusal } from '../../../../src/collector/mlflow/refusal.ts';

describe('createBudget', () => {
  it('refuses text past its limit, and counts what takes another\'s place once', () => {
    const budget = createBudget({ text: 2000, points: 0 });
    budget.text('key', 'x'.repeat(600));
    for (let time = 0; time < 10; time += 1) {
      budget.forget('key', 'x'.repeat(600));
      budget.text('key', 'x'.repeat(600));
    }
    assert.throws(() => budget.text('y'.repeat(400)), Refusal);
    budget.forget('key', 'x'.repeat(600));
    budget.text('y'.repeat(400));
  });

  it('counts short texts too', () => {
    const budget = createBudget({ text: 2000, points: 0 });
    assert.throws(() => {
      for (let time = 0; time < 100; time += 1) budget.text('');
    }, Refusal);
  });

  it('has room for so many points', () => {
    const budget = createBudget({ text: 0, points: 2 });
    assert.deepEqual([budget.point(), budget.point(), budget.point()], [true, true, false]);
  });
});
