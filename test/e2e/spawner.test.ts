/** The process that starts tasks is ended from outside while one of them runs. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { untilGone } from '../unit/execution/processes.ts';
import { workspace } from './runweave.ts';

it('a task whose starter was killed is ended, said so, and tried again', { skip: process.platform !== 'linux' && 'the starter is found in /proc' }, async (context) => {
  // The first few are started by the executor itself: until one is not, each fails and is tried again.
  const held = 'test -e was-held && exit 0; grep -q spawner /proc/$PPID/cmdline || exit 1; touch was-held; echo held $$ $PPID; exec sleep 1000';
  const place = workspace(context, {
    'runweave.yaml': `name: spawner\ntasks:\n  held: {shell: "${held}", retries: {max: 1000, delay: 0s}}\n  after: {shell: "echo after > after.txt", needs: [held], outputs: [after.txt]}\n`,
  });
  const running = place.start('run', '--json');
  const line = await running.until((each) => each.type === 'output' && each.text.startsWith('held '));
  const [task = 0, starter = 0] = (line.type === 'output' ? line.text : '').split(' ').slice(1).map(Number);
  process.kill(starter, 'SIGKILL');
  await untilGone(task);
  assert.equal((await running.ended).code, 0);
  const ends = running.lines.flatMap((each) => (each.type === 'attempt-ended' && each.task === 'held' ? [each] : []));
  assert.equal(ends.at(-1)?.outcome, 'success');
  assert.equal(ends.at(-2)?.outcome, 'error');
  assert.match(JSON.stringify(ends.at(-2)), /the process that starts tasks was ended from outside/);
  assert.equal(place.read('after.txt'), 'after\n');
});
