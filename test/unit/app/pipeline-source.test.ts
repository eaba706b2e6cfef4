import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createPipelineSource } from '../../../src/app/pipeline-source.ts';
import { jsonText } from '../../../src/model/whole-float.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-source-'));
  writeFileSync(path.join(folder, 'a.py'), '');
  write('tasks: {a: {python: a.py, params: {x: "${env.X}"}}}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string): void {
  writeFileSync(path.join(folder, 'runweave.yaml'), text);
}
const source = (environment = { X: '1', OTHER: 'a' }) => createPipelineSource(path.join(folder, 'runweave.yaml'), undefined, environment, path.join(folder, '.runweave'));
const saved = () => {
  const first = source();
  const loaded = first.read();
  first.save();
  return loaded;
};

describe('the pipeline as it was understood', () => {
  it('is the same from the cache of another process', () => {
    const loaded = saved();
    assert.deepEqual(source({ X: '1', OTHER: 'b' }).read(), JSON.parse(JSON.stringify(loaded)));
    const other = source();
    assert.equal(other.read(), other.read());
  });

  it('is the same with tasks of every kind, in any order, also of those that say more than others', () => {
    for (const name of ['m.py', 'n.ipynb']) writeFileSync(path.join(folder, name), '{}');
    write(`
params: {d: data, float: [1.0, 1]}
tasks:
  last: {notebook: n.ipynb, needs: [call], matrix: {x: [1, 2]}, timeout: 1m, retries: 2, owner: me, description: what, tags: [a]}
  call: {call: "m:f", params: {y: "\${tasks.first.returns.z}", float: "\${params.float}"}, outputs: ["\${params.d}/o"], cpus: 2}
  first: {shell: "echo \${params.d}", env: {A: b}, inputs: ["*.py"], watch: manual, cache: false}
  a: {python: a.py}
`);
    const loaded = saved();
    assert.deepEqual(loaded.graph.diagnostics, []);
    const again = source().read();
    assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(loaded)));
    assert.deepEqual(again.pipeline, JSON.parse(JSON.stringify(loaded.pipeline)));
    assert.equal(jsonText(again.pipeline?.tasks.find(({ id }) => id === 'call')?.params['float']), '[1.0,1]');
    assert.equal(again.graph.tasks[0]?.id, 'last[x=1]');
    assert.notEqual(again.pipeline?.tasks[0]?.id, 'last[x=1]');
  });

  it('says whether the file is still the one that was read', () => {
    const read = source();
    read.read();
    assert.equal(read.isAsRead(), true);
    write('tasks: {}');
    assert.equal(read.isAsRead(), false);
    read.read();
    assert.equal(read.isAsRead(), true);
    rmSync(path.join(folder, 'runweave.yaml'));
    assert.equal(read.isAsRead(), false);
  });

  it('is read again when the text, a variable that it refers to, or a source is another', () => {
    saved();
    assert.deepEqual(source({ X: '2', OTHER: 'a' }).read().pipeline?.tasks[0]?.params, { x: '2' });
    rmSync(path.join(folder, 'a.py'));
    assert.equal(source().read().graph.diagnostics[0]?.code, 'missing-file');
    write('tasks: {b: {shell: x}}');
    assert.equal(source().read().pipeline?.tasks[0]?.id, 'b');
  });

  it('is read again when an input comes that was missing, and when a folder takes the place of a source', () => {
    write('tasks: {a: {python: a.py, inputs: [data]}}');
    const one = source();
    assert.deepEqual(one.read().graph.diagnostics.map(({ code, severity }) => [code, severity]), [['missing-file', 'warning']]);
    mkdirSync(path.join(folder, 'data'));
    assert.deepEqual(one.read().graph.diagnostics, []);
    rmSync(path.join(folder, 'a.py'));
    mkdirSync(path.join(folder, 'a.py'));
    assert.match(one.read().graph.diagnostics[0]?.message ?? '', /is a folder, not a script/);
  });

  it('is not kept when it has mistakes, or the cache is damaged', () => {
    const cache = path.join(folder, '.runweave', 'cache', 'pipeline-runweave.yaml.json');
    write('tasks: {b: {shel: x}}');
    saved();
    assert.equal(existsSync(cache), false);
    write('tasks: {b: {shell: x}}');
    saved();
    writeFileSync(cache, '{"key"');
    assert.equal(source().read().pipeline?.tasks[0]?.id, 'b');
  });
});
