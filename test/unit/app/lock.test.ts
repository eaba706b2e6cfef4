import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs, { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import { once } from 'node:events';
import { acquireLock, type LockHolder, type LockResult } from '../../../src/app/lock.ts';
import { createPipelineLock } from '../../../src/app/pipeline-lock.ts';
import { describeProcess, processStartTime } from '../../../src/recording/writer.ts';
import { untilGone, zombie } from '../execution/processes.ts';

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

/** Calls `before` ahead of every call that `acquireLock` makes to the file system. */
function beforeEachCall(t: TestContext, before: (name: string, args: readonly unknown[]) => void): void {
  for (const name of ['mkdirSync', 'writeFileSync', 'linkSync', 'renameSync', 'rmSync', 'readFileSync', 'openSync', 'readdirSync'] as const) {
    const call = fs[name] as (...args: readonly unknown[]) => unknown;
    let isInside = false;
    t.mock.method(fs, name, ((...args: readonly unknown[]) => {
      if (!isInside) {
        isInside = true;
        try {
          before(name, args);
        } finally {
          isInside = false;
        }
      }
      return call(...args);
    }) as never);
  }
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

describe('the lock', () => {
  it('leaves nothing on a full disk', (t) => {
    beforeEachCall(t, (name, [target]) => {
      if (name !== 'writeFileSync') return;
      mkdirSync(path.dirname(String(target)), { recursive: true });
      fs.closeSync(fs.openSync(String(target), 'w'));
      throw new Error('ENOSPC');
    });
    assert.throws(() => acquire(), /ENOSPC/);
    assert.deepEqual(readdirSync(path.dirname(file)), []);
  });

  it('can not be written on a full disk, and the answer says what frees some of it', (t) => {
    beforeEachCall(t, (name) => {
      if (name === 'writeFileSync') throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    const refused = createPipelineLock(folder, '/p/runweave.yaml', () => undefined).acquire('run');
    assert.deepEqual(refused, { ok: false, code: 'storage', message: `${folder} cannot be written: ENOSPC: no space left on device, write. To free what is kept to be restored: RUNWEAVE_CACHE_LIMIT=0 runweave gc` });
  });

  it('is held by one, and says by whom and for what', () => {
    const first = acquire('watch');
    const second = acquire();
    assert.ok(!second.ok);
    const { id, ...holder } = second.holder;
    assert.match(id ?? '', /./);
    assert.deepEqual(holder, { ...me, purpose: 'watch' });
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

  it('is free again where a pipeline can not run, as its cache can only be read', (t) => {
    const cache = path.join(folder, 'cache');
    mkdirSync(cache);
    // Permissions stop nobody who is root.
    const access = t.mock.method(fs, 'accessSync', (place: string) => {
      throw new Error(`EROFS: read-only file system, access '${place}'`);
    });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const lock = createPipelineLock(folder, '/p/runweave.yaml', () => assert.fail('nobody has it'));
    assert.deepEqual(lock.acquire('run'), { ok: false, code: 'storage', message: `${folder} cannot be written: EROFS: read-only file system, access '${cache}'` });
    assert.deepEqual(access.mock.calls.map((call) => call.arguments), [[cache, fs.constants.W_OK]]);
    assert.deepEqual(readdirSync(path.join(folder, 'live')), []);
  });

  it('of a process that is gone is taken', async () => {
    heldBy({ ...old, pid: await deadPid() });
    release(acquire());
    heldBy({ ...me, pid: await deadPid() });
    release(acquire());
    assert.deepEqual(readdirSync(path.dirname(file)), []);
  });

  it('of a process that has ended, and whose parent does not ask how, is taken', { skip: process.platform !== 'linux' && 'no other system tells' }, async (t) => {
    const pid = await zombie(t);
    const startedAt = processStartTime(pid);
    heldBy({ ...me, pid, ...(startedAt !== undefined && { startTime: startedAt }) });
    release(acquire());
  });

  it('of a process whose other threads go on is not taken', { skip: process.platform !== 'linux' && 'no other system tells' }, async (t) => {
    const script = 'import ctypes, threading, time\nthreading.Thread(target=lambda: time.sleep(1000)).start()\nctypes.CDLL(None).pthread_exit(None)';
    const child = spawn('python3', ['-c', script], { stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    const pid = child.pid ?? assert.fail();
    await untilGone(pid);
    heldBy({ ...old, pid, startTime: processStartTime(pid) ?? assert.fail() });
    assert.equal(acquire().ok, false);
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
    const lost = acquire();
    assert.ok(lost.ok);
    heldBy(inContainer);
    utimesSync(file, longAgo, longAgo);
    t.mock.timers.tick(60_000);
    assert.ok(statSync(file).mtimeMs < longAgo.getTime() + 1000, 'it was taken by another');
    release(lost);
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

describe('of three that find a lock stale', () => {
  /** Where the first one is, in calls to the file system, the second and the third come in between. */
  const places = Array.from({ length: 32 }, (_, second) => Array.from({ length: 32 }, (_, third) => ({ second, third })).filter(({ third }) => third >= second)).flat();

  for (const [what, isReleased] of [['each keeps what it got', false], ['the second is done at once', true]] as const) {
    it(`one holds it, wherever they meet: ${what}`, async (t) => {
      const pid = await deadPid();
      let calls = Infinity;
      let others: ((count: number) => void) | undefined;
      beforeEachCall(t, () => {
        const count = calls;
        calls += 1;
        const asked = others;
        // They make calls of their own.
        others = undefined;
        asked?.(count);
        others = asked;
      });
      let most = 0;
      for (const { second, third } of places) {
        rmSync(folder, { recursive: true, force: true });
        heldBy({ ...me, pid });
        const results: LockResult[] = [];
        others = (count) => {
          if (count === second) {
            const result = acquire('second');
            if (result.ok && isReleased) result.release();
            else results.push(result);
          }
          if (count === third) results.push(acquire('third'));
        };
        calls = 0;
        results.push(acquire('first'));
        others = undefined;
        most = Math.max(most, calls);
        const holders = results.filter((result) => result.ok);
        assert.ok(holders.length <= 1, JSON.stringify({ second, third, held: results.map((result) => result.ok) }));
        if (!isReleased) assert.equal(holders.length, 1);
        assert.equal(acquire('late').ok, holders.length === 0);
        for (const each of holders) each.release();
        assert.deepEqual(readdirSync(path.dirname(file)).filter((name) => holders.length > 0 || name !== path.basename(file)), []);
      }
      assert.ok(most > 5 && most <= 32, `every place was tried: ${most}`);
    });
  }

  it('one that dies on the way leaves it to the next', async () => {
    const module = path.resolve(import.meta.dirname, '../../../src/app/lock.ts');
    const program = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; fs.renameSync = () => process.kill(process.pid, 'SIGKILL'); syncBuiltinESMExports(); const { acquireLock } = await import(${JSON.stringify(module)}); acquireLock(${JSON.stringify(folder)}, '/p/runweave.yaml', 'run');`;
    heldBy({ ...me, pid: await deadPid() });
    for (let died = 1; died <= 2; died += 1) {
      const [, signal] = (await once(spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit')) as [unknown, string];
      assert.equal(signal, 'SIGKILL');
      assert.equal(readdirSync(path.dirname(file)).filter((name) => name.includes('.after-')).length, died);
    }
    const lock = acquire();
    release(lock);
    assert.deepEqual(readdirSync(path.dirname(file)).filter((name) => name.includes('.after-')), []);
  });
});

describe('the start time of a process', () => {
  it('is known of one that lives, and of no other', { skip: process.platform !== 'linux' && 'Linux tells it' }, async () => {
    assert.match(startTime ?? '', /^\d+$/);
    assert.equal(processStartTime(await deadPid()), undefined);
  });
});

describe('what is in the place of a lock and is none', () => {
  it('is named with what to do, and left', () => {
    mkdirSync(path.dirname(file), { recursive: true });
    symlinkSync('/nowhere/lock', file);
    assert.throws(() => acquire(), { message: `${file} is a link to /nowhere/lock, which is not there. Remove the link, or make what it leads to` });
    assert.deepEqual([lstatSync(file).isSymbolicLink(), readdirSync(path.dirname(file))], [true, ['runweave.yaml.lock']]);
    rmSync(file);
    mkdirSync(file);
    assert.throws(() => acquire(), { message: `${file} is a folder, where a lock should be. Remove it` });
  });

  it('keeps no lock of its own held', () => {
    const lock = createPipelineLock(folder, '/p/runweave.yaml', () => undefined);
    mkdirSync(path.join(folder, 'live', 'other.yaml.lock'), { recursive: true });
    const refused = lock.acquire('run');
    assert.ok(!refused.ok);
    assert.match(refused.message, /other\.yaml\.lock is a folder, where a lock should be\. Remove it$/);
    rmSync(path.join(folder, 'live', 'other.yaml.lock'), { recursive: true });
    release(acquire());
  });

  it('is so also where the folder is a link to nothing', () => {
    for (const place of [path.join(folder, 'live'), path.join(folder, 'store')]) {
      symlinkSync('/nowhere/store', place);
      assert.throws(() => acquireLock(path.basename(place) === 'live' ? folder : place, '/p/runweave.yaml', 'run'), { message: `${place} is a link to /nowhere/store, which is not there. Remove the link, or make what it leads to` });
    }
  });
});
