import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '../../../src/model/json.ts';
import { float, floatsAmong, isWholeFloat, jsonOfYaml, jsonText, plainJson, valueText, withWholeFloats } from '../../../src/model/whole-float.ts';

const one = float(1);

describe('a float that is whole', () => {
  it('is written as Python writes it', () => {
    const texts: readonly (readonly [number, string])[] = [[1, '1.0'], [0, '0.0'], [-0, '-0.0'], [-3, '-3.0'], [1000, '1000.0'], [2 ** 53, '9007199254740992.0'], [1e16, '1e+16'], [2 ** 60, '1.152921504606847e+18'], [1e21, '1e+21'], [-1e300, '-1e+300'], [0.5, '0.5']];
    assert.deepEqual(texts.map(([value]) => jsonText(float(value))), texts.map(([, text]) => text));
    for (const [value, text] of texts) assert.ok(Object.is(JSON.parse(text), value), text);
  });

  it('is itself after any way through JSON, and in any place', () => {
    const value: Json = { a: [one, 1, { b: float(-0) }], c: '{"runweave.float":1}', '{': 'runweave.float' };
    const again = JSON.parse(JSON.stringify(value)) as Json;
    assert.deepEqual(again, value);
    assert.equal(jsonText(again), '{"a":[1.0,1,{"b":-0.0}],"c":"{\\"runweave.float\\":1}","{":"runweave.float"}');
    assert.equal(jsonText([one], 2), '[\n  1.0\n]');
    assert.equal(valueText(one), '1.0');
    assert.equal(valueText('1.0'), '1.0');
  });

  it('is a plain number for whoever shows it', () => {
    const value: Json = { a: [one, 2], b: float(-0), c: 'x' };
    assert.deepEqual(plainJson(value), { a: [1, 2], b: -0, c: 'x' });
    const plain: Json = { a: [1, -0, null], b: {} };
    assert.equal(plainJson(plain), plain);
    assert.deepEqual(floatsAmong({ a: 1, b: [one], c: {} }), { b: [one] });
    assert.equal(floatsAmong({ a: 1, b: [0.5] }), undefined);
  });

  it('is nothing that only looks like one', () => {
    for (const value of [{ 'runweave.float': 'x' }, { 'runweave.float': 0.5 }, { 'runweave.float': 1, b: 2 }, { 'runweave.float': '1' }, [1], null]) assert.ok(!isWholeFloat(value), JSON.stringify(value));
  });

  it('is no map of a user, whatever is in it', () => {
    for (const text of ['{"runweave.float":1}', '{"runweave.float":"-0"}', '[{"runweave.float~":1},{"runweave.float":1.0}]', '{"runweave.float":{"runweave.float":{"runweave.float~~":[1]}}}', '{"a":"\\"runweave.float\\":","b":"runweave.float","runweave.floats":1}']) {
      const value = JSON.parse(withWholeFloats(text)) as Json;
      assert.equal(jsonText(value), text);
      assert.equal(jsonText(JSON.parse(JSON.stringify(value))), text);
      if (!text.includes('1.0')) assert.equal(plainJson(value), value);
      assert.equal(valueText([value]), `[${text}]`);
    }
    const value = JSON.parse(withWholeFloats('{"runweave.float" : 1}')) as Json;
    assert.ok(!isWholeFloat(value));
    assert.equal(jsonText(value, 1), '{\n "runweave.float": 1\n}');
    assert.equal(jsonText(jsonOfYaml({ 'runweave.float': 1n })), '{"runweave.float":1}');
  });

  it('is found in the JSON that Python writes', () => {
    const read = (json: string): unknown => JSON.parse(withWholeFloats(json));
    assert.deepEqual(read('{"n": 1.0, "p": 1.152921504606847e+18, "l": [1, -0.0, 1e3, 0.5, 1e-3, 1.5e1], "t": "1.0 \\" 2.0", "big": 1e300}'), {
      n: one,
      p: float(2 ** 60),
      l: [1, float(-0), float(1000), 0.5, 0.001, float(15)],
      t: '1.0 " 2.0',
      big: 1e300,
    });
    assert.equal(withWholeFloats('{"a": [1, 0.25]}'), '{"a": [1, 0.25]}');
  });
});
