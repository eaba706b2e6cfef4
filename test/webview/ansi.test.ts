import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainText } from '../../src/model/plain-text.ts';
import { ansiRuns } from '../../webview/run/ansi.ts';

const looks = (text: string): readonly (readonly [string, string])[] => ansiRuns(text).map((run) => [run.text, run.look]);

describe('terminal output', () => {
  it('has colours and styles as classes', () => {
    assert.deepEqual(looks('a\u001b[1;31mb\u001b[0mc\u001b[92md\u001b[39;44me'), [['a', ''], ['b', 'ansi-fg-1 ansi-bold'], ['c', ''], ['d', 'ansi-fg-10'], ['e', 'ansi-bg-4']]);
    assert.deepEqual(looks('\u001b[2m\u001b[3m\u001b[4m\u001b[9mx\u001b[22;23;24;29my'), [['x', 'ansi-dim ansi-italic ansi-underline ansi-strike'], ['y', '']]);
  });

  it('takes the nearest of sixteen for 256 and for all colours, with semicolons and with colons', () => {
    assert.deepEqual(looks('\u001b[38;5;9ma\u001b[38;2;250;80;80mb\u001b[38:2::35:210:140mc\u001b[38;5;232md\u001b[48;5;300me'), [['ab', 'ansi-fg-9'], ['c', 'ansi-fg-10'], ['de', 'ansi-fg-0']]);
  });

  it('leaves out what moves a cursor, sets a title or is a control character', () => {
    assert.equal(plainText('\u001b]0;title\u0007a\u001b[2Kb\u001b[10;5Hc\u0000\u0008d\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\\u001b'), 'abcdlink');
  });

  it('shows a progress bar as its last state, in the colour that was set before', () => {
    assert.equal(plainText('10 %\r50 %\r100 %\ndone\r\nnext\r'), '100 %\ndone\nnext');
    assert.deepEqual(looks('\u001b[32m10 %\r100 %'), [['100 %', 'ansi-fg-2']]);
  });

  it('takes a long line without a line break in time', () => {
    assert.equal(plainText('x'.repeat(2_000_000)).length, 2_000_000);
    assert.equal(plainText(`${'\u001b]'.repeat(20_000)}x`).endsWith('x'), true);
  });
});
