/**
 * A history of 30 real runs with edits, reverts, failures, deleted outputs and results that are put back. What `trace`
 * has to say after each was worked out by hand: which run made the report, the model, the cleaned data and the data.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { workspace } from './runweave.ts';

const pipeline = (rate: number, report: string): string => `name: history
params: {rate: ${rate}}
tasks:
  load: {shell: "cp data.txt build/load.txt", inputs: [data.txt], outputs: [build/load.txt]}
  clean: {shell: "sh clean.sh", inputs: [clean.sh, build/load.txt], outputs: [build/clean.txt]}
  train: {shell: "sh train.sh", params: {rate: "\${params.rate}"}, inputs: [train.sh, build/clean.txt], outputs: [build/model.txt]}
  report: {shell: "${report}", inputs: [build/model.txt, build/clean.txt], outputs: [build/report.txt]}
`;
const clean = (version: number): string => `sed 's/^/clean ${version} /' build/load.txt > build/clean.txt\n`;
const train = (version: number): string => `{ echo train ${version} rate $RUNWEAVE_PARAM_RATE; cat build/clean.txt; } > build/model.txt\n`;
const both = 'cat build/model.txt build/clean.txt > build/report.txt';
const data = (version: number): string => `data ${version}\n`;

type Files = Readonly<Record<string, string>>;

interface Step {
  readonly change?: Files;
  readonly remove?: string;
  readonly args?: readonly string[];
  readonly fails?: true;
  /** Runs, counted from 1, that made report, train, clean and load of what is there now. */
  readonly made: readonly [report: number, train: number, clean: number, load: number];
}

const steps: readonly Step[] = [
  /*  1 */ { made: [1, 1, 1, 1] },
  /*  2 */ { made: [1, 1, 1, 1] },
  /*  3 */ { change: { 'train.sh': train(2) }, made: [3, 3, 1, 1] },
  /*  4 */ { change: { 'train.sh': train(1) }, made: [1, 1, 1, 1] },
  /*  5 */ { change: { 'data.txt': data(2) }, made: [5, 5, 5, 5] },
  /*  6 */ { change: { 'runweave.yaml': pipeline(2, both) }, made: [6, 6, 5, 5] },
  /*  7 */ { change: { 'runweave.yaml': pipeline(1, both) }, made: [5, 5, 5, 5] },
  /*  8 */ { change: { 'clean.sh': 'exit 1\n' }, fails: true, made: [5, 5, 5, 5] },
  /*  9 */ { change: { 'clean.sh': clean(3) }, made: [9, 9, 9, 5] },
  /* 10 */ { change: { 'clean.sh': clean(1) }, made: [5, 5, 5, 5] },
  /* 11 */ { change: { 'data.txt': data(1) }, made: [1, 1, 1, 1] },
  /* 12 */ { change: { 'train.sh': train(2) }, made: [3, 3, 1, 1] },
  /* 13 */ { made: [3, 3, 1, 1] },
  /* 14 */ { change: { 'runweave.yaml': pipeline(3, both) }, made: [14, 14, 1, 1] },
  // The model is made again, byte for byte the same: the report is still that of the run before.
  /* 15 */ { args: ['train', '--force'], made: [14, 14, 1, 1] },
  /* 16 */ { change: { 'data.txt': data(3) }, made: [16, 16, 16, 16] },
  /* 17 */ { change: { 'clean.sh': clean(3) }, made: [17, 17, 17, 16] },
  /* 18 */ { change: { 'clean.sh': clean(1) }, made: [16, 16, 16, 16] },
  /* 19 */ { change: { 'train.sh': 'echo broken > build/model.txt; exit 1\n' }, fails: true, made: [16, 16, 16, 16] },
  /* 20 */ { change: { 'train.sh': train(2) }, made: [16, 16, 16, 16] },
  /* 21 */ { change: { 'runweave.yaml': pipeline(1, both) }, made: [21, 21, 16, 16] },
  /* 22 */ { change: { 'runweave.yaml': pipeline(3, both) }, made: [16, 16, 16, 16] },
  /* 23 */ { remove: 'build/report.txt', made: [16, 16, 16, 16] },
  /* 24 */ { remove: 'build/model.txt', made: [16, 16, 16, 16] },
  /* 25 */ { change: { 'data.txt': data(1), 'runweave.yaml': pipeline(1, both) }, made: [3, 3, 1, 1] },
  /* 26 */ { change: { 'train.sh': train(1) }, made: [1, 1, 1, 1] },
  /* 27 */ { made: [1, 1, 1, 1] },
  /* 28 */ { change: { 'data.txt': data(4) }, made: [28, 28, 28, 28] },
  /* 29 */ { change: { 'runweave.yaml': pipeline(1, 'cat build/clean.txt build/model.txt > build/report.txt') }, made: [29, 28, 28, 28] },
  /* 30 */ { change: { 'runweave.yaml': pipeline(1, both) }, made: [28, 28, 28, 28] },
];

interface Node {
  readonly warnings: readonly { readonly type: string; readonly byRun?: string }[];
  readonly task: string;
  readonly runId: string;
  readonly children: readonly Node[];
}

it('trace tells over 30 runs which run made what', { timeout: 600_000 }, async (t) => {
  const place = workspace(t, { 'runweave.yaml': pipeline(1, both), 'data.txt': data(1), 'clean.sh': clean(1), 'train.sh': train(1) });
  const runs: string[] = [];
  for (const [index, step] of steps.entries()) {
    for (const [name, text] of Object.entries(step.change ?? {})) place.write(name, text);
    if (step.remove !== undefined) rmSync(path.join(place.folder, step.remove));
    const { code, lines } = await place.run(...(step.args ?? []));
    assert.equal(code, step.fails === true ? 1 : 0, `run ${index + 1}`);
    const started = lines.find((line) => line.type === 'run-started');
    assert.ok(started?.type === 'run-started');
    runs.push(started.runId);

    const { stdout } = await place.runweave('trace', 'build/report.txt', '--json');
    const { tree } = JSON.parse(stdout) as { readonly tree: Node };
    const madeIn = new Map<string, number>();
    const visit = (node: Node): void => {
      const number = runs.indexOf(node.runId) + 1;
      assert.equal(madeIn.get(node.task) ?? number, number, `${node.task} is one execution wherever it is in the tree`);
      madeIn.set(node.task, number);
      node.children.forEach(visit);
    };
    visit(tree);
    // What is there now is the latest; what was made from the same again (15) is so as well.
    assert.deepEqual(tree.warnings.filter(({ type }) => type === 'superseded'), [], `after run ${index + 1}`);
    assert.deepEqual([madeIn.get('report'), madeIn.get('train'), madeIn.get('clean'), madeIn.get('load')], step.made, `after run ${index + 1}`);
  }

  const old = (JSON.parse((await place.runweave('trace', `${runs[5] ?? ''}/report/build/report.txt`, '--json')).stdout) as { readonly tree: Node }).tree;
  assert.deepEqual(old.warnings.map(({ type, byRun = '' }) => [type, runs.indexOf(byRun) + 1]), [['superseded', 28]]);
  assert.match((await place.runweave('trace', `${runs[5] ?? ''}/report/build/report.txt`)).stdout, /no longer the latest: made again in \S+: input build\/model\.txt changed/);

  // Forwards from the first data: what was ever made from it.
  const { stdout } = await place.runweave('trace', `${runs[0] ?? ''}/load/build/load.txt`, '--forward', '--json');
  const reached = new Set<string>();
  const visit = (node: Node): void => {
    reached.add(`${node.task} ${runs.indexOf(node.runId) + 1}`);
    node.children.forEach(visit);
  };
  visit((JSON.parse(stdout) as { readonly tree: Node }).tree);
  assert.deepEqual([...reached].sort(), ['clean 1', 'load 1', 'report 1', 'report 14', 'report 3', 'train 1', 'train 14', 'train 15', 'train 3']);

  const history = JSON.parse((await place.runweave('history', 'train', '--all', '--json')).stdout) as { readonly executions: readonly { readonly runId: string; readonly outcome: string }[] };
  assert.deepEqual(history.executions.map((each) => runs.indexOf(each.runId) + 1), [28, 21, 19, 17, 16, 15, 14, 9, 6, 5, 3, 1]);
});

it('review names the planted bad version first, and flags can be undone', { timeout: 600_000 }, async (t) => {
  const place = workspace(t, { 'runweave.yaml': pipeline(1, both), 'data.txt': data(1), 'clean.sh': clean(1), 'train.sh': train(1) });
  const run = async (files: Files): Promise<void> => {
    for (const [name, text] of Object.entries(files)) place.write(name, text);
    assert.equal((await place.run()).code, 0);
  };
  // Good and bad ones in turns; version 7 of clean is the bad one.
  for (let index = 0; index < 10; index += 1) {
    const isBad = index % 3 === 1;
    await run({ 'data.txt': data(index), 'clean.sh': clean(isBad ? 7 : 1), 'train.sh': train(index % 2) });
    if (isBad) assert.equal((await place.runweave('flag', 'report.txt', '--why', 'wrong')).code, 0);
  }
  const { suspects, flagged, good } = JSON.parse((await place.runweave('review', '--json')).stdout) as { readonly flagged: number; readonly good: number; readonly suspects: readonly { readonly suspect: { readonly type: string; readonly task: string; readonly path?: string }; readonly flagged: number; readonly good: number }[] };
  assert.deepEqual([flagged, good], [3, 7]);
  assert.deepEqual([suspects[0]?.suspect.type, suspects[0]?.suspect.task, suspects[0]?.suspect.path, suspects[0]?.flagged, suspects[0]?.good], ['source', 'clean', 'clean.sh', 3, 0]);
  assert.match((await place.runweave('review')).stdout, /^3 flagged outputs, compared with 7 good ones\nFLAGGED +GOOD +TASK +SUSPECT\n3\/3 +0\/7 +clean +code clean\.sh sha256:/);
  for (let count = 0; count < 3; count += 1) assert.equal((await place.runweave('undo')).code, 0);
  assert.match((await place.runweave('review')).stderr, /no output is flagged/);
});

it('tags, stars and notes are found again by a filter', { timeout: 300_000 }, async (t) => {
  const place = workspace(t, { 'runweave.yaml': pipeline(1, both), 'data.txt': data(1), 'clean.sh': clean(1), 'train.sh': train(1) });
  for (const rate of [1, 2, 3]) {
    place.write('runweave.yaml', pipeline(rate, both));
    await place.run();
  }
  await place.runweave('tag', 'baseline', '-3');
  await place.runweave('star', '-2');
  await place.runweave('note', 'odd labels', 'latest/train');
  await place.runweave('archive', '-1');
  const count = async (...args: readonly string[]): Promise<number> => (JSON.parse((await place.runweave('runs', '--json', ...args)).stdout) as { readonly total: number }).total;
  assert.equal(await count(), 2);
  assert.equal(await count('--archived'), 3);
  assert.equal(await count('--filter', 'tag:baseline'), 1);
  assert.equal(await count('--filter', 'star or tag:baseline'), 2);
  assert.equal(await count('--archived', '--filter', 'note contains odd and params.rate = 3'), 1);
  assert.equal(await count('--filter', 'params.rate in (1, 2) and status = success'), 2);
  // As the runs table keeps it.
  const view = { name: 'best', time: '2026-11-21T10:00:00.000Z', table: { filter: 'params.rate < 3', sort: [{ field: 'params.rate', descending: true }], group: [], archived: true, columns: [{ field: 'params.rate' }, { field: 'params.gone' }] } };
  place.write('.runweave/views.jsonl', `${JSON.stringify(view)}\n`);
  assert.equal((await place.runweave('runs', '--views')).stdout, 'best  params.rate < 3\n');
  assert.match((await place.runweave('runs', '--view', 'best')).stdout, /^RUN +PARAMS\.RATE\n\S+ +2\n\S+ +1\n$/);
  assert.match((await place.runweave('runs', '--view', 'best', '--filter', 'tag:baseline', '--columns', 'params.rate')).stdout, /^PARAMS\.RATE\n1\n$/);
  assert.equal((await place.runweave('runs', '--view', 'bets')).stderr, 'error: there is no view bets (did you mean best?)\n');
  const bad = await place.runweave('runs', '--filter', 'params.rat > 1');
  assert.deepEqual([bad.code, bad.stderr], [2, 'error: --filter: no run has params.rat; did you mean params.rate?\n  params.rat > 1\n  ^^^^^^^^^^\n']);
});

it('reads several folders as one, and what is deleted comes back', { timeout: 300_000 }, async (t) => {
  const files = { 'runweave.yaml': pipeline(1, both), 'data.txt': data(1), 'clean.sh': clean(1), 'train.sh': train(1) };
  const place = workspace(t, files);
  const other = workspace(t, { ...files, 'runweave.yaml': pipeline(2, both) });
  const empty = workspace(t, {});
  for (const each of [place, other]) {
    await each.run();
    each.write('data.txt', data(2));
    await each.run();
  }
  // Into a folder of their own: the second run of the other project, and one run of this one, which is there twice now.
  const copies = path.join(empty.folder, 'copies');
  mkdirSync(copies);
  const namesIn = (folder: string): readonly string[] => readdirSync(path.join(folder, '.runweave', 'runs')).sort();
  for (const [folder, name] of [[other.folder, namesIn(other.folder)[1]], [place.folder, namesIn(place.folder)[0]]] as const) cpSync(path.join(folder, '.runweave', 'runs', name ?? ''), path.join(copies, name ?? ''));
  const list = async (...args: readonly string[]): Promise<readonly { readonly runId: string; readonly folder?: string }[]> => (JSON.parse((await place.runweave('runs', '--json', ...args)).stdout) as { readonly runs: readonly { readonly runId: string; readonly folder?: string }[] }).runs;
  const folders = ['--records', '.', '--records', copies];
  assert.deepEqual((await list(...folders)).map(({ folder }) => folder).sort(), ['.', '.', copies].sort());
  assert.deepEqual(readdirSync(copies).length, 2, 'nothing is written where records were only copied');
  assert.match((await place.runweave('runs', ...folders, '--differing', '--sort', 'params.rate')).stdout, /^RUN +FOLDER +PARAMS\.RATE.*\n(.*\n){3}$/);
  // Over both: this project's data made the first report, the other one's the latest.
  const traced = JSON.parse((await place.runweave('trace', 'report.txt', ...folders, '--json')).stdout) as { readonly tree: { readonly params: unknown; readonly runId: string } };
  assert.equal(`${traced.tree.runId}.otlp.jsonl`, namesIn(other.folder)[1]);
  assert.equal((JSON.parse((await place.runweave('history', 'report', ...folders, '--json')).stdout) as { readonly total: number }).total, 3);
  const none = await place.runweave('runs', '--records', path.join(empty.folder, 'nowhere'));
  assert.equal(none.code, 2);
  assert.match(none.stderr, /there are no records in this folder/);

  await place.runweave('name', 'the first', '-2');
  await place.runweave('delete', '-1', '-2');
  assert.equal((await list()).length, 0);
  assert.match((await place.runweave('undo')).stdout, /deleted runs are back/);
  assert.equal((await list('--filter', 'name = "the first"')).length, 1);
  assert.match((await place.runweave('undo')).stdout, /named the first/);
  assert.equal((await list()).length, 2);
  assert.equal((await place.runweave('delete', '-1', 'nothing')).code, 2);
  assert.equal((await list()).length, 2);

  assert.match((await place.runweave('trace', 'report.txt', '--stale-after', 'soon')).stderr, /--stale-after soon: write an age like 12h/);
});

it('tags and notes are put on outputs, shown with them, and taken back', { timeout: 300_000 }, async (t) => {
  const place = workspace(t, { 'runweave.yaml': pipeline(1, both), 'data.txt': data(1), 'clean.sh': clean(1), 'train.sh': train(1) });
  await place.run();
  place.write('train.sh', train(2));
  await place.run();
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await place.runweave(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const [second = '', first = ''] = (JSON.parse(await said('runs', '--json')) as { readonly runs: readonly { readonly runId: string }[] }).runs.map(({ runId }) => runId);
  assert.equal(await said('tag', 'golden', 'build/model.txt'), `${second}/train/build/model.txt: tagged golden\n`);
  // In the second run it was up to date: it is what the first one made.
  assert.equal(await said('note', 'row 7 is wrong', 'latest/clean/build/clean.txt'), `${first}/clean/build/clean.txt: noted: row 7 is wrong\n`);
  await said('note', 'took long', 'latest/train');
  await said('flag', 'latest/clean/build/clean.txt', '--why', 'row 7');

  assert.match(await said('inspect', 'latest/train'), /^Remarks\n {2}build\/model\.txt: \[golden\]\n {2}took long /m);
  assert.match(await said('inspect', 'latest/clean'), /^Remarks\n {2}build\/clean\.txt: ⚑ flagged as bad: row 7\n {2}build\/clean\.txt: row 7 is wrong /m, 'also of what was found up to date');
  assert.match(await said('show', 'latest'), /^ {2}train\/build\/model\.txt: \[golden\]$/m);
  assert.match(await said('trace', 'report.txt'), /train [^]*build\/model\.txt: \[golden\][^]*clean [^]*build\/clean\.txt: ⚑ flagged as bad: row 7/);
  const inspected = JSON.parse(await said('inspect', 'latest/train', '--json')) as { readonly remarks: readonly { readonly output?: string; readonly tags: readonly string[] }[] };
  assert.deepEqual(inspected.remarks.map(({ output, tags }) => [output, tags]), [['build/model.txt', ['golden']], [undefined, []]]);
  assert.equal((JSON.parse(await said('runs', '--json', '--filter', 'tag:golden')) as { readonly total: number }).total, 1, 'the run of an output is found by its tags');

  assert.match(await said('undo'), /undone: flagged/);
  assert.match(await said('undo'), /train: undone: noted: took long/);
  assert.match(await said('undo'), /clean\/build\/clean\.txt: undone: noted: row 7 is wrong/);
  await said('tag', 'golden', 'build/model.txt', '--remove');
  assert.doesNotMatch(await said('inspect', 'latest/train'), /Remarks/);

  const mistake = async (...args: readonly string[]): Promise<string> => (await place.runweave(...args)).stderr;
  assert.equal(await mistake('tag', 'x', 'build/modell.txt'), 'error: there is no run build, and no recorded run made build/modell.txt (did you mean build/model.txt?)\n');
  assert.match(await mistake('note', 'x', 'latest/trian'), /has no task trian \(did you mean train\?\)/);
});
