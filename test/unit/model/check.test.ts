import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluate, measuring, parseCondition, type Reported } from '../../../src/model/check.ts';
import type { JsonObject } from '../../../src/model/json.ts';

function reported(metrics: Readonly<Record<string, readonly number[]>>, returns: JsonObject = {}): Reported {
  const measured = measuring();
  for (const [name, values] of Object.entries(metrics)) for (const value of values) measured.add(name, value);
  return { metric: measured.of, returns };
}

describe('a condition', () => {
  for (const [text, expected] of Object.entries({
    'roc_auc >= 0.95': ['any', 'roc_auc', '>=', 0.95],
    'rows>0': ['any', 'rows', '>', 0],
    'metrics.loss.min < 1e-3': ['metrics', 'loss.min', '<', 0.001],
    'returns.kind == "svc"': ['returns', 'kind', '==', 'svc'],
    '`val loss` = 1': ['any', 'val loss', '==', 1],
    'done != true': ['any', 'done', '!=', true],
    'loss{phase="val"} <= 2': undefined,
    '`loss{phase="val"}` <= 2': ['any', 'loss{phase="val"}', '<=', 2],
    'best == svc-400': ['any', 'best', '==', 'svc-400'],
    roc_auc: undefined,
    '> 3': undefined,
    'a >> 3': undefined,
    'a > = 3': undefined,
    'a b > 3': undefined,
    '': undefined,
  })) {
    it(`is read from ${JSON.stringify(text)}`, () => {
      const read = parseCondition(text);
      assert.deepEqual(read && [read.of, read.name, read.operator, read.value], expected);
    });
  }

  const found = reported({ loss: [3, 1, 2], 'loss.min': [7], nan: [NaN], auc: [0.93] }, { rows: 5, kind: 'svc', none: null });
  for (const [text, holds] of Object.entries({
    'loss == 2': true,
    'loss.max == 3': true,
    'loss.mean == 2': true,
    'loss.count == 3': true,
    'loss.min == 7': true, // a metric of this very name comes first
    'rows >= 5': true,
    'metrics.rows >= 5': false,
    'returns.loss > 0': false,
    'kind == svc': true,
    'kind > 3': false,
    'none == null': true,
    'nan > 0': false,
    'nan == nan': false,
    'nan != 0': true,
    'nan <= Infinity': false,
    'auc < 0.93': false,
    'auc <= 0.93': true,
  })) {
    it(`${text} ${holds ? 'holds' : 'does not hold'}`, () => {
      const condition = parseCondition(text) ?? assert.fail();
      assert.equal(evaluate(condition, found).outcome, holds ? 'success' : 'failure');
    });
  }

  it('says what was found instead', () => {
    const foundFor = (text: string): string | undefined => evaluate(parseCondition(text) ?? assert.fail(), found).found;
    assert.equal(foundFor('auc > 0.95'), 'it is 0.93');
    assert.equal(foundFor('kind == svr'), 'it is "svc"');
    assert.equal(foundFor('f1 > 0'), 'f1 was not reported');
  });
});
