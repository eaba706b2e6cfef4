import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareContents, sayContentDiff } from '../../../src/query/compare-contents.ts';
import { compareTables } from '../../../src/query/compare-tables.ts';
import { readTable, type Table } from '../../../src/query/compared-table.ts';

const csv = (text: string): Table => {
  const table = readTable('t.csv', 'text/csv', text);
  assert.ok(table !== undefined);
  return table;
};
const said = (diff: ReturnType<typeof compareTables>): readonly string[] => diff.rows.map(({ type, key, cells }) => `${type} ${key} ${cells.map(({ column, before, after }) => `${column}:${before}→${after}`).join(' ')}`);

describe('tables', () => {
  it('are read from JSON in the forms that data frames write', () => {
    const read = (value: unknown): unknown => {
      const table = readTable('t.json', 'application/json', JSON.stringify(value));
      return table && [table.columns, table.rows];
    };
    const expected = [['a', 'b'], [['1', 'x'], ['2', '']]];
    assert.deepEqual(read([{ a: 1, b: 'x' }, { a: 2, b: null }]), expected);
    assert.deepEqual(read({ a: [1, 2], b: ['x', null] }), expected);
    assert.deepEqual(read({ columns: ['a', 'b'], data: [[1, 'x'], [2, null]] }), expected);
    assert.deepEqual(read({ a: { 0: 1, 1: 2 }, b: { 0: 'x', 1: null } }), [['index', 'a', 'b'], [['0', '1', 'x'], ['1', '2', '']]]);
    assert.deepEqual(read([{ ['__proto__x']: 1, toString: 2 }]), [['__proto__x', 'toString'], [['1', '2']]]);
    for (const other of [{ accuracy: 0.9 }, { train: { loss: 1 }, test: { accuracy: 2 } }, [], [1, 2], 'text', {}]) assert.equal(read(other), undefined);
    assert.equal(readTable('t.json', 'application/json', '{'), undefined);
  });

  it('match rows by the column that tells them apart', () => {
    const diff = compareTables(csv('score,name\n0.5,a\n0.7,b\n0.1,c\n'), csv('score,name,n\n0.7,b,1\n0.50,a,2\n0.9,d,3\n'));
    assert.equal(diff.key, 'name');
    assert.deepEqual(said(diff), ['added d score:→0.9 name:→d n:→3', 'removed c score:0.1→ name:c→']);
    assert.deepEqual([diff.counts, diff.columns], [{ same: 2, changed: 0, added: 1, removed: 1, cells: 0 }, { added: ['n'], removed: [] }]);
  });

  it('match rows by their place where no column does, or where one asks for it', () => {
    const [before, after] = [csv('x,y\n1,1\n1,2\n'), csv('x,y\n1,1\n1,3\n1,4\n')];
    assert.deepEqual(compareTables(csv('a,b\n1.5,x\n2.5,x\n'), csv('a,b\n1.5,x\n2.7,x\n')).key, undefined, 'what is measured is no key');
    assert.deepEqual(said(compareTables(before, after, '')), ['changed 2 y:2→3', 'added 3 x:→1 y:→4']);
    assert.deepEqual(said(compareTables(before, after, 'no such column')), ['changed 2 y:2→3', 'added 3 x:→1 y:→4']);
  });

  it('compare numbers as numbers, and large ones as they are written', () => {
    assert.deepEqual(said(compareTables(csv('k,v\na,1.0\nb,9007199254740993\n'), csv('k,v\na,1\nb,9007199254740992\n'))), ['changed b v:9007199254740993→9007199254740992']);
  });

  it('are told in a few words; JSON that is no table is told in lines', () => {
    const artifact = { name: 'scores.csv', mediaType: 'text/csv' };
    assert.equal(sayContentDiff(compareContents(artifact, 'k,v\na,1\nb,2\n', 'k,v\na,1\nb,3\n')), '1 cell in 1 of 2 rows, by k');
    assert.equal(sayContentDiff(compareContents(artifact, 'k,v\na,1\n', 'k,v\na,1.0\n')), 'same rows');
    assert.equal(sayContentDiff(compareContents({ name: 'm.json', mediaType: 'application/json' }, '{"a":1,"b":[1,2]}', '{"a":1,"b":[1,3]}')), '+1 −1 lines');
  });
});
