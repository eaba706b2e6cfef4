import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { killProcessesWith, lookAfter, processExists, processesWith } from '../../../../src/execution/backend/descendants.ts';
import { untilGone, zombie } from '../processes.ts';

const isLinux = process.platform === 'linux';

/** A shell that starts a daemon with this environment, says its id, and ends. */
async function startDaemon(env: Readonly<Record<string, string>>): Promise<number> {
  const shell = spawn('setsid', ['sh', '-c', 'sleep 1000 >/dev/null 2>&1 & echo $!'], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  for await (const chunk of shell.stdout.setEncoding('utf8')) text += chunk as string;
  return Number(text);
}

// It shows no variables while the system gives it another program.
it('finds what never stops becoming another program', { skip: !isLinux, timeout: 300_000 }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-descendants-'));
  const script = path.join(folder, 'again.sh');
  writeFileSync(script, `exec /bin/sh ${script}`);
  const variable = `RUN=again-${process.pid}`;
  const child = spawn('/bin/sh', [script], { env: { RUN: `again-${process.pid}` }, stdio: 'ignore' });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  await once(child, 'spawn');
  // So that only this one and what came after it is read, 500 times.
  const before = (child.pid ?? assert.fail()) - 1;
  for (let n = 0; n < 500; n += 1) assert.deepEqual(processesWith([variable], before), [child.pid], `look ${n}`);
});

it('a process that has ended is gone, whether or not its parent asks how', { skip: !isLinux }, async (t) => {
  assert.equal(processExists(await zombie(t)), false);
  assert.equal(processExists(process.pid), true);
  assert.equal(processExists(process.ppid), true);
  assert.equal(processExists(2 ** 22 + 1), false);
});

it('looks below an id when all may have been given out since', () => {
  assert.equal(lookAfter(5000, 1000, 1000, 32_768), 5000);
  assert.equal(lookAfter(5000, 1000, 4000, 32_768), 5000);
  assert.equal(lookAfter(5000, 1000, 5000, 32_768), 0);
  assert.equal(lookAfter(5000, 1000, 5000, 4_194_304), 5000);
});

it('finds and ends what inherited all of the variables, and nothing else', { timeout: 300_000 }, async () => {
  if (!isLinux) {
    assert.deepEqual(processesWith(['A=1']), []);
    return;
  }
  const run = `run-${process.pid}`;
  const mine = await startDaemon({ RUN: run, TASK: 'a' });
  const others = await startDaemon({ RUN: run, TASK: 'ab' });
  try {
    assert.deepEqual([...processesWith([`RUN=${run}`])].sort(), [mine, others].sort());
    assert.deepEqual(processesWith([`RUN=${run}`, 'TASK=a']), [mine]);
    assert.deepEqual(processesWith([`RUN=${run}`, 'TASK=a'], mine), [], 'none is younger');
    killProcessesWith([`RUN=${run}`, 'TASK=a'], 0);
    await untilGone(mine);
    assert.deepEqual(processesWith([`RUN=${run}`]), [others]);
  } finally {
    process.kill(others, 'SIGKILL');
  }
});
