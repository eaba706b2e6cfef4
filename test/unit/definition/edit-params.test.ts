import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { applyEdits, editParams } from '../../../src/definition/edit-params.ts';
import type { JsonObject } from '../../../src/model/json.ts';

function edited(text: string, params: JsonObject, current: JsonObject = {}): string {
  const result = editParams(text, params, current);
  assert.ok(result.type === 'edits', JSON.stringify(result));
  return applyEdits(text, result.edits);
}

const tasks = 'tasks:\n  t: {shell: ls}\n';

describe('editParams', () => {
  it('replaces values alone: comments, order and style stay', () => {
    const text = `name: x\nparams:\n  # first\n  a: 1 # one\n  b: "q"\n  c: kept\n\n${tasks}`;
    assert.equal(edited(text, { b: 'r', a: 2 }), `name: x\nparams:\n  # first\n  a: 2 # one\n  b: r\n  c: kept\n\n${tasks}`);
  });

  it('changes nothing where nothing differs', () => {
    const result = editParams(`params: {a: 1, b: [x]}\n${tasks}`, { a: 1, b: ['x'] }, {});
    assert.deepEqual(result, { type: 'edits', edits: [], changes: [] });
  });

  it('refuses a file with a value that contains itself', () => {
    assert.deepEqual(editParams(`params: {a: &a [*a]}\n${tasks}`, { a: 1 }, {}), { type: 'refused', message: 'the pipeline file has mistakes; correct them first' });
  });

  it('takes another order of keys for another value, as a task sees it', () => {
    assert.equal(edited(`params: {m: {a: 1, b: 2}}\n${tasks}`, { m: { b: 2, a: 1 } }), `params: {m: { b: 2, a: 1 }}\n${tasks}`);
  });

  it('says what changes, from what the file means now', () => {
    const result = editParams(`params: {a: "\${env.A}", b: 1}\n${tasks}`, { a: 5, b: 2, c: null }, { a: 4, b: 1 });
    assert.deepEqual(result.type === 'edits' && result.changes, [{ name: 'a', from: 4, to: 5 }, { name: 'b', from: 1, to: 2 }, { name: 'c', to: null }]);
  });

  it('leaves a reference that comes to the value, and writes "${" as a text', () => {
    const text = `params: {a: "\${env.A}", b: 1}\n${tasks}`;
    assert.equal(edited(text, { a: 4, b: 2 }, { a: 4, b: 1 }), text.replace('b: 1', 'b: 2'));
    assert.match(edited(text, { b: 'cost ${x}' }, {}), /b: "?cost \$\$\{x\}/);
  });

  it('writes floats that are whole as such, and sees that 1 is another value', () => {
    const one = { 'runweave.float': 1 };
    assert.equal(edited(`params: {a: 1}\n${tasks}`, { a: { 'runweave.float~': 1 } }), `params: {a: {"runweave.float":1}}\n${tasks}`);
    assert.equal(edited(`params: {a: 1, b: 1.0, c: [x]}\n${tasks}`, { a: one, b: 1, c: [one, { d: { 'runweave.float': '-0' } }], e: one }), `params: {a: 1.0, b: 1, c: [1.0,{"d":-0.0}], e: 1.0}\n${tasks}`);
    assert.deepEqual(editParams(`params: {a: 1.00}\n${tasks}`, { a: one }, {}), { type: 'edits', edits: [], changes: [] });
  });

  it('reads back as the value, in whatever style the file is written', () => {
    const styles = [
      `params: {a: 1, b: x} # c\n${tasks}`,
      `params:\n  a: 1\n  b:\n    - 1\n    - 2\n  c:\n    d: 1\n\n${tasks}`,
      tasks,
      `params:\n${tasks}`,
      `params: {}\n${tasks}`,
      '{tasks: {t: {shell: ls}}}\n',
      `params:\n  a: &x 5\n  b: *x\n  c: |\n    long\n    text\n${tasks}`,
      `params:\n  a:\n  b: "q"\r\n\r\n${tasks}`,
      `params: {a: 1,\n  b: [1, 2],\n}\n${tasks}`,
      `params:\n  "a": 'x: y'\n  b: {d: 1}\n${tasks}`,
    ];
    const values: readonly JsonObject[] = [{ a: 2, b: 'y: z, #', c: { d: [1, 'true', null] }, 'new key': 'multi\nline' }, { b: '1.10', c: 'yes', z: [] }, { a: '', b: -0.5, c: '2026-01-01', d: '~' }];
    for (const text of styles) {
      for (const value of values) {
        const after = parse(edited(text, value), { schema: 'core' }) as { readonly params: JsonObject; readonly tasks: unknown };
        assert.deepEqual({ ...after.params, ...value }, after.params, text);
        assert.deepEqual(after.tasks, { t: { shell: 'ls' } }, text);
      }
    }
  });

  it('refuses what it can not edit, with why', () => {
    assert.match(JSON.stringify(editParams('params: [\n', { a: 1 }, {})), /has mistakes/);
    assert.match(JSON.stringify(editParams(`x: &p {a: 1}\nparams: *p\n${tasks}`, { a: 2 }, {})), /by hand/);
    // The other value would change with it.
    const aliased = editParams(`params:\n  a: &x 5\n  b: *x\n${tasks}`, { a: 6, b: 5 }, { a: 5, b: 5 });
    assert.deepEqual(aliased.type === 'edits' && parse(applyEdits(`params:\n  a: &x 5\n  b: *x\n${tasks}`, aliased.edits)), { params: { a: 6, b: 5 }, tasks: { t: { shell: 'ls' } } });
  });
});
