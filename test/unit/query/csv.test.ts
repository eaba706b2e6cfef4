import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { csvText, readCsv } from '../../../src/query/csv.ts';

const rowsOf = (text: string, separator = ','): readonly (readonly string[])[] => readCsv(text, separator, 100).rows;

describe('comma-separated values', () => {
  it('are read as RFC 4180 has it', () => {
    assert.deepEqual(rowsOf('\ufeffa,b\r\n"1,2","x ""y""\nz"\n\n3,\n4'), [['a', 'b'], ['1,2', 'x "y"\nz'], ['3', ''], ['4']]);
    assert.deepEqual(rowsOf('a\tb\n1\t2', '\t'), [['a', 'b'], ['1', '2']]);
    assert.deepEqual(rowsOf('a,b\n1,2,'), [['a', 'b'], ['1', '2', '']]);
    assert.deepEqual(rowsOf('"never closed'), [['never closed']]);
    assert.deepEqual(rowsOf('5" wide,x\n"a"b,c'), [['5" wide', 'x'], ['ab', 'c']]);
    assert.deepEqual(rowsOf(''), []);
  });

  it('are read in pieces, with quotes and line breaks within', () => {
    const text = 'a,b\n"x, ""y""","two\nlines"\n3,\n';
    const first = readCsv(text, ',', 2);
    assert.deepEqual(first.rows, [['a', 'b'], ['x, "y"', 'two\nlines']]);
    assert.deepEqual(readCsv(text, ',', 10, first.next), { rows: [['3', '']] });
  });

  it('are read as they were written', () => {
    const rows = [['a', 'b "c"'], ['1,2', 'two\r\nlines'], ['', 'ü']];
    assert.deepEqual(rowsOf(csvText(rows)), rows);
  });
});
