/** What a task made from a state that was there only while it ran does not stay. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { executedTasks, workspace, type JsonLine, type Workspace } from './runweave.ts';

const waits = 'while [ ! -e go.flag ]; do sleep 0.02; done';
const isStarted = (task: string) => (line: JsonLine): boolean => line.type === 'attempt-started' && line.task === task;
const isSealed = (line: JsonLine): boolean => line.type === 'sealed';

/** A run in which something is done while these tasks wait. */
async function runMeanwhile(place: Workspace, tasks: readonly string[], meanwhile: () => void): Promise<void> {
  const running = place.start('run', '--json');
  for (const task of tasks) await running.until(isStarted(task));
  meanwhile();
  place.write('go.flag', '');
  const { code, stdout } = await running.ended;
  assert.equal(code, 0, stdout);
}

describe('what changes while a task runs', () => {
  it('and is undone after it has ended makes it run once more', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `
tasks:
  s: {shell: '${waits}; cat in.txt > s.txt', inputs: [in.txt], outputs: [s.txt]}
  p: {python: p.py, inputs: [in.txt], outputs: [p.txt]}
`,
      'p.py': "import os, time\nwhile not os.path.exists('go.flag'):\n    time.sleep(0.02)\nimport lib\nopen('p.txt', 'w').write(lib.text + open('in.txt').read())\n",
      'lib.py': "text = 'A'\n",
      'in.txt': 'A',
      'go.flag': '',
    });
    assert.equal((await place.run()).code, 0);
    place.write('p.py', place.read('p.py').replace('import lib', 'import  lib; import os'));
    place.write('runweave.yaml', place.read('runweave.yaml').replace('cat in.txt', 'cat  in.txt'));
    rmSync(path.join(place.folder, 'go.flag'));
    await runMeanwhile(place, ['s', 'p'], () => {
      place.write('in.txt', 'B');
      place.write('lib.py', "text = 'longer'\n");
    });
    assert.deepEqual([place.read('s.txt'), place.read('p.txt')], ['B', 'longerB']);
    place.write('in.txt', 'A');
    place.write('lib.py', "text = 'A'\n");
    assert.deepEqual((await place.run()).executed, ['p', 's']);
    assert.deepEqual([place.read('s.txt'), place.read('p.txt')], ['A', 'AA']);
    assert.deepEqual((await place.run()).executed, []);
  });

  it('counts in outputs of tasks before it as well, and is not kept', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `
tasks:
  a: {shell: echo orig > a.txt, outputs: [a.txt]}
  b: {shell: '${waits}; cat a.txt > b.txt', needs: [a], outputs: [b.txt]}
`,
    });
    await runMeanwhile(place, ['b'], () => place.write('a.txt', 'tampered'));
    assert.equal(place.read('b.txt'), 'tampered');
    assert.deepEqual((await place.run()).executed, ['b']);
    assert.equal(place.read('b.txt'), 'orig\n');
    place.write('b.txt', 'other');
    assert.deepEqual((await place.run()).executed, [], 'restored');
    assert.equal(place.read('b.txt'), 'orig\n');
  });

  it('does not make a watch start a task again and again, if it is the doing of a program that it starts', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'tasks:\n  p: {python: p.py, outputs: [p.txt]}\n  tick: {shell: cat tick.txt > tock.txt, inputs: [tick.txt], outputs: [tock.txt]}\n',
      'p.py': "import subprocess, time\nsubprocess.run('date +%N > mid.txt', shell=True, check=True)\nopen('p.txt', 'w').write(open('mid.txt').read() and 'one')\ntime.sleep(0.5)\n",
      'tick.txt': '',
    });
    const running = place.start('watch', '--json');
    await running.until(isSealed);
    let from = running.lines.length;
    place.write('p.py', place.read('p.py').replace("'one'", "'two'"));
    await running.until(isSealed, from);
    assert.deepEqual(running.lines.slice(from).filter(isStarted('p')).length, 1);
    from = running.lines.length;
    place.write('tick.txt', 'once');
    await running.until(isSealed, from);
    assert.deepEqual(executedTasks(running.lines.slice(from)), ['tick']);
    running.process.kill('SIGINT');
    await running.ended;
  });

  it('and comes into the outputs of a task is not lost, whoever wrote it', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `
params: {v: 1}
slots: {cpus: 3}
tasks:
  s: {shell: 'mkdir -p out; ${waits.replace('go', 'b')}; echo $RUNWEAVE_PARAM_V > out/r.txt', outputs: [out], params: {v: "\${params.v}"}}
  b: {shell: '${waits}; mkdir -p out; echo log > out/b.log; touch b.flag'}
  p: {python: p.py, outputs: ["pout/*.txt"], params: {v: "\${params.v}"}}
`,
      'p.py': "import os, runweave, time\nwhile not os.path.exists('go.flag'):\n    time.sleep(0.02)\nv = runweave.params['v']\nopen(f'pout/{v}.txt', 'w').write('made')\n",
    });
    await runMeanwhile(place, ['s', 'b', 'p'], () => {
      place.write('out/notes.txt', 'my notes');
      place.write('pout/notes.txt', 'my notes');
    });
    const { executed, lines } = await place.run('--set', 'v=2');
    assert.deepEqual(executed, ['p', 's']);
    assert.deepEqual([place.read('out/r.txt'), readdirSync(path.join(place.folder, 'out')), readdirSync(path.join(place.folder, 'pout'))], ['2\n', ['r.txt'], ['2.txt']]);
    const runId = lines.find((line) => line.type === 'run-started')?.runId ?? '';
    const aside = `.runweave/set-aside/${runId}`;
    assert.deepEqual(['out/notes.txt', 'pout/notes.txt', 'out/b.log'].map((name) => place.read(`${aside}/${name}`)), ['my notes', 'my notes', 'log\n']);
    assert.deepEqual(readdirSync(path.join(place.folder, aside, 'pout')), ['notes.txt']);
    const shown = await place.runweave('show', runId);
    for (const name of ['out/notes.txt', 'pout/notes.txt', 'out/b.log']) assert.ok(shown.stdout.includes(`${name} (now ${aside}/${name})`), shown.stdout);
  });
});
