import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import type { TrackerHostMessage } from '../../../src/protocol/tracker-view.ts';
import { joinSeries, type SeriesPoints } from '../../../src/query/charts/packed-series.ts';
import { sealRun } from '../../../src/recording/seal.ts';
import { trackerSeries } from '../../../src/vscode/tracker-series.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

type SeriesMessage = Extract<TrackerHostMessage, { readonly type: 'series' }>;

const runId = '20261120T224011Z-digits-3f2a' as RunId;
const task = 'train' as TaskId;
const time = fromMilliseconds(1_000_000);
const started: readonly RunEvent[] = [
  { type: 'run-started', time, runId, traceId: 'a'.repeat(32) as TraceId, spanId: 'b'.repeat(16) as SpanId, pipeline: { name: 'digits', file: 'runweave.yaml' }, params: {}, trigger: { type: 'manual', tasks: [] } as never, resource: {}, tasks: [{ id: task, name: 'train', kind: 'python', matrix: {}, dependencies: [], source: 'train.py', outputs: [], spanId: 'c'.repeat(16) as SpanId, tags: [] }] },
  { type: 'task-started', time, task, params: {}, fingerprint: {} as never },
  attempt(1),
];
function attempt(number: number): RunEvent {
  return { type: 'attempt-started', time, task, attempt: number, spanId: String(number).repeat(16) as SpanId, cause: 'first', command: [], cwd: '.', pid: 1 };
}
const metric = (value: number, name = 'loss', of = 1): RunEvent => ({ type: 'metric', time, task, attempt: of, name, value, step: value });
const lines = (events: readonly RunEvent[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');

/** What a page would have of the run. */
function collect(): { readonly post: (message: SeriesMessage) => void; readonly until: (done: (values: readonly number[]) => boolean) => Promise<void>; readonly messages: SeriesMessage[] } {
  const messages: SeriesMessage[] = [];
  let known: SeriesPoints | undefined;
  let wake = (): void => undefined;
  return {
    messages,
    post: (message) => {
      messages.push(message);
      for (const packed of message.series) known = joinSeries(known, packed);
      wake();
    },
    until: async (done) => {
      while (!done([...(known?.values ?? [])])) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

describe('series of the runs table', () => {
  it('follow a run in progress, through a new attempt, until it is sealed', async (t) => {
    const folder = temporaryFolder(t);
    const log = path.join(folder, 'live', `${runId}.jsonl`);
    mkdirSync(path.dirname(log), { recursive: true });
    writeFileSync(log, lines([...started, metric(1), metric(2), metric(7, 'other')]));
    const { post, until, messages } = collect();
    const series = trackerSeries(post);
    t.after(series.dispose);
    await series.load({ metric: 'loss', paths: [log], known: [] });
    await until((values) => values.join() === '1,2');
    appendFileSync(log, lines([metric(3)]));
    await until((values) => values.join() === '1,2,3');
    assert.deepEqual(messages.map((message) => message.series.map(({ from, length }) => [from, length])), [[[0, 2]], [[2, 3]]]);
    appendFileSync(log, lines([attempt(2), metric(9, 'loss', 2)]));
    await until((values) => values.join() === '9');
    const all = [...started, metric(1), attempt(2), metric(9, 'loss', 2), metric(10, 'loss', 2), { type: 'run-ended', time, outcome: 'success' } satisfies RunEvent];
    await sealRun(folder, all);
    await until((values) => values.join() === '9,10');
    assert.ok(messages.every(({ metric: name, key }) => name === 'loss' && key === runId));
  });

  it('are read for the last question alone, and say what can not be read', async (t) => {
    const folder = temporaryFolder(t);
    const record = await sealRun(folder, [...started, metric(1), metric(5, 'other'), { type: 'run-ended', time, outcome: 'success' }]);
    const broken = path.join(folder, 'runs', 'broken.otlp.jsonl');
    writeFileSync(broken, 'no JSON');
    const { post, messages } = collect();
    const series = trackerSeries(post);
    t.after(series.dispose);
    await Promise.all([series.load({ metric: 'other', paths: [record, broken], known: [] }), series.load({ metric: 'loss', paths: [record, broken], known: [] })]);
    assert.deepEqual(messages.map(({ metric: name, key, series: found, message }) => [name, key, found.length, message]), [
      ['loss', runId, 1, undefined],
      ['loss', 'broken', 0, 'line 1 is not JSON: Unexpected token \'o\''],
    ]);
  });
});
