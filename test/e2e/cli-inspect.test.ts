import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { project, runCli, startCli, type Finished } from './cli-process.ts';

let cwd = '';
const cli = (...args: readonly string[]): Promise<Finished> => runCli(args, { cwd });
const json = async <T>(...args: readonly string[]): Promise<T> => JSON.parse((await cli(...args, '--json')).stdout) as T;

before(async () => {
  cwd = await project({
    'runweave.yaml': `name: small
params: {n: 3}
tasks:
  make: {python: make.py, params: {n: "\${params.n}"}, outputs: [numbers.txt], owner: data-team, tags: [etl]}
  flaky: {python: flaky.py, retries: {max: 1, delay: 10ms}, needs: [make]}
  bad: {shell: "echo out; echo err >&2; exit 3", needs: [make]}
`,
    'make.py': `import runweave
n = runweave.params["n"]
open("numbers.txt", "w").write("\\n".join(map(str, range(n))))
for step in range(n):
    runweave.log_metric("loss", 1 / (step + 1), step)
runweave.set_tag("color", "blue")
runweave.returns(total=n)
print("made", n)
`,
    'flaky.py': `import os, sys
if not os.path.exists("tried"):
    open("tried", "w").close()
    sys.exit("not yet")
print("\\x1b[2Jnow \\x1b[31mred\\x1b[0m")
`,
  });
  assert.equal((await cli('run', '--on-failure', 'continue')).code, 1);
});

describe('runs', () => {
  it('is a table, newest first', async () => {
    await cli('run', 'make', '--set', 'n=4');
    const { stdout, code } = await cli('runs');
    assert.equal(code, 0);
    const [header, newest, oldest] = stdout.split('\n');
    assert.match(header ?? '', /^STATUS +RUN +AGE +TIME +RAN +loss$/);
    assert.match(newest ?? '', /^✓ succeeded +\d{8}T\d{6}Z-small-[0-9a-z]+ +(now|\d+ s) +[\d.]+ m?s +1\/1 +0\.25$/);
    assert.match(oldest ?? '', /^✗ failed .* 3\/3 /);
    assert.match((await cli('runs', '-n', '1')).stdout, /^and 1 older run: runweave runs --all$/m);
  });

  it('lists records that can not be read with their error', async () => {
    const broken = join(cwd, '.runweave', 'runs', '20200101T000000Z-small-dead.otlp.jsonl');
    await writeFile(broken, '{"resourceSpans": [tor');
    const { stdout, code } = await cli('runs');
    assert.equal(code, 0);
    assert.match(stdout, /^✗ \.runweave\/runs\/20200101T000000Z-small-dead\.otlp\.jsonl: \S/m);
    const { runs } = await json<{ runs: readonly { type: string; runId?: string; startTime?: string }[] }>('runs');
    assert.deepEqual(new Set(runs.map((run) => run.type)), new Set(['run', 'unreadable']));
    assert.match(runs[0]?.startTime ?? '', /^\d{4}-\d\d-\d\dT/);
  });

  it('is quiet when its reader goes away', async () => {
    const process = startCli(['show', '-2', '--json'], { cwd });
    process.process.stdout?.destroy();
    const { stderr } = await process.finished;
    assert.equal(stderr, '');
  });
});

describe('show', () => {
  it('shows a run', async () => {
    const { stdout, code } = await cli('show', '-2');
    assert.equal(code, 0);
    assert.match(stdout, /^\S+-small-\S+ {2}✗ failed\n {2}pipeline +small \(runweave\.yaml\)\n/);
    assert.match(stdout, /^✓ +make +succeeded +[\d.]+ m?s +loss=0\.3333 +no earlier result$/m);
    assert.match(stdout, /^✗ +bad +failed/m);
    assert.match(stdout, /^ {2}│ err$/m);
  });

  it('shows every value of a metric', async () => {
    const text = await cli('show', 'latest', '--series', 'loss');
    assert.match(text.stdout, /^TASK +STEP +TIME +VALUE\nmake +0 +\d{4}-\d\d-\d\dT[\d:.]+Z +1\nmake +1 +\S+ +0\.5\n/);
    const csv = await cli('show', 'latest/make', '--series', 'loss', '--format', 'csv');
    assert.match(csv.stdout, /^task,step,time,value\r\nmake,0,[^,]+Z,1\r\nmake,1,[^,]+Z,0\.5\r\n/);
    const { metric, series } = await json<{ metric: string; series: readonly { task: string; points: readonly { step: number; value: number }[] }[] }>('show', 'latest', '--series', 'loss');
    assert.deepEqual([metric, series.map(({ task }) => task), series[0]?.points.slice(0, 2).map(({ step, value }) => [step, value])], ['loss', ['make'], [[0, 1], [1, 0.5]]]);
    const unknown = await cli('show', 'latest', '--series', 'los');
    assert.deepEqual([unknown.code, unknown.stderr.includes('has no metric los (did you mean loss?)')], [2, true]);
  });

  it('shows a task', async () => {
    const { stdout } = await cli('show', '-2/make');
    for (const pattern of [/^✓ make {2}succeeded/m, /python: make\.py, owner data-team, tags etl/, /^Params\n {2}n +3$/m, /^ {2}loss +0\.3333 +last of 3, [\d.]+ to [\d.]+, mean [\d.]+$/m, /^ {2}color +blue$/m, /^ {2}total +3$/m, /^ {2}numbers\.txt +5 B +sha256:/m]) assert.match(stdout, pattern);
    const task = await json<{ node: { id: string }; metrics: Record<string, { values: number[] }> }>('show', '-2/make');
    assert.deepEqual([task.node.id, task.metrics['loss']?.values.length], ['make', 3]);
    assert.match((await cli('show', '-2/flaky')).stdout, /succeeded, .*, 2 attempts/);
  });

  it('shows of a task that was up to date what the run recorded that made it', async () => {
    const own = await project({ 'runweave.yaml': 'tasks:\n  a: {shell: "echo metric loss=0.5 >> $RUNWEAVE_LOG; echo return n=2.0 >> $RUNWEAVE_LOG; echo x > x.txt", outputs: [x.txt]}\n' });
    const inside = (...args: readonly string[]): Promise<Finished> => runCli(args, { cwd: own });
    for (let run = 0; run < 2; run++) assert.equal((await inside('run')).code, 0);
    const made = /^(\S+)/.exec((await inside('show', '-2')).stdout)?.[1] ?? assert.fail();
    assert.match((await inside('show', 'latest')).stdout, new RegExp(`^= {2}a {2}up to date {2}0 ms {2}loss=0\\.5 {2}made by ${made}$`, 'm'));
    assert.match((await inside('show', 'latest/a')).stdout, new RegExp(`^What ${made} recorded of it:\nMetrics\n {2}loss {2}0\\.5\nReturns\n {2}n {2}2\\.0\nOutputs\n {2}x\\.txt`, 'm'));
    assert.match((await inside('show', 'latest', '--series', 'loss')).stdout, /^a +- +\S+ +0\.5$/m);
    const { attempts, made: there } = JSON.parse((await inside('show', 'latest/a', '--json')).stdout) as { attempts: readonly unknown[]; made: { attempts: readonly unknown[] } };
    assert.deepEqual([attempts.length, there.attempts.length], [0, 1]);
    // Its record may be gone.
    await rm(join(own, '.runweave', 'runs', `${made}.otlp.jsonl`));
    assert.match((await inside('show', 'latest')).stdout, new RegExp(`^= {2}a {2}up to date {2}0 ms {2}made by ${made}$`, 'm'));
  });

  it('says what was probably meant', async () => {
    const { code, stderr } = await cli('show', '-2/mkae');
    assert.equal(code, 2);
    assert.match(stderr, /has no task mkae \(did you mean make\?\)/);
  });
});

describe('logs', () => {
  it('keeps stdout and stderr apart', async () => {
    assert.deepEqual(await cli('logs', '-2/bad'), { code: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  it('prints an attempt, without what would act on the terminal', async () => {
    assert.equal((await cli('logs', '-2/flaky')).stdout, 'now red\n');
    assert.match((await cli('logs', '-2/flaky', '--attempt', '1')).stderr, /^not yet\n$/);
    assert.equal((await cli('logs', '-2/flaky', '--attempt', '3')).code, 2);
    const { output } = await json<{ output: readonly { text: string }[] }>('logs', '-2/flaky');
    assert.equal(output.map(({ text }) => text).join(''), '\u001b[2Jnow \u001b[31mred\u001b[0m\n');
  });
});

describe('graph and gantt', () => {
  it('draw the pipeline file', async () => {
    assert.match((await cli('graph')).stdout, /^(flowchart|graph) /m);
    assert.match((await cli('graph', '--format', 'dot')).stdout, /^digraph "small" \{[^]*"make" -> "bad";[^]*\}\n$/);
    const { tasks } = await json<{ tasks: readonly { id: string; dependencies: readonly string[] }[] }>('graph');
    assert.deepEqual(tasks.map(({ id, dependencies }) => [id, dependencies]), [['make', []], ['flaky', ['make']], ['bad', ['make']]]);
  });

  it('draw a run', async () => {
    assert.match((await cli('graph', '-2', '--format', 'dot')).stdout, /"bad" \[.*fillcolor="#f8d7d7"\];/);
    const { stdout } = await cli('gantt', '-2');
    assert.match(stdout, /^make +✓ +[━─]+ +[\d.]+ m?s$/m);
    assert.match((await cli('gantt', '-2', '--format', 'mermaid')).stdout, /^gantt\n/);
  });

  it('say what a drawing of many tasks leaves out', async () => {
    const lines = (count: number): string => Array.from({ length: count }, (_, index) => `  load_${index}: {shell: x}\n`).join('');
    const small = await project({ 'runweave.yaml': `tasks:\n${lines(150)}` });
    assert.equal((await runCli(['graph'], { cwd: small })).stderr, '');
    const large = await project({ 'runweave.yaml': `tasks:\n${lines(160)}` });
    const { stdout, stderr } = await runCli(['graph'], { cwd: large });
    assert.match(stdout, /load ×160/);
    assert.equal(stderr, "note: more than 150 nodes can't be laid out well, so 1 group stands for tasks whose names begin alike; --format dot and --format json have all 160 tasks\n");
    const dot = await runCli(['graph', '--format', 'dot'], { cwd: large });
    assert.deepEqual([dot.stdout.match(/ \[tooltip/g)?.length, dot.stderr], [160, '']);
  });

  it('draw what can be understood of a file with mistakes', async () => {
    const folder = await project({ 'runweave.yaml': 'tasks:\n  a: {shell: x}\n  b: {shell: y, need: [a]}\n' });
    const { code, stdout, stderr } = await runCli(['graph', '--format', 'dot'], { cwd: folder });
    assert.equal(code, 2);
    assert.match(stdout, /"a" \[/);
    assert.match(stderr, /^runweave\.yaml:3:\d+: error: .*need/m);
  });
});
