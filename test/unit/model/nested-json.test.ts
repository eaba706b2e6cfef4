import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deepestNesting, NestedTooDeeply, parseNested } from '../../../src/model/nested-json.ts';

const lists = (depth: number, inner = ''): string => '['.repeat(depth) + inner + ']'.repeat(depth);

describe('parseNested', () => {
  it('gives what is as deep as is taken, and walks through nothing deeper', () => {
    assert.equal(JSON.stringify(parseNested(lists(deepestNesting))), lists(deepestNesting));
    for (const depth of [deepestNesting + 1, 10_000, 200_000]) {
      assert.throws(() => parseNested(lists(depth)), new NestedTooDeeply(deepestNesting));
      assert.throws(() => parseNested('{"a":'.repeat(depth) + '1' + '}'.repeat(depth)), /^Error: nested more than 200 levels deep$/);
      assert.throws(() => parseNested('['.repeat(depth)), SyntaxError);
    }
    assert.throws(() => parseNested('[[1]'.concat(' '.repeat(10), ']'), 1), NestedTooDeeply);
  });

  it('counts no bracket inside of a string, whatever is escaped there', () => {
    for (const text of ['[', String.raw`\"[{`, String.raw`\\\"[`, String.raw`\\`]) assert.equal(Array.isArray(parseNested(`["${text.repeat(500)}", "${text}", {"${text}": [["]"]]}]`)), true);
    assert.throws(() => parseNested(`["${String.raw`\\`}", ${lists(deepestNesting)}]`), NestedTooDeeply);
    assert.equal(JSON.stringify(parseNested(`[${'[],'.repeat(1000)}[]]`)).length, 1000 * 3 + 4);
  });
});
