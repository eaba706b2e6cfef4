import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { keyedLines, openKeyedLines, readKeyedLines } from '../../../src/fingerprint/keyed-lines.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-lines-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'deep', 'a.lines');
}

describe('keyed lines', () => {
  it('are found by their key, in order, also in a file that another process wrote', (t) => {
    const file = place(t);
    const lines = openKeyedLines(file);
    assert.deepEqual([lines.of('a'), lines.count('a'), existsSync(file)], [[], 0, false]);
    lines.append('a', 'one');
    lines.append('b', 'Löffel, ✓');
    lines.append('a', 'two');
    assert.deepEqual(lines.of('a'), ['one', 'two']);
    assert.deepEqual(openKeyedLines(file).of('b'), ['Löffel, ✓']);
    assert.equal(openKeyedLines(file).count('a'), 2);
    assert.deepEqual(readKeyedLines(file), [['a', 'one'], ['b', 'Löffel, ✓'], ['a', 'two']]);
  });

  it('are not read again for who asks again, until there are others', (t) => {
    const lines = openKeyedLines(place(t));
    lines.append('a', 'one');
    lines.append('b', 'other');
    const before = lines.of('a');
    assert.equal(lines.of('a'), before);
    lines.append('b', 'more');
    assert.equal(lines.of('a'), before);
    assert.deepEqual(lines.of('b'), ['other', 'more']);
    lines.append('a', 'two');
    assert.deepEqual(lines.of('a'), ['one', 'two']);
  });

  it('are seen when others append, or put another file in its place', (t) => {
    const file = place(t);
    const [one, other] = [openKeyedLines(file), openKeyedLines(file)];
    one.append('a', 'one');
    other.append('a', 'two');
    one.append('a', 'three');
    assert.deepEqual(one.of('a'), ['one', 'two', 'three']);
    assert.deepEqual(other.of('a'), ['one', 'two', 'three']);
    writeFileSync(`${file}.new`, keyedLines([['b', 'alone']]));
    renameSync(`${file}.new`, file);
    assert.deepEqual([one.of('a'), one.of('b')], [[], ['alone']]);
    rmSync(file);
    assert.equal(one.count('b'), 0);
    one.append('c', 'again');
    assert.deepEqual(one.of('c'), ['again']);
  });

  it('that were torn spoil no other', (t) => {
    const file = place(t);
    openKeyedLines(file).append('a', 'whole');
    appendFileSync(file, '\nb\tto');
    const lines = openKeyedLines(file);
    lines.append('b', 'whole, too');
    assert.deepEqual(lines.of('a'), ['whole']);
    assert.deepEqual(lines.of('b').at(-1), 'whole, too');
    appendFileSync(file, '\nwithout');
    assert.deepEqual(openKeyedLines(file).of('a'), ['whole']);
  });

  it('stay known when they are touched', (t) => {
    const file = place(t);
    const lines = openKeyedLines(file);
    lines.append('a', 'one');
    const before = readFileSync(file, 'utf8');
    lines.touch();
    assert.deepEqual(lines.of('a'), ['one']);
    assert.equal(readFileSync(file, 'utf8'), before);
  });
});
