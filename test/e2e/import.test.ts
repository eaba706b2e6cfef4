/** `runweave import` as people call it, beside a pipeline whose tasks must run all the same. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { project, runCli } from './cli-process.ts';

const fixtures = path.resolve(import.meta.dirname, '../fixtures/import');

/** Tables and columns as MLflow 3.17 makes them. */
const database = `import os, sqlite3, sys
db = sqlite3.connect("mlflow.db")
db.executescript("""
CREATE TABLE experiments (experiment_id INTEGER, name TEXT, artifact_location TEXT, lifecycle_stage TEXT, creation_time BIGINT, last_update_time BIGINT, workspace TEXT);
CREATE TABLE runs (run_uuid TEXT, name TEXT, source_type TEXT, source_name TEXT, entry_point_name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT, source_version TEXT, lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER, deleted_time BIGINT);
CREATE TABLE params ("key" TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE metrics ("key" TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN);
CREATE TABLE tags ("key" TEXT, value TEXT, run_uuid TEXT);
""")
a, b, start = "a" * 32, "b" * 32, 1795326356876
db.execute("INSERT INTO experiments VALUES (1, 'exp', '', 'active', ?, ?, 'default')", (start, start))
for run, name, uri in ((a, "parent", os.path.abspath("mlruns/1/artifacts")), (b, "child", sys.argv[1])):
    db.execute("INSERT INTO runs VALUES (?, ?, 'LOCAL', '', '', 'me', 'FINISHED', ?, ?, '', 'active', ?, 1, NULL)", (run, name, start, start + 138, uri))
    db.execute("INSERT INTO tags VALUES ('mlflow.runName', ?, ?)", (name, run))
db.execute("INSERT INTO experiments VALUES ('../../out', 'out', '', 'active', ?, ?, 'default')", (start, start))
db.execute("INSERT INTO runs VALUES (?, 'c', 'LOCAL', '', '', 'me', 'FINISHED', ?, ?, '', 'active', ?, '../../out', NULL)", ("c" * 32, start, start, os.path.abspath("mlruns/1/artifacts")))
db.executemany("INSERT INTO params VALUES (?, ?, ?)", [("lr", "0.1", a), ("../../../../evil", "x", a)])
db.executemany("INSERT INTO tags VALUES (?, ?, ?)", [("team", "ä", a), ("mlflow.parentRunId", a, b)])
db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", [("loss", 0.5, start, a, 0, 0), ("loss", 0.25, start + 1, a, 1, 0), ("bad", 0, start, a, 0, 1), ("big", -1.7976931348623157e308, start, a, 0, 0)])
db.commit()
`;

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

  it('takes in the runs of an MLflow database, and nothing that is not below its folder', async () => {
    const outside = await project({ 'secret/a.txt': 'secret' });
    const cwd = await project({ 'make.py': database, 'mlruns/1/artifacts/a.txt': 'hello', 'other.py': 'import sqlite3\nsqlite3.connect("other.db").executescript("CREATE TABLE x (a);")\n' });
    for (const script of ['make.py', 'other.py']) assert.equal(spawnSync('python3', [script, path.join(outside, 'secret')], { cwd, encoding: 'utf8' }).stderr, '');
    const first = await runCli(['import', 'sqlite:///mlflow.db'], { cwd });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^\d{8}T\d{6}Z-exp-\w{8} {2}mlflow {2}2 tasks {2}mlflow\.db\/1\/a{32}\n$/);
    assert.deepEqual(first.stderr.replaceAll(outside, 'OUTSIDE').trimEnd().split('\n').sort(), [
      `warning: sqlite:///mlflow.db: ../../out/${'c'.repeat(32)}: it is of no experiment that can be read, and was left out`,
      'warning: sqlite:///mlflow.db: ../../out: it is no id of an experiment',
      'warning: sqlite:///mlflow.db: 1/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/params/../../../../evil: it leads out of its folder',
      'warning: sqlite:///mlflow.db: 1/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: its artifacts are in OUTSIDE/secret, not in a folder below that of the database, and were left out',
    ]);
    const shown = await runCli(['show', 'latest/parent'], { cwd });
    for (const pattern of [/^ {2}lr {2}0\.1$/m, /^ {2}loss {2,}0\.25 +last of 2/m, /^ {2}bad {2,}NaN$/m, /^ {2}big {2,}-Infinity$/m, /^ {2}a\.txt +text\/plain +5 B$/m, /^ {2}team +ä$/m]) assert.match(shown.stdout, pattern);
    assert.doesNotMatch((await runCli(['show', 'latest/child'], { cwd })).stdout, /a\.txt/);
    assert.match((await runCli(['import', 'mlflow.db'], { cwd })).stdout, /already there/);
    const other = await runCli(['import', 'other.db'], { cwd });
    assert.deepEqual([other.code, other.stderr], [2, "error: other.db: it is an SQLite database, and none of MLflow's\n"]);
    assert.match((await runCli(['show', 'mlflow.db'], { cwd })).stderr, /it is an SQLite database; runs in one of MLflow are imported on the command line: runweave import FILE/);
  });

  it('writes no artifact anywhere but into records, whatever a database says', async () => {
    const cwd = await project({ 'dl/a/model.txt': 'a', 'dl/b/model.txt': 'b', 'over.py': `${database}
db.executemany("INSERT INTO runs VALUES (?, 'd', 'LOCAL', '', '', 'me', 'FINISHED', ?, ?, '', 'active', ?, 1, NULL)", [("d" * 32, start, start, uri) for uri in ("./dl/a", "./dl/b")])
db.execute("INSERT INTO experiments VALUES (?, 'out', '', 'active', ?, ?, 'default')", (os.path.abspath("out"), start, start))
db.execute("INSERT INTO runs VALUES (?, 'e', 'LOCAL', '', '', 'me', 'FINISHED', ?, ?, '', 'active', './dl/a', ?, NULL)", ("e" * 32, start, start, os.path.abspath("out")))
db.commit()
` });
    assert.equal(spawnSync('python3', ['over.py', ''], { cwd, encoding: 'utf8' }).stderr, '');
    const { code, stderr } = await runCli(['import', 'mlflow.db'], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /1\/d{32}: there is another run with this id, and it was left out\n/);
    assert.deepEqual(['a', 'b'].map((name) => readFileSync(path.join(cwd, 'dl', name, 'model.txt'), 'utf8')), ['a', 'b']);
    assert.equal(existsSync(path.join(cwd, 'out')), false);
  });

  it('is interrupted, or says why, when Python ends while it reads a database', async () => {
    for (const [does, code, expected] of [
      ['os.kill(os.getppid(), signal.SIGINT); signal.pause()', 130, ''],
      ['os.kill(os.getpid(), signal.SIGKILL)', 2, 'error: mlflow.db: Python was ended by SIGKILL while it read it\n'],
    ] as const) {
      // As Python starts. (The `sitecustomize` of an environment is not looked for where the system has one.)
      const cwd = await project({ 'make.py': database, 'first.py': `import os, signal, sys\nif any("mlflow_database" in each for each in sys.orig_argv):\n    ${does}\n` });
      for (const line of [['make.py', ''], ['-m', 'venv', '--without-pip', '.venv']]) assert.equal(spawnSync('python3', line, { cwd, encoding: 'utf8' }).stderr, '');
      const [libraries = ''] = globSync('.venv/lib/python*/site-packages', { cwd });
      renameSync(path.join(cwd, 'first.py'), path.join(cwd, libraries, 'first.py'));
      writeFileSync(path.join(cwd, libraries, 'first.pth'), 'import first\n');
      const imported = await runCli(['import', 'mlflow.db'], { cwd });
      assert.deepEqual([imported.code, imported.stdout, imported.stderr], [code, '', expected]);
    }
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

  it('converts a dvc.yaml to commands that do what DVC does with values that shells read', async () => {
    const cwd = await project({
      'params.yaml': `opts: {name: "a b; echo INJECTED", tick: "$(echo INJECTED)", quote: "it's", list: ["x y", "\`echo INJECTED\`"], n: 3}\n`,
      'dvc.yaml': 'stages:\n  s:\n    cmd:\n      - printf "<%s>" ${opts} > a.txt # all\n      - cd /\n      - cp a.txt b.txt\n    outs: [a.txt, b.txt]\n',
    });
    assert.equal((await runCli(['import', '--convert', '.'], { cwd })).code, 0);
    const run = await runCli(['run'], { cwd });
    assert.equal(run.code, 0, run.stdout + run.stderr);
    assert.equal(readFileSync(path.join(cwd, 'b.txt'), 'utf8'), "<--name><a b; echo INJECTED><--tick><$(echo INJECTED)><--quote><it's><--list><x y><`echo INJECTED`><--n><3>");
  });
});
