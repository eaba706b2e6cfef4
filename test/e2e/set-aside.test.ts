/** Nothing that may be somebody's is removed from a folder of outputs, and what we put there ourselves is not told of. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { workspace, type JsonLine, type Workspace } from './runweave.ts';

const warnings = (lines: readonly JsonLine[]): readonly string[] => lines.flatMap((line) => (line.type === 'warning' ? [line.message] : []));
const listed = ({ folder }: Workspace, name: string): readonly string[] => readdirSync(path.join(folder, name)).sort();
const waits = 'while [ ! -e go.flag ]; do sleep 0.02; done; rm go.flag';

/** A run of which a task waits until something was done meanwhile. */
async function runMeanwhile(place: Workspace, version: number, meanwhile: () => void): Promise<readonly JsonLine[]> {
  const running = place.start('run', '--json', '--set', `v=${version}`);
  await running.until((line) => line.type === 'attempt-started');
  meanwhile();
  place.write('go.flag', '');
  assert.equal((await running.ended).code, 0);
  return running.lines;
}

describe('in a folder of outputs', () => {
  it('what was restored is not told of when another state takes its place', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'params: {v: 1}\ntasks:\n  a: {shell: "test ! -e fail || exit 1; mkdir -p out; echo $RUNWEAVE_PARAM_V > out/${params.v}.txt; echo $RUNWEAVE_PARAM_V > out/same.txt", outputs: [out], params: {v: "${params.v}"}}\n',
    });
    const told: number[] = [];
    for (const version of [1, 2, 1, 2, 1, 2]) {
      const { lines } = await place.run('--set', `v=${version}`);
      told.push(warnings(lines).length);
      assert.deepEqual(listed(place, 'out'), [`${version}.txt`, 'same.txt']);
    }
    // Each of what the task itself was run for, and, once, that of two versions of a name one took the other's place.
    assert.deepEqual(told, [0, 1, 2, 0, 0, 0]);
    place.write('fail', '');
    const failed = await place.run('--set', 'v=3');
    assert.deepEqual([failed.code, warnings(failed.lines), listed(place, 'out')], [1, [], ['2.txt', 'same.txt']]);
    assert.deepEqual([warnings((await place.run('--set', 'v=1')).lines), listed(place, 'out')], [[], ['1.txt', 'same.txt']]);
  });

  it('a file that somebody saves again while the task runs is set aside when it has to go', async (context) => {
    const place = workspace(context, { 'runweave.yaml': `params: {v: 1}\ntasks:\n  a: {shell: 'mkdir -p out; ${waits}; echo $RUNWEAVE_PARAM_V > out/made', outputs: [out], params: {v: "\${params.v}"}}\n` });
    await runMeanwhile(place, 1, () => place.write('out/notes.txt', 'mine'));
    await runMeanwhile(place, 2, () => place.write('out/notes.txt', 'mine, saved again'));
    const [message = ''] = warnings(await runMeanwhile(place, 3, () => undefined));
    const [, aside = ''] = /out\/notes\.txt \(now (.*?)\)/.exec(message) ?? assert.fail(message);
    assert.deepEqual([place.read(aside), listed(place, 'out')], ['mine, saved again', ['made']]);
  });

  it('what was there before the task wrote to it is not lost, whatever comes under its name', async (context) => {
    const append = 'open("pout/log.txt", "a").write(runweave.params["v"] + "\\n")\nopen("pout/new.txt", "w").write("whole")\n';
    const place = workspace(context, {
      'runweave.yaml': `
params: {v: one}
tasks:
  s: {shell: 'mkdir -p out; echo $RUNWEAVE_PARAM_V >> out/log.txt', outputs: [out], params: {v: "\${params.v}"}}
  p: {python: p.py, outputs: [pout], params: {v: "\${params.v}"}}
`,
      'p.py': `import runweave\n${append}`,
      'out/log.txt': 'mine\n',
      'pout/log.txt': 'mine\n',
      'pout/new.txt': 'left',
    });
    assert.deepEqual(warnings((await place.run()).lines), []);
    const { lines } = await place.run('--set', 'v=two');
    const asides = warnings(lines).flatMap((message) => [...message.matchAll(/(\w+\/log\.txt) \(now (.*?)\)/g)].map(([, name, aside = '']) => [name, place.read(aside)])).sort();
    assert.deepEqual(asides, [['out/log.txt', 'mine\none\n'], ['pout/log.txt', 'mine\none\n']]);
    assert.equal(warnings(lines).some((message) => message.includes('new.txt')), false);
    assert.deepEqual([place.read('out/log.txt'), place.read('pout/log.txt')], ['two\n', 'two\n']);
    assert.deepEqual(warnings((await place.run('--set', 'v=three')).lines), []);
  });

  it('what the task made is known from the record when the cache is gone, also after a failure', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'params: {v: 1}\ntasks:\n  a: {shell: "test ! -e fail || exit 1; echo $RUNWEAVE_PARAM_V > out/$RUNWEAVE_PARAM_V.txt; echo > out/same.txt", outputs: [out], params: {v: "${params.v}"}}\n',
      'out/mine.txt': 'mine',
      'out/1.txt': 'of a run whose record is gone',
    });
    const run = async (version: number): Promise<readonly string[]> => warnings((await place.run('--set', `v=${version}`)).lines);
    const withoutCache = (version: number): Promise<readonly string[]> => {
      rmSync(path.join(place.folder, '.runweave', 'cache'), { recursive: true });
      return run(version);
    };
    assert.deepEqual(await run(1), []);
    const [message = ''] = await withoutCache(2);
    const [, aside = ''] = /^set aside: out\/1\.txt \(now (.*?)\)/.exec(message) ?? assert.fail(message);
    assert.deepEqual([place.read(aside), listed(place, 'out')], ['1\n', ['2.txt', 'mine.txt', 'same.txt']]);
    place.write('fail', '');
    assert.deepEqual([await withoutCache(3), listed(place, 'out')], [[], ['2.txt', 'mine.txt', 'same.txt']]);
    rmSync(path.join(place.folder, 'fail'));
    assert.match((await withoutCache(4)).join(), /out\/2\.txt/);
    place.write('fail', '');
    assert.deepEqual([await withoutCache(5), listed(place, 'out')], [[], ['4.txt', 'mine.txt', 'same.txt']]);
    rmSync(path.join(place.folder, 'fail'));
    assert.match((await run(6)).join(), /out\/4\.txt/);
    assert.deepEqual(listed(place, 'out'), ['6.txt', 'mine.txt', 'same.txt']);
  });

  it('what a task added to is not lost with the cache', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'params: {v: 1}\ntasks:\n  a: {shell: "mkdir -p out; echo $RUNWEAVE_PARAM_V >> out/log; test ! -e fail || { rm -r out; exit 1; }", outputs: [out], params: {v: "${params.v}"}}\n' });
    await place.run();
    rmSync(path.join(place.folder, '.runweave', 'cache'), { recursive: true });
    place.write('fail', '');
    assert.deepEqual([warnings((await place.run('--set', 'v=2')).lines), place.read('out/log')], [[], '1\n']);
    rmSync(path.join(place.folder, 'fail'));
    const [message = ''] = warnings((await place.run('--set', 'v=2')).lines);
    const [, aside = ''] = /^set aside: out\/log \(now (.*?)\)/.exec(message) ?? assert.fail(message);
    assert.deepEqual([place.read(aside), place.read('out/log')], ['1\n', '2\n']);
  });

  it('what the task itself left when it failed is not told of', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'params: {v: 1}\ntasks:\n  a: {shell: "mkdir -p out; echo $RUNWEAVE_PARAM_V > out/made; test ! -e fail", outputs: [out], params: {v: "${params.v}"}}\n', fail: '' });
    assert.equal((await place.run()).code, 1);
    assert.equal((await place.run()).code, 1);
    rmSync(path.join(place.folder, 'fail'));
    for (const version of [1, 2, 3]) assert.deepEqual(warnings((await place.run('--set', `v=${version}`)).lines), []);
  });

  it('what a run had moved that was killed is in its record', async (context) => {
    const place = workspace(context, { 'runweave.yaml': `params: {v: 1}\ntasks:\n  a: {shell: 'mkdir -p out; ${waits}; echo $RUNWEAVE_PARAM_V > out/made', outputs: [out], params: {v: "\${params.v}"}}\n  b: {shell: 'mkdir -p told; echo > told/$RUNWEAVE_PARAM_V', outputs: [told], params: {v: "\${params.v}"}}\n` });
    await runMeanwhile(place, 1, () => place.write('out/notes.txt', 'mine'));
    const running = place.start('run', '--json', '--set', 'v=2');
    const { runId = '' } = (await running.until((line) => line.type === 'run-started')) as { readonly runId?: string };
    await running.until((line) => line.type === 'attempt-started' && line.task === 'a');
    await running.until((line) => line.type === 'task-ended' && line.task === 'b');
    running.process.kill('SIGKILL');
    await running.ended;
    const plan = await place.runweave('plan', '--set', 'v=2');
    const { stdout } = await place.runweave('show', runId);
    const aside = `out/notes.txt (now .runweave/set-aside/${runId}/out/notes.txt)`;
    for (const text of [plan.stderr, stdout]) assert.ok(text.includes(aside), text);
    assert.match(stdout, /set aside: out\/made .*cut off before it was known whether this one makes them/);
    assert.equal(stdout.split('told/1 (now').length, 2, 'told by the run itself');
    assert.equal(place.read(`.runweave/set-aside/${runId}/out/notes.txt`), 'mine');
  });

  it('all is where it was if the task cannot begin', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'params: {v: 1}\ntasks:\n  a: {shell: "mkdir -p out; echo $RUNWEAVE_PARAM_V > out/${params.v}.txt; echo > more/deep/x.txt", outputs: [out, more/deep/x.txt], params: {v: "${params.v}"}}\n',
    });
    await place.run();
    rmSync(path.join(place.folder, 'more'), { recursive: true });
    place.write('more', 'in the way');
    const { code, lines } = await place.run('--set', 'v=2');
    assert.deepEqual([code, warnings(lines), listed(place, 'out')], [1, [], ['1.txt']]);
    assert.equal(existsSync(path.join(place.folder, '.runweave/set-aside')), false);
  });
});
