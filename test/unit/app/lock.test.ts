import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { once } from 'node:events';
import { acquireLock, type LockHolder, type LockResult } from '../../../src/app/lock.ts';
import { describeProcess, processStartTime } from '../../../src/recording/writer.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-lock-'));
  file = path.join(folder, 'live', 'runweave.yaml.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const acquire = (purpose = 'run'): LockResult => acquireLock(folder, '/p/runweave.yaml', purpose);

function release(result: LockResult): void {
  assert.ok(result.ok);
  result.release();
}

function heldBy(holder: LockHolder | string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, typeof holder === 'string' ? holder : JSON.stringify(holder));
}

const startTime = processStartTime(process.pid);
const me: LockHolder = { ...describeProcess(), purpose: 'run' };
/** As of the first layout. */
const old: LockHolder = { pid: process.pid, host: hostname(), purpose: 'run', ...(startTime !== undefined && { startTime }) };
/** Its process ids are not ours. */
const inContainer = { ...me, pidNamespace: 'pid:[1]', startTime: '1' };

/** An id that no process has: of one that has just ended and was waited for. */
async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? assert.fail();
}

describe('the lock', () => {
  it('leaves nothing on a full disk', { skip: !existsSync('/dev/full') }, () => {
    mkdirSync(path.dirname(file), { recursive: true });
    symlinkSync('/dev/full', `${file}.${process.pid}`);
    assert.throws(() => acquire(), /ENOSPC/);
    assert.deepEqual(readdirSync(path.dirname(file)), []);
  });

  it('is held by one, and says by whom and for what', () => {
    const first = acquire('watch');
    const second = acquire();
    assert.ok(!second.ok);
    assert.deepEqual(second.holder, { ...me, purpose: 'watch' });
    release(first);
    release(acquire());
    assert.equal(existsSync(file), false);
  });

  it('is one a pipeline file', () => {
    const one = acquire();
    const other = acquireLock(folder, '/p/other.yaml', 'run');
    release(one);
    release(other);
  });

  it('leaves nothing else behind', () => {
    const first = acquire();
    acquire();
    assert.deepEqual(readdirSync(path.dirname(file)), ['runweave.yaml.lock']);
    release(first);
    assert.deepEqual(readdirSync(path.dirname(file)), []);
  });

  it('of a process that is gone is taken', async () => {
    heldBy({ ...old, pid: await deadPid() });
    release(acquire());
    heldBy({ ...me, pid: await deadPid() });
    release(acquire());
    assert.deepEqual(readdirSync(path.dirname(file)), []);
  });

  it('of a process whose id was given to another is taken', { skip: startTime === undefined && 'the system does not tell when a process started' }, () => {
    heldBy({ ...me, startTime: '1' });
    release(acquire());
  });

  it('of a process that lives is not taken, told with a start time or without', () => {
    const { startTime: _, ...without } = old;
    for (const holder of [me, old, without]) {
      heldBy(holder);
      assert.equal(acquire().ok, false);
    }
  });

  it('of before the machine was started is taken', { skip: me.boot === undefined && 'the system does not tell' }, () => {
    heldBy({ ...me, boot: 'another' });
    release(acquire());
  });

  it('of another PID namespace, whose ids mean nothing here, is taken when it was not touched for long', { skip: me.pidNamespace === undefined && 'the system has none' }, async () => {
    for (const pid of [process.pid, await deadPid()]) {
      heldBy({ ...inContainer, pid });
      assert.equal(acquire().ok, false);
      const longAgo = new Date(Date.now() - 3_600_000);
      utimesSync(file, longAgo, longAgo);
      release(acquire());
    }
  });

  it('is touched as long as it is held', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const lock = acquire();
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(file, longAgo, longAgo);
    t.mock.timers.tick(5000);
    assert.ok(statSync(file).mtimeMs > longAgo.getTime() + 1000);
    release(lock);
    heldBy(inContainer);
    utimesSync(file, longAgo, longAgo);
    t.mock.timers.tick(60_000);
    assert.ok(statSync(file).mtimeMs < longAgo.getTime() + 1000, 'it is not its any more');
  });

  it('of another host is not taken: nothing is known of it', async () => {
    heldBy({ ...me, host: 'elsewhere', pid: await deadPid() });
    const result = acquire();
    assert.equal(!result.ok && result.holder.host, 'elsewhere');
  });

  it('that cannot be read is taken', () => {
    for (const text of ['', '{"pid":', '{}', 'null']) {
      heldBy(text);
      release(acquire());
    }
  });

  it('of another namespace is not released', { skip: me.pidNamespace === undefined && 'the system has none' }, () => {
    const mine = acquire();
    heldBy(inContainer);
    release(mine);
    assert.equal(existsSync(file), true);
  });

  it('of somebody else is not released', () => {
    const mine = acquire();
    // Somebody removed it, and another process took it.
    heldBy({ ...me, pid: process.ppid });
    release(mine);
    assert.equal((JSON.parse(readFileSync(file, 'utf8')) as LockHolder).pid, process.ppid);
  });

  it('is held by one of many that find it stale at once', async () => {
    heldBy({ ...me, pid: await deadPid() });
    const module = path.resolve(import.meta.dirname, '../../../src/app/lock.ts');
    // Each says what it got, and holds it until its input ends.
    const program = `const { acquireLock } = await import(${JSON.stringify(module)}); process.stdin.once('data', () => console.log(acquireLock(${JSON.stringify(folder)}, '/p/runweave.yaml', 'run').ok)); process.stdin.on('end', () => process.exit()); console.log('ready');`;
    const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] }));
    const answers = children.map(async (child) => {
      const said: string[] = [];
      for await (const chunk of child.stdout) {
        said.push(String(chunk).trim());
        if (said.length === 2) return said[1];
        readyCount += 1;
        if (readyCount === children.length) for (const each of children) each.stdin.write('go\n');
      }
      return undefined;
    });
    let readyCount = 0;
    const got = await Promise.all(answers);
    for (const child of children) child.stdin.end();
    assert.deepEqual(got.sort(), ['false', 'false', 'false', 'true']);
  });
});

describe('the start time of a process', () => {
  it('is known of one that lives, and of no other', { skip: process.platform !== 'linux' && 'Linux tells it' }, async () => {
    assert.match(startTime ?? '', /^\d+$/);
    assert.equal(processStartTime(await deadPid()), undefined);
  });
});
