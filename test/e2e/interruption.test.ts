/** What is left after the worst: nothing that was completed is lost, and nothing runs on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { eventually } from '../eventually.ts';
import { repository, workspace, type Workspace } from './runweave.ts';

const files = {
  'runweave.yaml': `
name: cut
tasks:
  quick: {shell: echo done > quick.txt, outputs: [quick.txt]}
  slow: {shell: "echo half > slow.txt; touch started; sleep 300 & echo $! > child.pid; wait", needs: [quick], outputs: [slow.txt]}
`,
};

async function killInTheMiddle(place: Workspace): Promise<void> {
  const running = place.start('run', '--json');
  await running.until((line) => line.type === 'attempt-started' && line.task === 'slow');
  await eventually(() => assert.notEqual(place.read('child.pid').trim(), ''));
  running.process.kill('SIGKILL');
  await running.ended;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('seals the run of an executor that was killed, ends its processes, and goes on where it stopped', async (context) => {
  const place = workspace(context, files);
  await killInTheMiddle(place);
  assert.equal(existsSync(path.join(place.folder, '.runweave/runs')), false);
  const child = Number(place.read('child.pid'));
  // Whoever reads it before it is sealed sees what it is, and writes nothing.
  const live = path.join(place.folder, '.runweave/live');
  const left = readdirSync(live);
  assert.match((await place.runweave('show', 'latest')).stdout, /the executor was cut off[^]*slow +could not run/);
  assert.match((await place.runweave('export', 'latest', '--to', 'otlp')).stderr, /was cut off, and has no record yet/);
  assert.deepEqual(readdirSync(live), left);

  place.write('runweave.yaml', files['runweave.yaml'].replace('sleep 300 & echo $! > child.pid; wait', 'true'));
  const next = await place.run();
  assert.equal(next.code, 0);
  assert.deepEqual(next.executed, ['slow']);
  const recovered = next.lines.find((line) => line.type === 'recovered');
  assert.ok(recovered?.type === 'recovered' && existsSync(recovered.result.record));
  // The record of the cut run shows what was completed in it.
  const shown = JSON.parse((await place.runweave('show', recovered.result.runId, '--json')).stdout) as { readonly interrupted: boolean; readonly tasks: readonly { readonly node: { readonly id: string }; readonly phase: string }[] };
  assert.equal(shown.interrupted, true);
  assert.deepEqual(
    shown.tasks.map((task) => [task.node.id, task.phase]),
    [
      ['quick', 'success'],
      ['slow', 'error'],
    ],
  );
  await eventually(() => assert.equal(isAlive(child), false));
  assert.equal(readdirSync(path.join(place.folder, '.runweave/live')).length, 0);
});

it('knows what had ended, in the record and for the next run, also where it was killed between the two', async (context) => {
  const place = workspace(context, {
    'runweave.yaml': 'tasks:\n  a: {shell: echo 1 > a.txt, outputs: [a.txt]}\n  b: {shell: cat a.txt > b.txt, inputs: [a.txt], outputs: [b.txt]}\n  c: {shell: cat b.txt > c.txt, inputs: [b.txt], outputs: [c.txt]}\n',
    // At the first write that says that b has ended, wherever it goes.
    'kill.cjs': `const fs = require('node:fs');
const write = fs.writeSync;
fs.writeSync = (file, bytes, ...rest) => {
  const written = write(file, bytes, ...rest);
  if (/"type":"task-ended","task":"b"|^\\{"task":"b","result"/m.test(String(bytes))) process.kill(process.pid, 'SIGKILL');
  return written;
};
`,
  });
  const killed = spawnSync(process.execPath, ['--require', path.join(place.folder, 'kill.cjs'), path.join(repository, 'dist/cli.cjs'), 'run'], { cwd: place.folder });
  assert.equal(killed.signal, 'SIGKILL');
  assert.deepEqual((await place.run()).executed, ['c']);
  const shown = JSON.parse((await place.runweave('show', '-2', '--json')).stdout) as { readonly tasks: readonly { readonly phase: string; readonly outputs: readonly unknown[] }[] };
  assert.deepEqual(shown.tasks.map((task) => [task.phase, task.outputs.length]), [['success', 1], ['success', 1], ['skip', 0]]);
});

it('refuses a second writer, and says who the first is', async (context) => {
  const place = workspace(context, files);
  const first = place.start('run', '--json');
  await first.until((line) => line.type === 'attempt-started' && line.task === 'slow');
  const second = await place.runweave('run');
  assert.equal(second.code, 3);
  assert.match(second.stderr, new RegExp(`process id ${String(first.process.pid)}`));
  first.process.kill('SIGINT');
  assert.equal((await first.ended).code, 130);
});

it('makes the results known again from the records when the cache is deleted', async (context) => {
  const place = workspace(context, { 'runweave.yaml': 'name: r\ntasks:\n  a: {shell: echo 1 > a.txt, outputs: [a.txt]}\n  b: {shell: cat a.txt > b.txt, needs: [a], outputs: [b.txt]}\n' });
  assert.deepEqual((await place.run()).executed, ['a', 'b']);
  rmSync(path.join(place.folder, '.runweave/cache'), { recursive: true });
  assert.deepEqual((await place.run()).executed, []);
});
