import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { project, runCli } from './cli-process.ts';

describe('init', () => {
  it('makes a pipeline that runs, and never overwrites one', async () => {
    const cwd = await project({});
    execFileSync('git', ['init', '--quiet'], { cwd });
    const { code, stdout } = await runCli(['init'], { cwd });
    assert.equal(code, 0);
    assert.match(stdout, /^✓ runweave\.yaml\n/);
    assert.match(await readFile(join(cwd, '.gitignore'), 'utf8'), /^\.runweave\/cache\/\n\.runweave\/live\/\n\.runweave\/trash\/\n\.runweave\/set-aside\/\n$/);
    const run = await runCli(['run'], { cwd });
    assert.equal(run.code, 0, run.stdout + run.stderr);

    await writeFile(join(cwd, 'runweave.yaml'), 'mine');
    const again = await runCli(['init'], { cwd });
    assert.equal(again.code, 2);
    assert.match(again.stderr, /runweave\.yaml is there already/);
    assert.equal(await readFile(join(cwd, 'runweave.yaml'), 'utf8'), 'mine');
  });

  it('keeps sources that are there, and leaves a folder without git alone', async () => {
    const cwd = await project({ 'tasks/measure.py': 'print("mine")\n' });
    const { stdout } = await runCli(['init', '--json'], { cwd });
    const { made, kept } = JSON.parse(stdout) as { made: readonly string[]; kept: readonly string[] };
    assert.deepEqual(kept, [join(cwd, 'tasks/measure.py')]);
    assert.ok(made.includes(join(cwd, 'runweave.yaml')) && !made.includes(join(cwd, '.gitignore')));
  });
});

describe('finding the pipeline file', () => {
  it('looks in the folders above', async () => {
    const cwd = await project({ 'runweave.yml': 'tasks:\n  a: {shell: echo hello > made.txt, outputs: [made.txt]}\n', 'deep/er/x.txt': '' });
    assert.equal((await runCli(['run'], { cwd: join(cwd, 'deep', 'er') })).code, 0);
    assert.equal(await readFile(join(cwd, 'made.txt'), 'utf8'), 'hello\n');
  });
});

describe('doctor', () => {
  it('checks the machine', async () => {
    const cwd = await project({ 'runweave.yaml': 'tasks:\n  a: {shell: echo hello}\n' });
    const { code, stdout } = await runCli(['doctor'], { cwd });
    assert.equal(code, 0, stdout);
    for (const name of ['pipeline', 'python', 'warm python', 'git', 'folder', 'disk', 'runs']) assert.match(stdout, new RegExp(`^(ok  |warn)  ${name} +\\S`, 'm'));
  });

  it('fails for what will not run, and says what to do', async () => {
    const cwd = await project({ 'runweave.yaml': 'tasks:\n  a: {shell: x, need: []}\n' });
    const { code, stdout } = await runCli(['doctor', '--json'], { cwd });
    assert.equal(code, 1);
    const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; status: string; advice?: string }[] };
    const pipeline = checks.find((check) => check.name === 'pipeline');
    assert.equal(pipeline?.status, 'fail');
    assert.match(pipeline.advice ?? '', /^runweave\.yaml:2:\d+: error: /);
  });

  it('says whether Python tasks can start warm, or who switched that off', async () => {
    const cwd = await project({});
    const [on, off] = await Promise.all([runCli(['doctor'], { cwd }), runCli(['doctor'], { cwd, environment: { RUNWEAVE_WARM: 'off' } })]);
    assert.match(on.stdout, process.platform === 'linux' ? /^ok {4}warm python +while watching/m : /^ok {4}warm python +not on this system/m);
    if (process.platform === 'linux') assert.match(off.stdout, /^ok {4}warm python +switched off/m);
  });

  it('works without a pipeline', async () => {
    const { stdout } = await runCli(['doctor'], { cwd: await project({}) });
    assert.match(stdout, /^warn {2}pipeline +there is no runweave\.yaml/m);
  });
});

describe('the rest', () => {
  it('prints help, version and schema', async () => {
    const cwd = await project({});
    const [help, version, schema] = await Promise.all([runCli(['--help'], { cwd }), runCli(['--version'], { cwd }), runCli(['schema'], { cwd })]);
    assert.deepEqual([help.code, version.code, schema.code], [0, 0, 0]);
    assert.match(help.stdout, /^Commands$/m);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    assert.equal((JSON.parse(schema.stdout) as { type: string }).type, 'object');
  });
});
