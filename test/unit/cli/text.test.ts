import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStyle, displayWidth, formatBytes, formatNumber, sanitize, table, truncate, wantsColor } from '../../../src/cli/text.ts';

const esc = '\u001b';

describe('sanitize', () => {
  const cases: readonly (readonly [name: string, text: string, plain: string, colored?: string])[] = [
    ['plain text', 'a\tb\nc', 'a\tb\nc'],
    ['colours', `${esc}[31mred${esc}[0m`, 'red', `${esc}[31mred${esc}[0m`],
    ['a colour that is not closed', `${esc}[1;38;5;9mred`, 'red', `${esc}[1;38;5;9mred${esc}[0m`],
    ['cursor movement and clearing', `a${esc}[2J${esc}[1;1H${esc}[Kb`, 'ab'],
    ['a title, by BEL and by ST', `a${esc}]0;title\u0007b${esc}]0;title${esc}\\c`, 'abc'],
    ['a link', `${esc}]8;;http://x${esc}\\text${esc}]8;;${esc}\\`, 'text'],
    ['a device string', `a${esc}P$q"p${esc}\\b`, 'ab'],
    ['a string that never ends', `a${esc}]0;title`, 'a'],
    ['8-bit sequences', 'a\u009b2Jb\u009dtitle\u009cc', 'abc'],
    ['other escapes', `a${esc}cb${esc}(Bc${esc}7d`, 'abcd'],
    ['a lone escape at the end', `a${esc}`, 'a'],
    ['private SGR-like sequences', `${esc}[>4;2ma${esc}[?1mb`, 'ab'],
    ['a progress bar', '10%\r50%\r100%\ndone', '100%\ndone'],
    ['windows line ends', 'a\r\nb\r\n', 'a\nb\n'],
    ['backspaces, bells, NUL', 'a\b\u0007\u0000b\u007f', 'ab'],
    ['unicode', 'é 漢 🎉', 'é 漢 🎉'],
  ];
  for (const [name, text, plain, colored] of cases) {
    it(name, () => {
      assert.equal(sanitize(text, false), plain);
      assert.equal(sanitize(text, true), colored ?? plain);
    });
  }

  it('takes linear time for hostile text', () => {
    const started = process.cpuUsage();
    sanitize(`${esc}]`.repeat(100_000) + `${esc}[`.repeat(100_000) + '\r'.repeat(100_000), true);
    // Processor time: other work on the machine takes none of it.
    assert.ok(process.cpuUsage(started).user < 2_000_000);
  });
});

describe('width', () => {
  it('counts columns', () => {
    assert.equal(displayWidth('abc'), 3);
    assert.equal(displayWidth(`${esc}[31mabc${esc}[0m`), 3);
    assert.equal(displayWidth('漢字'), 4);
    assert.equal(displayWidth('e\u0301'), 1);
    assert.equal(displayWidth('✓ ━'), 3);
  });

  it('cuts to columns', () => {
    assert.equal(truncate('abcdef', 6), 'abcdef');
    assert.equal(truncate('abcdef', 4), 'abc…');
    assert.equal(truncate('漢字漢字', 5), '漢字…');
    assert.equal(truncate(`${esc}[31mabcdef${esc}[39m`, 4), `${esc}[31mabc…${esc}[0m`);
    assert.equal(truncate('abc', 0), '');
  });

  it('aligns a table by columns, not by characters', () => {
    assert.deepEqual(table([['漢', 'x'], ['abc', 'y']]), ['漢   x', 'abc  y']);
  });
});

describe('colour', () => {
  const cases: readonly (readonly [Record<string, string>, boolean, boolean, boolean])[] = [
    [{}, true, false, true],
    [{}, false, false, false],
    [{}, true, true, false],
    [{ NO_COLOR: '1' }, true, false, false],
    [{ NO_COLOR: '' }, true, false, true],
    [{ FORCE_COLOR: '1' }, false, false, true],
    [{ FORCE_COLOR: '0' }, true, false, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, false, true],
    [{ FORCE_COLOR: '1' }, true, true, false],
    [{ TERM: 'dumb' }, true, false, false],
  ];
  for (const [environment, isTTY, flag, expected] of cases) {
    it(`${JSON.stringify(environment)}${isTTY ? ' on a terminal' : ''}${flag ? ' --no-color' : ''}: ${expected ? 'on' : 'off'}`, () => {
      assert.equal(wantsColor(environment, isTTY, flag), expected);
    });
  }

  it('writes nothing of it when off', () => {
    assert.equal(createStyle(false)('red', 'x'), 'x');
    assert.equal(createStyle(true)('red', 'x'), `${esc}[31mx${esc}[39m`);
  });
});

describe('numbers', () => {
  it('are short', () => {
    assert.deepEqual([0.99123456, 12, 1.5e-7, 'NaN', 1797].map(formatNumber), ['0.9912', '12', '1.5e-7', 'NaN', '1797']);
    assert.deepEqual([0, 999, 1000, 1_234_567, 5e9].map(formatBytes), ['0 B', '999 B', '1.0 kB', '1.2 MB', '5.0 GB']);
  });
});
