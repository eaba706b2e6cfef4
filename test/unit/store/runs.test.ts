import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId } from '../../../src/model/run-event.ts';
import { openEventLog } from '../../../src/recording/event-log.ts';
import { sealRun } from '../../../src/recording/seal.ts';
import { findRun } from '../../../src/store/find-run.ts';
import { latestResults } from '../../../src/store/latest-results.ts';
import { plainSummary } from '../../../src/model/run-block.ts';
import { listRuns } from '../../../src/store/list-runs.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const span = (n: number): never => String(n).padStart(16, '0') as never;
const time = (n: number): never => String(1_795_000_000_000_000_000n + BigInt(n) * 1_000_000n) as never;
const digest = `sha256:${'ab'.repeat(32)}` as never;
const fingerprint = { definition: digest, definitionParts: {}, params: {}, sources: {}, inputs: {}, upstream: {}, env: {}, interpreter: '' };

/** A run of `a` and `b`, where `a` ends with `outcome`, and `b` is skipped. */
function run(runId: string, outcome: 'success' | 'failure', pipeline = 'digits'): readonly RunEvent[] {
  const task = 'a' as TaskId;
  const node = { kind: 'shell', matrix: {}, dependencies: [], source: 'true', outputs: [], tags: [] } as const;
  return [
    {
      type: 'run-started',
      time: time(0),
      runId: runId as RunId,
      traceId: 'cd'.repeat(16) as never,
      spanId: span(1),
      pipeline: { name: pipeline, file: 'runweave.yaml' },
      params: { ratio: 0.7 },
      trigger: { type: 'manual', tasks: [] },
      tasks: [{ ...node, id: task, name: 'a', spanId: span(2) }, { ...node, id: 'b' as TaskId, name: 'b', spanId: span(3) }],
      resource: { 'vcs.ref.head.name': 'main', 'vcs.ref.head.revision': 'f00', 'runweave.vcs.dirty': true },
    },
    { type: 'task-started', task, time: time(1), fingerprint, params: {} },
    { type: 'attempt-started', task, attempt: 1, time: time(1), spanId: span(4), cause: 'first', command: ['true'], cwd: '.', pid: 1 },
    { type: 'metric', task, attempt: 1, time: time(2), name: 'loss', value: 0.5 },
    { type: 'metric', task, attempt: 1, time: time(3), name: 'loss', value: 'NaN' },
    { type: 'metric', task, attempt: 1, time: time(3), name: 'auc', value: 0.9 },
    { type: 'attempt-ended', task, attempt: 1, time: time(4), outcome },
    { type: 'task-ended', task, time: time(5), outcome, outputs: [{ path: 'x', digest, size: 3 }], returns: { n: 1 }, ...(outcome === 'success' && { fingerprint }) },
    { type: 'task-skipped', task: 'b' as TaskId, time: time(5), reason: 'up-to-date' },
    { type: 'run-ended', time: time(6), outcome },
  ];
}

const ids = ['20261120T100000Z-digits-1111', '20261120T110000Z-digits-2222', '20261120T120000Z-other-3333', '20261121T100000Z-digits-4444'];

async function fourRuns(folder: string): Promise<void> {
  await sealRun(folder, run(ids[0] ?? '', 'success'));
  await sealRun(folder, run(ids[1] ?? '', 'failure'));
  await sealRun(folder, run(ids[2] ?? '', 'success', 'other'));
  await sealRun(folder, run(ids[3] ?? '', 'success'));
}

describe('listRuns', () => {
  it('lists newest first, from the first lines alone', async (t) => {
    const folder = temporaryFolder(t);
    await fourRuns(folder);
    const record = path.join(folder, 'runs', `${ids[3] ?? ''}.otlp.jsonl`);
    writeFileSync(record, `${readFileSync(record, 'utf8').split('\n')[0] ?? ''}\nthe rest is not looked at`);
    const entries = await listRuns(folder);
    assert.deepEqual(entries.map((entry) => entry.type === 'run' && entry.summary.runId), [...ids].reverse());
    const entry = entries[0];
    assert.ok(entry?.type === 'run');
    assert.deepEqual(plainSummary(entry.summary), {
      runId: ids[3],
      traceId: 'cd'.repeat(16),
      path: record,
      pipeline: 'digits',
      start: time(0),
      end: time(6),
      outcome: 'success',
      interrupted: false,
      counts: { total: 2, executed: 1, succeeded: 1, failed: 0, skipped: 1 },
      params: { ratio: 0.7 },
      taskParams: {},
      series: [
        { task: 'a', name: 'loss', count: 2, last: 'NaN', min: 0.5, max: 0.5, mean: 0.5 },
        { task: 'a', name: 'auc', count: 1, last: 0.9, min: 0.9, max: 0.9, mean: 0.9 },
      ],
      tags: {},
      branch: 'main',
      commit: 'f00',
      dirty: true,
    });
  });

  it('lists runs in progress, what it can not read, and nothing that is not a run', async (t) => {
    const folder = temporaryFolder(t);
    await sealRun(folder, run(ids[0] ?? '', 'success'));
    const log = await openEventLog(folder, ids[3] as RunId);
    for (const event of run(ids[3] ?? '', 'success').slice(0, 4)) log.append(event);
    await log.close();
    writeFileSync(path.join(folder, 'runs', `${ids[1] ?? ''}.otlp.jsonl`), '{"resourceSpans":[');
    writeFileSync(path.join(folder, 'runs', `.${ids[2] ?? ''}.1.tmp`), '');
    writeFileSync(path.join(folder, 'live', 'x.jsonl.unreadable'), '');
    const entries = await listRuns(folder);
    assert.deepEqual(entries.map((entry) => entry.type), ['run', 'unreadable', 'run']);
    assert.ok(entries[0]?.type === 'run' && entries[1]?.type === 'unreadable');
    assert.equal(entries[0].summary.outcome, undefined);
    assert.deepEqual(entries[0].summary.series, [{ task: 'a', name: 'loss', count: 1, last: 0.5, min: 0.5, max: 0.5, mean: 0.5 }]);
    assert.match(entries[1].message, /^line 1 is not JSON/);
  });

  it('sees what was written, changed or removed meanwhile', async (t) => {
    const folder = temporaryFolder(t);
    assert.deepEqual(await listRuns(folder), []);
    const log = await openEventLog(folder, ids[3] as RunId);
    const events = run(ids[3] ?? '', 'failure');
    for (const event of events.slice(0, 1)) log.append(event);
    await log.flush();
    assert.equal((await listRuns(folder)).length, 1);
    for (const event of events.slice(1)) log.append(event);
    await log.close();
    const [entry] = await listRuns(folder);
    assert.equal(entry?.type === 'run' && entry.summary.outcome, 'failure');
    rmSync(log.path);
    assert.deepEqual(await listRuns(folder), []);
  });

  it('gives a record that was read the same entry again, without reading it', async (t) => {
    const folder = temporaryFolder(t);
    await fourRuns(folder);
    const [first] = await listRuns(folder);
    const [second] = await listRuns(folder);
    assert.equal(first, second);
    appendFileSync(path.join(folder, 'runs', `${ids[3] ?? ''}.otlp.jsonl`), '\n');
    assert.notEqual((await listRuns(folder))[0], first);
  });
});

describe('findRun', () => {
  it('finds by id, beginning, end, latest and position', async (t) => {
    const folder = temporaryFolder(t);
    await fourRuns(folder);
    const idOf = async (query: string): Promise<string> => {
      const found = await findRun(folder, query);
      return found.type === 'found' ? found.runId : found.type;
    };
    assert.equal(await idOf(ids[1] ?? ''), ids[1]);
    assert.equal(await idOf('20261121'), ids[3]);
    assert.equal(await idOf('2222'), ids[1]);
    assert.equal(await idOf('latest'), ids[3]);
    assert.equal(await idOf('-1'), ids[3]);
    assert.equal(await idOf('-4'), ids[0]);
    assert.equal(await idOf('-5'), 'none');
    assert.equal(await idOf('nothing'), 'none');
    assert.equal(await idOf(''), 'none');
    assert.deepEqual(await findRun(folder, '20261120'), {
      type: 'ambiguous',
      message: `20261120 could be ${[ids[2], ids[1], ids[0]].join(', ')}`,
      candidates: [ids[2], ids[1], ids[0]],
    });
  });

  it('says when there are no runs', async (t) => {
    assert.deepEqual(await findRun(temporaryFolder(t), 'latest'), { type: 'none', message: 'no runs are recorded' });
  });
});

describe('latestResults', () => {
  const wanted = new Set(['a', 'b'] as TaskId[]);

  it('takes the last execution of each task in runs of the pipeline', async (t) => {
    const folder = temporaryFolder(t);
    await sealRun(folder, run(ids[0] ?? '', 'success'));
    await sealRun(folder, run(ids[2] ?? '', 'failure', 'other'));
    mkdirSync(path.join(folder, 'live'), { recursive: true });
    writeFileSync(path.join(folder, 'runs', `${ids[3] ?? ''}.otlp.jsonl`), 'damaged');
    const results = await latestResults(folder, { name: 'digits', file: 'runweave.yaml' }, wanted);
    assert.deepEqual(JSON.parse(JSON.stringify([...results])), [
      ['a', { runId: ids[0], traceId: 'cd'.repeat(16), spanId: span(2), outcome: 'success', fingerprint, outputs: [{ path: 'x', digest, size: 3 }], returns: { n: 1 }, duration: 4, end: time(5) }],
    ]);
  });

  it('knows when the last execution did not succeed', async (t) => {
    const folder = temporaryFolder(t);
    await sealRun(folder, run(ids[0] ?? '', 'success'));
    await sealRun(folder, run(ids[1] ?? '', 'failure'));
    const result = (await latestResults(folder, { name: 'digits', file: 'runweave.yaml' }, wanted)).get('a' as TaskId);
    assert.equal(result?.outcome, 'failure');
    assert.equal(result.runId, ids[1]);
  });
});
