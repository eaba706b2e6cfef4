import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { trackVariables } from '../../../../src/execution/task/tracked-variables.ts';

describe('trackVariables', () => {
  for (const [variable, text, expected] of [
    ['RUNWEAVE_TRACK_loss', ' 0.5 ', { type: 'metric', name: 'loss', value: 0.5 }],
    ['runnable_TRACK_loss_STEP_3', '-1e-3', { type: 'metric', name: 'loss', value: -0.001, step: 3 }],
    ['RUNWEAVE_TRACK_a_STEP_b', '1', { type: 'metric', name: 'a_STEP_b', value: 1 }],
    ['RUNWEAVE_TRACK_x', 'nan', { type: 'metric', name: 'x', value: 'NaN' }],
    ['RUNWEAVE_TRACK_x', '-inf', { type: 'metric', name: 'x', value: '-Infinity' }],
    ['RUNWEAVE_TRACK_x', '0x10', { type: 'param', name: 'x', value: '0x10' }],
    ['RUNWEAVE_TRACK_x', '', { type: 'param', name: 'x', value: '' }],
    ['RUNWEAVE_TRACK_x', 'true', { type: 'param', name: 'x', value: true }],
    ['RUNWEAVE_TRACK_x_STEP_2', '{"a":1}', { type: 'param', name: 'x_STEP_2', value: { a: 1 } }],
    ['OTHER_TRACK_x', '1', undefined],
    ['RUNWEAVE_TRACK_', '1', undefined],
  ] as const) {
    it(`${variable}=${text}`, () => assert.deepEqual(trackVariables()(variable, text), expected));
  }

  it('counts a value when it is another than before', () => {
    const track = trackVariables();
    const values = ['1', '1', '2', '1'].map((text) => track('RUNWEAVE_TRACK_x', text)?.value);
    assert.deepEqual(values, [1, undefined, 2, 1]);
  });
});
