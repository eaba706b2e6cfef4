/** What `--to mlflow` writes, into a file store and into a tracking server, as MLflow's own clients find it; and back by `import`. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ensurePython } from '../../.ci/setup/python.mjs';
import type { RunState, TaskState } from '../../src/model/run-state.ts';
import { runCli } from './cli-process.ts';
import { exportWorld, importedElsewhere, metricPoints, stateOf, type ExportWorld } from './export-world.ts';

const fixtures = path.resolve(import.meta.dirname, '../fixtures/mlflow');

async function pythonOf(generation: '2.x' | '3.x' | 'server'): Promise<string> {
  const environment = await ensurePython(path.join(fixtures, generation, 'requirements.txt'));
  if ('problem' in environment) throw new Error(environment.problem);
  return environment.python;
}

interface FoundRun {
  readonly experiment: string;
  readonly parent: string | null;
  readonly status: string;
  readonly start: number;
  readonly end: number;
  readonly params: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, readonly (readonly [number, number | string, number])[]>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly artifacts: Readonly<Record<string, string>>;
}
type Found = Readonly<Record<string, FoundRun>>;

async function foundBy(generation: '2.x' | '3.x' | 'server', uri: string): Promise<Found> {
  const { status, stdout, stderr } = spawnSync(await pythonOf(generation), [path.join(fixtures, 'exported.py')], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, MLFLOW_TRACKING_URI: uri, MLFLOW_ALLOW_FILE_STORE: 'true', MLFLOW_DISABLE_TELEMETRY: 'true', PYTHONIOENCODING: 'utf-8' },
  });
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { readonly runs: Found }).runs;
}

const milliseconds = (time: string | undefined): number => Number(BigInt(time ?? '0') / 1_000_000n);

/** Everything that MLflow has a place for. */
function checkFound(found: Found, original: RunState): void {
  const executed = original.tasks.filter((task) => task.attempts.length > 0);
  assert.deepEqual(Object.keys(found).sort(), [original.runId, ...executed.map((task) => task.node.id)].sort());
  const root = found[original.runId];
  assert.deepEqual([root?.experiment, root?.parent, root?.status, root?.start, root?.end], ['world', null, 'FAILED', milliseconds(original.start), milliseconds(original.end)]);
  assert.deepEqual(root?.params, { list: '[1,"two"]', rate: '0.5', text: '=1+1' });
  for (const task of executed) checkTask(found[task.node.id], task, original);
}

function checkTask(run: FoundRun | undefined, task: TaskState, original: RunState): void {
  assert.ok(run !== undefined);
  assert.deepEqual([run.parent, run.status, run.start, run.end], [original.runId, task.phase === 'success' ? 'FINISHED' : 'FAILED', milliseconds(task.start), milliseconds(task.end)]);
  assert.deepEqual(run.params, Object.fromEntries(Object.entries({ ...task.params, ...task.loggedParams }).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])));
  const points = Object.entries(metricPoints(task, 1_000_000n)).map(([name, series]) => [name.replaceAll(/[^\w./ -]/g, '_'), series.map((point) => [Number((point as [string])[0]), numberOf((point as [string, unknown])[1]), (point as [string, unknown, number | null])[2] ?? 0])]);
  assert.deepEqual(run.metrics, Object.fromEntries(points));
  for (const [name, value] of Object.entries(task.tags)) assert.equal(run.tags[name], value);
  assert.deepEqual(run.artifacts, Object.fromEntries(task.artifacts.map(({ name, digest }) => [name, digest.slice('sha256:'.length)])));
}

function numberOf(value: unknown): unknown {
  return value === 'NaN' ? 'nan' : value;
}

describe('export --to mlflow', { concurrency: false }, () => {
  let world: ExportWorld;
  let original: RunState;
  before(async () => {
    world = await exportWorld();
    original = stateOf(await world.cli('export', 'latest', '--to', 'json'));
  });

  describe('into a file store', () => {
    before(async () => {
      const written = await world.cli('export', 'latest', '--to', 'mlflow', '-o', 'mlruns');
      assert.equal(written.code, 0, written.stderr);
    });

    for (const generation of ['2.x', '3.x'] as const) {
      it(`is found by MLflow ${generation}`, async () => {
        checkFound(await foundBy(generation, path.join(world.cwd, 'mlruns')), original);
      });
    }

    it('adds nothing that is there already, and replaces it with --force', async () => {
      const again = await world.cli('export', 'latest', '--to', 'mlflow', '-o', 'mlruns');
      assert.equal(again.code, 0);
      assert.match(again.stderr, /is there already; --force replaces it/);
      assert.equal((await world.cli('export', 'latest', '--to', 'mlflow', '-o', 'mlruns', '--force')).code, 0);
      checkFound(await foundBy('3.x', path.join(world.cwd, 'mlruns')), original);
    });

    it('comes back by import', async () => {
      const back = await importedElsewhere(path.join(world.cwd, 'mlruns'));
      assert.deepEqual([back.pipeline, back.start, back.end, back.outcome, back.params], [original.pipeline, original.start, original.end, original.outcome, original.params]);
      for (const [name, value] of Object.entries(original.resource)) if (!name.startsWith('runweave.') && name !== 'cicd.pipeline.run.id') assert.deepEqual(back.resource[name], value, name);
      const executed = original.tasks.filter((task) => task.attempts.length > 0);
      assert.deepEqual(back.tasks.map((task) => task.node.id).sort(), executed.map((task) => task.node.id).sort());
      for (const task of executed) {
        const same = back.tasks.find((other) => other.node.id === task.node.id);
        assert.ok(same !== undefined);
        const { id, name, kind, matrix, source, description } = task.node;
        assert.deepEqual({ ...same.node, spanId: '', outputs: [], tags: [], dependencies: [...same.node.dependencies] }, { id, name, kind, matrix, source, dependencies: task.node.dependencies, outputs: [], tags: [], spanId: '', ...(description !== undefined && { description }) });
        assert.deepEqual([same.start, same.end, same.phase, same.params, same.loggedParams, same.returns, same.tags], [task.start, task.end, task.phase, task.params, task.loggedParams, task.returns, task.tags]);
        assert.deepEqual([same.failure?.type, same.failure?.message, same.failure?.stacktrace], [task.failure?.type, task.failure?.message, task.failure?.stacktrace]);
        // MLflow's times are milliseconds.
        assert.deepEqual(metricPoints(same, 1_000_000n), Object.fromEntries(Object.entries(metricPoints(task, 1_000_000n))));
        const artifacts = (of: TaskState): readonly unknown[] => of.artifacts.map(({ name: artifact, size, digest }) => [artifact, size, digest]).sort();
        assert.deepEqual(artifacts(same), artifacts(task));
      }
    });
  });

  describe('into a tracking server', () => {
    let server: ChildProcess | undefined;
    let url = '';
    const folder = mkdtempSync(path.join(tmpdir(), 'runweave-mlflow-server-'));
    before(async () => {
      const python = await pythonOf('server');
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      server = spawn(python, ['-m', 'mlflow', 'server', '--backend-store-uri', `sqlite:///${path.join(folder, 'mlflow.db').replaceAll('\\', '/')}`, '--artifacts-destination', path.join(folder, 'artifacts'), '--host', '127.0.0.1', '--port', String(port), '--workers', '1'], {
        cwd: folder,
        env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
      });
      await until(server, /Application startup complete/);
    });
    after(() => {
      if (server?.pid !== undefined) process.kill(process.platform === 'win32' ? server.pid : -server.pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });

    it('is found by MLflow 3.x', async () => {
      const written = await world.cli('export', 'latest', '--to', 'mlflow', '-o', url);
      assert.equal(written.code, 0, written.stderr);
      assert.match(written.stderr, /^http:\/\/127\.0\.0\.1:\d+\/#\/experiments\/\d+\/runs\/[0-9a-f]{32}\n$/);
      checkFound(await foundBy('server', url), original);
    });

    it('adds nothing that is there already, and replaces it with --force', async () => {
      assert.match((await world.cli('export', 'latest', '--to', 'mlflow', '-o', url)).stderr, /is there already; --force replaces it/);
      assert.equal((await world.cli('export', 'latest', '--to', 'mlflow', '-o', url, '--force')).code, 0);
      checkFound(await foundBy('server', url), original);
    });

    it('takes the spans that are pushed to it', async () => {
      const pushed = await runCli(['export', 'latest', '--to', 'otlp-http', '-o', url], { cwd: world.cwd, environment: { OTEL_EXPORTER_OTLP_HEADERS: 'x-mlflow-experiment-id=0' } });
      assert.equal(pushed.code, 0, pushed.stderr);
      const program = 'import json, mlflow\ntraces = mlflow.MlflowClient().search_traces(locations=["0"])\nprint(json.dumps([sorted(span.name for span in trace.data.spans) for trace in traces]))';
      const { stdout, stderr } = spawnSync(await pythonOf('server'), ['-c', program], { encoding: 'utf8', env: { ...process.env, MLFLOW_TRACKING_URI: url, MLFLOW_DISABLE_TELEMETRY: 'true' } });
      const names = (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as readonly (readonly string[])[])[0] ?? assert.fail(stderr);
      for (const task of original.tasks) assert.ok(names.includes(task.node.id), `${task.node.id} of ${names.join(', ')}`);
    });

    it('says who does not answer', async () => {
      const { code, stderr } = await runCli(['export', 'latest', '--to', 'mlflow', '-o', `${url}/nothing/here`], { cwd: world.cwd });
      assert.equal(code, 2);
      assert.match(stderr, /^error: http:\/\/127\.0\.0\.1:\d+\/nothing\/here answered 404 to experiments\/get-by-name/);
    });
  });
});

/** Resolves when the process has printed it; rejects when it ends before. */
function until(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (pattern.test(text)) resolve();
      });
    }
    child.on('exit', (code) => reject(new Error(`ended with ${String(code)}:\n${text}`)));
  });
}

/** Below those that systems give out by themselves: nobody gets it in the long while until the server listens on it. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const look = (): void => {
      const port = 10_000 + Math.floor(Math.random() * 20_000);
      const probe = createServer().once('error', look).listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
    };
    look();
  });
}
