import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diffLines, hunksOf, type LineDiff } from '../../../src/query/line-diff.ts';

const apply = ({ parts }: LineDiff, side: 'removed' | 'added'): readonly string[] => parts.filter(({ type }) => type === 'same' || type === side).flatMap(({ lines }) => lines);
const text = ({ parts }: LineDiff): string => parts.flatMap(({ type, lines }) => lines.map((line) => `${{ same: ' ', removed: '-', added: '+' }[type]}${line}`)).join('');

const chars = (word: string): readonly string[] => Array.from(word);

/** Length of the longest common subsequence, by the table of the textbook. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const line of a) {
    const next = [0];
    for (const [at, other] of b.entries()) next.push(line === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('line diff', () => {
  it('tells the fewest lines, and both texts can be had from it', () => {
    const random = randomOf(7);
    const lines = (): string[] => Array.from({ length: Math.floor(random() * 14) }, () => 'abcd'[Math.floor(random() * 4)] ?? '');
    for (let round = 0; round < 2000; round += 1) {
      const [a, b] = [lines(), lines()];
      const diff = diffLines(a, b);
      assert.deepEqual([apply(diff, 'removed'), apply(diff, 'added')], [a, b]);
      assert.equal(a.length - diff.removed, longestCommon(a, b), `${a.join('')} ${b.join('')}`);
      assert.equal(b.length - diff.added, longestCommon(a, b));
    }
  });

  it('reads as one expects', () => {
    assert.equal(text(diffLines(chars('abcabba'), chars('cbabac'))), '-a-b c+b a b-b a+c');
    assert.equal(text(diffLines([], chars('ab'))), '+a+b');
    assert.equal(text(diffLines(chars('ab'), [])), '-a-b');
    assert.equal(text(diffLines(chars('ab'), chars('ab'))), ' a b');
  });

  it('holds texts of many differences together by the lines that occur once in both', () => {
    const side = (name: string): readonly string[] => Array.from({ length: 20_000 }, (_, at) => (at % 5000 === 4999 ? `section ${at}` : `${name} ${at}`));
    const diff = diffLines(side('old'), side('new'));
    assert.deepEqual([diff.added, diff.removed], [19_996, 19_996]);
    assert.deepEqual(diff.parts.filter(({ type }) => type === 'same').flatMap(({ lines }) => lines), ['section 4999', 'section 9999', 'section 14999', 'section 19999']);
    assert.deepEqual([apply(diff, 'removed'), apply(diff, 'added')], [side('old'), side('new')]);
  });

  it('compares by keys and shows the lines of the second', () => {
    assert.equal(text(diffLines(['A', 'b'], ['a', 'c'], (line) => line.toLowerCase())), ' a-b+c');
  });

  it('cuts what is the same far from differences', () => {
    const before = Array.from({ length: 40 }, (_, at) => String(at));
    const after = before.map((line) => (line === '5' || line === '8' || line === '30' ? `${line}!` : line));
    const hunks = hunksOf(diffLines(before, after), 2);
    assert.deepEqual(hunks.map(({ skipped, parts }) => [skipped, text({ parts, added: 0, removed: 0 })]), [
      [3, ' 3 4-5+5! 6 7-8+8! 9 10'],
      [17, ' 28 29-30+30! 31 32'],
    ]);
    assert.deepEqual(hunksOf(diffLines(before, before)), []);
    assert.deepEqual(hunksOf(diffLines([], ['a'])).map(({ skipped }) => skipped), [0]);
  });
});
