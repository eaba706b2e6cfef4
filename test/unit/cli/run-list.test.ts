import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runLines } from '../../../src/cli/run-list.ts';
import { createStyle } from '../../../src/cli/text.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunSummary, SeriesSummary } from '../../../src/model/record.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import { noAnnotations, type RunAnnotations, type RunRow } from '../../../src/query/run-row.ts';
import { at, runId, startMilliseconds } from './sample-run.ts';

interface Sketch {
  readonly executed?: number;
  readonly outcome?: RunSummary['outcome'];
  /** `train[n=1].accuracy`: its last value. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly commit?: string;
  readonly branch?: string;
  readonly dirty?: boolean;
  readonly annotations?: Partial<RunAnnotations>;
}

function rowOf({ executed = 3, outcome = 'success', metrics = {}, annotations = {}, ...version }: Sketch): RunRow {
  const series = Object.entries(metrics).map(([name, last]): SeriesSummary => ({ task: name.slice(0, name.lastIndexOf('.')) as TaskId, name: name.slice(name.lastIndexOf('.') + 1), count: 1, last }));
  const summary = { runId, path: '/r', start: at(0), end: at(1500), outcome, interrupted: false, counts: { total: 3, executed, succeeded: executed, failed: 0, skipped: 3 - executed }, series, ...version };
  return { runId, path: '/r', status: outcome, summary: summary as unknown as RunSummary, annotations: { ...noAnnotations, ...annotations } };
}

function lines(rows: readonly Sketch[], columns?: number): readonly string[] {
  const text = runLines(rows.map(rowOf), { style: createStyle(false), columns, now: startMilliseconds + 300_000, nameFile: (path) => path });
  return text.map((line) => line.replace(runId, 'RUN').replace(/ +/g, ' '));
}

const models: readonly Sketch[] = [
  { metrics: { 'ingest.images': 1797, 'train[n=1].accuracy': 0.95, 'train[n=2].accuracy': 0.98123, 'train[n=1].cross_validation_loss': 0.5 }, commit: '1234567890', branch: 'main' },
  { metrics: { 'train[n=1].accuracy': 0.96, 'train[n=1].cross_validation_loss': 0.25 }, commit: '1234567890', branch: 'main', dirty: true, annotations: { star: true, tags: ['baseline'] } },
  { executed: 0 },
];

describe('the list of runs', () => {
  it('has a column for each of the most telling metrics, the range where several tasks have one', () => {
    assert.deepEqual(lines(models), [
      'STATUS RUN AGE TIME RAN VERSION MARKS accuracy cross_validation_loss images',
      '✓ succeeded RUN 5 min 1.5 s 3/3 main@1234567 0.95–0.981 0.5 1797',
      '✓ succeeded RUN 5 min 1.5 s 3/3 main@1234567* ★ [baseline] 0.96 0.25',
      '= unchanged RUN 5 min 1.5 s 0/3',
    ]);
  });

  it('leaves out what does not fit the width, the least telling first', () => {
    assert.equal(lines(models, 92)[0], 'STATUS RUN AGE TIME RAN MARKS accuracy');
    assert.equal(lines(models.map((sketch) => ({ ...sketch, annotations: {} })), 76)[0], 'STATUS RUN AGE TIME RAN accuracy');
    assert.equal(lines(models, 52)[0]?.endsWith('…'), true, 'what identifies a run is cut, not left out');
  });

  it('says nothing of a version that all runs have', () => {
    assert.equal(lines([{ commit: '1234567890', branch: 'main' }, { commit: '1234567890', branch: 'main' }])[0], 'STATUS RUN AGE TIME RAN');
    assert.deepEqual(lines([{ commit: '1234567890', branch: 'main' }, { commit: 'abcdef0123', branch: 'main' }]).map((line) => line.split(' ').at(-1)), ['VERSION', '1234567', 'abcdef0']);
  });

  it('names the record that can not be read', () => {
    const unreadable: RunRow = { runId: 'x', path: '/x', status: 'unreadable', message: 'broken', annotations: noAnnotations };
    assert.deepEqual(runLines([unreadable], { style: createStyle(false), columns: 80, now: Number(fromMilliseconds(0)), nameFile: (path) => path }), ['✗ /x: broken']);
  });
});
