import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSetOptions } from '../../../src/cli/set-option.ts';

function values(...given: readonly string[]): unknown {
  const result = parseSetOptions(given);
  assert.ok(result.type === 'set', JSON.stringify(result));
  return JSON.parse(JSON.stringify(result.values));
}

describe('--set', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['a=1', 1],
    ['a=0.5', 0.5],
    ['a=1e3', { 'runweave.float': 1000 }],
    ['a=1.0', { 'runweave.float': 1 }],
    ['a={b: [1.0, 1, -0.0, 1e16, 0.5, 0x1E]}', { b: [{ 'runweave.float': 1 }, 1, { 'runweave.float': '-0' }, { 'runweave.float': 1e16 }, 0.5, 30] }],
    ['a="1.0"', '1.0'],
    ['a=0x10', 16],
    ['a=9007199254740992', 9007199254740992],
    ['a=-1e300', -1e300],
    ['a="9007199254740993"', '9007199254740993'],
    ['a=true', true],
    ['a=null', null],
    ['a=yes', 'yes'],
    ['a=x', 'x'],
    ['a="1"', '1'],
    ["a='true'", 'true'],
    ['a=', ''],
    ['a=b=c', 'b=c'],
    ['a=x: y', 'x: y'],
    ['a=x # y', 'x # y'],
    ['a=- x', '- x'],
    ['a=*x', '*x'],
    ['a=&x y', '&x y'],
    ['a=!!int 1', '!!int 1'],
    ['a=.inf', '.inf'],
    ['a=2026-01-01', '2026-01-01'],
    ['a=[1, two, true]', [1, 'two', true]],
    ['a={"b": [1]}', { b: [1] }],
    ['a={b: 1}', { b: 1 }],
  ];
  for (const [given, expected] of cases) it(given, () => assert.deepEqual(values(given), { a: expected }));

  it('names values inside of objects with dots, and later ones win', () => {
    assert.deepEqual(values('a.b=1', 'a.c=2', 'a.b=3', 'd=4'), { 'a.b': 3, 'a.c': 2, d: 4 });
  });

  it('takes any name, and no prototype', () => {
    const result = parseSetOptions(['__proto__=1']);
    assert.ok(result.type === 'set');
    assert.equal(JSON.stringify(result.values), '{"__proto__":1}');
  });

  const mistakes: readonly (readonly [string, RegExp])[] = [
    ['a', /write KEY=VALUE/],
    ['=1', /is not the name of a parameter/],
    ['a..b=1', /is not the name of a parameter/],
    ['1a=1', /is not the name of a parameter/],
    ['a=[1', /can't be read/],
    ['a=[*x]', /aliases/],
    ['a=[&a [ #\n*a]]', /aliases/],
    ['a=9007199254740993', /^--set a: 9007199254740993 has more digits than a number keeps: it would be 9007199254740992; write it as text, '"9007199254740993"'$/],
    ['a={b: [-0, 9007199254740993]}', /more digits/],
    [`a=${'['.repeat(201)}${']'.repeat(201)}`, /^--set a: it is nested more than 200 levels deep$/],
    [`a=${'{a: '.repeat(10_000)}1${'}'.repeat(10_000)}`, /^--set a: can't be read: nested too deeply/],
  ];
  for (const [given, message] of mistakes) {
    it(`${given.slice(0, 80)} is a mistake`, () => {
      const result = parseSetOptions([given]);
      assert.ok(result.type === 'error');
      assert.match(result.message, message);
    });
  }
});
