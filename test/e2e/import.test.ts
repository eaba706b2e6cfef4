/** `runweave import` as people call it, beside a pipeline whose tasks must run all the same. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { project, runCli } from './cli-process.ts';

const fixtures = path.resolve(import.meta.dirname, '../fixtures/import');

describe('import', () => {
  it('takes in runs that are then listed, filtered and shown, and makes nothing up to date', async () => {
    const cwd = await project({ 'runweave.yaml': 'name: dvc\ntasks:\n  prepare: {shell: "echo hello > out.txt", outputs: [out.txt]}\n' });
    const first = await runCli(['import', path.join(fixtures, 'mlflow-3'), path.join(fixtures, 'dvc', 'dvc.yaml')], { cwd });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^\d{8}T\d{6}Z-digits-afbee2cb {2}mlflow {2}3 tasks {2}/m);
    assert.match((await runCli(['import', path.join(fixtures, 'mlflow-3')], { cwd })).stdout, /already there/);
    const listed = JSON.parse((await runCli(['runs', '--filter', 'imported = mlflow', '--json'], { cwd })).stdout) as { readonly runs: readonly { readonly runId: string }[] };
    assert.equal(listed.runs.length, 1);
    const shown = await runCli(['show', listed.runs[0]?.runId ?? ''], { cwd });
    assert.match(shown.stdout, /imported +from mlflow: mlflow-3\//);
    assert.match((await runCli(['plan'], { cwd })).stdout, /prepare\n +no earlier result/);
  });

  it('says what is wrong, and ends with 2 when there was nothing to take in', async () => {
    const cwd = await project({ 'cut.json': '{"resourceSpans": [' });
    const { code, stdout, stderr } = await runCli(['import', 'cut.json', 'gone.json'], { cwd });
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^error: cut\.json.*: not JSON: .*\nerror: gone\.json: there is no such file or folder\n$/);
  });

  it('shows what is in a file without importing it', async () => {
    const cwd = await project({ 'broken.json': '{"resourceSpans": [' });
    const trace = await runCli(['show', path.join(fixtures, 'jaeger', 'api.json')], { cwd });
    assert.equal(trace.code, 0, trace.stderr);
    assert.match(trace.stdout, /^api-gateway: GET \/api\/customer\/owners\/8\/pets\/10 {2}5 spans\n/);
    const run = await runCli(['show', path.join(fixtures, 'dvc', 'dvc.yaml'), '--json'], { cwd });
    assert.equal((JSON.parse(run.stdout) as { readonly pipeline: { readonly name: string } }).pipeline.name, 'dvc');
    const broken = await runCli(['show', 'broken.json'], { cwd });
    assert.deepEqual([broken.code, broken.stderr], [2, 'error: broken.json: line 1: the document does not end\n']);
    assert.equal(existsSync(path.join(cwd, '.runweave')), false);
  });
});
