import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { importRuns } from '../../../../src/app/importing/import-runs.ts';
import { convertDvc } from '../../../../src/app/importing/convert-dvc.ts';
import { openFile } from '../../../../src/app/importing/open-file.ts';
import type { RunId } from '../../../../src/model/run-event.ts';
import { importFormat } from '../../../../src/model/semantic-conventions.ts';
import { objectPath, storeArtifact } from '../../../../src/recording/artifacts.ts';
import { sealRun } from '../../../../src/recording/seal.ts';
import { appendAnnotations, readAnnotations } from '../../../../src/store/annotations.ts';
import { latestResults } from '../../../../src/store/latest-results.ts';
import { listRuns } from '../../../../src/store/list-runs.ts';
import { readRecord } from '../../../../src/store/read-record.ts';
import { generateRun } from '../../recording/generated-run.ts';
import { temporaryFolder } from '../../recording/temporary-folder.ts';

const fixtures = path.resolve(import.meta.dirname, '../../../fixtures/import');

describe('importRuns, of what is nested too deeply', () => {
  for (const depth of [10_000, 200_000]) {
    it(`${depth} levels`, async (context) => {
      const folder = temporaryFolder(context);
      const lists = '['.repeat(depth) + ']'.repeat(depth);
      const contents: Readonly<Record<string, string>> = {
        'list.json': lists,
        'jaeger.json': `{"data":[{"traceID":"a","spans":[{"traceID":"a","spanID":"b","operationName":"c","startTime":1,"duration":2,"tags":[{"key":"k","value":${lists}}]}]}]}`,
        'spans.otlp.jsonl': `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a","spanId":"b","name":"c","extra":${lists}}]}]}]}`,
        'dvc.yaml': `stages:\n  a: {cmd: x, params: ${lists}}\n`,
      };
      for (const [name, content] of Object.entries(contents)) {
        const file = path.join(folder, name);
        writeFileSync(file, content);
        const { runs, problems } = await importRuns(path.join(folder, '.runweave'), [name], folder);
        assert.deepEqual([name, runs.length, problems.length], [name, 0, 1]);
        assert.match(problems[0]?.message ?? '', /nested (?:more than 1000 levels deep|too deeply)/);
      }
    });
  }
});

/** A zip of these entries: deflated, with the sizes that it is told to claim. */
function zipOf(entries: readonly { readonly name: string; readonly bytes: Buffer; readonly claims?: number; readonly mode?: number }[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, claims = bytes.length, mode = 0o100644 } of entries) {
    const packed = deflateRawSync(bytes);
    const title = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claims, 18);
    fields.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, title, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(mode * 0x10000, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), fields, tail, title]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

describe('importRuns, the artifact of a job of CI', () => {
  it('brings objects and annotations along, and opens without importing', async (t) => {
    const folder = temporaryFolder(t);
    const there = path.join(folder, 'ci', '.runweave');
    const record = await sealRun(there, generateRun(8));
    const { digest } = await storeArtifact(there, Buffer.alloc(100_000, 'model'), { name: 'model.bin' });
    const runId = path.basename(record, '.otlp.jsonl') as RunId;
    await appendAnnotations(there, [{ target: { runId }, change: { type: 'star', on: true } }], new Date(0));
    const object = objectPath(there, digest) ?? '';
    const entries = [record, object, path.join(there, 'annotations.jsonl')].map((file) => ({ name: path.relative(path.dirname(there), file).split(path.sep).join('/'), bytes: readFileSync(file) }));
    writeFileSync(path.join(folder, 'run.zip'), zipOf(entries));

    const store = path.join(folder, '.runweave');
    const { runs, problems } = await importRuns(store, ['run.zip'], folder);
    assert.deepEqual([problems, runs.map((run) => [run.runId, run.format])], [[], [[runId, 'runweave']]]);
    assert.deepEqual(readFileSync(objectPath(store, digest) ?? ''), readFileSync(object));
    assert.deepEqual((await readAnnotations(store)).map((annotation) => annotation.target), [{ runId }]);
    // Once more, from the folder that it was unpacked to.
    await importRuns(store, ['ci'], folder);
    assert.equal((await readAnnotations(store)).length, 1);

    const opened = await openFile(path.join(folder, 'run.zip'));
    assert.ok(opened.type === 'converted');
    t.after(() => rmSync(opened.store, { recursive: true }));
    assert.deepEqual(opened.report.runs.map((run) => run.runId), [runId]);
    assert.ok(existsSync(objectPath(opened.store, digest) ?? ''));

    const [first, , last] = entries;
    writeFileSync(path.join(folder, 'bad.zip'), zipOf([first, last].flatMap((entry) => entry ?? []).concat({ name: `.runweave/objects/sha256/aa/${'b'.repeat(62)}`, bytes: Buffer.from('other') })));
    const bad = await importRuns(path.join(folder, 'other'), ['bad.zip'], folder);
    assert.equal(bad.runs.length, 1);
    assert.match(bad.problems.map((problem) => problem.message).join(), /^its bytes are those of sha256:.*: it is damaged$/);
    assert.equal(existsSync(path.join(folder, 'other', 'objects', 'sha256', 'aa')), false);
  });
});

describe('importRuns', () => {
  it('reads folders that are placed into what is imported, but not its own store; one that can not be read loses no run', async (t) => {
    const folder = temporaryFolder(t);
    const store = path.join(folder, '.runweave');
    const run = `1/${'a'.repeat(32)}`;
    for (const [name, content] of [['mlruns/1/meta.yaml', 'name: e'], [`mlruns/${run}/meta.yaml`, 'start_time: 1'], ['dl/model.txt', 'm'], ['.runweave/runs/x', '']] as const) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
    symlinkSync('model.txt', path.join(folder, 'dl', 'link'));
    const placed = [['dl', 'dl'], ['gone', 'gone'], ['.runweave', 'own']].map(([from = '', to = '']) => ({ folder: path.join(folder, from), at: `${run}/artifacts/${to}` }));
    const { runs, problems } = await importRuns(store, ['mlruns'], folder, { placed });
    assert.deepEqual(problems.map(({ file, message }) => [file, message.replace(/ENOENT.*/, 'ENOENT')]), [
      [`mlruns/${run}/artifacts/gone`, "the folder can't be read: ENOENT"],
      [`mlruns/${run}/artifacts/dl/link`, 'it is a link, and was not followed'],
    ]);
    assert.equal(runs.length, 1);
    const read = await readRecord(runs[0]?.record ?? '');
    assert.ok(read.type === 'run');
    assert.deepEqual(read.state.tasks.flatMap((task) => task.artifacts).map(({ name }) => name), ['dl/model.txt']);
  });

  it('makes no second record of what was imported before, also when a file without times was written again', async (t) => {
    const folder = temporaryFolder(t);
    cpSync(path.join(fixtures, 'dvc'), path.join(folder, 'dvc'), { recursive: true });
    cpSync(path.join(fixtures, 'jaeger'), path.join(folder, 'jaeger'), { recursive: true });
    const store = path.join(folder, '.runweave');
    const first = await importRuns(store, ['dvc', 'jaeger'], folder);
    assert.deepEqual(first.runs.map((run) => run.existed), [false, false, false]);
    utimesSync(path.join(folder, 'dvc', 'dvc.lock'), 1, 1);
    const second = await importRuns(store, ['dvc', 'jaeger/api.json', 'jaeger'], folder);
    assert.deepEqual(second.runs.map((run) => run.existed), [true, true, true, true]);
    assert.equal(readdirSync(path.join(store, 'runs')).length, 3);
    const listed = await listRuns(store);
    assert.deepEqual(listed.map((entry) => (entry.type === 'run' ? entry.summary.imported : entry.message)).sort(), ['dvc', 'jaeger', 'jaeger']);
  });

  it('finds what belongs to a file that is named alone beside it, and takes in nothing else from there', async (t) => {
    const folder = temporaryFolder(t);
    cpSync(path.join(fixtures, 'dvc'), path.join(folder, 'dvc'), { recursive: true });
    cpSync(path.join(fixtures, 'jaeger', 'ui.json'), path.join(folder, 'dvc', 'ui.json'));
    const { runs, problems } = await importRuns(path.join(folder, '.runweave'), ['dvc/dvc.yaml', 'dvc'], folder);
    assert.deepEqual(problems, []);
    assert.deepEqual(runs.map(({ format, source, existed }) => [format, source, existed]), [['dvc', 'dvc/dvc.yaml', false], ['dvc', 'dvc/dvc.yaml', true], ['jaeger', 'dvc/ui.json', false]]);
  });

  it('tells of every file that can’t be read what is wrong, and where, and crashes on none', async (t) => {
    const folder = temporaryFolder(t);
    const names = readdirSync(path.join(fixtures, 'adversarial'));
    assert.ok(names.length > 20);
    const { runs, problems } = await importRuns(path.join(folder, '.runweave'), names, path.join(fixtures, 'adversarial'));
    assert.deepEqual(runs, []);
    assert.deepEqual(problems.map((problem) => problem.file), names);
    for (const { file, message } of problems) assert.match(message, file.startsWith('n_') ? /^(not JSON: |it is (JSON, but|not JSON, and) of no format|the file is empty)/ : /./, file);
    for (const { file, message } of problems) if (file.startsWith('y_')) assert.match(message, /^it is JSON, but of no format/, file);
    writeFileSync(path.join(folder, 'log.json'), '{\n "run_id": "a", "dag_hash": "", "status": "SUCCESS",\n "steps": {"x": {"attempts": [{"start_time": "yesterday"}]}}}');
    const log = await importRuns(path.join(folder, '.runweave'), ['log.json', 'gone.json'], folder);
    assert.deepEqual(log.problems.map(({ file, at }) => [file, at]), [['log.json', '$.steps'], ['gone.json', undefined]]);
    writeFileSync(path.join(folder, 'table.csv'), 'a,b\n1,2\n');
    const table = await importRuns(path.join(folder, '.runweave'), ['table.csv'], folder);
    assert.match(table.problems[0]?.message ?? '', /^it is not JSON, and of no format that can be imported \(OTLP, /);
    writeFileSync(path.join(folder, 'cut.json'), readFileSync(path.join(fixtures, 'jaeger', 'ui.json'), 'utf8').slice(0, -40));
    const cut = await importRuns(path.join(folder, '.runweave'), ['cut.json'], folder);
    assert.equal(cut.problems[0]?.line, readFileSync(path.join(folder, 'cut.json'), 'utf8').split('\n').length);
  });

  it('never takes what was imported for a result of this pipeline', async (t) => {
    const folder = temporaryFolder(t);
    const elsewhere = path.join(folder, 'elsewhere', '.runweave');
    const events = generateRun(3);
    const record = await sealRun(elsewhere, events);
    const state = await readRecord(record);
    if (state.type !== 'run') assert.fail(state.type);
    const tasks = new Set(state.state.tasks.map((task) => task.node.id));
    assert.ok((await latestResults(elsewhere, state.state.pipeline, tasks)).size > 0, 'where it was made, it counts');
    const store = path.join(folder, '.runweave');
    const { runs, problems } = await importRuns(store, [record], folder);
    assert.deepEqual(problems, []);
    const [imported] = runs;
    if (imported === undefined) assert.fail('nothing was imported');
    assert.equal(imported.format, 'runweave');
    assert.equal((await latestResults(store, state.state.pipeline, tasks)).size, 0);
    const read = await readRecord(imported.record);
    if (read.type !== 'run') assert.fail(read.type);
    assert.equal(read.state.resource[importFormat], 'runweave');
    assert.deepEqual(read.state.tasks, state.state.tasks, 'nothing is lost');
    assert.equal((await importRuns(store, [record], folder)).runs[0]?.existed, true);
  });

  it('reads zips and gzip, and refuses what leads out of them, links, and sizes that are not true', async (t) => {
    const folder = temporaryFolder(t);
    const store = path.join(folder, '.runweave');
    const run = readFileSync(path.join(fixtures, 'composable-logs', 'run.json'));
    const trace = readFileSync(path.join(fixtures, 'otlp', 'concatenated.json'));
    writeFileSync(path.join(folder, 'artifact.zip'), zipOf([{ name: 'out/run.json', bytes: run }, { name: 'out/link.json', bytes: Buffer.from('/etc/passwd'), mode: 0o120777 }]));
    writeFileSync(path.join(folder, 'trace.json.gz'), gzipSync(trace));
    const good = await importRuns(store, ['artifact.zip', 'trace.json.gz'], folder);
    assert.deepEqual(good.runs.map(({ format, source }) => [format, source]), [['composable-logs', 'artifact.zip/out/run.json'], ['otlp', 'trace.json.gz']]);
    assert.deepEqual(good.problems.map(({ message }) => message), ['it is a link, and was not followed']);
    for (const [name, bytes] of [
      ['out.zip', zipOf([{ name: '../run.json', bytes: run }])],
      ['absolute.zip', zipOf([{ name: '/tmp/run.json', bytes: run }])],
      ['liar.zip', zipOf([{ name: 'run.json', bytes: run, claims: 10 }])],
      ['huge.zip', zipOf([{ name: 'run.json', bytes: run, claims: 4_000_000_000 }])],
      ['cut.zip', zipOf([{ name: 'run.json', bytes: run }]).subarray(0, -30)],
    ] as const) {
      writeFileSync(path.join(folder, name), bytes);
      const bad = await importRuns(store, [name], folder);
      assert.deepEqual([bad.runs.length, bad.problems.length], [0, 1], name);
    }
  });

  it('does not follow links in folders', async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(path.join(folder, 'runs'));
    symlinkSync(path.join(fixtures, 'jaeger', 'ui.json'), path.join(folder, 'runs', 'ui.json'));
    const { runs, problems } = await importRuns(path.join(folder, '.runweave'), ['runs'], folder);
    assert.deepEqual([runs.length, problems], [0, [{ file: 'runs/ui.json', message: 'it is a link, and was not followed' }]]);
  });
});

describe('convertDvc', () => {
  it('writes a pipeline file beside dvc.yaml, and overwrites none', async (t) => {
    const folder = temporaryFolder(t);
    cpSync(path.join(fixtures, 'dvc'), path.join(folder, 'dvc'), { recursive: true });
    assert.deepEqual(await convertDvc(folder, 'dvc/dvc.yaml'), { ok: true, file: path.join(folder, 'dvc', 'runweave.yaml'), notes: [] });
    const text = readFileSync(path.join(folder, 'dvc', 'runweave.yaml'), 'utf8');
    assert.match(text, /shell: python src\/train\.py \$\{matrix\.item\} model-\$\{matrix\.item\}\.pkl/);
    const again = await convertDvc(folder, 'dvc');
    assert.equal(again.ok, false);
    assert.equal(existsSync(path.join(folder, '.runweave')), false);
  });

  it('names the file with a value that contains itself', async (t) => {
    const folder = temporaryFolder(t);
    const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
    write('dvc.yaml', 'stages: {s: {cmd: ls}}\n');
    write('params.yaml', 'a: &a [*a]\n');
    const message = 'the alias *a is inside of what it stands for at line 1, column 8';
    assert.deepEqual(await convertDvc(folder, '.'), { ok: false, message: `params.yaml: ${message}` });
    write('params.yaml', 'a: 1\n');
    write('dvc.lock', 's: &a [*a]\n');
    const { runs, problems } = await importRuns(path.join(folder, '.runweave'), ['dvc.yaml'], folder);
    assert.deepEqual([runs.length, problems.map((problem) => [path.basename(problem.file), problem.line, problem.message])], [0, [['dvc.lock', 1, `not YAML: ${message}`]]]);
    assert.equal(existsSync(path.join(folder, 'runweave.yaml')), false);
  });

  it('keeps references to values as params, floats as floats, and makes tasks of what is no plain list', async (t) => {
    const folder = temporaryFolder(t);
    const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
    write('params.yaml', 'split: {ratio: 0.7, scale: 1.0}\nrates: [2.0, 3]\noptions: {a: 1.0, deep: {b: "${x}"}, yes: true, no: false, each: [1, 2.0]}\nunused: 1\n');
    write('models.yaml', 'models:\n  small: {rate: 0.1}\n  big: {rate: -1.0}\nother: 1\n');
    write(
      'dvc.yaml',
      `vars: ["models.yaml:models"]
stages:
  prepare: {cmd: "prepare \${split.ratio} \${ split.scale } \${rates[0]} \\\\\${HOME} \${options}", outs: [clean.csv]}
  train: {foreach: "\${models}", do: {cmd: "train \${item.rate} > \${key}.json", deps: [clean.csv], outs: ["\${key}.json"]}}
  grid: {matrix: {rate: [0.1, 1.0], kind: [a]}, cmd: "grid \${item.rate} \${item.kind} \${missing}"}
  points: {foreach: [{x: 1.0}, {x: 2}], do: {cmd: "point \${item.x}"}}
`,
    );
    const converted = await convertDvc(folder, '.');
    assert.ok(converted.ok);
    assert.deepEqual(converted.notes, ['prepare: --deep.b is written as DVC writes its value now, and does not follow the param options.deep.b', 'grid: ${missing} could not be resolved', 'params split, options, models were copied: what reads params.yaml itself still does']);
    const text = readFileSync(converted.file, 'utf8');
    const tasks = text.slice(text.indexOf('tasks:')).split('\n').map((line) => line.trim()).filter((line) => /^(shell|outputs|[\w-]+\.json|- .*|[\w-]+:)/.test(line));
    assert.deepEqual(tasks, [
      'tasks:',
      'prepare:',
      'shell: prepare ${params.split.ratio} ${params.split.scale} 2.0 $${HOME} --a ${params.options.a} --deep.b \'$${x}\' --yes --each 1 2.0',
      'outputs:',
      '- clean.csv',
      'train-small:',
      'shell: train ${params.models.small.rate} > small.json',
      'inputs:',
      '- clean.csv',
      'outputs:',
      '- small.json',
      'train-big:',
      'shell: train ${params.models.big.rate} > big.json',
      'inputs:',
      '- clean.csv',
      'outputs:',
      '- big.json',
      'grid:',
      'shell: grid ${matrix.rate} ${matrix.kind} ${missing}',
      'matrix:',
      'rate:',
      '- 0.1',
      '- 1.0',
      'kind:',
      '- a',
      'points-0:',
      'shell: point 1.0',
      'points-1:',
      'shell: point 2',
    ]);
    assert.match(text, /^ {4}scale: 1\.0$/m);
    assert.match(text, /^ {6}rate: -1\.0$/m);
    assert.doesNotMatch(text, /unused|other/);
  });
});
