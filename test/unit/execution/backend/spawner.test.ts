import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { spawnerCommands } from '../../../../src/app/installation.ts';
import { createFrameReader, decodeRequest, encodeFrame, encodeRequest } from '../../../../src/execution/backend/frames.ts';
import { processesWith } from '../../../../src/execution/backend/descendants.ts';
import { localBackend } from '../../../../src/execution/backend/local.ts';
import { spawningBackend, type SpawningBackend } from '../../../../src/execution/backend/spawner.ts';
import { untilGone, untilReaped, withoutFiles } from '../processes.ts';

let folder = '';
let backend: SpawningBackend;

/** A backend whose spawner is there; until then, the executor itself is the parent. */
async function ready(commands: readonly (readonly string[])[]): Promise<SpawningBackend> {
  const own = spawningBackend(localBackend(), commands);
  own.warm();
  for (;;) {
    let output = '';
    const probe = await own.start({ cwd: folder, env: { PATH: process.env['PATH'] ?? '' }, command: ['/bin/sh', '-c', 'ps -o ppid= -p $$'], onOutput: (_, text) => (output += text) });
    await probe.ended;
    if (output.trim() !== String(process.pid)) return own;
  }
}

async function start(script: string, more: { readonly env?: Record<string, string>; readonly program?: string; readonly cwd?: string } = {}) {
  const output = { stdout: '', stderr: '' };
  let wake: () => void = () => undefined;
  const running = await backend.start({
    command: [more.program ?? '/bin/sh', '-c', script],
    cwd: more.cwd ?? folder,
    env: { PATH: process.env['PATH'] ?? '', ...more.env },
    onOutput: (stream, text) => {
      output[stream] += text;
      wake();
    },
  });
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(output.stdout);
      if (found !== null) return found[1] ?? found[0];
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { ...running, output, until };
}

async function run(script: string, more?: Parameters<typeof start>[1]) {
  const { ended, output, pid } = await start(script, more);
  return { end: await ended, ...output, pid };
}

const spawners = new Map(spawnerCommands().map((command) => [path.basename(command[0] ?? ''), command]));
for (const [name, command] of spawners) describe(`a process started by the spawner (${name})`, { timeout: 300_000 }, () => {
  before(async () => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-spawner-')));
    backend = await ready([command]);
  });
  after(async () => {
    await backend.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is as one that was started directly: exit code, output, environment, folder, group', async () => {
    const result = await run('printf "%s|%s|%s|" "$A" "$(pwd)" "$(ps -o pgid= -p $$ | tr -d " ")"; env | sort | tr "\\n" ","; echo ü >&2; exit 7', { env: { A: 'x\ny "z"' } });
    assert.deepEqual(result.end, { type: 'exit', code: 7 });
    const [value, cwd, group, environment] = result.stdout.split('|');
    assert.equal(value, 'x\ny "z"');
    assert.equal(cwd, folder);
    assert.equal(group, String(result.pid), 'it leads its group');
    assert.doesNotMatch(environment ?? '', /HOME=/, 'nothing but what was given');
    assert.equal(result.stderr, 'ü\n');
  });

  it('hands on all of a large output, in order, before its end', async () => {
    const { end, stdout } = await run('seq 1 300000');
    assert.deepEqual(end, { type: 'exit', code: 0 });
    assert.equal(stdout, Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join(''));
  });

  it('that could not be started says why', async () => {
    const { end, pid } = await run('true', { program: 'no-such-program' });
    assert.equal(pid, 0);
    assert.match(end.type === 'start-failed' ? end.message : '', /^no-such-program or the working directory .* does not exist$/);
  });

  it('that has too long a command is told the limit', { skip: process.platform !== 'linux' }, async () => {
    const { end } = await run(`echo ${'a'.repeat(140_000)}`);
    assert.match(end.type === 'start-failed' ? end.message : '', /^could not be started: its command has 140006 bytes, and Linux takes 131072 /);
  });

  it('is stopped with its whole tree', async () => {
    const running = await start('sleep 100 & echo child $! ; wait');
    const child = Number(await running.until(/child (\d+)\n/));
    assert.equal(running.stop(), true);
    assert.deepEqual(await running.ended, { type: 'signal', signal: 'SIGTERM' });
    assert.equal(running.stop(), false);
    await untilGone(child);
  });

  it('that has ended well when it is asked to stop has done so, though somebody holds its output still', { skip: process.platform !== 'linux' }, async () => {
    // It has left the group before the process ends.
    const running = await start('rm -f left; env -i setsid -f /bin/sh -c "echo holder \\$\\$; echo > left; exec /bin/sleep 1000"; until test -s left; do sleep 0.01; done');
    const holder = Number(await running.until(/holder (\d+)\n/));
    await untilReaped(running.pid);
    const wasStopped = running.stop();
    const end = await running.ended;
    process.kill(holder, 'SIGKILL');
    assert.ok(end.type === 'exit' && end.code === 0);
    assert.equal(end.byItself ?? false, wasStopped);
  });

  it('is ended when the spawner is, and the next one is started all the same', async () => {
    const running = await start('echo parent $(ps -o ppid= -p $$); sleep 100');
    const spawner = Number(await running.until(/parent +(\d+)\n/));
    assert.notEqual(spawner, process.pid);
    process.kill(spawner, 'SIGKILL');
    const end = await running.ended;
    assert.equal(end.type, 'start-failed');
    await untilGone(running.pid);
    assert.deepEqual((await run('exit 3')).end, { type: 'exit', code: 3 });
  });

  it('is ended when the executor closes', async () => {
    const own = await ready([command]);
    const request = { cwd: folder, env: { PATH: process.env['PATH'] ?? '' } };
    const running = await own.start({ ...request, command: ['sleep', '100'], onOutput: () => undefined });
    await own.close();
    await untilGone(running.pid);
    assert.notEqual((await running.ended).type, 'exit');
  });

  it('has signals, open files and input as one that was started directly', async () => {
    const script = 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status | tr "\\t\\n" "  "; ls /proc/self/fd | tr "\\n" " "; cat; umask';
    const [direct, started] = await Promise.all([localBackend(), backend].map(async (each) => {
      let output = '';
      const running = await each.start({ cwd: folder, env: { PATH: process.env['PATH'] ?? '' }, command: ['/bin/sh', '-c', script], onOutput: (_, text) => (output += text) });
      await running.ended;
      // glibc's posix_spawn leaves the two signals that only its threads use, and set up themselves, ignored.
      return output.replace('SigIgn: 0000000180000000', 'SigIgn: 0000000000000000');
    }));
    assert.match(started ?? '', /SigIgn: 0+ .* 0 1 2/);
    assert.equal(started, direct);
  });

  it('is looked for in its own PATH, may be a script without a first line, and is named when it may not be executed', async () => {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'plain'), 'echo "plain $1"', { mode: 0o755 });
    writeFileSync(path.join(bin, 'closed'), 'echo no', { mode: 0o644 });
    const started = await run('one', { program: 'plain', env: { PATH: `${bin}:/bin:/usr/bin` } });
    assert.deepEqual([started.end, started.stdout], [{ type: 'exit', code: 0 }, 'plain -c\n']);
    const { end } = await run('', { program: 'closed', env: { PATH: bin } });
    assert.deepEqual(end, { type: 'start-failed', message: 'closed may not be executed: check its permissions' });
    const elsewhere = await run('', { cwd: path.join(folder, 'nowhere') });
    assert.match(elsewhere.end.type === 'start-failed' ? elsewhere.end.message : '', /working directory .*nowhere does not exist$/);
  });

  it('ends with what it left in a session of its own', { skip: process.platform !== 'linux' }, async () => {
    const { stdout } = await run('setsid sleep 100 & echo $!', { env: { RUNWEAVE_RUN_ID: 'r1', RUNWEAVE_TASK: 'leaves one' } });
    await untilGone(Number(stdout));
  });

  it('ends with what it left and what never stops becoming another program', { skip: process.platform !== 'linux' }, async () => {
    writeFileSync(path.join(folder, 'again.sh'), 'exec /bin/sh again.sh');
    for (let n = 0; n < 40; n += 1) {
      const { stdout } = await run('setsid sh again.sh & echo $!', { env: { RUNWEAVE_RUN_ID: 'r1', RUNWEAVE_TASK: `leaves one ${n}` } });
      await untilGone(Number(stdout));
    }
  });

  it('hands on whole characters, and what is no UTF-8 as U+FFFD', async () => {
    const { stdout } = await run('printf x; yes ü | head -n 100000 | tr -d "\\n"; printf "\\303"');
    assert.equal(stdout, `x${'ü'.repeat(100_000)}\uFFFD`);
  });
});

describe('a spawner that can not be had', () => {
  it('is replaced by the next', async () => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-spawner-')));
    const own = await ready([['false'], ['no-such-program'], ...spawners.values()]);
    await own.close();
    rmSync(folder, { recursive: true });
  });
});

it('a process of which a spawner that is killed has not told is ended', { timeout: 300_000, skip: process.platform !== 'linux' }, async () => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-spawner-')));
  const frames = JSON.stringify(path.resolve(import.meta.dirname, '../../../../src/execution/backend/frames.ts'));
  const program = `
    import { spawn } from 'node:child_process';
    import { createFrameReader, decodeRequest, encodeFrame } from ${frames};
    process.stdin.on('data', createFrameReader(({ body }) => {
      const child = spawn('/bin/sh', ['-c', 'exec sleep 1000'], { env: decodeRequest(body).env, detached: true });
      child.on('spawn', () => process.kill(process.pid, 'SIGKILL'));
    }));
    process.stdout.write(encodeFrame('ready', 0));
  `;
  const own = spawningBackend(localBackend(), [[process.execPath, '--input-type=module', '-e', program]]);
  own.warm();
  const env = { PATH: process.env['PATH'] ?? '', RUNWEAVE_RUN_ID: `lost-${process.pid}`, RUNWEAVE_TASK: 'lost' };
  const untilLost = async (): Promise<void> => {
    const running = await own.start({ cwd: folder, env, command: ['true'], onOutput: () => undefined });
    if ((await running.ended).type !== 'start-failed') await untilLost();
  };
  await untilLost();
  await Promise.all(processesWith(Object.entries(env).slice(1).map(([name, value]) => `${name}=${value}`)).map(untilGone));
  await own.close();
  rmSync(folder, { recursive: true });
});

describe('frames', () => {
  it('carry a request as it is, and none that holds NUL', () => {
    const request = { cwd: '/a b', command: ['sh', '-c', 'echo "ü\n"', ''], env: { A: '', B: 'x=y\nz' } };
    assert.deepEqual(decodeRequest(Buffer.from(encodeRequest(request) ?? '')), request);
    assert.equal(encodeRequest({ ...request, command: ['a\0b'] }), undefined);
  });

  it('come out as they went in, however they are cut', () => {
    const bytes = Buffer.concat([encodeFrame('ready', 0), encodeFrame('stdout', 7, 'ü'.repeat(1000)), encodeFrame('ended', 4_000_000_000, '{}')]);
    for (const size of [1, 2, 3, 5, 9, 700, bytes.length]) {
      const seen: unknown[] = [];
      const read = createFrameReader(({ type, id, body }) => seen.push([type, id, body.toString()]));
      for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
      assert.deepEqual(seen, [['ready', 0, ''], ['stdout', 7, 'ü'.repeat(1000)], ['ended', 4_000_000_000, '{}']], `pieces of ${size}`);
    }
  });
});

it('a closed spawner is waited for until its output is over, also when nothing else keeps the program alive', { timeout: 300_000 }, () => {
  const source = (name: string): string => JSON.stringify(path.resolve(import.meta.dirname, '../../../../src/execution/backend', name));
  // It ends with its input; what it leaves behind holds its output for a moment.
  const program = `
    import { localBackend } from ${source('local.ts')};
    import { spawningBackend } from ${source('spawner.ts')};
    const backend = spawningBackend(localBackend(), [['/bin/sh', '-c', 'sleep 0.3 & exec cat']]);
    backend.warm();
    await backend.close();
    console.log('closed');
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.equal(stdout, 'closed\n', stderr);
});

it('a spawner that can not be started leaves the starts to who needs them', { skip: process.platform === 'win32' }, () => {
  const script = `
    const backend = spawningBackend(localBackend(), [['/bin/sh'], ['/bin/sh']]);
    backend.warm();
    await new Promise(setImmediate);
    const running = await backend.start({ cwd: '/', env: {}, command: ['/bin/true'], onOutput: () => undefined });
    console.log((await running.ended).message);
    await backend.close();`;
  assert.equal(withoutFiles({ 'execution/backend/spawner.ts': 'spawningBackend', 'execution/backend/local.ts': 'localBackend' }, script), 'spawn /bin/true EMFILE\n');
});
