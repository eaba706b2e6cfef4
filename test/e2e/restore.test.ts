import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { moveToTrash, restoreFromTrash } from '../../src/store/trash.ts';
import { executedTasks, workspace, type JsonLine, type Workspace } from './runweave.ts';

const pipeline = `
name: restore
params: {rate: 1}
tasks:
  prepare: {shell: "mkdir -p build; sort data.txt > build/sorted; printf '#!/bin/sh\\n' > build/tool; chmod 755 build/tool", inputs: [data.txt], outputs: [build]}
  train: {shell: "cat build/sorted > model.txt; echo \${params.rate} >> model.txt; echo 'return lines=2' >> $RUNWEAVE_LOG", inputs: [build], outputs: [model.txt], params: {rate: "\${params.rate}"}}
  report: {shell: "cat model.txt > report.txt; echo \${tasks.train.returns.lines} >> report.txt", inputs: [model.txt], outputs: [report.txt], params: {lines: "\${tasks.train.returns.lines}"}}
`;
const files = { 'runweave.yaml': pipeline.replace("echo ${tasks.train.returns.lines}", 'echo $RUNWEAVE_PARAM_LINES'), 'data.txt': 'b\na\n' };

const restored = (lines: readonly JsonLine[]): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(lines.flatMap((line) => (line.type === 'task-skipped' && line.reason === 'restored' ? [[line.task, line.madeBy?.runId]] : [])));
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('an earlier state', () => {
  it('is restored after a git checkout, with modes, returns and the run that made it, and is up to date then', async (context) => {
    const place = workspace(context, { ...files, '.gitignore': '.runweave\nbuild\nmodel.txt\nreport.txt\n' });
    const git = (...args: readonly string[]): void => void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...args], { cwd: place.folder, stdio: 'ignore' });
    git('init', '-b', 'main');
    git('add', '.');
    git('commit', '-m', 'one');
    const first = await place.run();
    assert.deepEqual(first.executed, ['prepare', 'report', 'train']);
    const madeBy = first.lines.find((line) => line.type === 'run-started')?.runId;
    const made = place.read('report.txt');
    git('checkout', '-b', 'other');
    place.write('data.txt', 'd\nc\n');
    git('commit', '-am', 'two');
    assert.deepEqual((await place.run()).executed, ['prepare', 'report', 'train']);
    const other = place.read('report.txt');

    git('checkout', 'main');
    assert.match((await place.runweave('plan')).stdout, new RegExp(`= prepare {2}restored from ${madeBy}`));
    const back = await place.run();
    assert.deepEqual(back.executed, []);
    assert.deepEqual(restored(back.lines), { prepare: madeBy, train: madeBy, report: madeBy });
    assert.equal(place.read('report.txt'), made);
    assert.equal(statSync(path.join(place.folder, 'build/tool')).mode & 0o777, 0o755);
    assert.match((await place.runweave('show', 'latest')).stdout, new RegExp(`restored .* made by ${madeBy}`));
    assert.match((await place.runweave('run')).stdout, /^= 3 up to date$/m);

    git('checkout', 'other');
    assert.deepEqual((await place.run()).executed, []);
    assert.equal(place.read('report.txt'), other);
  });

  it('is up to date where it was restored, also when the cache is gone', async (context) => {
    const place = workspace(context, { ...files, 'runweave.yaml': files['runweave.yaml'].replaceAll(/(outputs: \[(model|report)\.txt\])/g, '$1, keep: false') });
    await place.run();
    place.write('data.txt', 'd\nc\n');
    assert.deepEqual((await place.run()).executed, ['prepare', 'report', 'train']);
    place.write('data.txt', 'b\na\n');
    assert.deepEqual((await place.run()).executed, ['report', 'train']);
    rmSync(path.join(place.folder, '.runweave', 'cache'), { recursive: true });
    assert.deepEqual((await place.run()).executed, []);
  });

  it('is planned as it is done, also where outputs of the tasks before are gone', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `
params: {rate: 1}
tasks:
  a: {shell: 'echo $RUNWEAVE_PARAM_RATE > a.txt', outputs: [a.txt], params: {rate: "\${params.rate}"}}
  b: {shell: 'cat a.txt > b.txt', inputs: [a.txt], outputs: [b.txt]}
  c: {shell: 'cat b.txt > c.txt; echo $RUNWEAVE_PARAM_RATE >> c.txt', inputs: [b.txt], outputs: [c.txt], params: {rate: "\${params.rate}"}}
  d: {shell: 'cat a.txt > d.txt', inputs: [a.txt], outputs: [d.txt], keep: false}
`,
    });
    const remove = (...names: readonly string[]): void => names.forEach((name) => rmSync(path.join(place.folder, name)));
    const actions = async (): Promise<Readonly<Record<string, string>>> => {
      const { entries } = JSON.parse((await place.runweave('plan', '--json')).stdout) as { readonly entries: readonly { readonly task: string; readonly action: string }[] };
      return Object.fromEntries(entries.map(({ task, action }) => [task, action]));
    };
    await place.run();
    remove('a.txt');
    assert.deepEqual(await actions(), { a: 'restore', b: 'maybe', c: 'maybe', d: 'maybe' });
    const first = await place.run();
    assert.deepEqual([first.executed, Object.keys(restored(first.lines))], [[], ['a']]);
    await place.run('--set', 'rate=2');
    remove('a.txt', 'b.txt', 'c.txt');
    assert.deepEqual(await actions(), { a: 'restore', b: 'maybe', c: 'maybe', d: 'maybe' });
    const second = await place.run();
    assert.deepEqual([second.executed, Object.keys(restored(second.lines)).sort()], [['d'], ['a', 'b', 'c']]);
    remove('a.txt', 'd.txt');
    assert.deepEqual(await actions(), { a: 'restore', b: 'maybe', c: 'maybe', d: 'run' });
  });

  it('is restored for an earlier parameter, and after an output was removed; not when forced', async (context) => {
    const place = workspace(context, files);
    await place.run();
    assert.deepEqual((await place.run('--set', 'rate=2')).executed, ['report', 'train']);
    assert.deepEqual((await place.run()).executed, []);
    assert.equal(place.read('model.txt'), 'a\nb\n1\n');
    rmSync(path.join(place.folder, 'build'), { recursive: true });
    assert.deepEqual((await place.run()).executed, []);
    assert.deepEqual((await place.run('--force', 'train')).executed, ['train']);
  });

  it('is made again where an object is damaged, where `keep: false` is, and where the limit is 0', async (context) => {
    const place = workspace(context, files);
    await place.run();
    place.write('data.txt', 'z\n');
    await place.run();
    place.write('data.txt', 'b\na\n');
    const folder = path.join(place.folder, '.runweave/cache/kept/small');
    for (const file of readdirSync(folder).map((name) => path.join(folder, name))) writeFileSync(file, readFileSync(file, 'utf8').replaceAll(base64('a\nb\n'), base64('x\ny\n')));
    assert.deepEqual((await place.run()).executed, ['prepare']);
    assert.equal(place.read('model.txt'), 'a\nb\n1\n');

    const unkept = workspace(context, { ...files, 'runweave.yaml': files['runweave.yaml'].replace('name: restore', 'name: restore\ndefaults: {keep: false}') });
    for (const [data, executed] of [['b\n', 3], ['c\n', 3], ['b\n', 3]] as const) {
      unkept.write('data.txt', data);
      assert.equal((await unkept.run()).executed.length, executed);
    }
    assert.equal(existsSync(path.join(unkept.folder, '.runweave/cache/kept')), false);
  });

  it('does not change when a task writes in place into what was restored', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'name: place\ntasks:\n  make: {shell: "cat in.txt > out.txt", inputs: [in.txt], outputs: [out.txt]}\n  other: {shell: "echo damage >> out.txt; cat in.txt > other.txt", needs: [make], inputs: [in.txt], outputs: [other.txt], watch: manual}\n',
      'in.txt': 'one\n',
    });
    await place.run();
    rmSync(path.join(place.folder, 'out.txt'));
    assert.deepEqual((await place.run()).executed, []);
    assert.deepEqual((await place.run('other')).executed, ['other']);
    assert.equal(place.read('out.txt'), 'one\ndamage\n');
    assert.deepEqual((await place.run()).executed, []);
    assert.equal(place.read('out.txt'), 'one\n');
  });

  it('is made again where another task uses what it writes and does not declare, as a clean build would', async (context) => {
    // They end a while after that: of what is written as the next one starts, nobody knows which version it read, and its result is not kept.
    const place = workspace(context, {
      'runweave.yaml': 'params: {k: 1}\ntasks:\n  train: {python: train.py, params: {k: "${params.k}"}, outputs: [model.txt]}\n  alone: {python: alone.py, params: {k: "${params.k}"}, outputs: [alone.txt]}\n  score: {python: score.py, needs: [train], outputs: [score.txt]}\n  writer: {python: writer.py, params: {k: "${params.k}"}, outputs: [made.txt]}\n  reader: {python: reader.py, needs: [writer], outputs: [read.txt]}\n',
      'train.py': "import runweave\nk = runweave.params['k']\nopen('model.txt', 'w').write(f'w{k}')\nopen('scaler.txt', 'w').write(f's{k}')\nimport time\ntime.sleep(0.05)\n",
      'writer.py': "import os, runweave, shutil\nk = runweave.params['k']\nopen('made.txt', 'w').write(f'm{k}')\nopen('gen.py', 'w').write(f'value = {k}\\n')\nshutil.rmtree('parts', ignore_errors=True)\nfor i in range(k):\n    os.makedirs('parts', exist_ok=True)\n    open(f'parts/{i}', 'w').close()\nimport time\ntime.sleep(0.05)\n",
      'reader.py': "import os, gen\nopen('read.txt', 'w').write(f\"{open('made.txt').read()} {gen.value} {sorted(os.listdir('parts'))}\")\n",
      'alone.py': "import runweave\nk = runweave.params['k']\nopen('alone.txt', 'w').write(f'a{k}')\nopen('alone.log', 'w').write(f'l{k}')\n",
      'score.py': "open('score.txt', 'w').write(open('model.txt').read() + open('scaler.txt').read())\n",
    });
    const withRate = (k: number): void => place.write('runweave.yaml', place.read('runweave.yaml').replace(/k: \d/, `k: ${k}`));
    await place.run();
    const read = place.read('read.txt');
    assert.equal(read, "m1 1 ['0']");
    withRate(2);
    await place.run();
    assert.equal(place.read('score.txt'), 'w2s2');
    assert.equal(place.read('read.txt'), "m2 2 ['0', '1']");
    withRate(1);
    const back = await place.run();
    assert.deepEqual(back.executed, ['train', 'writer']);
    assert.deepEqual(Object.keys(restored(back.lines)).sort(), ['alone', 'reader', 'score']);
    assert.equal(place.read('score.txt'), 'w1s1');
    assert.equal(place.read('read.txt'), read);
    assert.equal(place.read('scaler.txt'), 's1');
  });

  it('is restored where a failed attempt has left files in a folder, which are set aside', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'tasks: {d: {python: d.py, outputs: [build/dir/]}}',
      'd.py': "import os\ntext = open('in.txt').read()\nos.makedirs('build/dir', exist_ok=True)\nfor name in 'ab':\n    open(f'build/dir/{name}.txt', 'w').write(text)\nimport end\n",
      'in.txt': 'one',
      'end.py': '',
    });
    await place.run();
    place.write('in.txt', 'two');
    place.write('end.py', "open('build/dir/more.txt', 'w').write('two')\nraise ValueError\n");
    assert.equal((await place.run()).code, 1);
    place.write('in.txt', 'one');
    place.write('end.py', '');
    const back = await place.run();
    assert.deepEqual(back.executed, []);
    assert.deepEqual(['a', 'b'].map((name) => place.read(`build/dir/${name}.txt`)), ['one', 'one']);
    assert.ok(!existsSync(path.join(place.folder, 'build/dir/more.txt')));
    const told = back.lines.flatMap((line) => (line.type === 'warning' ? [line.message] : [])).join('\n');
    assert.match(told, /set aside: .*build\/dir\/more\.txt \(now \.runweave\/set-aside\/.*while an attempt ran that did not succeed/);
  });

  it('is tried again where it failed last', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'name: f\ntasks:\n  a: {shell: "cat in.txt > out.txt; test ! -e broken", inputs: [in.txt], outputs: [out.txt]}\n', 'in.txt': 'one\n' });
    await place.run();
    place.write('broken', '');
    assert.equal((await place.run('--force')).code, 1);
    assert.deepEqual((await place.run()).executed, ['a']);
  });

  it('is each pipeline’s own, and comes back while watching when an edit is undone', async (context) => {
    const task = (name: string): string => `name: p\ntasks: {make: {shell: "cat in.txt > ${name}.txt", inputs: [in.txt], outputs: [${name}.txt]}}\n`;
    const place = workspace(context, { 'runweave.yaml': task('one'), 'other.yaml': task('two'), 'in.txt': 'a\n' });
    await place.run();
    assert.deepEqual((await place.run('--file', 'other.yaml')).executed, ['make']);
    const running = place.start('watch', '--json');
    const sealed = (line: JsonLine): boolean => line.type === 'sealed';
    await running.until(sealed);
    for (const [text, executed] of [['b\n', ['make']], ['a\n', []], ['b\n', []]] as const) {
      const from = running.lines.length;
      place.write('in.txt', text);
      await running.until(sealed, from);
      assert.deepEqual(executedTasks(running.lines.slice(from)), executed);
      assert.equal(place.read('one.txt'), text);
    }
    assert.equal(place.read('two.txt'), 'a\n');
    const busy = await place.runweave('gc');
    assert.equal(busy.code, 3);
    assert.match(busy.stderr, /a watch with process id \d+/);
    running.process.kill('SIGINT');
    await running.ended;
  });
});

describe('a folder of outputs', () => {
  const place = (context: Parameters<typeof workspace>[0]): Workspace =>
    workspace(context, { 'runweave.yaml': 'name: o\nparams: {n: 1}\ntasks:\n  a: {shell: "mkdir -p out; echo $RUNWEAVE_PARAM_N > out/${params.n}.txt; test ! -e fail", outputs: [out], params: {n: "${params.n}"}}\n' });
  const listed = ({ folder }: Workspace): readonly string[] => readdirSync(path.join(folder, 'out')).sort();

  it('holds what this state makes, as after a clean build, and what was put there by hand', async (context) => {
    const { folder, ...of } = place(context);
    const all = { folder, ...of };
    await of.run();
    await of.run('--set', 'n=2');
    assert.deepEqual(listed(all), ['2.txt']);
    assert.deepEqual((await of.run()).executed, []);
    assert.deepEqual(listed(all), ['1.txt']);
    of.write('out/mine.txt', 'by hand');
    assert.deepEqual((await of.run('--set', 'n=2')).executed, ['a']);
    assert.deepEqual(listed(all), ['2.txt', 'mine.txt']);
  });

  it('loses nothing when the task fails', async (context) => {
    const all = place(context);
    await all.run();
    all.write('fail', '');
    assert.equal((await all.run('--set', 'n=2')).code, 1);
    assert.deepEqual(listed(all), ['1.txt', '2.txt']);
    assert.equal(all.read('out/1.txt'), '1\n');
  });
});

describe('gc', () => {
  it('removes artifacts with their records, kept outputs past the limit, and leftovers; nothing that is in use', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'name: g\ntasks:\n  a: {shell: "head -c 100000 in.txt > out.txt; echo artifact in.txt >> $RUNWEAVE_LOG", inputs: [in.txt], outputs: [out.txt]}\n',
      'in.txt': 'a'.repeat(200_000),
    });
    await place.run();
    place.write('in.txt', 'b'.repeat(200_000));
    await place.run();
    place.write('.runweave/cache/attempts/gone/1/log.jsonl', 'left');
    const gc = async (...args: readonly string[]): Promise<{ readonly records: { count: number }; readonly artifacts: { count: number; bytes: number }; readonly kept: { count: number }; readonly leftovers: { count: number }; readonly bytes: number }> =>
      JSON.parse((await place.runweave('gc', '--json', ...args)).stdout) as never;
    const would = await gc('--keep-runs', '1', '--dry-run');
    assert.deepEqual([would.records.count, would.artifacts, would.kept.count, would.leftovers.count], [1, { count: 1, bytes: 200_000 }, 0, 1]);
    const did = await gc('--keep-runs', '1');
    assert.equal(did.bytes, would.bytes);
    assert.equal((await gc()).bytes, 0);
    assert.equal((JSON.parse((await place.runweave('runs', '--json')).stdout) as { readonly total: number }).total, 1);

    place.write('in.txt', 'a'.repeat(200_000));
    assert.deepEqual((await place.run()).executed, [], 'kept outputs outlive the record');
    assert.equal((await gc('--older-than', '1h')).records.count, 0);
    appendFileSync(path.join(place.folder, '.runweave/live/x.jsonl'), '');
    assert.equal((await place.runweave('gc', '--older-than', 'soon')).code, 2);
  });

  it('removes what was set aside a month ago', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'tasks:\n  a: {shell: "true"}\n' });
    await place.run();
    const recent = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-g-0001`;
    for (const runId of ['20250101T000000Z-g-0000', recent]) place.write(`.runweave/set-aside/${runId}/out/notes.txt`, 'mine');
    place.write('.runweave/set-aside/replaced/out/notes.txt', 'mine');
    assert.match((await place.runweave('gc')).stdout, /^1 leftover, 4 B\n/);
    assert.deepEqual(readdirSync(path.join(place.folder, '.runweave/set-aside')).sort(), [recent, 'replaced']);
  });

  it('leaves records that people marked, and those that made what tasks have now', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'name: g\ntasks:\n  a: {shell: cat in.txt > out.txt, inputs: [in.txt], outputs: [out.txt]}\n', 'in.txt': 'a' });
    const runId = async (): Promise<string> => (await place.run()).lines.flatMap((line) => (line.type === 'run-started' ? [line.runId] : []))[0] ?? assert.fail();
    const marked = await runId();
    assert.equal((await place.runweave('tag', 'baseline', marked)).code, 0);
    place.write('in.txt', 'b');
    const maker = await runId();
    await runId();
    const newest = await runId();
    assert.match((await place.runweave('gc', '--keep-runs', '1')).stdout, /^1 record, .*\n2 old records kept: with a star or a tag, or of what tasks have now\n/);
    const { runs } = JSON.parse((await place.runweave('runs', '--json')).stdout) as { readonly runs: readonly { readonly runId: string }[] };
    assert.deepEqual(runs.map((run) => run.runId).sort(), [marked, maker, newest].sort());
    assert.match((await place.runweave('trace', 'out.txt')).stdout, new RegExp(maker));
  });

  it('spares those that made what tasks have now also where the cache is gone', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'name: g\ntasks:\n  a: {shell: cat in.txt > out.txt, inputs: [in.txt], outputs: [out.txt]}\n  b: {shell: cat other.txt > b.txt, inputs: [other.txt], outputs: [b.txt]}\n',
      'other.yaml': 'name: o\ntasks:\n  a: {shell: cat in.txt > o.txt, inputs: [in.txt], outputs: [o.txt]}\n',
      'in.txt': 'a',
      'other.txt': 'b',
    });
    const runId = async (...args: readonly string[]): Promise<string> => (await place.run(...args)).lines.flatMap((line) => (line.type === 'run-started' ? [line.runId] : []))[0] ?? assert.fail();
    const first = await runId();
    const other = await runId('--file', 'other.yaml');
    place.write('in.txt', 'b');
    const second = await runId();
    place.write('in.txt', 'a');
    await runId();
    const newest = await runId();
    rmSync(path.join(place.folder, '.runweave/cache'), { recursive: true });
    assert.match((await place.runweave('gc', '--keep-runs', '1')).stdout, /^2 records, .*\n2 old records kept/);
    const left = readdirSync(path.join(place.folder, '.runweave/runs')).map((name) => name.replace('.otlp.jsonl', ''));
    assert.deepEqual([left.sort(), left.includes(second)], [[first, other, newest].sort(), false]);
  });

  it('says what is in the place of a lock, and what to do', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'tasks:\n  a: {shell: "true"}\n' });
    await place.run();
    symlinkSync('/nowhere/lock', path.join(place.folder, '.runweave/live/.gc.lock'));
    const { code, stderr } = await place.runweave('gc');
    assert.deepEqual([code, stderr.includes('.gc.lock is a link to /nowhere/lock, which is not there. Remove the link')], [1, true], stderr);
  });

  it('removes what killed processes were writing, and nothing that one may still write', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'tasks:\n  a: {shell: echo}\n' });
    await place.run();
    const gone = spawnSync('true').pid;
    const old = new Date(Date.now() - 3_600_000);
    const left = [`cache/digests.json.${gone}.tmp`, `cache/runs.jsonl.${gone}.tmp`, `live/runweave.yaml.lock.${gone}-b1f7`, `live/runweave.yaml.lock.${gone}.stale`];
    const kept = [`cache/digests.json.${process.pid}.tmp`, `live/runweave.yaml.lock.${process.pid}`, 'cache/own.tmp', `live/own.${gone}`];
    for (const name of [...left, ...kept]) {
      place.write(`.runweave/${name}`, 'x');
      utimesSync(path.join(place.folder, '.runweave', name), old, old);
    }
    // By another machine, perhaps: of its processes nothing is known.
    const young = `cache/imports.json.${gone}.tmp`;
    place.write(`.runweave/${young}`, 'x');
    const { leftovers } = JSON.parse((await place.runweave('gc', '--json')).stdout) as { readonly leftovers: unknown };
    assert.deepEqual(leftovers, { count: left.length, bytes: left.length });
    const there = [...left, ...kept, young].filter((name) => existsSync(path.join(place.folder, '.runweave', name)));
    assert.deepEqual(there, [...kept, young]);
  });

  it('keeps what a deleted record names for 30 days, then removes both', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'name: g\ntasks:\n  a: {shell: "cp in.txt out.txt; echo artifact in.txt >> $RUNWEAVE_LOG", inputs: [in.txt], outputs: [out.txt], keep: false}\n',
      'in.txt': 'a'.repeat(200_000),
    });
    await place.run();
    const store = path.join(place.folder, '.runweave');
    const [record = ''] = readdirSync(path.join(store, 'runs'));
    const file = path.join(store, 'runs', record);
    const counts = async (): Promise<readonly number[]> => {
      const { artifacts, leftovers } = JSON.parse((await place.runweave('gc', '--json')).stdout) as { readonly artifacts: { readonly count: number }; readonly leftovers: { readonly count: number } };
      return [artifacts.count, leftovers.count];
    };
    const folder = await moveToTrash(store, [file], new Date());
    assert.deepEqual(await counts(), [0, 0]);
    await restoreFromTrash(store, folder);
    await moveToTrash(store, [file], new Date(Date.now() - 31 * 86_400_000));
    assert.deepEqual(await counts(), [1, 1]);
    assert.deepEqual(readdirSync(path.join(store, 'trash')), []);
  });
});
