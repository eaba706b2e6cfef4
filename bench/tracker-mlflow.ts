/**
 * The same runs in MLflow's own server: SQLite below it, `search_runs` over its REST API, as its page asks. Installed
 * on demand into a folder that later runs find again.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { elapsed, toDate } from '../src/model/time.ts';
import type { RunRow } from '../src/query/run-row.ts';

const version = '3.17.2';
const home = path.join(tmpdir(), 'runweave-bench-mlflow');
const python = path.join(home, '.venv', 'bin', 'python');

export interface MlflowTimes {
  readonly version: string;
  /** Milliseconds from the start of the process to its first answer. */
  readonly start: number;
  /** All runs, in pages of 1000; then the first 100 of a filter, and the first 100 by a metric. Of each repetition. */
  readonly all: readonly number[];
  readonly filter: readonly number[];
  readonly sort: readonly number[];
  /** Resident memory of its processes after that, bytes. */
  readonly memory: number;
}

function install(): void {
  if (existsSync(path.join(home, `installed-${version}`))) return;
  mkdirSync(home, { recursive: true });
  execFileSync('python3', ['-m', 'venv', path.join(home, '.venv')]);
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', `mlflow==${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(path.join(home, `installed-${version}`), '');
}

/** By what MLflow calls it: a metric of a task is `task.name`. */
function runOf({ runId, summary }: RunRow): object {
  if (summary?.end === undefined) throw new Error(`${runId} has no end`);
  const start = toDate(summary.start).getTime();
  return {
    id: runId,
    status: summary.outcome === 'success' ? 'FINISHED' : 'FAILED',
    start,
    end: Math.round(start + elapsed(summary.start, summary.end)),
    branch: summary.branch ?? '',
    params: Object.fromEntries(Object.entries(summary.params).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])),
    // Its names may not have brackets.
    metrics: Object.fromEntries(summary.series.map(({ task, name, last }) => [`${task.replaceAll(/[[\]=]/g, '_')}.${name}`, Number(last)])),
  };
}

export async function measureMlflow(rows: readonly RunRow[], repeat: number): Promise<MlflowTimes> {
  install();
  const database = path.join(home, `runs-${rows.length}.db`);
  const runs = path.join(home, 'runs.jsonl');
  // Nothing of it is sent anywhere, and none of its own jobs run beside what is measured.
  const env = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', GIT_PYTHON_REFRESH: 'quiet' };
  rmSync(database, { force: true });
  writeFileSync(runs, rows.map((row) => `${JSON.stringify(runOf(row))}\n`).join(''));
  execFileSync(python, [path.join(import.meta.dirname, 'mlflow_store.py'), database, runs], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await freePort();
  const began = performance.now();
  const server = spawn(python, ['-m', 'mlflow', 'server', '--backend-store-uri', `sqlite:///${database}`, '--host', '127.0.0.1', '--port', String(port)], { env, stdio: 'ignore', detached: true });
  try {
    const search = async (body: object): Promise<{ readonly runs?: readonly unknown[]; readonly next_page_token?: string }> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/2.0/mlflow/runs/search`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ experiment_ids: ['0'], ...body }) });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as { readonly runs?: readonly unknown[]; readonly next_page_token?: string };
    };
    for (;;) {
      try {
        await search({ max_results: 1 });
        break;
      } catch (error) {
        if (server.exitCode !== null || performance.now() - began > 120_000) throw error;
        await wait(50);
      }
    }
    const start = performance.now() - began;
    const times = { all: [] as number[], filter: [] as number[], sort: [] as number[] };
    const timed = async (into: number[], expected: number, work: () => Promise<number>): Promise<void> => {
      const from = performance.now();
      const found = await work();
      into.push(performance.now() - from);
      if (found !== expected) throw new Error(`${found} runs instead of ${expected}`);
    };
    for (let round = 0; round < repeat; round += 1) {
      await timed(times.all, rows.length, async () => {
        let found = 0;
        for (let page: string | undefined; ; ) {
          const answer = await search({ max_results: 1000, ...(page !== undefined && { page_token: page }) });
          found += answer.runs?.length ?? 0;
          page = answer.next_page_token;
          if (page === undefined || page === '') return found;
        }
      });
      await timed(times.filter, 100, async () => (await search({ max_results: 100, filter: "metrics.`task_9.accuracy` > 0.95 and params.learning_rate = '0.1'" })).runs?.length ?? 0);
      await timed(times.sort, 100, async () => (await search({ max_results: 100, order_by: ['metrics.`task_9.accuracy` DESC'] })).runs?.length ?? 0);
    }
    return { version, start, ...times, memory: memoryOfGroup(server.pid ?? 0) };
  } finally {
    // It starts workers, which are of its group.
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM');
  }
}

function memoryOfGroup(group: number): number {
  try {
    const lines = execFileSync('ps', ['-eo', 'pgid=,rss='], { encoding: 'utf8' }).split('\n').map((line) => line.trim().split(/\s+/).map(Number));
    return lines.reduce((sum, [pgid, kilobytes = 0]) => sum + (pgid === group ? kilobytes * 1024 : 0), 0);
  } catch {
    return NaN;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

