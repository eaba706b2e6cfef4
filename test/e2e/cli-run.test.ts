import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { project, runCli, stackTrace, startCli } from './cli-process.ts';

/** Shell and Python, a matrix, a metric, a file from one task to the next. */
const small = {
  'runweave.yaml': `name: small
params: {word: hello}
tasks:
  write: {shell: 'echo "$RUNWEAVE_PARAM_WORD" > word.txt && echo wrote', params: {word: "\${params.word}"}, outputs: [word.txt]}
  count: {python: count.py, inputs: [word.txt], matrix: {n: [1, 2]}}
  end: {shell: echo done, needs: [count]}
`,
  'count.py': `import runweave
text = open("word.txt").read().strip()
runweave.log_metric("length", len(text))
print("counted", text)
`,
};

describe('runweave run', () => {
  it('runs everything, then nothing, then what a change affects, as plan said', async () => {
    const cwd = await project(small);
    const plan = await runCli(['plan'], { cwd });
    assert.deepEqual([plan.code, plan.stderr], [0, '']);
    assert.match(plan.stdout, /^▸ write\n {4}no earlier result\n/);
    assert.match(plan.stdout, /^4 to run$/m);

    const first = await runCli(['run'], { cwd });
    assert.deepEqual([first.code, first.stderr], [0, ''], first.stdout + first.stderr);
    assert.match(first.stdout, /^✓ write {2}/m);
    assert.match(first.stdout, /^✓ count\[n=2\] {2}.* {2}length=5$/m);
    assert.match(first.stdout, /^Succeeded: 4 succeeded, [\d.]+ m?s\. \.runweave\/runs\/\S+\.otlp\.jsonl$/m);
    assert.doesNotMatch(first.stdout, /\u001b/, 'no control sequences where there is no terminal');
    assert.doesNotMatch(first.stdout, /counted/, 'output of tasks only when asked for');

    const second = await runCli(['run'], { cwd });
    assert.equal(second.code, 0);
    assert.match(second.stdout, /^= 4 up to date\nNothing to do: 4 up to date, /m);
    assert.equal((await runCli(['plan'], { cwd })).stdout, '4 up to date\n');

    await writeFile(join(cwd, 'count.py'), small['count.py'].replace('counted', 'found'));
    const changed = await runCli(['plan'], { cwd });
    assert.match(changed.stdout, /^▸ count\[n=1\]\n {4}source count\.py changed \([0-9a-f]{8} → [0-9a-f]{8}\)\n▸ count\[n=2\]\n/);
    const third = await runCli(['run', '--verbose'], { cwd });
    assert.equal(third.code, 0);
    assert.match(third.stdout, /^▸ count\[n=1\] {2}source count\.py changed/m);
    assert.match(third.stdout, /^count\[n=1\] │ found hello$/m);
    assert.doesNotMatch(third.stdout, /✓ write/);
  });

  it('sets parameters, forces, and runs what is named with what it needs', async () => {
    const cwd = await project(small);
    const one = await runCli(['run', 'count[n=1]', '--set', 'word=longer'], { cwd });
    assert.equal(one.code, 0, one.stderr);
    assert.match(one.stdout, /✓ count\[n=1\] .*length=6/);
    assert.doesNotMatch(one.stdout, /count\[n=2\]/);
    const forced = await runCli(['run', 'write', '--force', '--set', 'word=longer'], { cwd });
    assert.match(forced.stdout, /^▸ write {2}forced$/m);
  });

  it('exits with 1 when a task failed, and shows its output, the place, and how to see more', async () => {
    const cwd = await project({
      'runweave.yaml': 'tasks:\n  bad: {python: bad.py}\n  after: {shell: echo never, needs: [bad]}\n  other: {shell: echo fine}\n',
      'bad.py': 'def fit():\n    print("about to fail")\n    raise ValueError("no such digit")\n\nfit()\n',
    });
    const { code, stdout, stderr } = await runCli(['run', '--on-failure', 'continue'], { cwd });
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^✗ bad {2}.*ValueError: no such digit$/m);
    assert.match(stdout, /^ {2}│ about to fail$/m);
    assert.match(stdout, /^ {2}at bad\.py:3 in fit$/m);
    assert.match(stdout, /^ {2}more: runweave logs \S+\/bad$/m);
    assert.match(stdout, /^✓ other/m);
    assert.match(stdout, /^- 1 not run, what they need did not succeed: after$/m);
    assert.match(stdout, /^Failed: 1 succeeded, 1 failed, 1 not run, /m);
    assert.doesNotMatch(stdout + stderr, stackTrace);
    const command = /runweave (logs \S+)/.exec(stdout)?.[1]?.split(' ') ?? [];
    const logs = await runCli(command, { cwd });
    assert.equal(logs.stdout, 'about to fail\n');
    assert.match(logs.stderr, /^Traceback[^]*ValueError: no such digit\n$/);
  });

  it('prints one event a line with --json', async () => {
    const cwd = await project(small);
    const { code, stdout, stderr } = await runCli(['run', '--json'], { cwd });
    assert.deepEqual([code, stderr], [0, '']);
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { type: string; task?: string; result?: { outcome: string; record: string } });
    assert.equal(lines[0]?.type, 'run-started');
    assert.equal(lines.at(-2)?.type, 'run-ended');
    const sealed = lines.at(-1);
    assert.equal(sealed?.type, 'sealed');
    assert.equal(sealed.result?.outcome, 'success');
    assert.ok((await readFile(sealed.result.record, 'utf8')).startsWith('{'));
    assert.deepEqual(new Set(lines.filter((line) => line.type === 'task-ended').map((line) => line.task)), new Set(['write', 'count[n=1]', 'count[n=2]', 'end']));
  });

  const usage: readonly (readonly [readonly string[], RegExp])[] = [
    [['rnu'], /^error: unknown command rnu \(did you mean run\?\)$/m],
    [['run', '--forc'], /^error: unknown option --forc \(did you mean --force\?\)$/m],
    [['run', 'conut'], /^error: there is no task conut/m],
    [['run', 'count[m=1]'], /^error: there is no task count\[m=1\]: the tasks of this name are count\[n=1\] count\[n=2\]$/m],
    [['run', '--set', 'word'], /^error: --set word: write KEY=VALUE$/m],
    [['run', '--file', 'other.yaml'], /^error: other\.yaml: there is no such file$/m],
    [['run', '--set', 'wrod=1'], /wrod/],
    [['show', 'nothing-like-it'], /^error: no runs are recorded$/m],
    [['logs', 'latest'], /^error: /m],
  ];
  for (const [args, message] of usage) {
    it(`exits with 2: runweave ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await runCli(args, { cwd: await project(small) });
      assert.equal(code, 2, stdout + stderr);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, stackTrace);
    });
  }
});

/** Says that it started, and then does not end by itself. */
const endless = {
  'runweave.yaml': 'tasks:\n  first: {shell: echo one}\n  wait: {python: wait.py, needs: [first]}\n  never: {shell: echo never, needs: [wait]}\n',
  'wait.py': 'import os, time\nprint("waiting as", os.getpid(), flush=True)\ntime.sleep(600)\n',
};

describe('a run that is interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends its tasks, seals its record and exits with 130 at ${signal}`, async () => {
      const cwd = await project(endless);
      const run = startCli(['run', '-v'], { cwd });
      await run.until(/waiting as \d+\n/);
      run.process.kill(signal);
      const { code, stdout, stderr } = await run.finished;
      assert.equal(code, 130, stdout + stderr);
      assert.match(stdout, /^ending the tasks and sealing the record…$/m);
      assert.match(stdout, /^⊘ wait {2}/m);
      const pid = Number(/waiting as (\d+)/.exec(stdout)?.[1]);
      assert.throws(() => process.kill(pid, 0), 'the task is gone');
      assert.equal((await readdir(join(cwd, '.runweave', 'runs'))).length, 1);
      const { stdout: shown } = await runCli(['show', 'latest'], { cwd });
      assert.match(shown, /⊘ cancelled/);
      assert.match(shown, /✓ +first/);
    });
  }

  it('waits, and says so, when it is interrupted again', async () => {
    const cwd = await project({
      'runweave.yaml': 'tasks:\n  slow: {python: slow.py}\n',
      'slow.py': 'import os, signal, time\ndef end(*_):\n    print("got it", flush=True)\n    while not os.path.exists("go"):\n        time.sleep(0.02)\n    raise SystemExit(1)\nsignal.signal(signal.SIGTERM, end)\nsignal.signal(signal.SIGINT, end)\nprint("ready", flush=True)\ntime.sleep(600)\n',
    });
    const run = startCli(['run', '-v'], { cwd });
    await run.until(/ready\n/);
    run.process.kill('SIGINT');
    await run.until(/got it\n/);
    run.process.kill('SIGINT');
    await run.until(/^still ending the tasks/m);
    await writeFile(join(cwd, 'go'), '');
    assert.equal((await run.finished).code, 130);
  });

  it('keeps others out meanwhile, who exit with 3', async () => {
    const cwd = await project(endless);
    const run = startCli(['run', '-v'], { cwd });
    await run.until(/waiting as/);
    const other = await runCli(['run'], { cwd });
    assert.equal(other.code, 3, other.stdout + other.stderr);
    assert.match(other.stderr, /^error: another process holds this pipeline: a run with process id \d+/);
    const json = await runCli(['run', '--json'], { cwd });
    assert.equal(json.code, 3);
    assert.deepEqual([(JSON.parse(json.stdout) as { type: string; code: string }).type, (JSON.parse(json.stdout) as { code: string }).code], ['problem', 'locked']);
    // What only looks is let in.
    assert.equal((await runCli(['plan'], { cwd })).code, 0);
    assert.match((await runCli(['runs'], { cwd })).stdout, /▸ running/);
    run.process.kill('SIGINT');
    await run.finished;
  });
});
