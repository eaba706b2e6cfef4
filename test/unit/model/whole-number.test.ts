import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepsDigits, withTextForLongNumbers } from '../../../src/model/whole-number.ts';

describe('whole numbers', () => {
  it('keep their digits up to 2⁵³, and beyond if they are among those that a number can be', () => {
    for (const text of ['0', '-12', '+9007199254740991', '9007199254740992', '0x1fffffffffffff', '100000000000000000000']) assert.ok(keepsDigits(text), text);
    for (const text of ['9007199254740993', '-9007199254740993', '9223372036854775808', '0xFFFFFFFFFFFFFFFF', '1000000000000000000000']) assert.ok(!keepsDigits(text), text);
  });

  it('are text in JSON where they would be others', () => {
    const json = String.raw`{"a": 9007199254740993,"b":[-9007199254740993,1],"c":"x \" :9007199254740993","d":9007199254740993.5,"e":9007199254740993e1, "f":9007199254740992}`;
    assert.deepEqual(JSON.parse(withTextForLongNumbers(json)), { a: '9007199254740993', b: ['-9007199254740993', 1], c: 'x " :9007199254740993', d: 9007199254740994, e: 90071992547409930, f: 9007199254740992 });
    assert.equal(withTextForLongNumbers('9007199254740993'), '"9007199254740993"');
  });
});
