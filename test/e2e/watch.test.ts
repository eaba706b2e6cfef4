import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { executedTasks, workspace, type JsonLine, type Running } from './runweave.ts';

const isIdle = (line: JsonLine): boolean => line.type === 'sealed';
const startOf = (task: string) => (line: JsonLine): boolean => line.type === 'attempt-started' && line.task === task;

/** The tasks that the next run executes, counted from `from`. */
async function nextRun(running: Running, from: number): Promise<readonly string[]> {
  await running.until(isIdle, from);
  return executedTasks(running.lines.slice(from));
}

const twoTasks = {
  'runweave.yaml': `
name: two
tasks:
  a: {shell: cat a.txt > out-a.txt, inputs: [a.txt], outputs: [out-a.txt]}
  b: {shell: cat out-a.txt > out-b.txt, inputs: [out-a.txt], outputs: [out-b.txt]}
  c: {shell: cat "c"/* > out-c.txt, inputs: ["c/*.txt"], outputs: [out-c.txt]}
`,
  'a.txt': 'one\n',
  'c/1.txt': 'c\n',
};

describe('watch', () => {
  it('runs what a change affects: content, new and deleted files, atomic saves, the pipeline file', async (context) => {
    const place = workspace(context, twoTasks);
    const running = place.start('watch', '--json');
    assert.deepEqual(await nextRun(running, 0), ['a', 'b', 'c']);

    let from = running.lines.length;
    place.write('a.txt', 'two\n');
    assert.deepEqual(await nextRun(running, from), ['a', 'b']);
    assert.equal(place.read('out-b.txt'), 'two\n');

    from = running.lines.length;
    place.write('c/2.txt', 'new\n');
    assert.deepEqual(await nextRun(running, from), ['c']);

    from = running.lines.length;
    rmSync(path.join(place.folder, 'c/1.txt'));
    assert.deepEqual(await nextRun(running, from), ['c']);
    assert.equal(place.read('out-c.txt'), 'new\n');

    from = running.lines.length;
    place.write('a.txt.tmp', 'three\n');
    renameSync(path.join(place.folder, 'a.txt.tmp'), path.join(place.folder, 'a.txt'));
    assert.deepEqual(await nextRun(running, from), ['a', 'b']);

    from = running.lines.length;
    place.write('runweave.yaml', twoTasks['runweave.yaml'].replace('cat out-a.txt >', 'cat out-a.txt out-a.txt >'));
    assert.deepEqual(await nextRun(running, from), ['b']);

    from = running.lines.length;
    place.write('runweave.yaml', 'tasks: {a: {shel: x}}');
    await running.until((line) => (line.type as string) === 'diagnostics', from);
    place.write('runweave.yaml', twoTasks['runweave.yaml']);
    assert.deepEqual(await nextRun(running, from), [], 'undone: what was made before is restored');
    assert.equal(place.read('out-b.txt'), 'three\n');

    from = running.lines.length;
    place.write('a.txt', 'one\n');
    assert.deepEqual(await nextRun(running, from), []);
    assert.equal(place.read('out-b.txt'), 'one\n');

    running.process.kill('SIGINT');
    assert.equal((await running.ended).code, 130);
    assert.equal(existsSync(path.join(place.folder, '.runweave/live/runweave.yaml.lock')), false);
  });

  it('makes one run of a git checkout that changes hundreds of files', async (context) => {
    const count = 300;
    const tasks = Array.from({ length: 20 }, (_, n) => `  t${n}: {shell: "cat in/${n}-*.txt > out-${n}.txt", inputs: ["in/${n}-*.txt"], outputs: [out-${n}.txt]}`);
    const files = (text: string): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, n) => [`in/${n % 20}-${n}.txt`, `${text} ${n}\n`]));
    const place = workspace(context, { 'runweave.yaml': `name: many\ntasks:\n${tasks.join('\n')}\n`, '.gitignore': 'out-*\n.runweave\n', ...files('old') });
    const git = (...args: readonly string[]): void => void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...args], { cwd: place.folder, stdio: 'ignore' });
    git('init', '-b', 'main');
    git('add', '.');
    git('commit', '-m', 'old');
    git('checkout', '-b', 'new');
    for (const [name, text] of Object.entries(files('new'))) place.write(name, text);
    git('commit', '-am', 'new');

    const running = place.start('watch', '--json');
    assert.equal((await nextRun(running, 0)).length, 20);
    const before = readdirSync(path.join(place.folder, '.runweave/runs')).length;
    const from = running.lines.length;
    git('checkout', 'main');
    assert.equal((await nextRun(running, from)).length, 20);
    running.process.kill('SIGINT');
    await running.ended;
    assert.equal(readdirSync(path.join(place.folder, '.runweave/runs')).length, before + 1);
    assert.equal(place.read('out-0.txt').startsWith('old 0'), true);
  });

  it('waits while a failure blocks what a change affects, and makes no runs that do nothing', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `
name: blocked
tasks:
  a: {shell: "cat a.txt > out-a.txt; grep -q good a.txt", inputs: [a.txt], outputs: [out-a.txt]}
  b: {shell: cat out-a.txt > out-b.txt, inputs: [out-a.txt], outputs: [out-b.txt]}
  c: {shell: "cat out-b.txt c.txt > out-c.txt", inputs: [out-b.txt, c.txt], outputs: [out-c.txt]}
  d: {shell: cat d.txt > out-d.txt, inputs: [d.txt], outputs: [out-d.txt]}
`,
      'a.txt': 'bad\n',
      'c.txt': 'c\n',
      'd.txt': 'd\n',
    });
    const running = place.start('watch', '--json', '--on-failure', 'continue');
    assert.deepEqual(await nextRun(running, 0), ['a', 'd']);
    const runs = (): number => readdirSync(path.join(place.folder, '.runweave/runs')).length;

    // `c` can't run while `a` has failed: only `d`, which is changed after it, does.
    place.write('c.txt', 'new\n');
    let from = running.lines.length;
    place.write('d.txt', 'new\n');
    assert.deepEqual(await nextRun(running, from), ['d']);
    assert.equal(runs(), 2);

    from = running.lines.length;
    place.write('a.txt', 'good\n');
    assert.deepEqual(await nextRun(running, from), ['a', 'b', 'c']);
    running.process.kill('SIGINT');
    await running.ended;
    assert.equal(runs(), 3);
  });

  it('restarts what a change during the run affects, and leaves the rest running', async (context) => {
    // Each task says that it runs, then waits until the test lets it go on.
    const wait = (name: string): string => `cat ${name}.txt > out-${name}.txt; until [ -e go-${name} ]; do sleep 0.05; done`;
    const place = workspace(context, {
      'runweave.yaml': `name: slow\ntasks:\n  a: {shell: "${wait('a')}", inputs: [a.txt], outputs: [out-a.txt]}\n  b: {shell: "${wait('b')}", inputs: [b.txt], outputs: [out-b.txt]}\n`,
      'a.txt': 'one\n',
      'b.txt': 'one\n',
    });
    const running = place.start('watch', '--json');
    await Promise.all([running.until(startOf('a')), running.until(startOf('b'))]);
    place.write('a.txt', 'two\n');
    const again = (await running.until((line) => startOf('a')(line) && 'attempt' in line && line.attempt === 2)) as JsonLine & { readonly cause: string };
    assert.equal(again.cause, 'change');
    place.write('go-a', '');
    place.write('go-b', '');
    await running.until(isIdle);
    assert.equal(running.lines.filter(startOf('b')).length, 1);
    assert.equal(place.read('out-a.txt'), 'two\n');
    running.process.kill('SIGINT');
    await running.ended;
  });

  it('runs a task again that it cancelled for a change which was undone', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `
name: undone
tasks:
  a: {shell: "grep good a.txt > out-a.txt", inputs: [a.txt], outputs: [out-a.txt]}
  b: {shell: "until [ -e go-b ]; do sleep 0.05; done; cat b.txt out-a.txt > out-b.txt", inputs: [b.txt, out-a.txt], outputs: [out-b.txt]}
`,
      'a.txt': 'good\n',
      'b.txt': 'one\n',
      'go-b': '',
    });
    const running = place.start('watch', '--json');
    assert.deepEqual(await nextRun(running, 0), ['a', 'b']);
    rmSync(path.join(place.folder, 'go-b'));
    let from = running.lines.length;
    place.write('b.txt', 'two\n');
    await running.until(startOf('b'), from);
    place.write('a.txt', 'bad\n');
    assert.deepEqual(await nextRun(running, from), ['a', 'b']);
    assert.equal(place.read('out-b.txt'), 'one\ngood\n');

    from = running.lines.length;
    place.write('go-b', '');
    place.write('a.txt', 'good\n');
    assert.deepEqual(await nextRun(running, from), ['b']);
    assert.equal(place.read('out-b.txt'), 'two\ngood\n');
    running.process.kill('SIGINT');
    await running.ended;
  });
});
