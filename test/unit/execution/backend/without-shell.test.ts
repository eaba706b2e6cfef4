/** Commands that are started without a shell, by the executor and by its spawner, against the same commands in a shell. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { spawnerCommands } from '../../../../src/app/installation.ts';
import type { Backend, ProcessEnd, RunningProcess } from '../../../../src/execution/backend/backend.ts';
import { localBackend } from '../../../../src/execution/backend/local.ts';
import { spawningBackend, type SpawningBackend } from '../../../../src/execution/backend/spawner.ts';
import { shellCommand } from '../../../../src/execution/task/command.ts';

const isDash = process.platform === 'linux' && path.basename(realpathSync('/bin/sh')) === 'dash';
const PATH = process.env['PATH'] ?? '';

let root = '';
let spawner: SpawningBackend;
let backends: readonly (readonly [string, Backend])[] = [];

before(async () => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-without-shell-')));
  spawner = spawningBackend(localBackend(), spawnerCommands());
  spawner.warm();
  backends = [
    ['the executor', localBackend()],
    ['its spawner', spawner],
  ];
  // Until the spawner is there, the executor itself is the parent.
  for (let parent = process.pid; parent === process.pid; ) {
    const { stdout } = await run(spawner, 'ps -o ppid= -p $$', root, { PATH });
    parent = Number(stdout);
  }
});
after(async () => {
  await spawner.close();
  rmSync(root, { recursive: true, force: true });
});

async function start(on: Backend, command: string, cwd: string, env: Record<string, string>): Promise<{ readonly running: RunningProcess; readonly output: Record<'stdout' | 'stderr', string> }> {
  const output = { stdout: '', stderr: '' };
  const running = await on.start({ command: shellCommand(command), cwd, env, onOutput: (stream, text) => (output[stream] += text) });
  return { running, output };
}

async function run(on: Backend, command: string, cwd: string, env: Record<string, string>) {
  const { running, output } = await start(on, command, cwd, env);
  return { pid: running.pid, end: await running.ended, ...output };
}

/** The shell itself. */
async function runInShell(command: string, cwd: string, env: Record<string, string>): Promise<{ readonly end: ProcessEnd; readonly stdout: string; readonly stderr: string }> {
  const [shell = '', ...args] = shellCommand(command);
  const output = { stdout: '', stderr: '' };
  const child = spawn(shell, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  for (const stream of ['stdout', 'stderr'] as const) child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const end: ProcessEnd = signal === null ? { type: 'exit', code: code ?? 0 } : { type: 'signal', signal };
  return { end, ...output };
}

/** A folder with what the commands use. */
function place(name: string): string {
  const folder = path.join(root, name, 'work');
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  for (const [file, text, mode = 0o644] of [
    ['a.txt', 'a\n'],
    ['b.txt', 'b\n'],
    ['there.txt', 'what was there is longer\n'],
    ['plain', 'echo "plain $*"', 0o755],
    ['closed', 'echo closed'],
    ['broken', '#!/none\n', 0o755],
    ['bin/-x', '#!/bin/sh\necho no option\n', 0o755],
    ['bin/zero', 'echo $0', 0o755],
    ['bin/own', '#!/bin/sh\necho "own $0 $*"\n', 0o755],
  ] as const) {
    writeFileSync(path.join(folder, file), text);
    chmodSync(path.join(folder, file), mode);
  }
  symlinkSync('target.txt', path.join(folder, 'dangling'));
  symlinkSync('there.txt', path.join(folder, 'linked'));
  symlinkSync('work', path.join(root, name, 'link'));
  return folder;
}

/** Content and permissions of all files. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const file = path.join(folder, name);
      const stats = lstatSync(file);
      return [name, `${stats.isSymbolicLink() ? readlinkSync(file) : stats.isFile() ? readFileSync(file, 'utf8') : ''}\n${(stats.mode & 0o7777).toString(8)}`];
    }),
  );
}

interface Case {
  readonly command: string;
  readonly env?: Record<string, string>;
}

const cases: readonly Case[] = [
  ...[
    'env',
    'cat',
    'cat a.txt b.txt > out.txt',
    '  cat   a.txt  ',
    'cat a.txt\n',
    '\n cat a.txt > out.txt\n\n',
    'cksum a.txt > there.txt',
    'cat there.txt > there.txt',
    'grep flags /proc/self/fdinfo/1 > there.txt',
    'cat a.txt > linked',
    './broken > there.txt',
    './plain 1 2 > there.txt',
    'no-such-program > there.txt',
    'cat a.txt > dangling',
    'cat a.txt > none/out.txt',
    'cat a.txt > .',
    'cat a.txt > /dev/null',
    'cat none.txt > out.txt',
    'no-such-program a.txt > out.txt',
    'no-such-program',
    './plain 1 2 > out.txt',
    './closed > out.txt',
    './none > out.txt',
    'bin',
    './bin > out.txt',
    '-x',
    '+x',
    './broken > out.txt',
    'zero > out.txt',
    '/usr/bin/setsid -w cat a.txt',
    'env setsid cat a.txt',
    'own x',
    '/bin/cat a.txt',
    '/bin/false',
    'readlink /proc/self/cwd',
    'ls /proc/self/fd',
    'stat -c %a out.txt',
    // The shell's own.
    'echo a=b -n > out.txt',
    'printf a%s',
    'true > out.txt',
    'false',
    'exit 3',
    'test -e none.txt',
    'pwd',
    'umask',
    'A=1 env',
    'A=1 > out.txt',
    ': > out.txt',
    'if',
    'setsid cat a.txt',
    // What only a shell understands.
    '> out.txt',
    'cat > out.txt a.txt',
    'cat a.txt >out.txt',
    'cat a.txt>out.txt',
    'cat a.txt >> there.txt',
    'cat a.txt > out.txt > more.txt',
    'cat a.txt 2> out.txt',
    'cat none.txt 2 > out.txt',
    'cat a.txt > >',
    'cat a.txt >',
    'cat "a.txt"',
    "cat 'a.txt'",
    'cat *.txt',
    'cat [ab].txt',
    'cat ~',
    'cat a.txt # b.txt',
    'cat a.txt; cat b.txt',
    'cat a.txt\ncat b.txt',
    'cat none.txt\ncat b.txt',
    'cat a.txt | cksum',
    'cat a.txt & wait',
    'cat $FILE',
    'cat `echo a.txt`',
    'cat a\\.txt',
    'cat {a,b}.txt',
    '! cat a.txt',
    'cat\ta.txt',
    'cat ü',
    '',
    ' ',
  ].map((command) => ({ command })),
  ...[
    { FILE: 'a.txt', EMPTY: '', 'NO.NAME': '1', '1A': '2', 'BASH_FUNC_x%%': '() { :; }', Ü: '3' },
    { IFS: ',' },
    { OPTIND: '5' },
    { PPID: '7' },
    { OLDPWD: '/usr', LINENO: '3', PS1: 'x', ENV: 'bin/own', _: 'y', LC_ALL: 'C' },
    { PWD: '/usr' },
    { PWD: 'work' },
    { PWD: '/none' },
    { PWD: 'LINK' },
    { PATH: 'bin:/bin' },
    { PATH: 'bin/:/bin/' },
    { PATH: ':/bin' },
    { PATH: 'a.txt:none:/bin' },
    { PATH: '%builtin:/bin' },
    { PATH: '' },
    { PATH: '/none' },
  ].flatMap((env) => ['env', 'env > out.txt', 'own', 'cat a.txt'].map((command) => ({ command, env }))),
];

describe('a command that is started without a shell', { skip: !isDash && '/bin/sh is not dash', timeout: 300_000 }, () => {
  it('has the outcome, the output, the files and the environment that it has in a shell', async () => {
    for (const { command, env = {} } of cases) {
      const seen = async (runIt: typeof runInShell, name: string) => {
        const folder = place(name);
        const PWD = env['PWD'] === 'LINK' ? path.join(path.dirname(folder), 'link') : env['PWD'];
        const { end, stdout, stderr } = await runIt(command, folder, { PATH: `${folder}/bin:${PATH}`, ...env, ...(PWD !== undefined && { PWD }) });
        const files = filesIn(folder);
        rmSync(path.dirname(folder), { recursive: true });
        // In the order of a table of the shell's own.
        const lines = (text: string): string => (command.startsWith('env') ? text.split('\n').sort().join('\n') : text).replaceAll(name, 'case').replace(/PPID=\d+/, 'PPID=');
        return { end, stdout: lines(stdout), stderr: lines(stderr), files: Object.fromEntries(Object.entries(files).map(([file, content]) => [file, lines(content)])) };
      };
      const inShell = await seen(runInShell, 'case-0');
      for (const [index, [name, backend]] of backends.entries()) {
        assert.deepEqual(await seen((...args) => run(backend, ...args), `case-${index + 1}`), inShell, `${name}: ${command} ${JSON.stringify(env)}`);
      }
    }
  });

  it('is the process of the task, and leads a session of its own', async () => {
    for (const [name, backend] of backends) {
      // The second time, the file is there already.
      for (const command of ['cat /proc/self/stat', 'cat /proc/self/stat > stat.txt', ...(backend === spawner ? ['cat /proc/self/stat > stat.txt'] : []), '/bin/cat /proc/self/stat\n']) {
        const { pid, stdout } = await run(backend, command, root, { PATH });
        const [id, , , , group, session] = (command.includes('>') ? readFileSync(path.join(root, 'stat.txt'), 'utf8') : stdout).split(' ').map(Number);
        assert.deepEqual([id, group, session], [pid, pid, pid], `${name}: ${command}`);
      }
      rmSync(path.join(root, 'stat.txt'));
    }
  });

  it('goes to the shell where a large file would have to be emptied', async () => {
    const file = path.join(root, 'large.txt');
    for (const [size, isPlain] of [[1024 * 1024, true], [1024 * 1024 + 1, false]] as const) {
      writeFileSync(file, Buffer.alloc(size));
      const { pid, end } = await run(spawner, 'cat /proc/self/stat > large.txt', root, { PATH });
      assert.deepEqual(end, { type: 'exit', code: 0 });
      assert.equal(Number.parseInt(readFileSync(file, 'utf8'), 10) === pid, isPlain);
    }
  });

  it('has the signals that it has in a shell', async () => {
    // glibc's posix_spawn leaves the two signals that only its threads use, and set up themselves, ignored.
    const signals = (text: string): string => text.replace(/SigIgn:\t0000000180000000/, 'SigIgn:\t0000000000000000').replace(/SigQ.*\n/, '');
    const inShell = signals((await runInShell('grep Sig /proc/self/status', root, { PATH })).stdout);
    assert.match(inShell, /SigIgn:\t0{16}/);
    for (const [name, backend] of backends) assert.equal(signals((await run(backend, 'grep Sig /proc/self/status', root, { PATH })).stdout), inShell, name);
  });

  it('ends with the signal that ends it', async () => {
    writeFileSync(path.join(root, 'faulty'), '#!/bin/sh\nkill -SEGV $$\n', { mode: 0o755 });
    for (const [name, backend] of backends) assert.deepEqual((await run(backend, './faulty', root, { PATH })).end, { type: 'signal', signal: 'SIGSEGV' }, name);
  });

  it('has time to end when it is stopped', async () => {
    writeFileSync(path.join(root, 'careful'), '#!/bin/sh\ntrap "echo tidied; exit 0" TERM\necho ready\nwhile :; do sleep 0.01; done\n', { mode: 0o755 });
    for (const [name, backend] of backends) {
      const { running, output } = await start(backend, './careful', root, { PATH });
      while (!output.stdout.includes('ready')) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(running.stop(), true);
      await running.ended;
      assert.equal(output.stdout, 'ready\ntidied\n', name);
    }
  });

  it('keeps nobody waiting that writes to a pipe nobody reads', async () => {
    spawnSync('mkfifo', [path.join(root, 'pipe')]);
    const version = readFileSync('/proc/version', 'utf8');
    for (const [name, backend] of backends) {
      const { running } = await start(backend, 'cat /proc/version > pipe', root, { PATH });
      assert.equal((await run(backend, 'cat /proc/version', root, { PATH })).stdout, version, name);
      assert.equal(readFileSync(path.join(root, 'pipe'), 'utf8'), version);
      assert.deepEqual(await running.ended, { type: 'exit', code: 0 });
    }
  });
});
