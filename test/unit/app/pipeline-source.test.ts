import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openPipelineSource } from '../../../src/app/pipeline-source.ts';
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
const source = (environment = { X: '1', OTHER: 'a' }) => openPipelineSource(path.join(folder, 'runweave.yaml'), undefined, environment, path.join(folder, '.runweave'));
const saved = async () => {
  const first = await source();
  first.save();
  return first.loaded();
};
const loadedAnew = async (environment?: { X: string; OTHER: string }) => (await source(environment)).loaded();

describe('the pipeline as it was understood', () => {
  it('is the same from the cache of another process', async () => {
    const loaded = await saved();
    assert.deepEqual(await loadedAnew({ X: '1', OTHER: 'b' }), JSON.parse(JSON.stringify(loaded)));
    const other = await source();
    assert.equal(await other.read(), await other.read());
    assert.equal(other.loaded(), await other.read());
  });

  it('is the same with tasks of every kind, in any order, also of those that say more than others', async () => {
    for (const name of ['m.py', 'n.ipynb']) writeFileSync(path.join(folder, name), '{}');
    write(`
params: {d: data, float: [1.0, 1]}
tasks:
  last: {notebook: n.ipynb, needs: [call], matrix: {x: [1, 2]}, timeout: 1m, retries: 2, owner: me, description: what, tags: [a]}
  call: {call: "m:f", params: {y: "\${tasks.first.returns.z}", float: "\${params.float}"}, outputs: ["\${params.d}/o"], cpus: 2}
  first: {shell: "echo \${params.d}", env: {A: b}, inputs: ["*.py"], watch: manual, cache: false}
  a: {python: a.py}
`);
    const loaded = await saved();
    assert.deepEqual(loaded.graph.diagnostics, []);
    const again = await loadedAnew();
    assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(loaded)));
    assert.deepEqual(again.pipeline, JSON.parse(JSON.stringify(loaded.pipeline)));
    assert.equal(jsonText(again.pipeline?.tasks.find(({ id }) => id === 'call')?.params['float']), '[1.0,1]');
    assert.equal(again.graph.tasks[0]?.id, 'last[x=1]');
    assert.notEqual(again.pipeline?.tasks[0]?.id, 'last[x=1]');
  });

  it('says whether the file is still the one that was read', async () => {
    const read = await source();
    assert.equal(read.isAsRead(), true);
    write('tasks: {}');
    assert.equal(read.isAsRead(), false);
    await read.read();
    assert.equal(read.isAsRead(), true);
    rmSync(path.join(folder, 'runweave.yaml'));
    assert.equal(read.isAsRead(), false);
  });

  it('is read again when the text, a variable that it refers to, or a source is another', async () => {
    await saved();
    assert.deepEqual((await loadedAnew({ X: '2', OTHER: 'a' })).pipeline?.tasks[0]?.params, { x: '2' });
    rmSync(path.join(folder, 'a.py'));
    assert.equal((await loadedAnew()).graph.diagnostics[0]?.code, 'missing-file');
    write('tasks: {b: {shell: x}}');
    assert.equal((await loadedAnew()).pipeline?.tasks[0]?.id, 'b');
  });

  it('is read again when an input comes that was missing, and when a folder takes the place of a source', async () => {
    write('tasks: {a: {python: a.py, inputs: [data]}}');
    const one = await source();
    assert.deepEqual(one.loaded().graph.diagnostics.map(({ code, severity }) => [code, severity]), [['missing-file', 'warning']]);
    mkdirSync(path.join(folder, 'data'));
    assert.deepEqual((await one.read()).graph.diagnostics, []);
    rmSync(path.join(folder, 'a.py'));
    mkdirSync(path.join(folder, 'a.py'));
    assert.match((await one.read()).graph.diagnostics[0]?.message ?? '', /is a folder, not a script/);
  });

  it('is not kept when it has mistakes, or the cache is damaged', async () => {
    const cache = path.join(folder, '.runweave', 'cache', 'pipeline-runweave.yaml.json');
    write('tasks: {b: {shel: x}}');
    await saved();
    assert.equal(existsSync(cache), false);
    write('tasks: {b: {shell: x}}');
    await saved();
    writeFileSync(cache, '{"key"');
    assert.equal((await loadedAnew()).pipeline?.tasks[0]?.id, 'b');
  });
});
