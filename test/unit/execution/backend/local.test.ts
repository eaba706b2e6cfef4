import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ProcessEnd, ProcessRequest } from '../../../../src/execution/backend/backend.ts';
import { localBackend } from '../../../../src/execution/backend/local.ts';
import { untilGone } from '../processes.ts';

let folder = '';
before(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-local-')));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const env = { PATH: process.env['PATH'] ?? '' };
const sh = (script: string): readonly string[] => ['/bin/sh', '-c', script];
const node = (script: string): readonly string[] => [process.execPath, '-e', script];

/** A started process, with all that it wrote and a way to wait for a text in it. */
function start(command: readonly string[], more: Partial<ProcessRequest> = {}) {
  const output = { stdout: '', stderr: '', all: '' };
  let wake: () => void = () => undefined;
  const running = localBackend().start({
    command,
    cwd: folder,
    env,
    onOutput: (stream, text) => {
      output[stream] += text;
      output.all += text;
      wake();
    },
    ...more,
  });
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(output.all);
      if (found !== null) return found[1] ?? found[0];
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { ...running, output, until };
}

async function run(command: readonly string[], more?: Partial<ProcessRequest>): Promise<{ readonly end: ProcessEnd; readonly output: { readonly stdout: string; readonly stderr: string; readonly all: string } }> {
  const { ended, output } = start(command, more);
  return { end: await ended, output };
}

describe('how a process ends', { timeout: 300_000 }, () => {
  it('with its exit code', async () => {
    assert.deepEqual((await run(sh('exit 0'))).end, { type: 'exit', code: 0 });
    assert.deepEqual((await run(sh('exit 7'))).end, { type: 'exit', code: 7 });
    assert.deepEqual((await run(node('process.exit(255)'))).end, { type: 'exit', code: 255 });
  });

  it('with the signal that ended it', async () => {
    assert.deepEqual((await run(sh('kill -KILL $$'))).end, { type: 'signal', signal: 'SIGKILL' });
    assert.deepEqual((await run(['python3', '-c', 'import os; os.abort()'])).end, { type: 'signal', signal: 'SIGABRT' });
  });

  it('before it began: no program, no folder, no right', async () => {
    writeFileSync(path.join(folder, 'plain.sh'), '#!/bin/sh\n', { mode: 0o644 });
    writeFileSync(path.join(folder, 'no-interpreter.sh'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const long = 'a'.repeat(140_000);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`LONG_${index}`, 'a'.repeat(100_000)]));
    const tooLong = [
      [sh(`echo ${long}`), {}, /^could not be started: its command has 140006 bytes, and Linux takes 131072 \(128 KiB\) for one argument or variable\. .* \$RUNWEAVE_PARAMS names$/],
      [sh('true'), { env: { ...env, LONG: long } }, /its environment variable LONG has 140006 bytes/],
      [sh('true'), { env: { ...env, ...many } }, /its command and environment variables have \d+ bytes together/],
    ] as const;
    const table: readonly (readonly [readonly string[], Partial<ProcessRequest>, RegExp])[] = [
      [['no-such-program'], {}, /^no-such-program or the working directory .* does not exist$/],
      [sh('true'), { cwd: path.join(folder, 'missing') }, /missing does not exist$/],
      [[path.join(folder, 'plain.sh')], {}, /may not be executed/],
      [[path.join(folder, 'no-interpreter.sh')], {}, /does not exist/],
      [sh('true'), { env: { A: 'nul\0' } }, /null bytes/],
      [[''], {}, /./],
      ...(process.platform === 'linux' ? tooLong : []),
    ];
    for (const [command, more, message] of table) {
      const running = start(command, more);
      assert.equal(running.pid, 0);
      assert.equal(running.stop(), false);
      const end = await running.ended;
      assert.equal(end.type, 'start-failed');
      assert.match(end.message, message);
    }
  });

  it('runs in its folder with its environment and no input', async () => {
    const { output } = await run(sh('pwd; echo "$A|$HOME"; cat'), { env: { ...env, A: 'x y' } });
    assert.equal(output.stdout, `${folder}\nx y|\n`);
  });

  it('leads a process group of its own, away from the terminal', { skip: process.platform === 'win32' && 'no process groups' }, async () => {
    const running = start(sh('echo "group $(ps -o pgid= -p $$ 2>/dev/null || cut -d" " -f5 /proc/$$/stat)"'));
    assert.equal(Number(await running.until(/group +(\d+)\n/)), running.pid);
    await running.ended;
  });
});

describe('output', { timeout: 300_000 }, () => {
  it('is whole and in order, per stream', async () => {
    const { output } = await run(sh('for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done'));
    assert.equal(output.stdout, 'out 1\nout 2\nout 3\nout 4\nout 5\n');
    assert.equal(output.stderr, 'err 1\nerr 2\nerr 3\nerr 4\nerr 5\n');
  });

  it('is whole when there is much of it at the very end', async () => {
    const { output } = await run(node('process.stdout.write("x".repeat(5_000_000) + "end")'));
    assert.equal(output.stdout.length, 5_000_003);
    assert.ok(output.stdout.endsWith('xend'));
  });

  it('goes to pipes, which can be opened by their names', { skip: process.platform !== 'linux' && 'Node has none; elsewhere sockets can be opened' }, async () => {
    // More than are made at once.
    for (let at = 0; at < 6; at += 1) {
      const inherited = 'for each in /proc/$$/fd/*; do case "$(readlink $each)" in *runweave*) echo ${each##*/};; esac; done';
      const { end, output } = await run(sh(`echo out >/dev/stdout; echo err >/dev/stderr; ${inherited}`));
      assert.deepEqual([end, output.stderr, output.stdout], [{ type: 'exit', code: 0 }, 'err\n', 'out\n1\n2\n']);
    }
  });

  it('comes while the process runs', async () => {
    const go = path.join(folder, 'go');
    const running = start(sh('echo ready; until [ -e go ]; do sleep 0.01; done; echo gone'));
    await running.until(/ready/);
    writeFileSync(go, '');
    await running.ended;
    assert.equal(running.output.stdout, 'ready\ngone\n');
  });

  it('keeps a character together that comes in two pieces', async () => {
    const { output } = await run(node('process.stdout.write(Buffer.from([0xe2, 0x82]), () => setImmediate(() => process.stdout.write(Buffer.from([0xac, 0x0a]))))'));
    assert.equal(output.stdout, '€\n');
  });

  it('shows what is no UTF-8 as U+FFFD', async () => {
    const { output } = await run(node('process.stdout.write(Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82]))'));
    assert.equal(output.stdout, 'a\ufffdb\n\ufffd');
  });
});

describe('stop', { timeout: 300_000 }, () => {
  const ignoring = 'process.on("SIGTERM", () => console.log("asked")); setInterval(() => {}, 1000);';

  it('asks with SIGTERM', async () => {
    const running = start(sh('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.02; done'));
    await running.until(/ready/);
    assert.equal(running.stop(), true);
    assert.deepEqual(await running.ended, { type: 'exit', code: 3 });
    assert.equal(running.output.stdout, 'ready\nbye\n');
  });

  it('ends what does not listen, and all that it started', async () => {
    const child = `${ignoring} console.log("grandchild " + process.pid)`;
    const running = start(node(`${ignoring} require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" }); console.log("ready")`));
    const grandchild = Number(await running.until(/grandchild (\d+)\n/));
    await running.until(/ready/);
    running.stop();
    await running.until(/asked/);
    assert.equal(running.stop(), true, 'twice is once');
    assert.deepEqual(await running.ended, { type: 'signal', signal: 'SIGKILL' });
    await untilGone(grandchild);
    assert.equal(running.output.stdout.match(/asked/g)?.length, 2, 'each was asked once');
  });

  it('is false when the process has ended by itself', async () => {
    const running = start(sh('exit 0'));
    await running.ended;
    assert.equal(running.stop(), false);
  });
});

describe('what a process leaves behind', { timeout: 300_000 }, () => {
  it('ends with it: a background child that holds the pipe', async () => {
    const running = start(sh('sleep 60 & echo "background $!"; exit 4'));
    const background = Number(await running.until(/background (\d+)\n/));
    assert.deepEqual(await running.ended, { type: 'exit', code: 4 });
    await untilGone(background);
  });

  it('does not keep it from having ended, when it left the group and holds the pipe', async () => {
    const running = start(node(`
      const child = require("child_process").spawn("sleep", ["60"], { detached: true, stdio: "inherit" });
      console.log("daemon " + child.pid);
      child.unref();
    `));
    const daemon = Number(await running.until(/daemon (\d+)\n/));
    try {
      assert.deepEqual(await running.ended, { type: 'exit', code: 0 });
    } finally {
      process.kill(daemon, 'SIGKILL');
    }
  });
});
