/** A container, or an editor in a sandbox, shares the folder and the host's name, and not the process ids. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { eventually } from '../eventually.ts';
import { repository, workspace, type Workspace } from './runweave.ts';

const unshare = ['unshare', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']), '--pid', '--fork', '--kill-child', '--mount-proc'];
const isPossible = process.platform === 'linux' && spawnSync(unshare[0] ?? '', [...unshare.slice(1), 'true']).status === 0;
const skip = !isPossible && 'no PID namespace can be made here';

const files = {
  'runweave.yaml': `
name: apart
tasks:
  slow: {shell: "until test -e go; do sleep 0.05; done; echo done > slow.txt", outputs: [slow.txt]}
`,
};

/** A run in a PID namespace of its own, in which it is process 1; its task has started, which is in the log. */
async function runApart(place: Workspace): Promise<{ readonly ended: Promise<number | null>; readonly kill: () => void }> {
  const child = spawn(unshare[0] ?? '', [...unshare.slice(1), process.execPath, path.join(repository, 'dist/cli.cjs'), 'run'], { cwd: place.folder, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await eventually(() => {
    const [log = ''] = readdirSync(path.join(place.folder, '.runweave/live')).filter((name) => name.endsWith('.jsonl'));
    assert.match(place.read(`.runweave/live/${log}`), /"attempt-started"/);
  });
  return { ended, kill: () => child.kill('SIGKILL') };
}

it('a run in another PID namespace is left alone by a plan, and keeps its pipeline', { skip, timeout: 300_000 }, async (context) => {
  const place = workspace(context, files);
  const apart = await runApart(place);
  context.after(apart.kill);
  assert.equal((await place.runweave('plan')).code, 0);
  const second = await place.runweave('run');
  assert.equal(second.code, 3, second.stderr);
  assert.match(second.stderr, /in another container or sandbox: wait for it, or end it there\. If it has died, the lock frees itself 30 seconds later\.$/m);
  const listed = JSON.parse((await place.runweave('runs', '--json')).stdout) as unknown;
  assert.doesNotMatch(JSON.stringify(listed), /"interrupted":true/);
  place.write('go', '');
  assert.equal(await apart.ended, 0);
  assert.equal(place.read('slow.txt'), 'done\n');
  assert.deepEqual(readdirSync(path.join(place.folder, '.runweave/live')), []);
});

it('a run that was killed there gives its pipeline away when it has not been heard of for a while', { skip, timeout: 300_000 }, async (context) => {
  const place = workspace(context, files);
  const apart = await runApart(place);
  apart.kill();
  await apart.ended;
  place.write('go', '');
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(path.join(place.folder, '.runweave/live/runweave.yaml.lock'), longAgo, longAgo);
  const next = await place.run();
  assert.equal(next.code, 0);
  assert.equal(next.lines.some((line) => line.type === 'recovered'), true);
  assert.deepEqual(readdirSync(path.join(place.folder, '.runweave/live')), []);
});
