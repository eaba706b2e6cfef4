/** What a task, a disk, a clock or a second process can do to a run: a clear outcome, nothing completed lost, nothing left behind. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { processesWith } from '../../src/execution/backend/descendants.ts';
import type { RunState } from '../../src/model/run-state.ts';
import { readRecord } from '../../src/store/read-record.ts';
import { eventually } from '../eventually.ts';
import { executedTasks, repository, workspace, type Workspace } from './runweave.ts';

const cli = path.join(repository, 'dist', 'cli.cjs');
const isRoot = process.getuid?.() === 0;

const inStore = (place: Workspace, ...names: readonly string[]): string => path.join(place.folder, '.runweave', ...names);

/** Every record, whole; nothing else is under `runs/`, and no log is left in `live/`. */
async function records(place: Workspace): Promise<readonly RunState[]> {
  const names = readdirSync(inStore(place, 'runs')).sort();
  assert.deepEqual(names.filter((name) => !/^[^.].*\.otlp\.jsonl$/.test(name)), []);
  assert.deepEqual(readdirSync(inStore(place, 'live')).filter((name) => name.endsWith('.jsonl')), []);
  const states: RunState[] = [];
  for (const name of names) {
    const record = await readRecord(inStore(place, 'runs', name));
    assert.ok(record.type === 'run' && record.state.outcome !== undefined, name);
    states.push(record.state);
  }
  return states;
}

function phases(state: RunState | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((state?.tasks ?? []).map((task) => [task.node.id, task.phase]));
}

function outputOf(state: RunState | undefined, id: string): string {
  const chunks = state?.tasks.find((task) => task.node.id === id)?.attempts.at(-1)?.output ?? [];
  return chunks.map((chunk) => chunk.text).join('');
}

/** A task's process ends, and with it whatever has the run's id in its environment. */
async function assertNothingLeft(state: RunState | undefined): Promise<void> {
  // What was killed needs a moment of the processor to end.
  await eventually(() => assert.deepEqual(processesWith([`RUNWEAVE_RUN_ID=${state?.runId ?? 'none'}`]), []));
}

describe('a task', { timeout: 600_000 }, () => {
  it('reports what is nested too deeply: those lines are not understood, and nothing else is harmed', async (context) => {
    const script = `import os
with open(os.environ['RUNWEAVE_LOG'], 'a') as log:
    for depth in (8000, 200000):
        deep = '[' * depth + ']' * depth
        for line in ('param a=' + deep, 'return a=' + deep, '{"type":"cell","index":0,"status":"success","start":1,"outputs":[{"a":' + deep + '}]}'):
            print(line, file=log)
    print('return b=1', file=log)
`;
    const place = workspace(context, { 'deep.py': script, 'runweave.yaml': 'tasks:\n  other: {shell: "sleep 1; echo x > o.txt", outputs: [o.txt]}\n  deep: {shell: python3 deep.py}\n' });
    const ended = await place.runweave('run', '-j', '2');
    assert.deepEqual([ended.code, place.read('o.txt')], [0, 'x\n'], ended.stderr);
    const [state] = await records(place);
    assert.deepEqual(phases(state), { other: 'success', deep: 'success' });
    assert.deepEqual([state?.warnings, { ...state?.tasks[1]?.returns }], [[], { b: 1 }]);
    assert.equal(outputOf(state, 'deep').match(/a line of RUNWEAVE_LOG was not understood \(nested more than 200 levels deep\)/g)?.length, 6);
  });

  it('prints a gigabyte: its end is kept, memory is not used up', async (context) => {
    const line = 'a line of forty characters, and its end.';
    const place = workspace(context, { 'runweave.yaml': `tasks:\n  big: {shell: "echo begin; yes '${line}' | head -c 1000000000; echo; echo the end"}\n` });
    // ru_maxrss: the most that the largest process below had, in KiB.
    const measure = 'import resource, subprocess, sys\ncode = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\nprint(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)';
    const [code, memory] = execFileSync('python3', ['-c', measure, process.execPath, cli, 'run', '--json'], { cwd: place.folder, encoding: 'utf8' }).trim().split(' ').map(Number);
    assert.equal(code, 0);
    assert.ok((memory ?? Infinity) < 500 * 1024, `${memory} KiB`);
    const [state] = await records(place);
    const text = outputOf(state, 'big');
    assert.ok(text.startsWith(`begin\n${line}\n`));
    assert.ok(text.endsWith('the end\n'));
    assert.match(text, /runweave: 94\d(\.\d)? MiB of output are left out here; of each attempt the first 8 MiB and the last 1 MiB are kept\n/);
    assert.ok(text.length < 10 * 1024 * 1024);
  });

  it('writes invalid UTF-8, and garbage into RUNWEAVE_LOG', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `tasks:
  bytes: {shell: "printf 'ok \\\\377\\\\376 end'; printf '\\\\360\\\\237'"}
  garbage: {shell: "head -c 5000000 /dev/urandom >> $RUNWEAVE_LOG; head -c 40000000 /dev/zero >> $RUNWEAVE_LOG; echo >> $RUNWEAVE_LOG; echo 'metric kept=2' >> $RUNWEAVE_LOG"}
`,
    });
    assert.equal((await place.run()).code, 0);
    const [state] = await records(place);
    assert.match(outputOf(state, 'bytes'), /^ok \uFFFD\uFFFD end\uFFFD+$/);
    assert.equal(state?.tasks.find((task) => task.node.id === 'garbage')?.metrics['kept']?.last, 2);
    const told = outputOf(state, 'garbage');
    assert.match(told, /runweave: \d+ more lines of RUNWEAVE_LOG were not understood\n$/);
    assert.ok(told.length < 20_000);
  });

  it('removes its own source, the pipeline file, or .runweave', async (context) => {
    const text = `tasks:
  own: {python: own.py, outputs: [own.txt]}
  file: {shell: rm runweave.yaml, needs: [own]}
  store: {shell: rm -rf .runweave, needs: [file]}
  last: {shell: echo last > last.txt, needs: [store], outputs: [last.txt]}
`;
    const place = workspace(context, { 'runweave.yaml': text, 'own.py': 'import os\nos.remove(__file__)\nopen("own.txt", "w").write("x")\n' });
    assert.equal((await place.run()).code, 0);
    const [state] = await records(place);
    assert.deepEqual(phases(state), { own: 'success', file: 'success', store: 'success', last: 'success' });
    assert.match((await place.runweave('run')).stderr, /^error: there is no runweave\.yaml/);
    place.write('runweave.yaml', text);
    const next = await place.runweave('run');
    assert.deepEqual([next.code, next.stderr.includes('script "own.py" does not exist')], [2, true], next.stderr);
  });

  it('leaves pipes, devices, folders and links to themselves where files are looked for', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `tasks:
  log: {shell: "rm -f $RUNWEAVE_LOG; mkdir $RUNWEAVE_LOG"}
  unreadable: {shell: "umask 777; echo metric x=1 >> $RUNWEAVE_LOG"}
  artifacts: {shell: "mkfifo pipe; for name in pipe /dev/zero . gone; do echo artifact $name >> $RUNWEAVE_LOG; done"}
  outputs: {shell: "mkfifo out; mkfifo all/pipe; ln -s self all/self; echo 1 > all/file", outputs: ["all/*"]}
  uses: {shell: cat all/file, inputs: [out, "all/*"]}
  observed: {python: observed.py}
  after: {shell: echo after > after.txt, needs: [log, artifacts, outputs, observed], outputs: [after.txt]}
`,
      'observed.py': `import json, os
os.mkdir("listed")
os.symlink("self", "listed/self")
os.listdir("listed")
for name in ("written", "read"):
    open(name, "a").close()
    open(name).close()
    os.remove(name)
    os.symlink(name, name)
os.mkfifo("module.py")
with open(os.environ["RUNWEAVE_LOG"], "a") as log:
    log.write(json.dumps({"type": "observed", "modules": [os.path.abspath("module.py"), "/dev/zero"], "written": ["a\\0b"]}) + "\\n")
`,
      read: '',
    });
    assert.equal((await place.run()).code, 0);
    const [state] = await records(place);
    assert.deepEqual([...new Set(Object.values(phases(state)))], ['success'], JSON.stringify(phases(state)));
    assert.match(outputOf(state, 'log'), /^runweave: what the task reported by RUNWEAVE_LOG could not be read and is not recorded: .*\.log\.jsonl is a folder\./);
    if (!isRoot) assert.match(outputOf(state, 'unreadable'), /^runweave: what the task reported by RUNWEAVE_LOG .* EACCES/);
    const told = outputOf(state, 'artifacts');
    assert.match(told, /artifact pipe could not be recorded: .*\/pipe is a named pipe: /);
    assert.match(told, /artifact zero could not be recorded: \/dev\/zero is a device: /);
    assert.match(told, /artifact \. could not be recorded: .* is a folder: /);
    assert.match(told, /artifact gone could not be recorded: ENOENT/);
  });

  it('makes a pipe, a device or a socket as its output: it has failed, and is told what is there', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `on_failure: continue
tasks:
  pipe: {shell: mkfifo made.pipe, outputs: [made.pipe]}
  device: {shell: ln -s /dev/null made.link, outputs: [made.link]}
  socket: {shell: "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\\"made.socket\\")'", outputs: [made.socket]}
  beside: {shell: mkdir -p in; mkfifo in/pipe; echo 1 > in/file, outputs: [in/]}
  after: {shell: echo 1 > after.txt, needs: [pipe], outputs: [after.txt]}
`,
    });
    const { code, stderr } = await place.runweave('run');
    assert.equal(code, 1, stderr);
    const [state] = await records(place);
    const failed = state?.tasks.map(({ node, phase, failure }) => [node.id, phase, failure?.message]);
    assert.deepEqual(failed, [
      ['pipe', 'failure', 'ended well, but did not make its output made.pipe (it is a named pipe: outputs are files and folders)'],
      ['device', 'failure', 'ended well, but did not make its output made.link (it is a device: outputs are files and folders)'],
      ['socket', 'failure', 'ended well, but did not make its output made.socket (it is a socket: outputs are files and folders)'],
      ['beside', 'success', undefined],
      ['after', 'skip', undefined],
    ]);
  });

  it('ends well when no more files can be opened: its result is looked at when they can', { skip: process.platform !== 'linux' && 'sets the limit of another process' }, async (context) => {
    const ofExecutor = (files: number): string => `python3 -c "import resource as r; r.prlimit($PPID, r.RLIMIT_NOFILE, (${files}, r.prlimit($PPID, r.RLIMIT_NOFILE)[1]))"`;
    const place = workspace(context, {
      'low.sh': `mkdir made; echo 1 > made/a\n${ofExecutor(5)}\n`,
      'high.sh': `until [ -e made/a ]; do sleep 0.05; done; sleep 1\n${ofExecutor(1024)}\n`,
      'runweave.yaml': 'tasks:\n  low: {shell: exec sh low.sh, outputs: [made]}\n  high: {shell: exec sh high.sh}\n',
    });
    const ended = await place.runweave('run', '-j', '2');
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(phases((await records(place))[0]), { low: 'success', high: 'success' });
    assert.match((await place.runweave('run')).stdout, /2 up to date/);
  });

  it('does not hear SIGTERM, forks twice, and leaves its session: all of it ends with the task', async (context) => {
    const stay = `trap '' TERM; sleep 1000 & wait`;
    const place = workspace(context, {
      'stay.sh': stay,
      'deaf.sh': `trap '' TERM; setsid -f sh stay.sh; (setsid sh stay.sh &) ; while :; do sleep 1000; done`,
      'daemon.sh': `setsid -f sh stay.sh >/dev/null 2>&1; (setsid sh stay.sh >/dev/null 2>&1 &) ; echo started`,
      'runweave.yaml': `tasks:
  deaf: {shell: "trap '' TERM; exec sh deaf.sh", timeout: 200ms}
  daemon: {shell: sh daemon.sh}
`,
    });
    const { code } = await place.run('--on-failure', 'continue');
    assert.equal(code, 1);
    const [state] = await records(place);
    assert.deepEqual(phases(state), { deaf: 'timeout', daemon: 'success' });
    await assertNothingLeft(state);
  });
});

describe('files of ours', { timeout: 600_000 }, () => {
  it('are cut off at any byte: what they say no more is made again or recovered', async (context) => {
    const files = {
      'runweave.yaml': `tasks:
  one: {shell: echo 1 > one.txt, outputs: [one.txt]}
  two: {shell: "cat one.txt > two.txt; echo 2 >> two.txt", inputs: [one.txt], outputs: [two.txt]}
  hang: {shell: sh hang.sh, needs: [two], outputs: [hang.txt]}
`,
      'hang.sh': 'sleep 1000\n',
    };
    const original = workspace(context, files);
    const killed = original.start('run', '--json');
    await killed.until((line) => line.type === 'attempt-started' && line.task === 'hang');
    killed.process.kill('SIGKILL');
    await killed.ended;
    original.write('hang.sh', 'echo 3 > hang.txt\n');
    original.write('.runweave/cache/digests.json', '{"/none":["1","2","3","4","sha256:0"]}');

    const log = readdirSync(inStore(original, 'live')).find((name) => name.endsWith('.jsonl')) ?? '';
    const targets = [`live/${log}`, 'cache/results-runweave.yaml.jsonl', 'cache/digests.json', 'live/runweave.yaml.lock'];
    let seed = Date.now() % 100_003;
    context.diagnostic(`seed ${seed}`);
    for (const target of targets) {
      const size = readFileSync(inStore(original, target)).length;
      for (const at of [0, 1, size - 1, ...Array.from({ length: 5 }, () => (seed = (seed * 48_271) % 2_147_483_647) % size)]) {
        const place = workspace(context, {});
        cpSync(original.folder, place.folder, { recursive: true });
        truncateSync(inStore(place, target), at);
        const where = `${target} cut off at ${at} of ${size}`;
        const run = await place.run();
        assert.equal(run.code, 0, where);
        assert.deepEqual([place.read('one.txt'), place.read('two.txt'), place.read('hang.txt')], ['1\n', '1\n2\n', '3\n'], where);
        if (target !== targets[1] && target !== targets[0]) assert.deepEqual(run.executed, ['hang'], where);
        assert.deepEqual((await place.run()).executed, [], where);
        for (const state of await records(place)) await assertNothingLeft(state);
      }
    }
  });

  it('can not be written', async (context) => {
    for (const readOnly of ['.', '.runweave', '.runweave/cache']) {
      const place = workspace(context, { 'runweave.yaml': 'tasks:\n  a: {shell: echo a > a.txt, outputs: [a.txt]}\n' });
      assert.equal((await place.run()).code, 0);
      place.write('runweave.yaml', 'tasks:\n  a: {shell: echo b > a.txt, outputs: [a.txt]}\n');
      const before = await records(place);
      const release = makeReadOnly(path.join(place.folder, readOnly));
      if (release === undefined) {
        context.diagnostic('nothing can be mounted here');
        return;
      }
      try {
        const refused = await place.runweave('run');
        assert.deepEqual([refused.code, refused.stdout], [1, '']);
        assert.match(refused.stderr, /^error: .*\.runweave cannot be written: E(ROFS|ACCES|PERM)\b.*\n$/);
        // Looking at things needs no right to write.
        for (const command of [['plan'], ['runs'], ['show', 'latest'], ['graph']]) assert.equal((await place.runweave(...command)).code, 0, command[0]);
      } finally {
        release();
      }
      assert.deepEqual(await records(place), before);
      assert.deepEqual((await place.run()).executed, ['a']);
    }
  });

  it('have no room on the disk: the run is recorded in what was reserved for it, or when there is room again', async (context) => {
    const place = workspace(context, {});
    const mounted = mount(['-t', 'tmpfs', '-o', 'size=512k', 'none', place.folder]);
    if (mounted === undefined) {
      context.diagnostic('nothing can be mounted here');
      return;
    }
    try {
      place.write('fill.sh', 'cat /dev/zero > "$1"\n');
      place.write('runweave.yaml', `params: {lines: 1000}
tasks:
  small: {shell: echo small > small.txt, outputs: [small.txt]}
  fill: {shell: sh fill.sh fill.bin, needs: [small], outputs: [fill.bin]}
  later: {shell: "seq $RUNWEAVE_PARAM_LINES", params: {lines: "\${params.lines}"}, cache: false, needs: [small]}
`);
      const full = await place.runweave('run', '-j', '1', '--on-failure', 'continue');
      assert.equal(full.code, 1);
      assert.equal((await records(place)).length, 1);
      // More than what is reserved: the log is kept as far as there was room.
      const more = await place.runweave('run', 'later', '--set', 'lines=40000');
      assert.equal(more.code, 1);
      assert.match(more.stderr, /error: the record of \S+ could not be written: ENOSPC.*is sealed at the next start/);
      assert.equal(readdirSync(inStore(place, 'runs')).length, 1);
      rmSync(path.join(place.folder, 'fill.bin'));
      place.write('fill.sh', 'echo > "$1"\n');
      const next = await place.run();
      assert.deepEqual([next.code, next.executed], [0, ['fill', 'later']]);
      const [first, , second] = await records(place);
      assert.equal(outputOf(first, 'later').split('\n').length, 1001);
      assert.deepEqual([phases(first), phases(second)], [{ small: 'success', fill: 'failure', later: 'success' }, { small: 'skip', fill: 'success', later: 'success' }]);
    } finally {
      mounted();
    }
  });
});

describe('what the disk refuses to one task', { timeout: 600_000 }, () => {
  it('fails that task, and no other', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `on_failure: continue
tasks:
  below: {shell: "true", outputs: [x/sub/y.txt]}
  loop: {shell: ln -s loop.txt loop.txt, outputs: [loop.txt], retries: 0}
  after: {shell: echo after > after.txt, needs: [below], outputs: [after.txt]}
  other: {shell: sleep 0.5; echo other > other.txt, outputs: [other.txt]}
`,
      x: 'a file',
    });
    for (const isLinkThere of [false, true]) {
      const { code, stderr } = await place.runweave('run', '--json', '-j', '4');
      assert.deepEqual([code, stderr], [1, '']);
      const state = (await records(place)).at(-1);
      assert.deepEqual(phases(state), { below: 'error', loop: 'failure', after: 'skip', other: isLinkThere ? 'skip' : 'success' });
      const failure = state?.tasks.find((task) => task.node.id === 'below')?.failure;
      assert.match(`${failure?.type} ${failure?.message}`, /^(ENOTDIR|EEXIST) the folder of its output x\/sub\/y\.txt cannot be made: /);
    }
    rmSync(path.join(place.folder, 'x'));
    place.write('runweave.yaml', 'tasks:\n  below: {shell: echo > x/sub/y.txt, outputs: [x/sub/y.txt]}\n');
    assert.equal((await place.run()).code, 0);
  });

  it('its outputs are not kept, and the run is a success', async (context) => {
    const place = workspace(context, {});
    const mounted = mount(['-t', 'tmpfs', '-o', 'size=1200k', 'none', place.folder]);
    if (mounted === undefined) {
      context.diagnostic('nothing can be mounted here');
      return;
    }
    try {
      const filled = 'head -c 100000 /dev/urandom > out.bin; cat /dev/zero > fill.bin || true';
      place.write('runweave.yaml', `tasks:\n  first: {shell: head -c 100000 /dev/urandom > first.bin, outputs: [first.bin]}\n`);
      assert.equal((await place.run()).code, 0);
      place.write('runweave.yaml', `tasks:\n  first: {shell: ${JSON.stringify(filled)}, outputs: [out.bin]}\n`);
      const full = await place.runweave('run', '--json');
      assert.match(full.stdout, /"type":"task-ended","task":"first","time":"\d+","outcome":"success"/);
      assert.match(full.stdout, /outputs are not kept for later: those of first take 0\.1 MB, and 0\.\d MB are free/);
      assert.doesNotMatch(full.stderr, /internal/);
      // Where the task was faster than the reserve for the record, that is sealed by the next run.
      rmSync(path.join(place.folder, 'fill.bin'));
      assert.deepEqual((await place.run()).executed, []);
      assert.ok((await records(place)).some((state) => phases(state)['first'] === 'success'));
    } finally {
      mounted();
    }
  });
});

describe('gc', { timeout: 600_000 }, () => {
  it('frees what is kept on a disk that is full', async (context) => {
    const place = workspace(context, {});
    const mounted = mount(['-t', 'tmpfs', '-o', 'size=2m', 'none', place.folder]);
    if (mounted === undefined) {
      context.diagnostic('nothing can be mounted here');
      return;
    }
    try {
      place.write('runweave.yaml', 'tasks:\n  a: {shell: head -c 300000 /dev/urandom > a.bin, outputs: [a.bin]}\n');
      assert.equal((await place.run()).code, 0);
      spawnSync('sh', ['-c', 'cat /dev/zero > fill'], { cwd: place.folder });
      const refused = await place.runweave('run');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /ENOSPC.*\. To free what is kept to be restored: RUNWEAVE_CACHE_LIMIT=0 runweave gc\n$/);
      const within = await place.runweave('gc');
      assert.match(within.stdout, /^0 B freed\n30\d\.\d kB are kept to be restored, within the limit; to free them: RUNWEAVE_CACHE_LIMIT=0 runweave gc\n$/, within.stderr);
      const freed = spawnSync(process.execPath, [cli, 'gc', '--json'], { cwd: place.folder, encoding: 'utf8', env: { ...process.env, RUNWEAVE_CACHE_LIMIT: '0' } });
      const { kept, left } = JSON.parse(freed.stdout) as { readonly kept: { readonly count: number }; readonly left: number };
      assert.deepEqual([kept.count, left], [1, 0]);
      assert.deepEqual((await place.run()).executed, []);
    } finally {
      mounted();
    }
  });
});

describe('around a run', { timeout: 600_000 }, () => {
  it('what it says can not be written, or its terminal is gone: the run goes on', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'tasks:\n  a: {shell: echo said; echo a > a.txt, outputs: [a.txt], cache: false}\n  b: {shell: "sleep 0.3; echo said", needs: [a]}\n' });
    for (const command of [`exec ${process.execPath} ${cli} run > /dev/full 2>&1`, `${process.execPath} ${cli} run 2>&1 | true; exit \${PIPESTATUS[0]}`]) {
      assert.equal(spawnSync('bash', ['-c', command], { cwd: place.folder, stdio: 'ignore' }).status, 0, command);
      assert.equal((await records(place)).at(-1)?.outcome, 'success');
    }
    // A terminal that is closed says SIGHUP, which ends the run, and its other side refuses all that is written.
    const close = 'import os, pty, sys, time\npid, side = pty.fork()\nif pid == 0: os.execv(sys.argv[1], sys.argv[1:])\nos.read(side, 100)\nos.close(side)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))';
    place.write('runweave.yaml', 'tasks:\n  a: {shell: "echo said; sleep 1; echo said", cache: false}\n');
    const { stdout } = spawnSync('python3', ['-c', close, process.execPath, cli, 'run'], { cwd: place.folder, encoding: 'utf8' });
    assert.equal(stdout.trim(), '130');
    const states = await records(place);
    assert.deepEqual([states.length, states.at(-1)?.outcome], [3, 'cancellation']);
  });

  it('what a command says is lost, or a part of it: that is said, and is no success', (context) => {
    const place = workspace(context, {});
    const schema = `${process.execPath} ${cli} schema`;
    const says = (command: string): { readonly status: number | null; readonly stderr: string } => spawnSync('bash', ['-c', command], { cwd: place.folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
    const full = says(`exec ${schema} > /dev/full`);
    assert.equal(full.status, 1);
    assert.match(full.stderr, /^error: standard output could not be written: ENOSPC: .*\n$/);
    // The system takes the first 4 KiB, as does a disk that has room for no more.
    const part = says(`ulimit -f 4; exec ${schema} > part.json`);
    assert.equal(part.status, 1);
    assert.match(part.stderr, /^error: standard output could not be written: EFBIG: .*\n$/);
    // Who reads no more has what he wanted.
    for (const reader of ['head -1', 'true']) assert.deepEqual(says(`${schema} | ${reader} > head.txt; exit \${PIPESTATUS[0]}`).stderr, '', reader);
    assert.equal(says(`${schema} | true; exit \${PIPESTATUS[0]}`).status, 0);
  });

  it('other processes want the same pipeline: one runs at a time, the others say so', async (context) => {
    const place = workspace(context, { 'runweave.yaml': 'tasks:\n  a: {shell: echo x >> count.txt; echo a > a.txt, outputs: [a.txt]}\n' });
    const started = Array.from({ length: 6 }, () => place.start('run', '--json'));
    const ended = await Promise.all(started.map((each) => each.ended));
    const codes = ended.map(({ code }) => code);
    assert.ok(codes.every((code) => code === 0 || code === 3) && codes.includes(0), codes.join(' '));
    assert.equal(started.flatMap((each) => executedTasks(each.lines)).length, 1);
    assert.equal(place.read('count.txt'), 'x\n');
    assert.equal((await records(place)).length, codes.filter((code) => code === 0).length);
    assert.deepEqual(readdirSync(inStore(place, 'live')), []);
  });

  it('the clock jumps, days forward and back', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'tasks:\n  a: {shell: echo a > a.txt, outputs: [a.txt]}\n  b: {shell: cat a.txt > b.txt, inputs: [a.txt], outputs: [b.txt], retries: 1}\n',
      // Every question for the time is answered from another day.
      'jump.cjs': 'const now = Date.now;\nlet asked = 0;\nDate.now = () => now() + (asked++ % 2 === 0 ? -3 : 3) * 86_400_000;\n',
    });
    const run = (): { readonly status: number | null; readonly executed: number } => {
      const { status, stdout } = spawnSync(process.execPath, ['--require', path.join(place.folder, 'jump.cjs'), cli, 'run', '--json'], { cwd: place.folder, encoding: 'utf8' });
      return { status, executed: stdout.split('"type":"attempt-started"').length - 1 };
    };
    assert.deepEqual(run(), { status: 0, executed: 2 });
    assert.deepEqual(run(), { status: 0, executed: 0 });
    place.write('runweave.yaml', place.read('runweave.yaml').replace('echo a >', 'echo c >'));
    assert.deepEqual(run(), { status: 0, executed: 2 });
    rmSync(inStore(place, 'cache'), { recursive: true });
    assert.equal(run().status, 0);
    assert.equal(place.read('b.txt'), 'c\n');
    for (const state of await records(place)) {
      for (const { start, end } of [state, ...state.tasks]) assert.ok(start !== undefined && end !== undefined && BigInt(end) >= BigInt(start));
    }
  });

  it('the power fails: a record has its name only after it is on the disk, and its log goes after that', (context) => {
    if (spawnSync('strace', ['-V']).status !== 0) {
      context.diagnostic('there is no strace here');
      return;
    }
    const place = workspace(context, { 'runweave.yaml': 'tasks:\n  a: {shell: "true"}\n' });
    const trace = path.join(place.folder, 'trace');
    const traced = spawnSync('strace', ['-f', '-y', '-e', 'trace=fsync,link,linkat,rename,renameat,renameat2,unlink,unlinkat', '-o', trace, process.execPath, cli, 'run'], { cwd: place.folder, encoding: 'utf8' });
    assert.equal(traced.status, 0, traced.stderr);
    const steps = readFileSync(trace, 'utf8')
      .split('\n')
      .flatMap((line) => {
        if (/fsync\(\d+<.*\/runs\/\..*\.tmp>/.test(line)) return ['record is flushed'];
        if (/link(at)?\(.*\.tmp".*\.otlp\.jsonl"/.test(line)) return ['record has its name'];
        if (/fsync\(\d+<.*\/\.runweave\/runs>/.test(line)) return ['folder is flushed'];
        if (/unlink(at)?\(.*\/live\/[^"]*\.jsonl"/.test(line)) return ['log is removed'];
        return [];
      });
    assert.deepEqual(steps, ['record is flushed', 'record has its name', 'folder is flushed', 'log is removed']);
  });
});

/** `undefined` where it can't be; otherwise what undoes it. */
function mount(args: readonly string[]): (() => void) | undefined {
  if (spawnSync('mount', args).status !== 0) return undefined;
  const target = args.at(-1) ?? '';
  return () => void spawnSync('umount', ['-l', target]);
}

/** Root may write whatever the permissions say, but not to a file system that is mounted to be read only. */
function makeReadOnly(folder: string): (() => void) | undefined {
  if (!isRoot) {
    chmodSync(folder, 0o555);
    return () => chmodSync(folder, 0o755);
  }
  const undo = mount(['--bind', folder, folder]);
  if (undo === undefined) return undefined;
  if (spawnSync('mount', ['-o', 'remount,bind,ro', folder]).status === 0) return undo;
  undo();
  return undefined;
}
