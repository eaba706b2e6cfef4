import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prefixed, toAttributes } from '../../../src/recording/attributes.ts';

describe('toAttributes', () => {
  it('passes through what OTLP/JSON can hold, and names what became JSON text', () => {
    const list = [1, null, 2.5];
    assert.deepEqual(toAttributes({ text: '', yes: true, whole: 3, part: 0.5, tiny: 1e-300, texts: ['a'], none: [], list, gone: undefined }), {
      text: '',
      yes: true,
      whole: 3,
      part: 0.5,
      tiny: 1e-300,
      texts: ['a'],
      none: [],
      list,
    });
    assert.deepEqual(toAttributes({ huge: 1e300, long: 2 ** 60, nothing: null, mixed: [1, 'a'], object: { a: [1] } }), {
      huge: '1e+300',
      long: '1152921504606847000',
      nothing: 'null',
      mixed: '[1,"a"]',
      object: '{"a":[1]}',
      'runweave.json': ['huge', 'long', 'nothing', 'mixed', 'object'],
    });
  });

  it('keeps names that mean something to JavaScript', () => {
    const named = prefixed('runweave.param.', JSON.parse('{"__proto__":1,"constructor":"x"}') as Record<string, number>);
    assert.deepEqual(toAttributes(named), { 'runweave.param.__proto__': 1, 'runweave.param.constructor': 'x' });
  });
});
