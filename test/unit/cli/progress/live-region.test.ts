import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLiveRegion } from '../../../../src/cli/progress/live-region.ts';

/** A terminal of the few sequences that the region uses. */
function createScreen(): { readonly write: (text: string) => void; readonly lines: () => string[] } {
  const rows: string[] = [''];
  let row = 0;
  let column = 0;
  return {
    write(text) {
      for (const [token, up] of text.matchAll(/\u001b\[(\d*)[A-Z]|\r|\n|[^\u001b\r\n]+/g)) {
        if (token === '\r') column = 0;
        else if (token === '\n') {
          row += 1;
          column = 0;
          rows[row] ??= '';
        } else if (token.endsWith('A') && token.startsWith('\u001b')) row -= Number(up);
        else if (token === '\u001b[K') rows[row] = (rows[row] ?? '').slice(0, column);
        else if (token === '\u001b[J') {
          rows[row] = (rows[row] ?? '').slice(0, column);
          rows.length = row + 1;
        } else if (token.startsWith('\u001b')) assert.fail(`unknown sequence ${JSON.stringify(token)}`);
        else {
          rows[row] = (rows[row] ?? '').slice(0, column).padEnd(column) + token + (rows[row] ?? '').slice(column + token.length);
          column += token.length;
        }
      }
    },
    lines: () => [...rows],
  };
}

describe('live region on a terminal', () => {
  it('draws over itself and lets lines scroll by above', () => {
    const screen = createScreen();
    const region = createLiveRegion(screen);
    region.print(['before']);
    region.draw(['running a', 'running b', '2 running']);
    assert.deepEqual(screen.lines(), ['before', 'running a', 'running b', '2 running']);
    region.print(['a done', 'with detail']);
    assert.deepEqual(screen.lines(), ['before', 'a done', 'with detail', 'running a', 'running b', '2 running']);
    region.draw(['running b', '1 running']);
    assert.deepEqual(screen.lines(), ['before', 'a done', 'with detail', 'running b', '1 running']);
    region.clear();
    region.print(['end']);
    assert.deepEqual(screen.lines(), ['before', 'a done', 'with detail', 'end', '']);
  });

  it('overwrites longer lines', () => {
    const screen = createScreen();
    const region = createLiveRegion(screen);
    region.draw(['a very long line']);
    region.draw(['short']);
    assert.deepEqual(screen.lines(), ['short']);
    region.print(['x']);
    assert.deepEqual(screen.lines(), ['x', 'short']);
  });
});
