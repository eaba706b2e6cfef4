import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '../../../src/model/json.ts';
import { compareNotebooks, readNotebook, type NotebookCell } from '../../../src/query/compare-notebooks.ts';

interface Sketch {
  readonly source: string;
  readonly id?: string;
  readonly type?: 'code' | 'markdown';
  readonly outputs?: readonly Json[];
}

function notebook(...cells: readonly (string | Sketch)[]): readonly NotebookCell[] {
  const read = readNotebook(
    JSON.stringify({
      cells: cells.map((cell, index) => {
        const { source, id, type = 'code', outputs = [] } = typeof cell === 'string' ? { source: cell } : cell;
        return { cell_type: type, source: source.split(/(?<=\n)/), ...(id !== undefined && { id }), outputs, execution_count: index, metadata: { execution: { 'iopub.execute_input': String(Math.random()) } } };
      }),
    }),
  );
  assert.ok(read !== undefined);
  return read;
}

/** `1=1` the same, `2~3` changed (`s`ource, `o`utput), `-2` gone, `+3` new. */
const sketch = (before: readonly NotebookCell[], after: readonly NotebookCell[]): string =>
  compareNotebooks(before, after)
    .cells.map((pair) => {
      if (pair.before === undefined) return `+${pair.after?.place ?? ''}`;
      if (pair.after === undefined) return `-${pair.before.place}`;
      const how = `${pair.sourceDiffers ? 's' : ''}${pair.outputsDiffer ? 'o' : ''}`;
      return `${pair.before.place}${how === '' ? '=' : `~${how}~`}${pair.after.place}`;
    })
    .join(' ');

const stream = (text: Json, name = 'stdout'): Json => ({ output_type: 'stream', name, text });
const shown = (data: Record<string, Json>): Json => ({ output_type: 'display_data', data, metadata: {} });

describe('notebooks', () => {
  it('match cells of the same text, and tell what came and went', () => {
    assert.equal(sketch(notebook('import a', 'x = 1', 'plot(x)'), notebook('import a', 'y = new_thing()', 'x = 1', 'plot(x)')), '1=1 +2 2=3 3=4');
    assert.equal(sketch(notebook('import a', 'completely_other(1, 2)', 'plot(x)'), notebook('import a', 'plot(x)')), '1=1 -2 3=2');
  });

  it('take a cell that stayed alike, or has the same id, for the same cell', () => {
    assert.equal(sketch(notebook('C = 10\nGAMMA = 0.001', 'fit()'), notebook('C = 10\nGAMMA = 0.002', 'fit()')), '1~s~1 2=2');
    assert.equal(sketch(notebook('learning_rate = 0.1'), notebook('learning_rate = 0.2')), '1~s~1');
    assert.equal(sketch(notebook({ id: 'a', source: 'one()' }, { id: 'b', source: 'x' }), notebook({ id: 'b', source: 'nothing like it' })), '-1 2~s~1');
    assert.equal(sketch(notebook('load(1)\nfit(1)', 'load(2)\nfit(2)'), notebook('load(1)\nfit(9)', 'brand = new()', 'load(2)\nfit(8)')), '1~s~1 +2 2~s~3');
    assert.equal(sketch(notebook('same text'), notebook({ source: 'same text', type: 'markdown' })), '-1 +1', 'prose is no code');
  });

  it('find outputs that differ, and not what is chance', () => {
    const cell = (...outputs: readonly Json[]): readonly NotebookCell[] => notebook({ source: 'f()', outputs });
    assert.equal(sketch(cell(stream('a 1\n')), cell(stream('a 2\n'))), '1~o~1');
    assert.equal(sketch(cell(stream('a\n'), stream(['b\n'])), cell(stream('a\nb\n'))), '1=1', 'in how many pieces');
    assert.equal(sketch(cell(stream('at 12:00:00 in 0x7f0011223344\n')), cell(stream('at 13:10:00 in 0x7f00aabbccdd\n'))), '1=1');
    assert.equal(sketch(cell(shown({ 'image/png': 'AA\n==', 'text/plain': '<Figure at 1>' })), cell(shown({ 'image/png': 'AA==', 'text/plain': '<Figure at 2>' }))), '1=1');
    assert.equal(sketch(cell(shown({ 'image/png': 'AA==' })), cell(shown({ 'image/png': 'BB==' }))), '1~o~1');
    assert.equal(sketch(cell(), cell({ output_type: 'error', ename: 'ValueError', evalue: 'x', traceback: ['x'] })), '1~o~1');
  });

  it('are not read from what is none', () => {
    for (const text of ['', '[]', '{"cells": 1}', 'null']) assert.equal(readNotebook(text), undefined);
    assert.deepEqual(readNotebook('{"cells":[1,{"outputs":"x"},null]}'), [{ place: 1, type: 'text', source: '', outputs: [] }]);
  });

  it('of many cells that have nothing in common are compared at once', () => {
    const many = (name: string): readonly NotebookCell[] => notebook(...Array.from({ length: 1000 }, (_, at) => `${name}${at}`));
    assert.equal(compareNotebooks(many('a'), many('b')).cells.length, 2000);
  });
});
