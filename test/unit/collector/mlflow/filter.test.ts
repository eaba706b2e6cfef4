import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFilter, parseOrder, type Attributes } from '../../../../src/collector/mlflow/filter.ts';
import { Refusal } from '../../../../src/collector/mlflow/refusal.ts';

const attributes: Attributes = { strings: ['status', 'run_id', 'run_name'], numbers: ['start_time'] };

describe('parseFilter', () => {
  const accepted: readonly (readonly [string, readonly object[]])[] = [
    ['', []],
    ['   ', []],
    ["metrics.x > 1 and params.y = 'z'", [{ type: 'metric', key: 'x', comparator: '>', value: 1 }, { type: 'param', key: 'y', comparator: '=', value: 'z' }]],
    ['metric.loss<=-1.5e-3', [{ type: 'metric', key: 'loss', comparator: '<=', value: -0.0015 }]],
    ["tags.mlflow.parentRunId = 'abc'", [{ type: 'tag', key: 'mlflow.parentRunId', comparator: '=', value: 'abc' }]],
    ['parameters.`a b.c` != "it\'s"', [{ type: 'param', key: 'a b.c', comparator: '!=', value: "it's" }]],
    ["`params`.\"x y\" LIKE 'a%'", [{ type: 'param', key: 'x y', comparator: 'LIKE', value: 'a%' }]],
    ["tag.a ilike '%B' AND attribute.status = 'FINISHED'", [{ type: 'tag', key: 'a', comparator: 'ILIKE', value: '%B' }, { type: 'attribute', key: 'status', comparator: '=', value: 'FINISHED' }]],
    ["status != 'FAILED' AND start_time >= 5", [{ type: 'attribute', key: 'status', comparator: '!=', value: 'FAILED' }, { type: 'attribute', key: 'start_time', comparator: '>=', value: 5 }]],
    ["run_id IN ('a', 'b')", [{ type: 'attribute', key: 'run_id', comparator: 'IN', values: ['a', 'b'] }]],
    ["attr.run_id not in ('a')", [{ type: 'attribute', key: 'run_id', comparator: 'NOT IN', values: ['a'] }]],
    ['tags.a IS NULL and params.b is not null', [{ type: 'tag', key: 'a', comparator: 'IS NULL' }, { type: 'param', key: 'b', comparator: 'IS NOT NULL' }]],
    ["dataset.name = 'd'", [{ type: 'dataset', key: 'name', comparator: '=', value: 'd' }]],
    ["attributes.`Run name` = 'x'", [{ type: 'attribute', key: 'run_name', comparator: '=', value: 'x' }]],
    ['metrics.val/loss-1 > 0', [{ type: 'metric', key: 'val/loss-1', comparator: '>', value: 0 }]],
    ["params.q = 'it''s'", [{ type: 'param', key: 'q', comparator: '=', value: "it's" }]],
  ];
  for (const [text, clauses] of accepted) it(`reads ${text}`, () => assert.deepEqual(parseFilter(text, attributes), clauses));

  const refused = ['metrics.x', 'metrics.x >', "metrics.x = 'a'", 'metrics.x LIKE 1', 'params.x = 1', "params.x > '1'", 'params.x = unquoted', "nothing.x = '1'", "attributes.unheard = 'x'", "params.x = '1' OR params.y = '2'", "params.x = '1' params.y = '2'", "params.x = '1' AND", 'start_time = \'a\'', "metrics.x IN ('1')", 'tags. = 1', 'tags.a IS', 'metrics.x IS NULL', "run_id IN ()", "run_id IN ('a'", "'x' = 'x'", 'params.x == \'1\'', "dataset.size = 'x'", 'metrics.x > 1; DROP', "params.x = 'open", 'a'.repeat(70_000), '__proto__.x = 1'];
  for (const text of refused) {
    it(`refuses ${text.slice(0, 40)}`, () => assert.throws(() => parseFilter(text, attributes), (error) => error instanceof Refusal && error.code === 'INVALID_PARAMETER_VALUE'));
  }
});

describe('parseOrder', () => {
  const accepted: readonly (readonly [string, object])[] = [
    ['metrics.x DESC', { type: 'metric', key: 'x', ascending: false }],
    ['metrics.`a b` asc', { type: 'metric', key: 'a b', ascending: true }],
    ['start_time', { type: 'attribute', key: 'start_time', ascending: true }],
    ['created desc', { type: 'attribute', key: 'start_time', ascending: false }],
  ];
  for (const [text, order] of accepted) it(`reads ${text}`, () => assert.deepEqual(parseOrder(text, attributes), order));
  for (const text of ['', 'metrics.x sideways', 'metrics.x DESC ASC', 'nothing.x']) it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseOrder(text, attributes), Refusal));
});
