import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import vm from 'node:vm';
import { dataBlock, dataScript } from '../../../../src/exporters/site/data-piece.ts';

const hostile = { text: `'); alert(1); (' \\' " </script><script>alert(1)</script><!--<script> \u2028\u2029 \ud800 \n \0 \${alert(1)} \`` };

describe('a piece of data', () => {
  it('is handed over by a script as it was, whatever is in it', () => {
    const calls: string[][] = [];
    const context = { runweaveData: (...given: string[]) => calls.push(given), alert: () => assert.fail('something recorded ran') };
    vm.runInNewContext(dataScript("runs/it's \\ here", hostile), context);
    assert.deepEqual(calls.map(([name, json]) => [name, JSON.parse(json ?? '') as unknown]), [["runs/it's \\ here", hostile]]);
  });

  it('can end neither its element nor its attribute as a block of a page', () => {
    const block = dataBlock('runs/"><script>alert(1)</script>', hostile);
    const [, id = '', json = ''] = /^<script type="application\/json" id="([^"<>]*)">([^<]*)<\/script>\n$/.exec(block) ?? [];
    assert.ok(id !== '' && json !== '', block);
    assert.deepEqual(JSON.parse(json), hostile);
  });
});
