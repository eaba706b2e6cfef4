/** Runs pushed over OTLP/HTTP, when asked for and after each run, into a receiver that knows the official definition alone. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ensurePython } from '../../.ci/setup/python.mjs';
import { spansOf } from '../../src/model/otlp-json.ts';
import { cliFile, project, runCli, type Finished } from './cli-process.ts';
import { exportWorld, type ExportWorld } from './export-world.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly size: number;
  readonly answer: string;
  readonly services: readonly string[];
  readonly spans: readonly { readonly id: string; readonly trace: string; readonly name: string; readonly start: string; readonly events: number; readonly attributes: readonly unknown[] }[];
}

interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
}

const receivers: ChildProcess[] = [];
after(() => {
  for (const receiver of receivers) receiver.kill('SIGKILL');
});

let python = '';

async function receiver(...answers: readonly string[]): Promise<Receiver> {
  const child = spawn(python, [path.join(root, 'test/fixtures/otel/receiver.py'), ...answers], { stdio: ['ignore', 'pipe', 'inherit'] });
  receivers.push(child);
  const received: Received[] = [];
  return new Promise((resolve, reject) => {
    let text = '';
    child.on('exit', (code) => reject(new Error(`the receiver ended with ${String(code)}`)));
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const line = JSON.parse(text.slice(0, end)) as Received | { readonly port: number };
        text = text.slice(end + 1);
        if ('port' in line) resolve({ url: `http://127.0.0.1:${line.port}`, received });
        else received.push(line);
      }
    });
  });
}

const ids = (received: readonly Received[]): readonly string[] => received.filter(({ answer }) => answer === 'ok' || answer === 'partial').flatMap(({ spans }) => spans.map(({ id, trace, name, start }) => `${trace}/${id}/${start}/${name}`)).sort();

/** What a record holds, in the same words. */
function idsOfRecord(cwd: string): readonly string[] {
  const runs = path.join(cwd, '.runweave/runs');
  const lines = readFileSync(path.join(runs, readdirSync(runs).sort().at(-1) ?? ''), 'utf8').split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => [...spansOf(JSON.parse(line))]).map(({ traceId, spanId, start, name }) => `${traceId}/${spanId}/${start}/${name}`).sort();
}

before(async () => {
  const environment = await ensurePython(path.join(root, 'test/python/requirements-test.txt'), root);
  if ('problem' in environment) throw new Error(environment.problem);
  ({ python } = environment);
});

describe('export --to otlp-http', () => {
  let world: ExportWorld;
  before(async () => (world = await exportWorld()));
  const push = (url: string, environment: Readonly<Record<string, string>> = {}): Promise<Finished> => runCli(['export', 'latest', '--to', 'otlp-http', '-o', url], { cwd: world.cwd, environment });

  for (const protocol of ['http/protobuf', 'http/json'] as const) {
    for (const compression of ['none', 'gzip'] as const) {
      it(`sends all spans with ${protocol} and compression ${compression}`, async () => {
        const { url, received } = await receiver();
        const { code, stderr } = await push(url, { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_COMPRESSION: compression, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x' });
        assert.equal(code, 0, stderr);
        assert.deepEqual(ids(received), idsOfRecord(world.cwd));
        assert.deepEqual([...new Set(received.map(({ path: to, headers }) => `${to} ${headers['authorization'] ?? ''} ${headers['content-encoding'] ?? 'none'}`))], [`/v1/traces Bearer x ${compression}`]);
        assert.deepEqual(received[0]?.services, ['runweave']);
        assert.ok(received.some(({ spans }) => spans.some(({ events, attributes }) => events > 5 && attributes.length > 5)), 'events and attributes arrive');
      });
    }
  }

  it('tries again when the collector is busy, and tells what it rejected', async () => {
    const { url, received } = await receiver('503:0', '429:0', 'partial', 'ok');
    const { code, stderr } = await push(url);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /note: \S+: the collector rejected 1 of \d+ spans\n.*the collector says: one was too old/);
    assert.deepEqual(received.slice(0, 3).map(({ answer }) => answer), ['503:0', '429:0', 'partial']);
    assert.deepEqual(ids(received), idsOfRecord(world.cwd));
  });

  for (const protocol of ['http/protobuf', 'http/json']) {
    it(`says what the collector refuses, with ${protocol}`, async () => {
      const { url } = await receiver('refuse');
      const { code, stderr } = await push(url, { OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
      assert.equal(code, 2);
      assert.match(stderr, /^error: http:\/\/127\.0\.0\.1:\d+\/v1\/traces answered 400: not like this\n$/);
    });
  }

  it('takes the endpoint from the environment, and asks for one where there is none', async () => {
    const { url, received } = await receiver();
    const { code } = await runCli(['export', 'latest', '--to', 'otlp-http'], { cwd: world.cwd, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    assert.deepEqual([code, ids(received)], [0, idsOfRecord(world.cwd)]);
    assert.match((await runCli(['export', 'latest', '--to', 'otlp-http'], { cwd: world.cwd, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } })).stderr, /name a collector with --output/);
  });
});

describe('a run, where the environment names a collector', () => {
  const pipeline = { 'runweave.yaml': 'name: pushed\ntasks:\n  a: {shell: "echo a"}\n' };

  it('is pushed when it has ended, also where there was nothing to do', async () => {
    const cwd = await project(pipeline);
    const { url, received } = await receiver();
    const run = (): Promise<Finished> => runCli(['run'], { cwd, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    assert.equal((await run()).code, 0);
    const first = idsOfRecord(cwd);
    assert.deepEqual(ids(received), first);
    assert.equal((await run()).code, 0);
    assert.deepEqual(ids(received), [...first, ...idsOfRecord(cwd)].sort());
  });

  it('does not fail and does not wait when that does not answer', async () => {
    const cwd = await project(pipeline);
    const { url } = await receiver('never');
    const { code, stdout, stderr } = await runCli(['run'], { cwd, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TIMEOUT: '300' } });
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /the run was not pushed: http:\/\/127\.0\.0\.1:\d+ took longer than 0\.3 s\. Its record is kept/);
    assert.ok(idsOfRecord(cwd).length > 0);
    const told = await runCli(['run', '--json'], { cwd, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'nowhere' } });
    assert.equal(told.code, 0);
    assert.match(told.stdout, /^\{"type":"notice","message":"the run was not pushed: OTEL_EXPORTER_OTLP_ENDPOINT is no URL: nowhere"\}$/m);
  });

  it('inside of a task of another run is not pushed into that one, nor past it', async () => {
    const cwd = await project({ 'runweave.yaml': `name: outer\ntasks:\n  inner: {shell: '"${process.execPath}" "${cliFile}" run --file inner/runweave.yaml'}\n`, 'inner/runweave.yaml': 'name: inner\ntasks:\n  b: {shell: "echo b"}\n' });
    const { url, received } = await receiver();
    const { code, stdout, stderr } = await runCli(['run'], { cwd, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(ids(received), idsOfRecord(cwd));
    assert.ok(!ids(received).some((id) => id.includes('inner/')) && idsOfRecord(path.join(cwd, 'inner')).length > 0);
    assert.equal(received.flatMap(({ spans }) => spans).filter(({ name }) => name.startsWith('RUN ')).length, 1);
  });
});
