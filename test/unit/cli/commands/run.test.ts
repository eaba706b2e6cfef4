import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { main } from '../../../../src/cli/main.ts';
import type { Diagnostic } from '../../../../src/model/diagnostic.ts';
import type { LoadedGraph, ProblemCode, RunResult } from '../../../../src/protocol/session.ts';
import { createFakeHost, createFakeSession, deferred, type FakeHost, type FakeSession } from '../fake-host.ts';
import { runId, sampleEvents } from '../sample-run.ts';

let cwd = '';
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'runweave-cli-'));
  await writeFile(join(cwd, 'runweave.yaml'), 'need: 1\n');
});
after(() => rm(cwd, { recursive: true }));

const result: RunResult = { runId, outcome: 'failure', record: '/p/.runweave/runs/x.otlp.jsonl' };
const cancelled: RunResult = { ...result, outcome: 'cancellation' };

/** Starts `runweave ARGS` over a fake session that loaded `diagnostics`. */
function start(args: readonly string[], diagnostics: readonly Diagnostic[] = []): { readonly host: FakeHost; readonly session: Promise<FakeSession>; readonly exit: Promise<number> } {
  const opened = deferred<FakeSession>();
  const graph: LoadedGraph = { name: 'digits', file: join(cwd, 'runweave.yaml'), folder: cwd, tasks: [], diagnostics };
  const host = createFakeHost({
    cwd,
    openSession(options, listener) {
      const session = createFakeSession(options, listener, graph, cancelled);
      opened.resolve(session);
      listener({ type: 'graph', graph });
      return Promise.resolve(session);
    },
  });
  return { host, session: opened.promise, exit: main(args, host) };
}

describe('run', () => {
  it('hands its options on', async () => {
    const { session, exit } = start(['run', 'a', 'b', '--set', 'x.y=1', '-j', '3', '--on-failure', 'continue']);
    const { options, asked, finish } = await session;
    assert.deepEqual(JSON.parse(JSON.stringify(options)), { file: join(cwd, 'runweave.yaml'), set: { 'x.y': 1 }, jobs: 3, onFailure: 'continue' });
    assert.deepEqual(await asked, ['a', 'b']);
    finish({ ...result, outcome: 'success' });
    assert.equal(await exit, 0);
  });

  const exits: readonly (readonly [RunResult['outcome'], number])[] = [
    ['success', 0],
    ['skip', 0],
    ['failure', 1],
    ['timeout', 1],
    ['error', 1],
    ['cancellation', 1],
  ];
  for (const [outcome, code] of exits) {
    it(`${outcome} exits with ${code}`, async () => {
      const { session, exit } = start(['run']);
      (await session).finish({ ...result, outcome });
      assert.equal(await exit, code);
      assert.equal((await session).closed(), true);
    });
  }

  const problems: readonly (readonly [ProblemCode, number])[] = [
    ['locked', 3],
    ['bad-pipeline', 2],
    ['unknown-task', 2],
    ['no-interpreter', 1],
    ['storage', 1],
  ];
  for (const [code, exitCode] of problems) {
    it(`${code} exits with ${exitCode}`, async () => {
      const { host, session, exit } = start(['run']);
      (await session).finish({ type: 'problem', code, message: 'so it is' });
      assert.equal(await exit, exitCode);
      assert.equal(host.err(), 'error: so it is\n');
    });
  }

  it('prints one event a line and the sealed record with --json', async () => {
    const { host, session, exit } = start(['run', '--json']);
    const { say, finish } = await session;
    say({ type: 'interpreter', interpreter: { path: '/usr/bin/python3', version: 'CPython 3.11.7', origin: 'python3 on PATH' } });
    for (const event of sampleEvents) say({ type: 'event', event });
    say({ type: 'sealed', result });
    finish(result);
    assert.equal(await exit, 1);
    assert.deepEqual(host.out().trimEnd().split('\n').map((line) => JSON.parse(line) as unknown), [...sampleEvents, { type: 'sealed', result }]);
    assert.equal(host.err(), '');
  });

  it('ends the tasks at the first interrupt, and says so again at the second', async () => {
    const { host, session, exit } = start(['run']);
    await (await session).asked;
    host.interrupt();
    host.interrupt();
    assert.equal(await exit, 130);
    assert.match(host.out(), /^ending the tasks and sealing the record…\nstill ending the tasks/);
    assert.equal(host.listening(), false);
  });

  const mistake: Diagnostic = {
    code: 'unknown-key',
    severity: 'error',
    message: 'unknown key "need"',
    file: '',
    range: { start: { line: 0, character: 0 }, end: { line: 0, character: 4 } },
  };

  it('says every mistake of the pipeline file once, and runs nothing', async () => {
    const diagnostics = [{ ...mistake, file: join(cwd, 'runweave.yaml') }];
    const { host, session, exit } = start(['run'], diagnostics);
    assert.equal(await exit, 2);
    assert.equal(host.err(), 'runweave.yaml:1:1: error: unknown key "need"\n1 error in runweave.yaml\n');
    assert.equal((await session).closed(), true);
    const json = start(['run', '--json'], diagnostics);
    assert.equal(await json.exit, 2);
    assert.deepEqual(JSON.parse(json.host.out()), { type: 'diagnostics', diagnostics });
  });

  it('runs in spite of a warning', async () => {
    const { host, session, exit } = start(['run'], [{ ...mistake, severity: 'warning', file: join(cwd, 'runweave.yaml') }]);
    (await session).finish({ ...result, outcome: 'success' });
    assert.equal(await exit, 0);
    assert.match(host.err(), /^runweave\.yaml:1:1: warning: /);
  });
});

describe('watch', () => {
  it('goes on until it is interrupted', async () => {
    const { host, session, exit } = start(['watch', 'a']);
    const { asked, say } = await session;
    assert.deepEqual(await asked, ['a']);
    say({ type: 'status', watching: true, running: false });
    say({ type: 'status', watching: true, running: true });
    for (const event of sampleEvents) say({ type: 'event', event });
    say({ type: 'sealed', result });
    say({ type: 'status', watching: true, running: false });
    host.interrupt();
    assert.equal(await exit, 130);
    const lines = host.out().split('\n');
    assert.equal(lines[0], 'watching; Ctrl+C ends it');
    assert.match(host.out(), /\nFailed: 1 succeeded.*\nwaiting for changes\nending the watch…\n$/);
  });
});

describe('mistakes on the command line', () => {
  it('are said with the way to help', async () => {
    const host = createFakeHost();
    assert.equal(await main(['run', '--forc'], host), 2);
    assert.equal(host.err(), 'error: unknown option --forc (did you mean --force?)\nusage: runweave run [TASK…] [OPTIONS]\nmore: runweave run --help\n');
    assert.equal(host.out(), '');
  });

  it('are JSON with --json', async () => {
    const host = createFakeHost();
    assert.equal(await main(['rnu', '--json'], host), 2);
    assert.deepEqual(JSON.parse(host.out()), { type: 'problem', code: 'usage', message: 'unknown command rnu (did you mean run?)' });
    assert.equal(host.err(), '');
  });

  it('a folder without a pipeline says how to start one', async () => {
    const host = createFakeHost({ cwd: '/' });
    assert.equal(await main(['run'], host), 2);
    assert.match(host.err(), /^error: there is no runweave\.yaml here or in a folder above\. Start a pipeline with: runweave init\n$/);
  });
});

describe('a bug of ours', () => {
  it('is one line, and where only when asked', async () => {
    for (const debug of [false, true]) {
      const host = createFakeHost({ cwd, openSession: () => Promise.reject(new TypeError('x is not a function')), environment: debug ? { RUNWEAVE_DEBUG: '1' } : {} });
      assert.equal(await main(['run'], host), 1);
      assert.match(host.err(), /^internal error: x is not a function\nthis is a bug in Runweave; RUNWEAVE_DEBUG=1 shows where\n/);
      assert.equal(host.err().includes('    at '), debug);
    }
  });
});
