/** Bars, scatter plots and parallel coordinates, as data. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '../../../../src/model/json.ts';
import type { TaskId } from '../../../../src/model/pipeline.ts';
import type { RunId, TraceId } from '../../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../../src/model/time.ts';
import { barKeys, barsOf } from '../../../../src/query/charts/bars.ts';
import { byValue, matrixTask } from '../../../../src/query/charts/matrix-values.ts';
import { parallelOf } from '../../../../src/query/charts/parallel.ts';
import { scatterOf } from '../../../../src/query/charts/scatter.ts';
import { runFields } from '../../../../src/query/run-fields.ts';
import { noAnnotations, type RunRow } from '../../../../src/query/run-row.ts';

function run(params: JsonObject, series: Readonly<Record<string, number>>, taskParams: Readonly<Record<string, readonly Json[]>> = {}): RunRow {
  const runId = 'r' as RunId;
  return {
    runId,
    path: 'r',
    status: 'success',
    annotations: noAnnotations,
    summary: {
      runId,
      traceId: 't' as TraceId,
      path: 'r',
      pipeline: 'p',
      start: fromMilliseconds(0),
      interrupted: false,
      counts: { total: 1, executed: 1, succeeded: 1, failed: 0, skipped: 0 },
      params,
      taskParams,
      tags: {},
      series: Object.entries(series).map(([at, last]) => {
        const [task = '', name = ''] = at.split(':');
        return { task: task as TaskId, name, count: 2, last, min: last - 1, max: last + 1, mean: last };
      }),
    },
  };
}

const matrix = run({ lr: 0.1, optimizer: 'adam' }, { 'train[n=400,d=1]:auc': 0.8, 'train[n=1000,d=1]:auc': 0.9, 'train[n=400,d=2]:auc': 0.6, 'score[n=400]:time': 4, 'score[n=1000]:time': 10 }, { n: [400, 1000], d: [1, 2] });
const single = run({ lr: 0.01, optimizer: 'sgd' }, { 'train:auc': 0.7, 'train:time': 3 });
const failed: RunRow = { runId: 'x', path: 'x', status: 'unreadable', annotations: noAnnotations };
const runs = [matrix, single, failed];
const fields = runFields(runs, 0);

describe('tasks of a matrix', () => {
  it('say their values', () => {
    assert.deepEqual(matrixTask('train[n=400,path=a=b]'), { name: 'train', values: new Map([['n', '400'], ['path', 'a=b']]) });
    assert.deepEqual(matrixTask('train'), { name: 'train', values: new Map() });
  });

  it('are ordered by number, then by text', () => {
    assert.deepEqual(['b10', '1000', 'b9', '-1', '400'].sort(byValue), ['-1', '400', '1000', 'b9', 'b10']);
  });
});

describe('bars', () => {
  it('are one a value of the matrix and a run, the mean of several tasks', () => {
    assert.deepEqual(barsOf(runs, [0, 1, 2], { metric: 'auc', statistic: 'last', by: 'n' }), { categories: ['400', '1000'], groups: [{ row: 0, values: [(0.8 + 0.6) / 2, 0.9] }] });
  });

  it('stand over tasks where there is no matrix', () => {
    assert.deepEqual(barKeys(runs, [0, 1], 'auc'), ['n', 'd', 'task']);
    assert.deepEqual(barKeys(runs, [1], 'auc'), ['task']);
    assert.deepEqual(barsOf(runs, [1], { metric: 'auc', statistic: 'max', by: 'task' }), { categories: ['train'], groups: [{ row: 1, values: [1.7] }] });
    assert.deepEqual(barsOf(runs, [2], { metric: 'auc', statistic: 'last', by: 'task' }), { categories: [], groups: [] });
  });
});

describe('scatter plot', () => {
  const rows = [0, 1, 2];

  it('has texts as places', () => {
    const found = scatterOf(fields, [1], ['params', 'optimizer'], ['metrics', 'auc']);
    assert.deepEqual(found, { x: { kind: 'value', categories: ['sgd'] }, y: { kind: 'value' }, points: [{ row: 1, x: 0, y: 0.7 }] });
  });

  it('pairs a metric of a matrix with the value that its task had', () => {
    const points = scatterOf(fields, rows, ['params', 'n'], ['metrics', 'auc'])?.points;
    assert.deepEqual(points, [{ row: 0, task: 'train[n=400,d=1]', x: 400, y: 0.8 }, { row: 0, task: 'train[n=1000,d=1]', x: 1000, y: 0.9 }, { row: 0, task: 'train[n=400,d=2]', x: 400, y: 0.6 }]);
  });

  it('pairs metrics of tasks with the same values of the matrix, and of one task', () => {
    const points = scatterOf(fields, rows, ['metrics', 'time'], ['metrics', 'auc'])?.points;
    assert.deepEqual(points?.map(({ row, x, y }) => [row, x, y]), [[0, 4, 0.8], [0, 4, 0.6], [0, 10, 0.9], [1, 3, 0.7]]);
  });

  it('is not there for a field that no run has', () => {
    assert.equal(scatterOf(fields, rows, ['params', 'nothing'], ['metrics', 'auc']), undefined);
  });
});

describe('parallel coordinates', () => {
  it('have a place for each run on each axis, or none', () => {
    const { axes, lines } = parallelOf(fields, [0, 1, 2], [['params', 'lr'], ['params', 'optimizer'], ['metrics', 'auc', 'max']]);
    assert.deepEqual(axes, [{ kind: 'value' }, { kind: 'value', categories: ['adam', 'sgd'] }, { kind: 'value' }]);
    assert.deepEqual(lines.map(({ places }) => places.map((place) => (place === undefined ? undefined : Number(place.toFixed(4))))), [[0.1, 0, 1.7667], [0.01, 1, 1.7], [undefined, undefined, undefined]]);
  });
});
