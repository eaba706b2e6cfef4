import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { executedTasks, workspace, type JsonLine, type Workspace } from './runweave.ts';

const files = {
  'runweave.yaml': `
name: again
params: {word: usual}
tasks:
  source: {shell: 'echo "$RUNWEAVE_PARAM_WORD" > source.txt', params: {word: "\${params.word}"}, outputs: [source.txt]}
  check: {python: check.py, inputs: [source.txt, extra.txt], needs: [source], outputs: [check.txt]}
  other: {shell: echo other > other.txt, outputs: [other.txt]}
  end: {shell: cat check.txt > end.txt, needs: [check], outputs: [end.txt]}
`,
  'extra.txt': 'extra',
  'check.py': 'raise ValueError("not yet")\n',
};
const corrected = 'open("check.txt", "w").write(open("source.txt").read())\n';

async function retry(place: Workspace, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly executed: readonly string[]; readonly lines: readonly JsonLine[] }> {
  const running = place.start('retry', '--json', ...args);
  const { code } = await running.ended;
  return { code, executed: executedTasks(running.lines), lines: running.lines };
}

function problemOf(lines: readonly JsonLine[]): string {
  const problem = lines.find((line) => line.type === 'problem');
  return problem?.type === 'problem' ? problem.message : 'no problem';
}

describe('after a failure', () => {
  it('run goes on where it stopped', async (context) => {
    const place = workspace(context, files);
    const failed = await place.run('-j', '1');
    assert.equal(failed.code, 1);
    place.write('check.py', corrected);
    const next = await place.run();
    assert.equal(next.code, 0);
    assert.ok(!next.executed.includes('source'), 'what was completed is not run again');
    assert.deepEqual((await place.run()).executed, []);
  });

  it('retry RUN has its parameters and its tasks', async (context) => {
    const place = workspace(context, files);
    assert.equal((await place.run('end', '--set', 'word=special')).code, 1);
    place.write('check.py', corrected);
    const again = await retry(place, 'latest');
    assert.deepEqual([again.code, again.executed], [0, ['check', 'end']]);
    assert.equal(place.read('end.txt'), 'special\n');
    // The first run, by its place; all is up to date with its parameters.
    assert.deepEqual((await retry(place, '-2')).executed, []);
    assert.deepEqual((await retry(place, '-3', '--force')).executed, ['end']);
  });

  it('retry RUN/TASK runs the task alone, with its code as it is now', async (context) => {
    const place = workspace(context, files);
    assert.equal((await place.run('--set', 'word=special')).code, 1);
    place.write('check.py', corrected);
    const again = await retry(place, 'latest/check');
    assert.deepEqual([again.code, again.executed], [0, ['check']]);
    assert.equal(place.read('check.txt'), 'special\n');
    const shown = await place.runweave('show', 'latest');
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /^✓ {2}check {2}/m);
    for (const command of [['graph', 'latest'], ['gantt', 'latest'], ['show', 'latest/check']]) assert.equal((await place.runweave(...command)).code, 0);
    // What needs it goes on from there.
    assert.deepEqual((await place.run('end', '--set', 'word=special')).executed, ['end']);
  });

  it('retry RUN/TASK is refused, with the reason, when its inputs are others', async (context) => {
    const place = workspace(context, files);
    assert.equal((await place.run('--set', 'word=special')).code, 1);
    const failed = JSON.parse((await place.runweave('show', 'latest', '--json')).stdout) as { readonly runId: string };
    const check = `${failed.runId}/check`;
    place.write('check.py', corrected);

    place.write('extra.txt', 'changed');
    const input = await retry(place, check);
    assert.deepEqual([input.code, input.executed], [2, []]);
    assert.match(problemOf(input.lines), /^the inputs that check had in \S+ are no longer there: input extra\.txt changed \(.*\)\. With the inputs as they are now: runweave run 'check'$/);
    place.write('runweave.yaml', files['runweave.yaml'].replace(', extra.txt', ''));
    assert.match(problemOf((await retry(place, check)).lines), /: input extra\.txt changed \(/);
    place.write('extra.txt', 'extra');

    place.write('source.txt', 'by hand\n');
    assert.match(problemOf((await retry(place, check)).lines), /input source\.txt changed .*; output source\.txt was changed by something else/);
    rmSync(path.join(place.folder, 'source.txt'));
    assert.match(problemOf((await retry(place, check)).lines), /output source\.txt is missing/);

    // What was given and is no longer asked for is as it was.
    place.write('runweave.yaml', files['runweave.yaml'].replace(', extra.txt', ''));

    await place.run('source', '--set', 'word=third');
    assert.match(problemOf((await retry(place, check)).lines), /outputs of source changed/);
    await place.run('source', '--set', 'word=special');
    assert.equal((await retry(place, check)).code, 0, 'they are again what they were');
  });

  it('retry RUN/TASK is refused when the task listed other files', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'tasks:\n  list: {python: list.py, outputs: [list.txt]}\n', 'list.py': 'import glob\nraise ValueError(glob.glob("data/*.csv"))\n', 'data/1.csv': '1' });
    assert.equal((await place.run()).code, 1);
    place.write('data/2.csv', '2');
    const refused = await retry(place, 'latest/list');
    assert.deepEqual([refused.code, refused.executed], [2, []]);
    assert.match(problemOf(refused.lines), /files in data\/ \(\*\.csv\) changed/);
  });

  it('names the run and the parameter that the pipeline file has lost', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'params: {word: a}\ntasks:\n  say: {shell: "echo ${params.word}"}\n' });
    assert.equal((await place.run()).code, 0);
    place.write('runweave.yaml', 'tasks:\n  say: {shell: "echo a"}\n');
    for (const reference of ['latest', 'latest/say']) {
      const refused = await retry(place, reference);
      assert.equal(refused.code, 2);
      assert.match(problemOf(refused.lines), /^\S+Z-\S+ had a parameter that runweave\.yaml does not have any more: word\. Give it back to the file, or run it as it is now: runweave run$/);
    }
  });

  it('says what can not be tried again', async (context) => {
    const place = workspace(context, { ...files, 'second.yaml': files['runweave.yaml'] });
    await place.run('-j', '1');
    const cases: readonly (readonly [string, RegExp])[] = [
      ['latest/end', /^end did not run in \S+, so there are no inputs that it had; with what it needs: runweave retry latest$/],
      ['latest/none', /has no task none/],
      ['nothing', /^no run nothing; "runweave runs" lists those that there are$/],
    ];
    for (const [reference, message] of cases) {
      const refused = await retry(place, reference);
      assert.equal(refused.code, 2);
      assert.match(problemOf(refused.lines), message);
    }
    assert.match(problemOf((await retry(place, 'latest', '--file', 'second.yaml')).lines), /is a run of runweave\.yaml, not of second\.yaml: add --file runweave\.yaml/);
  });
});
