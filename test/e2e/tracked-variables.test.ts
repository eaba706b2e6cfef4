/** Values that a task reports by setting a variable, in each of the shells and in Python, unchanged. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { RunEvent } from '../../src/model/run-event.ts';
import { workspace, type JsonLine } from './runweave.ts';

const values = (lines: readonly JsonLine[]): readonly string[] =>
  lines.flatMap((line) => {
    const event = line as RunEvent;
    if (event.type === 'metric') return [`${event.name}=${event.value}${event.step === undefined ? '' : ` at ${event.step}`}`];
    if (event.type === 'metrics') return event.values.map((value, index) => `${event.name}=${value}${typeof event.steps?.[index] === 'number' ? ` at ${event.steps[index]}` : ''}`);
    return event.type === 'param' ? [`${event.name}: ${JSON.stringify(event.value)}`] : [];
  });

it('reads what a shell command exports: numbers, steps, JSON and text', async (context) => {
  const command = [
    'export RUNWEAVE_TRACK_loss_STEP_1=0.5 RUNWEAVE_TRACK_loss_STEP_2=2.5e-1',
    `export runnable_TRACK_rows=100 RUNWEAVE_TRACK_shape='{"a": [1, 2]}' RUNWEAVE_TRACK_note="it is"`,
    'exit 3',
  ].join('; ');
  const { run } = workspace(context, { 'runweave.yaml': `tasks:\n  t:\n    shell: ${JSON.stringify(command)}\n` });
  const { lines } = await run();
  assert.deepEqual(values(lines).toSorted(), ['loss=0.25 at 2', 'loss=0.5 at 1', 'note: "it is"', 'rows=100', 'shape: {"a":[1,2]}']);
  const end = lines.find((line) => line.type === 'attempt-ended');
  assert.ok(end?.type === 'attempt-ended');
  assert.equal(end.exitCode, 3);
  const start = lines.find((line) => line.type === 'attempt-started');
  assert.ok(start?.type === 'attempt-started');
  assert.equal(start.command.at(-1), command, 'recorded as it was written');
});

it('reads them as they are written in a bash script, every value of a variable, with its options and traps', async (context) => {
  const script = '#!/usr/bin/env bash\nset -euo pipefail\nfor i in 1 2 3; do\n  export RUNWEAVE_TRACK_loss=$i\ndone\nset_it() { export RUNWEAVE_TRACK_inner=7; }\nset_it\nuntil [ -e go ]; do sleep 0.05; done\nfalse || echo "status $?"\nexit 4\n';
  const made = workspace(context, { 'runweave.yaml': 'tasks:\n  t: {shell: ./track.sh}\n', 'track.sh': script });
  chmodSync(path.join(made.folder, 'track.sh'), 0o755);
  const running = made.start('run', '--json');
  await running.until((line) => line.type === 'metric' && line.name === 'inner');
  assert.ok(!running.lines.some((line) => line.type === 'attempt-ended'), 'while it runs');
  made.write('go', '');
  await running.ended;
  assert.deepEqual(values(running.lines), ['loss=1', 'loss=2', 'loss=3', 'inner=7']);
  assert.ok(running.lines.some((line) => line.type === 'output' && line.text === 'status 1\n'));
  assert.ok(running.lines.some((line) => line.type === 'attempt-ended' && line.exitCode === 4));
});

it('reads the user\'s own BASH_ENV first', async (context) => {
  const made = workspace(context, { 'runweave.yaml': 'tasks:\n  t:\n    shell: bash t.sh\n    env: {BASH_ENV: mine.sh}\n', 't.sh': 'export RUNWEAVE_TRACK_x=$mine\n', 'mine.sh': 'mine=5\n' });
  assert.deepEqual(values((await made.run()).lines), ['x=5']);
});

it('sees what a script of another shell hands to the programs that it starts', { skip: process.platform !== 'linux' && 'only Linux shows the environments of processes' }, async (context) => {
  const made = workspace(context, { 'runweave.yaml': 'tasks:\n  t: {shell: sh t.sh}\n', 't.sh': 'export RUNWEAVE_TRACK_x=1\nuntil test -e go; do sleep 0.2; done\n' });
  const running = made.start('run', '--json');
  await running.until((line) => line.type === 'metric' && line.name === 'x');
  made.write('go', '');
  await running.ended;
  assert.deepEqual(values(running.lines), ['x=1']);
});

it('reads them from Python when os.environ is set', async (context) => {
  const script = 'import os\nfor step in range(3): os.environ[f"RUNWEAVE_TRACK_loss_STEP_{step}"] = str(1 / (step + 1))\nos.environ["runnable_TRACK_who"] = "me"\nos.environ["OTHER"] = "1"\nos.kill(os.getpid(), 9)\n';
  const made = workspace(context, { 'runweave.yaml': 'tasks:\n  t: {python: t.py}\n', 't.py': script });
  assert.deepEqual(values((await made.run()).lines), ['loss=1 at 0', 'loss=0.5 at 1', 'loss=0.3333333333333333 at 2', 'who: "me"']);
});

it('takes no value from the environment that it was started in', async (context) => {
  const made = workspace(context, { 'runweave.yaml': 'tasks:\n  t: {shell: "echo $RUNWEAVE_TRACK_x; export RUNWEAVE_TRACK_y=1"}\n' });
  const before = process.env['RUNWEAVE_TRACK_x'];
  process.env['RUNWEAVE_TRACK_x'] = '9';
  context.after(() => {
    if (before === undefined) delete process.env['RUNWEAVE_TRACK_x'];
    else process.env['RUNWEAVE_TRACK_x'] = before;
  });
  assert.deepEqual(values((await made.run()).lines), ['y=1']);
});
