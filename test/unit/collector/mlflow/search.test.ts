import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLike, search, type Searchable } from '../../../../src/collector/mlflow/search.ts';

interface Item {
  readonly name: string;
  readonly x?: number;
  readonly p?: string;
}

const view = ({ name, x, p }: Item): Searchable => ({
  metric: (key) => (key === 'x' ? x : undefined),
  param: (key) => (key === 'p' ? p : undefined),
  tag: () => undefined,
  attribute: (key) => (key === 'name' ? name : undefined),
  datasets: () => [{ name: `data of ${name}`, digest: '1' }, { name: 'shared', digest: '2', context: 'training' }],
});

describe('search', () => {
  const items: readonly Item[] = [{ name: 'a', x: 2, p: 'u' }, { name: 'b' }, { name: 'c', x: NaN, p: 'v' }, { name: 'd', x: -Infinity, p: 'u' }, { name: 'e', x: 1, p: 'v' }];
  const found = (filter: string, ...order: readonly string[]): string => search(items, view, { filter, order, attributes: { strings: ['name'], numbers: [] } }).map(({ name }) => name).join('');
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['', [], 'abcde'],
    ['', ['metrics.x'], 'deacb'],
    ['', ['metrics.x DESC'], 'aedcb'],
    ['', ['params.p', 'name DESC'], 'daecb'],
    ['metrics.x > 0', [], 'ae'],
    ['metrics.x != 2', [], 'cde'],
    ["params.p != 'u'", [], 'ce'],
    ['params.p IS NULL', [], 'b'],
    ["params.p IS NOT NULL and name NOT IN ('a', 'e')", [], 'cd'],
    ["dataset.name = 'data of c'", [], 'c'],
    ["dataset.context = 'training' and dataset.digest LIKE '2'", ['name DESC'], 'edcba'],
    ["name ILIKE 'D'", [], 'd'],
  ];
  for (const [filter, order, expected] of cases) it(`${filter} by ${order.join(', ')}`, () => assert.equal(found(filter, ...order), expected));
});

describe('isLike', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['abc', 'abc', true],
    ['abc', 'a%', true],
    ['abc', '%c', true],
    ['abc', '%b%', true],
    ['abc', 'a_c', true],
    ['abc', 'b%', false],
    ['abc', '%b', false],
    ['abc', '', false],
    ['', '%', true],
    ['', '_', false],
    ['aab', '%ab', true],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['(x)', '(%)', true],
  ];
  for (const [text, pattern, expected] of cases) it(`'${text}' ${expected ? 'is' : 'is not'} like '${pattern}'`, () => assert.equal(isLike(text, pattern), expected));

  it('ends on a pattern that a regular expression would not end on', () => assert.equal(isLike('a'.repeat(5000), `${'%a'.repeat(1000)}%b`), false));
});
