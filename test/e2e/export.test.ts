/** Exports of a real run, each read by what others read it with. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { project, runCli, type Finished } from './cli-process.ts';

const root = path.resolve(import.meta.dirname, '../..');
const python = path.join(root, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

let cwd = '';
const cli = (...args: readonly string[]): Promise<Finished> => runCli(args, { cwd });
/** What a program of Python prints, given the text on its standard input. */
function inPython(program: string, input: string): string {
  const { status, stdout, stderr } = spawnSync(python, ['-c', program, root], { encoding: 'utf8', input });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

before(async () => {
  cwd = await project({
    'runweave.yaml': `name: small
params: {rate: 0.5, text: "=1+1"}
tasks:
  make: {python: make.py, outputs: [build/out.txt], owner: data-team, description: "makes | things"}
  bad: {shell: "printf '\\\\033[31m]]> <b>wrong</b> \`\`\` \\\\001\\\\n' >&2; exit 3", needs: [make]}
  after: {shell: "echo never", needs: [bad]}
  fine: {shell: "echo fine", needs: [make], inputs: [build/out.txt]}
`,
    'make.py': `import os, runweave
os.makedirs("build", exist_ok=True)
open("build/out.txt", "w").write("out")
for step in range(5):
    runweave.log_metric("loss", 1 / (step + 1), step)
runweave.log_metric("not a number", float("nan"))
runweave.log_text("small.txt", "small")
runweave.log_artifact(b"large " * 200_000, "large.txt")
runweave.log_artifact(bytes(range(256)) * 4000, "large.bin")
`,
  });
  const first = await cli('run', '--on-failure', 'continue');
  assert.equal(first.code, 1, first.stderr + first.stdout);
  assert.equal((await cli('run', '--on-failure', 'continue', '--set', 'rate=0.25', '--force')).code, 1);
});

describe('export', () => {
  it('--to otlp is the record; self-contained, it needs nothing beside it', async () => {
    const record = path.join(cwd, '.runweave/runs', readdirSync(path.join(cwd, '.runweave/runs')).sort().at(-1) ?? '');
    assert.equal((await cli('export', 'latest', '--to', 'otlp')).stdout, readFileSync(record, 'utf8'));
    const elsewhere = await project({});
    mkdirSync(path.join(elsewhere, '.runweave/runs'), { recursive: true });
    const file = path.join(elsewhere, '.runweave/runs', path.basename(record));
    assert.equal((await cli('export', 'latest', '--to', 'otlp', '--self-contained', '-o', file)).code, 0);
    assert.equal(spawnSync(python, [path.join(root, 'test/python/check_otlp.py'), file]).status, 0);
    type Artifacts = readonly { readonly name: string; readonly size: number; readonly content: { readonly type: string; readonly text?: string; readonly data?: string } }[];
    const { artifacts } = JSON.parse((await runCli(['show', 'latest/make', '--json'], { cwd: elsewhere })).stdout) as { readonly artifacts: Artifacts };
    assert.deepEqual(artifacts.map(({ name, size, content }) => [name, size, content.type]), [['small.txt', 5, 'utf8'], ['large.txt', 1_200_000, 'utf8'], ['large.bin', 1_024_000, 'base64']]);
    assert.equal(Buffer.from(artifacts[2]?.content.data ?? '', 'base64').length, 1_024_000);
  });

  it('--to otlp-json is one document, of several runs too', async () => {
    const { stdout } = await cli('export', 'latest', '-2', '--to', 'otlp-json');
    const file = path.join(cwd, 'runs.otlp.json');
    writeFileSync(file, stdout);
    const result = spawnSync(python, [path.join(root, 'test/python/check_otlp.py'), file], { encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    assert.equal((JSON.parse(result.stdout) as { readonly lines: number }).lines, 1);
  });

  it('--to junit is XML that says what happened to each task', async () => {
    const { stdout } = await cli('export', 'latest', '--to', 'junit');
    const program = `import sys, json, xml.etree.ElementTree as tree
suite = tree.fromstring(sys.stdin.buffer.read()).find("testsuite")
print(json.dumps([dict(suite.attrib), [[case.get("name"), [child.tag for child in case], (case.find("failure").get("message") if case.find("failure") is not None else None)] for case in suite.iter("testcase")], suite.find(".//system-err").text]))`;
    const [suite, cases, errors] = JSON.parse(inPython(program, stdout)) as [Record<string, string>, unknown, string];
    assert.deepEqual([suite['name'], suite['tests'], suite['failures'], suite['errors'], suite['skipped']], ['small', '4', '1', '0', '1']);
    assert.deepEqual(cases, [['make', ['properties'], null], ['bad', ['failure', 'system-err'], 'exited with code 3'], ['after', ['skipped'], null], ['fine', [], null]]);
    assert.equal(errors, ']]> <b>wrong</b> ``` \ufffd\n');
  });

  it('--to markdown is a report that recorded text can not break', async () => {
    const { stdout } = await cli('export', 'latest', '--to', 'markdown', '--baseline', '-2');
    assert.match(stdout, /^## ❌ small: 2 succeeded, 1 failed, 1 not run or up to date in /);
    assert.match(stdout, /\*\*bad\*\*: exited with code 3\n\n````text\n\]\]> <b>wrong<\/b> ``` \n````/);
    assert.match(stdout, /^\| make \| loss \| 0\.2 \| 0\.2 \| = \|$/m);
    assert.match(stdout, /^\| make \| not a number \| NaN \| NaN \| = \|$/m);
    assert.match(stdout, /^\| ⏭️ \| after \| +\| upstream \|$/m);
    assert.match(stdout, /```mermaid\nflowchart/);
    assert.match(stdout, /```mermaid\ngantt/);
  });

  it('--to openlineage is accepted by the schema', async () => {
    const { stdout } = await cli('export', 'latest', '--to', 'openlineage');
    const program = `import sys, json, jsonschema, pathlib
schema = json.loads(pathlib.Path(sys.argv[1], "test/fixtures/openlineage/OpenLineage.json").read_text())
validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
events = [json.loads(line) for line in sys.stdin]
for event in events: validator.validate(event)
broken = dict(events[0], eventType="BEGIN")
assert not validator.is_valid(broken)
print(json.dumps([[e["eventType"], e["job"]["name"], [d["name"] for d in e.get("inputs", [])], [d["name"] for d in e.get("outputs", [])]] for e in events]))`;
    const name = 'small';
    assert.deepEqual(JSON.parse(inPython(program, stdout)), [
      ['START', name, [], []],
      ['START', `${name}.make`, [], ['build/out.txt']],
      ['COMPLETE', `${name}.make`, [], ['build/out.txt']],
      ['START', `${name}.bad`, ['build/out.txt'], []],
      ['FAIL', `${name}.bad`, ['build/out.txt'], []],
      ['START', `${name}.fine`, ['build/out.txt'], []],
      ['COMPLETE', `${name}.fine`, ['build/out.txt'], []],
      ['FAIL', name, [], []],
    ]);
  });

  it('--to csv writes four tables', async () => {
    assert.equal((await cli('export', 'latest', '-2', '--to', 'csv', '-o', 'tables')).code, 0);
    const read = (table: string): readonly (readonly string[])[] => JSON.parse(inPython('import csv, io, json, sys; print(json.dumps(list(csv.reader(io.StringIO(sys.stdin.read(), newline="")))))', readFileSync(path.join(cwd, 'tables', `${table}.csv`), 'utf8'))) as readonly (readonly string[])[];
    assert.equal(read('runs').length, 3);
    assert.deepEqual(read('params').filter((row) => row[1] === '').map((row) => row.slice(2)), [['name', 'value'], ['rate', '0.25'], ['text', "'=1+1"], ['rate', '0.5'], ['text', "'=1+1"]].slice(1));
    assert.deepEqual(read('metrics')[1]?.slice(1), ['make', 'loss', '5', '0.2', '0.2', '1', String((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5)]);
    const series = read('series');
    assert.deepEqual([series.length, series[1]?.slice(1, 4), series[1]?.[5], series[6]?.slice(2, 4), series[6]?.[5]], [13, ['make', 'loss', '0'], '1', ['not a number', ''], 'NaN']);
    assert.equal((await cli('export', 'latest', '--to', 'csv')).code, 2);
  });

  it('--to parquet writes the same tables, which polars reads', async () => {
    assert.equal((await cli('export', 'latest', '-2', '--to', 'parquet', '-o', 'parquet')).code, 0);
    const program = `import sys, json, polars
tables = {name: polars.read_parquet(f"{folder}/{name}.parquet") for folder in [sys.stdin.readline().strip()] for name in ["runs", "params", "metrics", "series"]}
loss = tables["series"].filter(polars.col("name") == "loss")
print(json.dumps([{name: len(table) for name, table in tables.items()}, [str(kind) for kind in tables["series"].dtypes], loss["step"].to_list()[:5], loss["value"].to_list()[:2], str(tables["series"].filter(polars.col("name") != "loss")["value"][0]), tables["params"].filter(polars.col("task").is_null())["value"].to_list(), tables["runs"]["outcome"].to_list()]))`;
    assert.deepEqual(JSON.parse(inPython(program, path.join(cwd, 'parquet'))), [
      { runs: 2, params: 4, metrics: 4, series: 12 },
      ['String', 'String', 'String', 'Float64', "Datetime(time_unit='ns', time_zone='UTC')", 'Float64'],
      [0, 1, 2, 3, 4],
      [1, 0.5],
      'nan',
      ['0.25', '=1+1', '0.5', '=1+1'],
      ['failure', 'failure'],
    ]);
  });

  it('overwrites nothing unasked', async () => {
    assert.equal((await cli('export', 'latest', '--to', 'json', '-o', 'once.json')).code, 0);
    const again = await cli('export', 'latest', '--to', 'json', '-o', 'once.json');
    assert.deepEqual([again.code, again.stderr.includes('once.json is there already; --force overwrites it')], [2, true]);
    assert.equal((await cli('export', '-2', '--to', 'json', '-o', 'once.json', '--force')).code, 0);
    assert.match(readFileSync(path.join(cwd, 'once.json'), 'utf8'), /"rate":0\.5/);
  });

  it('says what it does not know', async () => {
    assert.match((await cli('export', 'latest', '--to', 'xlsx')).stderr, /--to xlsx: must be one of otlp, otlp-json, otlp-http, composable-logs, /);
    assert.match((await cli('export', 'latest', '--to', 'otlp-http', '-o', 'out/x')).stderr, /^error: --to otlp-http sends to a collector: --output out\/x is no URL, as http:\/\/localhost:4318 is one\n$/);
    assert.equal((await cli('export', 'nothing')).code, 2);
    assert.match((await cli('export', 'latest', '-o', 'make.py/x')).stderr, /could not be written/);
  });
});
