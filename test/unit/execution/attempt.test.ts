import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileStamp } from '../../../src/fingerprint/held-still.ts';
import { runAttempt, type AttemptContext, type AttemptRequest, type AttemptResult } from '../../../src/execution/attempt.ts';
import type { Backend, ProcessEnd, ProcessRequest } from '../../../src/execution/backend/backend.ts';
import { localBackend } from '../../../src/execution/backend/local.ts';
import { parseCondition } from '../../../src/model/check.ts';
import { createFileDigests, digestOf } from '../../../src/fingerprint/file-digests.ts';
import type { Task } from '../../../src/model/pipeline.ts';
import type { Report } from '../../../src/model/reported.ts';
import type { EventOf, RunEvent, RunEventType, RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import { systemClock } from '../../../src/app/clock.ts';
import { taskOf } from '../sketch.ts';
import { untilGone, untilReaped, untilThere } from './processes.ts';

const pythonPath = path.resolve(import.meta.dirname, '../../../src/python');

let folder = '';
let scratch = '';
before(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-attempt-')));
});
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  scratch = path.join(folder, '.runweave', 'scratch', '1');
});
afterEach(() => {
  assert.equal(existsSync(`${scratch}.log.jsonl`), false, 'the log of the attempt is removed');
});

interface Options {
  readonly task?: Partial<Task>;
  readonly request?: Partial<AttemptRequest>;
  readonly context?: Partial<AttemptContext>;
}

/** An attempt under way: its events, and a way to wait for one. */
function start(command: readonly string[], { task = {}, request = {}, context = {} }: Options = {}) {
  const events: RunEvent[] = [];
  const abort = new AbortController();
  let wake: () => void = () => undefined;
  const result = runAttempt(
    {
      task: taskOf(task),
      number: 1,
      cause: 'first',
      command,
      pickles: [],
      params: {},
      runId: 'run' as RunId,
      traceId: '0af7651916cd43dd8448eb211c80319c' as TraceId,
      spanId: 'b7ad6b7169203331' as SpanId,
      folder,
      workspace: folder,
      scratch,
      pythonPath,
      inherited: { PATH: process.env['PATH'] },
      signal: abort.signal,
      ...request,
    },
    {
      backend: localBackend(),
      clock: systemClock(),
      emit: (event) => {
        events.push(event);
        wake();
      },
      digests: createFileDigests(),
      storeArtifact: (file, name, mediaType) => {
        const bytes = readFileSync(file);
        return Promise.resolve({ name, mediaType: mediaType ?? 'text/plain', size: bytes.length, digest: digestOf(bytes), content: { type: 'reference' } });
      },
      ...context,
    },
  );
  const all = <T extends RunEventType>(type: T): readonly EventOf<T>[] => events.filter((event): event is EventOf<T> => event.type === type);
  const outputOf = (stream: 'stdout' | 'stderr'): string =>
    all('output')
      .filter((event) => event.stream === stream)
      .map((event) => event.text)
      .join('');
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
  };
  /** Waits for a text in the output; its first group. */
  const untilOutput = async (pattern: RegExp): Promise<string> => {
    await until(() => pattern.test(outputOf('stdout')));
    return pattern.exec(outputOf('stdout'))?.[1] ?? '';
  };
  return { events, result, abort, all, outputOf, until, untilOutput };
}

type Started = ReturnType<typeof start>;

const sh = (script: string, options?: Options): Started => start(['/bin/sh', '-c', script], options);

async function finish(started: Started): Promise<Started & { readonly ended: AttemptResult }> {
  return { ...started, ended: await started.result };
}

describe('the channel for reports', { timeout: 300_000 }, () => {
  it('is in the environment, and what comes by it are events, up to the end', async () => {
    const file = path.join(folder, 'uploaded');
    writeFileSync(file, 'bytes');
    const span = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', parentSpanId: 'b7ad6b7169203331', name: 'x', kind: 1, start: '1', end: '2', attributes: {}, events: [], links: [], status: { code: 0 } } as never;
    let report: (report: Report) => void = () => undefined;
    const { all, events, outputOf } = await finish(
      sh('echo "$OTEL_EXPORTER_OTLP_ENDPOINT $MLFLOW_TRACKING_TOKEN"', {
        context: {
          openChannel: (_, given) => {
            report = given;
            return {
              url: 'http://127.0.0.1:1',
              token: 'secret',
              experiment: 'e',
              close: () => {
                report({ type: 'metric', name: 'loss', value: NaN, time: '7' as never, attributes: { b: 1, a: 'x' }, detail: { unit: 's' } });
                report({ type: 'span', span });
                report({ type: 'log', log: { time: '5' as never, severityNumber: 9, body: 'said', attributes: {} } });
                report({ type: 'dataset', dataset: { name: 'd', digest: 'abc' } });
                report({ type: 'tag', name: 't', value: 'v' });
                report({ type: 'artifact', file, name: 'a.bin', mediaType: 'x/y' });
                return Promise.resolve();
              },
            };
          },
        },
      }),
    );
    assert.equal(outputOf('stdout'), 'http://127.0.0.1:1 secret\n');
    assert.deepEqual(all('metric').map(({ name, value, time, detail }) => [name, value, time, detail]), [['loss{a="x",b=1}', 'NaN', '7', { unit: 's' }]]);
    assert.deepEqual(all('span').map((event) => event.span), [span]);
    assert.deepEqual(all('log').map(({ log }) => log.body), ['said']);
    assert.deepEqual(all('dataset').map(({ dataset }) => dataset.name), ['d']);
    assert.deepEqual(all('artifact').map(({ name, mediaType, size }) => [name, mediaType, size]), [['a.bin', 'x/y', 5]]);
    assert.equal(events.at(-1)?.type, 'attempt-ended');
    assert.equal(existsSync(file), false, 'what was handed over is removed');
  });

  it('need not be there for a task to run', async () => {
    const { ended, outputOf } = await finish(sh('echo ran', { context: { openChannel: () => Promise.reject(new Error('no port')) } }));
    assert.equal(ended.outcome, 'success');
    assert.equal(outputOf('stdout'), 'ran\n');
    assert.match(outputOf('stderr'), /runweave: there is no collector for OpenTelemetry and MLflow: no port/);
  });
});

describe('outcomes', { timeout: 300_000 }, () => {
  it('success: exit 0', async () => {
    const { ended, events, all } = await finish(sh('exit 0'));
    assert.deepEqual(ended, { outcome: 'success', returns: {}, observed: { modules: [], read: [], stamps: {}, written: [], packages: {}, lookups: {}, listed: {} } });
    assert.deepEqual(
      events.map((event) => event.type),
      ['attempt-started', 'attempt-ended'],
    );
    const [first] = all('attempt-started');
    assert.ok(first !== undefined && first.pid > 0);
    assert.deepEqual({ ...first, pid: 1, time: '' }, { type: 'attempt-started', task: 'task', attempt: 1, time: '', spanId: 'b7ad6b7169203331', cause: 'first', command: ['/bin/sh', '-c', 'exit 0'], cwd: '.', pid: 1 });
    assert.equal(all('attempt-ended')[0]?.exitCode, 0);
  });

  it('failure: another exit code, with the end of what it said', async () => {
    const { ended, all } = await finish(sh('echo fine; echo "no such column" >&2; exit 3'));
    assert.equal(ended.outcome, 'failure');
    assert.deepEqual(ended.failure, { type: 'exit-code', message: 'exited with code 3', stacktrace: 'no such column\n' });
    assert.equal(all('attempt-ended')[0]?.exitCode, 3);
  });

  it('failure: a signal', async () => {
    const { ended, all } = await finish(sh('kill -SEGV $$'));
    assert.equal(ended.outcome, 'failure');
    assert.deepEqual(ended.failure, { type: 'signal', message: 'ended by SIGSEGV' });
    assert.equal(all('attempt-ended')[0]?.signal, 'SIGSEGV');
  });

  it('failure: an exception that the task reported says it best', async () => {
    const { ended } = await finish(sh(`echo '{"type":"exception","exceptionType":"KeyError","message":"x","stacktrace":"trace","frames":[{"file":"lib/a.py","line":2,"function":"f"},{"file":"${folder}/b.py","line":3}]}' >> "$RUNWEAVE_LOG"; exit 1`));
    assert.deepEqual(ended.failure, {
      type: 'KeyError',
      message: 'x',
      stacktrace: 'trace',
      frames: [
        { file: 'lib/a.py', line: 2, function: 'f' },
        { file: 'b.py', line: 3, function: '' },
      ],
    });
  });

  it('success: an exception that was reported by a task that ended well is no failure', async () => {
    const { ended } = await finish(sh(`echo '{"type":"exception","exceptionType":"KeyError"}' >> "$RUNWEAVE_LOG"`));
    assert.equal(ended.outcome, 'success');
    assert.equal(ended.failure, undefined);
  });

  it('error: no program, no folder, no right', async () => {
    writeFileSync(path.join(folder, 'plain'), '', { mode: 0o644 });
    const table: readonly (readonly [Started, RegExp])[] = [
      [start(['no-such-program']), /does not exist/],
      [start([path.join(folder, 'plain')]), /may not be executed/],
      [sh('true', { task: { cwd: 'missing' } }), /missing does not exist/],
    ];
    for (const [started, message] of table) {
      const { ended, all } = await finish(started);
      assert.equal(ended.outcome, 'error');
      assert.equal(ended.failure?.type, 'start-failed');
      assert.match(ended.failure.message, message);
      assert.equal(all('attempt-started')[0]?.pid, 0);
      assert.equal(all('attempt-ended').length, 1);
    }
  });

  it('error: its scratch folder cannot be made', async () => {
    const blocked = path.join(folder, 'blocked');
    writeFileSync(blocked, '');
    const { ended, events } = await finish(sh('true', { request: { scratch: path.join(blocked, '1') } }));
    assert.equal(ended.failure?.type, 'start-failed');
    assert.deepEqual(
      events.map((event) => event.type),
      ['attempt-started', 'attempt-ended'],
    );
  });

  // Their time is up when the test says so, not before they have begun.
  it('success: it had ended by itself when it was asked to stop', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let end: (end: ProcessEnd) => void = () => undefined;
    const started = start(['x'], {
      task: { timeout: 200 },
      context: {
        backend: {
          start: () => ({
            pid: 1,
            ended: new Promise((resolve) => (end = resolve)),
            stop: () => {
              end({ type: 'exit', code: 0, byItself: true });
              return true;
            },
          }),
        },
      },
    });
    await started.until(() => started.all('attempt-started').length > 0);
    t.mock.timers.tick(200);
    assert.equal((await finish(started)).ended.outcome, 'success');
  });

  it('success: its end was not heard of yet when its time was up', async () => {
    const started = start(['/bin/sh', '-c', 'true'], { task: { timeout: 100 } });
    await started.until(() => started.all('attempt-started').length > 0);
    // This process has no time, as when it decides about thousands of tasks.
    spawnSync('sh', ['-c', `until ps -o stat= -p ${started.all('attempt-started')[0]?.pid} | grep -q Z; do sleep 0.01; done; sleep 0.2`]);
    assert.equal((await finish(started)).ended.outcome, 'success');
  });

  it('timeout: the whole tree is ended', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const started = sh('sleep 60 & echo $! > child.tmp; mv child.tmp child; wait', { task: { timeout: 200 } });
    await untilThere(path.join(folder, 'child'));
    const child = Number(readFileSync(path.join(folder, 'child'), 'utf8'));
    t.mock.timers.tick(200);
    const { ended, all } = await finish(started);
    assert.deepEqual({ outcome: ended.outcome, failure: ended.failure }, { outcome: 'timeout', failure: { type: 'timeout', message: 'took longer than its timeout of 0.2 s' } });
    assert.equal(all('attempt-ended')[0]?.signal, 'SIGTERM');
    await untilGone(child);
  });

  it('timeout: also when the task answers the signal with exit 0', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const started = sh('trap "exit 0" TERM; echo > answers; while :; do sleep 0.02; done', { task: { timeout: 300 } });
    await untilThere(path.join(folder, 'answers'));
    t.mock.timers.tick(300);
    const { ended, all } = await finish(started);
    assert.equal(ended.outcome, 'timeout');
    assert.equal(all('attempt-ended')[0]?.exitCode, 0);
  });

  it('cancellation: a child of a child ends too', async () => {
    const started = sh("sh -c 'sleep 60 & echo \"deep $!\"; wait' & wait");
    const deep = Number(await started.untilOutput(/deep (\d+)\n/));
    started.abort.abort();
    const { ended } = await finish(started);
    assert.equal(ended.outcome, 'cancellation');
    assert.equal(ended.failure, undefined);
    await untilGone(deep);
  });

  it('cancellation: before it began', async () => {
    const abort = new AbortController();
    abort.abort();
    const { ended } = await finish(sh('sleep 60', { request: { signal: abort.signal } }));
    assert.equal(ended.outcome, 'cancellation');
  });

  it('success: a cancellation that comes when the process has ended already changes nothing', async () => {
    // It left its group and holds the pipe: the process has ended, its output not.
    const started = start([process.execPath, '-e', 'const c = require("child_process").spawn("sleep", ["60"], { detached: true, stdio: "inherit" }); console.log(`daemon ${c.pid}`); c.unref()']);
    const daemon = Number(await started.untilOutput(/daemon (\d+)\n/));
    try {
      const pid = started.all('attempt-started')[0]?.pid ?? 0;
      await untilReaped(pid);
      started.abort.abort();
      assert.equal((await started.result).outcome, 'success');
    } finally {
      process.kill(daemon, 'SIGKILL');
    }
  });
});

describe('a line that is too long', { timeout: 300_000 }, () => {
  it('is not taken for a short one, and its length is told', async () => {
    const { ended, all, outputOf } = await finish(sh('{ printf "return n="; head -c 40000000 /dev/zero | tr "\\0" 1; echo; echo return m=1; } >> "$RUNWEAVE_LOG"'));
    assert.equal(ended.outcome, 'success');
    assert.deepEqual(all('return').map(({ name, value }) => [name, value]), [['m', 1]]);
    assert.match(outputOf('stderr'), /^runweave: a line of RUNWEAVE_LOG was not understood \(it has 40000009 characters, and only lines of up to 33554432 \(32 MiB\) are read: .*\): return n=1{191}…\n$/);
  });
});

describe('the file with its params', { timeout: 300_000 }, () => {
  it('is written the next time, when there was no room for it', async () => {
    const params = { lr: 0.1 };
    const file = path.join(path.dirname(scratch), `params-${digestOf(JSON.stringify(params)).slice('sha256:'.length).slice(0, 32)}.json`);
    mkdirSync(path.dirname(file), { recursive: true });
    // Writing to it fails as on a full disk.
    symlinkSync('/dev/full', `${file}.tmp`);
    const first = await finish(sh('true', { request: { params } }));
    assert.equal(first.ended.outcome, 'error');
    assert.match(first.ended.failure?.message ?? '', /^ENOSPC/);
    const next = await finish(sh('cat $RUNWEAVE_PARAMS', { request: { params } }));
    assert.deepEqual([next.ended.outcome, next.outputOf('stdout')], ['success', '{"lr":0.1}']);
  });

  it('has what the environment has no room for, and a shell task is told', async () => {
    const params = { rows: Array.from({ length: 40_000 }, (_, index) => index), text: 'a\0b', n: 1 };
    const { ended, outputOf } = await finish(sh('echo "$RUNWEAVE_PARAM_N ${RUNWEAVE_PARAM_ROWS-none} ${RUNWEAVE_PARAM_TEXT-none}"; wc -c < "$RUNWEAVE_PARAMS"', { request: { params } }));
    assert.deepEqual([ended.outcome, outputOf('stdout')], ['success', `1 none none\n${Buffer.byteLength(JSON.stringify(params))}\n`]);
    assert.match(outputOf('stderr'), /^runweave: there is no RUNWEAVE_PARAM_ROWS: .*\$RUNWEAVE_PARAMS names\nrunweave: there is no RUNWEAVE_PARAM_TEXT: .*\n$/);
  });
});

describe('output', { timeout: 300_000 }, () => {
  it('is told in order, in pieces', async () => {
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index + 1}\n`);
    const backend = fakeBackend(({ onOutput }) => {
      for (const line of lines) onOutput('stdout', line);
    });
    const { all, outputOf } = await finish(start(['x'], { context: { backend } }));
    assert.equal(outputOf('stdout'), lines.join(''));
    assert.ok(all('output').length < 50, `${all('output').length} events`);
  });

  it('keeps the order of the two streams', async () => {
    const write: ((stream: 'stdout' | 'stderr', text: string) => void)[] = [];
    const { all } = await finish(
      start(['x'], {
        context: {
          backend: fakeBackend((request) => {
            write.push(request.onOutput);
            for (const text of ['a', 'b']) request.onOutput('stdout', text);
            request.onOutput('stderr', 'c');
            request.onOutput('stdout', 'd');
          }),
        },
      }),
    );
    assert.deepEqual(
      all('output').map(({ stream, text }) => `${stream} ${text}`),
      ['stdout ab', 'stderr c', 'stdout d'],
    );
  });

  it('is cut between lines, so that a secret stays in one piece', async () => {
    const line = `${'x'.repeat(99)}\n`;
    const whole = line.repeat(2000);
    const { all, outputOf } = await finish(
      start(['x'], {
        context: {
          backend: fakeBackend((request) => {
            for (let at = 0; at < whole.length; at += 4096) request.onOutput('stderr', whole.slice(at, at + 4096));
          }),
        },
      }),
    );
    assert.equal(outputOf('stderr'), whole);
    assert.ok(all('output').length > 1);
    for (const { text } of all('output')) assert.ok(text.endsWith('\n'));
  });

  it('of one endless line is told all the same', async () => {
    const { outputOf, ended } = await finish(sh('head -c 300000 /dev/zero | tr "\\0" x; printf "%s" "$(head -c 3000 /dev/zero | tr "\\0" y)" >&2; exit 1'));
    assert.equal(outputOf('stdout'), 'x'.repeat(300_000));
    assert.equal(outputOf('stderr'), 'y'.repeat(3000));
    assert.equal(ended.failure?.stacktrace, 'y'.repeat(2000));
  });

  it('comes before the end', async () => {
    const { events } = await finish(sh('printf last'));
    assert.deepEqual(
      events.map((event) => event.type),
      ['attempt-started', 'output', 'attempt-ended'],
    );
  });
});

describe('what a task reports', { timeout: 300_000 }, () => {
  it('is read while it runs', async () => {
    const go = path.join(folder, 'read-go');
    const started = sh('echo "metric loss=0.5 1" >> "$RUNWEAVE_LOG"; until [ -e read-go ]; do sleep 0.01; done; echo "metric loss=0.25 2" >> "$RUNWEAVE_LOG"');
    await started.until(() => started.all('metric').length === 1);
    assert.equal(started.all('attempt-ended').length, 0);
    writeFileSync(go, '');
    const { all } = await finish(started);
    assert.deepEqual(
      all('metric').map(({ name, value, step }) => [name, value, step]),
      [
        ['loss', 0.5, 1],
        ['loss', 0.25, 2],
      ],
    );
  });

  it('is read in lines, however it is torn', async () => {
    const started = sh('printf "metric lo" >> "$RUNWEAVE_LOG"; echo torn; until [ -e torn-go ]; do sleep 0.01; done; printf "ss=1\\nreturn n=\\"\\342\\202" >> "$RUNWEAVE_LOG"; printf "\\254\\"" >> "$RUNWEAVE_LOG"');
    await started.untilOutput(/torn/);
    writeFileSync(path.join(folder, 'torn-go'), '');
    const { all, ended, outputOf } = await finish(started);
    assert.deepEqual(
      all('metric').map(({ name, value }) => [name, value]),
      [['loss', 1]],
    );
    assert.deepEqual(ended.returns, { n: '€' }, 'a last line without its end counts');
    assert.equal(outputOf('stderr'), '');
  });

  it('has every kind of line', async () => {
    const { all, ended } = await finish(sh('{ echo "param rate=0.1"; echo "tag stage=test"; echo "return n=1"; echo "return n=[2]"; echo \'{"type":"cell","index":0,"status":"running","label":"[1]","start":"5"}\'; echo \'{"type":"metric","name":"a","value":"NaN","time":"7"}\'; } >> "$RUNWEAVE_LOG"'));
    assert.deepEqual(all('param').map(({ name, value }) => [name, value]), [['rate', 0.1]]);
    assert.deepEqual(all('tag').map(({ name, value }) => [name, value]), [['stage', 'test']]);
    assert.deepEqual(all('cell').map(({ index, status }) => [index, status]), [[0, 'running']]);
    assert.deepEqual(all('metric').map(({ value, time }) => [value, time]), [['NaN', '7']]);
    assert.deepEqual(ended.returns, { n: [2] }, 'the last value counts');
  });

  it('is warned of when it is not understood, and the rest counts', async () => {
    const { all, ended, outputOf } = await finish(sh('{ echo "metrics loss=1"; echo "{broken"; echo "metric loss=1"; } >> "$RUNWEAVE_LOG"'));
    assert.equal(ended.outcome, 'success');
    assert.equal(all('metric').length, 1);
    assert.match(outputOf('stderr'), /^runweave: a line of RUNWEAVE_LOG was not understood \(.*\): metrics loss=1\nrunweave: .*not valid JSON\): \{broken\n$/);
  });

  it('does not keep the executor from its other work, however fast it comes', async () => {
    const started = sh('yes metric a=1 | head -n 50000 >> "$RUNWEAVE_LOG"; sleep 60');
    await started.until(() => started.all('metric').length > 0);
    await new Promise((resolve) => setTimeout(resolve));
    started.abort.abort();
    assert.equal((await started.result).outcome, 'cancellation');
  });

  it('stores artifacts in the order in which they came, from the working directory', async () => {
    mkdirSync(path.join(folder, 'sub'), { recursive: true });
    const { all, outputOf } = await finish(sh('echo one > a.txt; echo two > "$(dirname "$RUNWEAVE_LOG")/b.txt"; { echo "artifact a.txt"; echo "artifact missing.txt"; echo "{\\"type\\":\\"artifact\\",\\"path\\":\\"$(dirname "$RUNWEAVE_LOG")/b.txt\\",\\"name\\":\\"b\\",\\"mediaType\\":\\"x/y\\"}"; } >> "$RUNWEAVE_LOG"', { task: { cwd: 'sub' } }));
    assert.deepEqual(
      all('artifact').map(({ name, mediaType, digest }) => [name, mediaType, digest]),
      [
        ['a.txt', 'text/plain', digestOf('one\n')],
        ['b', 'x/y', digestOf('two\n')],
      ],
    );
    assert.match(outputOf('stderr'), /artifact missing\.txt could not be recorded: ENOENT/);
  });

  it('has its last word: artifacts are stored before the attempt has ended', async () => {
    let release: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => (release = resolve));
    const started = sh('echo "artifact x" >> "$RUNWEAVE_LOG"', {
      context: {
        storeArtifact: async (_file, name) => {
          release();
          await new Promise((resolve) => setImmediate(resolve));
          return { name, mediaType: 'x/y', size: 0, digest: digestOf(''), content: { type: 'reference' } };
        },
      },
    });
    await stored;
    const { events } = await finish(started);
    assert.deepEqual(
      events.map((event) => event.type),
      ['attempt-started', 'artifact', 'attempt-ended'],
    );
  });
});

describe('a Python task', { timeout: 300_000 }, () => {
  it('has its params, and is observed', async () => {
    writeFileSync(path.join(folder, 'lib.py'), 'import runweave\n\ndef use():\n    runweave.log_metric("m", runweave.params["n"] * 2)\n    runweave.returns(total=3)\n');
    writeFileSync(path.join(folder, 'data.txt'), 'data');
    writeFileSync(path.join(folder, 'task.py'), 'import lib\nlib.use()\nprint(open("data.txt").read())\nopen("made.txt", "w").write("x")\n');
    const { ended, all, outputOf } = await finish(start(['python3', path.join(pythonPath, 'runweave_task.py'), 'script', path.join(folder, 'task.py')], { task: { source: { kind: 'python', script: 'task.py' } }, request: { params: { n: 21 } } }));
    assert.equal(outputOf('stdout'), 'data\n', outputOf('stderr'));
    assert.equal(ended.outcome, 'success');
    assert.deepEqual(ended.returns, { total: 3 });
    const { lookups, stamps, ...used } = ended.observed;
    assert.deepEqual(stamps, Object.fromEntries(['lib.py', 'task.py', 'data.txt'].map((name) => [name, fileStamp(path.join(folder, name))])), 'as Node reads them');
    assert.deepEqual(used, { modules: ['lib.py', 'task.py'], read: ['data.txt'], written: ['made.txt'], packages: {}, listed: {} });
    assert.match(lookups['.'] ?? '', /(^| )lib( |$)/);
    assert.equal(all('observed').length, 1, 'lines of many processes are one event');
    assert.deepEqual(
      all('metric').map(({ name, value }) => [name, value]),
      [['m', 42]],
    );
  });

  it('that raises tells the exception and where', async () => {
    writeFileSync(path.join(folder, 'bad.py'), 'def f():\n    raise ValueError("no")\nf()\n');
    const { ended } = await finish(start(['python3', path.join(pythonPath, 'runweave_task.py'), 'script', path.join(folder, 'bad.py')]));
    assert.equal(ended.outcome, 'failure');
    assert.equal(ended.failure?.type, 'ValueError');
    assert.equal(ended.failure.message, 'no');
    const last = ended.failure.frames?.at(-1);
    assert.deepEqual([last?.file, last?.line, last?.function], ['bad.py', 2, 'f']);
  });
});

/** A process that writes what it is told to and ends well. */
function fakeBackend(write: (request: ProcessRequest) => void): Backend {
  return {
    start: (request) => ({
      pid: 1,
      stop: () => false,
      ended: Promise.resolve().then(() => {
        write(request);
        return { type: 'exit', code: 0 };
      }),
    }),
  };
}

describe('checks', { timeout: 300_000 }, () => {
  const condition = (text: string) => parseCondition(text) ?? assert.fail(text);

  it('run commands before and after the task, in its environment, and look at what was reported', async () => {
    const checks = [condition('loss.max < 3'), { type: 'after', command: 'echo "after $RUNWEAVE_TASK"' }, condition('rows == 2'), { type: 'before', command: 'echo before' }] as const;
    const { ended, outputOf, all } = await finish(sh('echo task; echo "metric loss=2" >> "$RUNWEAVE_LOG"; echo "return rows=2" >> "$RUNWEAVE_LOG"', { task: { checks } }));
    assert.equal(ended.outcome, 'success');
    assert.match(outputOf('stdout'), /^before\ntask\nafter \S+\n$/);
    assert.deepEqual(all('checked').map(({ checks: told }) => told.map(({ check, outcome }) => `${check}: ${outcome}`)), [['echo before: success', 'echo "after $RUNWEAVE_TASK": success', 'loss.max < 3: success', 'rows == 2: success']]);
    assert.equal(all('attempt-started').length, 1);
  });

  it('fail the task, and say what was found', async () => {
    const { ended, all } = await finish(sh('echo "metric auc=0.9" >> "$RUNWEAVE_LOG"', { task: { checks: [condition('auc >= 0.95'), condition('rows > 0')] } }));
    assert.equal(ended.outcome, 'failure');
    assert.deepEqual(ended.failure, { type: 'check-failed', message: '2 checks failed: auc >= 0.95: it is 0.9; rows > 0: rows was not reported' });
    assert.deepEqual(all('attempt-ended').map(({ outcome }) => outcome), ['failure']);
  });

  it('keep the task from starting when a command before it fails', async () => {
    const { ended, outputOf } = await finish(sh('echo task', { task: { checks: [{ type: 'before', command: 'echo no >&2; exit 3' }, condition('auc > 0')] } }));
    assert.deepEqual(ended.failure, { type: 'check-failed', message: 'a check failed: the command before the task exited with code 3: echo no >&2; exit 3', stacktrace: 'no\n' });
    assert.equal(outputOf('stdout'), '');
  });

  it('are not looked at when the task itself failed', async () => {
    const { ended, all } = await finish(sh('exit 4', { task: { checks: [condition('auc > 0'), { type: 'after', command: 'true' }] } }));
    assert.equal(ended.failure?.type, 'exit-code');
    assert.deepEqual(all('checked'), []);
  });

  it('share the timeout of the task, and end with it', async () => {
    const { ended } = await finish(sh('true', { task: { checks: [{ type: 'after', command: 'sleep 60' }], timeout: 300 } }));
    assert.equal(ended.outcome, 'timeout');
    const cancelled = sh('true', { task: { checks: [{ type: 'after', command: 'echo late; sleep 60' }] } });
    await cancelled.untilOutput(/late/);
    cancelled.abort.abort();
    assert.equal((await cancelled.result).outcome, 'cancellation');
  });
});
