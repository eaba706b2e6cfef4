import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunSummary, SeriesSummary } from '../../../src/model/record.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, TraceId } from '../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import { directionOf } from '../../../src/query/direction.ts';
import { runFields } from '../../../src/query/run-fields.ts';
import { noAnnotations, type RunRow } from '../../../src/query/run-row.ts';
import { differs, groupRows, sortRows, spreadOf } from '../../../src/query/select-runs.ts';

const series = (task: string, name: string, ...values: readonly number[]): SeriesSummary => ({
  task: task as TaskId,
  name,
  count: values.length,
  last: values.at(-1) ?? 'NaN',
  min: Math.min(...values),
  max: Math.max(...values),
  mean: values.reduce((sum, value) => sum + value, 0) / values.length,
});

function row(id: string, summary: Partial<RunSummary>, annotations: Partial<RunRow['annotations']> = {}): RunRow {
  return {
    runId: id,
    path: `/p/${id}`,
    status: summary.outcome ?? 'success',
    annotations: { ...noAnnotations, ...annotations },
    summary: {
      runId: id as RunId,
      traceId: '' as TraceId,
      path: '',
      pipeline: 'p',
      start: fromMilliseconds(1000),
      end: fromMilliseconds(3500),
      interrupted: false,
      counts: { total: 4, executed: 3, succeeded: 2, failed: 1, skipped: 1 },
      params: {},
      taskParams: {},
      series: [],
      tags: {},
      ...summary,
    },
  };
}

const rows: readonly RunRow[] = [
  row('a', { params: { seed: 1 }, taskParams: { lr: [0.1, 0.01] }, series: [series('train[lr=0.1]', 'loss', 3, 1, 2), series('train[lr=0.01]', 'loss', 9, 8), series('test', 'accuracy', 0.5, 0.9, 0.7)] }),
  row('b', { params: { seed: 2 }, tags: { model: ['svm'] }, series: [series('test', 'accuracy', 0.8), series('test', 'loss.min', 42)] }, { star: true, tags: ['baseline'] }),
  { runId: 'c', path: '/p/c', status: 'unreadable', message: 'line 1 is not JSON', annotations: noAnnotations },
];
const fields = runFields(rows, 10_000);

/** Values in each row, or the message. */
function read(name: string): unknown {
  const column = fields.column(name.split('.'));
  return 'message' in column ? column.message : rows.map((_, index) => column.values(index));
}

describe('fields of runs', () => {
  const cases: readonly (readonly [name: string, expected: unknown])[] = [
    ['run', [['a'], ['b'], ['c']]],
    ['status', [['success'], ['success'], ['unreadable']]],
    ['duration', [[2500], [2500], []]],
    ['start', [[1000], [1000], []]],
    ['tasks.failed', [[1], [1], []]],
    ['params.seed', [[1], [2], []]],
    ['params.lr', [[0.1, 0.01], [], []]],
    ['lr', [[0.1, 0.01], [], []]],
    ['tag', [[], ['baseline', 'model', 'svm'], []]],
    ['tags.model', [[], ['svm'], []]],
    ['star', [[false], [true], [false]]],
    ['metrics.accuracy', [[0.7], [0.8], []]],
    ['accuracy', [[0.7], [0.8], []]],
    ['metrics.accuracy.max', [[0.9], [0.8], []]],
    ['metrics.accuracy.best', [[0.9], [0.8], []]],
    ['metrics.loss', [[2, 8], [], []]],
    ['metrics.loss.best', [[1, 8], [], []]],
    ['metrics.loss.count', [[3, 2], [], []]],
    // A metric that is called so goes before a statistic.
    ['metrics.loss.min', [[], [42], []]],
    ['metrics.test.accuracy', [[0.7], [0.8], []]],
    ['metrics.train.loss', [[2, 8], [], []]],
    ['metrics.train.loss.mean', [[2, 8.5], [], []]],
    ['metrics.train[lr=0', 'no run has metrics.train[lr=0; did you mean metrics.accuracy?'],
    ['metrics.acuracy', 'no run has metrics.acuracy; did you mean metrics.accuracy?'],
    ['stats', 'no run has stats; did you mean status?'],
    ['params.__proto__', 'no run has params.__proto__'],
    ['tasks.toString', 'no run has tasks.toString'],
  ];
  for (const [name, expected] of cases) {
    it(name, () => {
      if (name.includes('[')) {
        const column = fields.column(['metrics', 'train[lr=0.1]', 'loss']);
        assert.ok(!('message' in column));
        assert.deepEqual(column.values(0), [2]);
      } else assert.deepEqual(read(name), expected);
    });
  }

  it('are listed as a filter writes them', () => {
    const names = fields.names();
    for (const name of ['status', 'params.seed', 'params.lr', 'metrics.loss', 'metrics.accuracy', 'tags.model', 'tasks.failed']) assert.ok(names.includes(name), name);
    assert.deepEqual(fields.valuesOf('params.lr', 10), [0.1, 0.01]);
    assert.deepEqual(fields.valuesOf('nothing', 10), []);
  });

  it('are searched as text', () => {
    assert.deepEqual(rows.map((_, index) => fields.holds(index, 'svm')), [false, true, false]);
    assert.deepEqual(rows.map((_, index) => fields.holds(index, 'not json')), [false, false, true]);
  });
});

describe('directionOf', () => {
  it('goes by the words in the name', () => {
    for (const name of ['loss', 'val_loss', 'valLoss', 'rmse', 'test/error', 'fit_time', 'score_time', 'train.loss', 'mean_absolute_error']) assert.equal(directionOf(name), 'lower', name);
    for (const name of ['accuracy', 'roc_auc', 'rocAuc', 'f1', 'test_score', 'R2', 'error_free_score']) assert.equal(directionOf(name), 'higher', name);
    for (const name of ['rows', 'nr_images', '', 'x']) assert.equal(directionOf(name), 'none', name);
  });
});

describe('rows', () => {
  const column = (...values: readonly (number | string | undefined)[]) => ({ kind: 'value', values: (index: number) => values.slice(index, index + 1).flatMap((value) => value ?? []) }) as const;

  it('are sorted by several keys; what has no value comes last in both directions', () => {
    const key = column(3, NaN, undefined, 1, 'x10', 'x9', 1);
    const all = [0, 1, 2, 3, 4, 5, 6];
    assert.deepEqual(sortRows(all, [{ column: key, descending: false }]), [3, 6, 0, 5, 4, 1, 2]);
    assert.deepEqual(sortRows(all, [{ column: key, descending: true }]), [0, 3, 6, 4, 5, 1, 2]);
    assert.deepEqual(sortRows(all, [{ column: key, descending: false }, { column: column(0, 0, 0, 2, 0, 0, 1), descending: false }]), [6, 3, 0, 5, 4, 1, 2]);
  });

  it('are grouped by equal values', () => {
    assert.deepEqual(
      groupRows([0, 1, 2, 3], [column('a', 'b', 'a', undefined), column(1, 1, 1, 1)]).map((group) => [group.key, group.rows]),
      [[['a', 1], [0, 2]], [['b', 1], [1]], [[undefined, 1], [3]]],
    );
    assert.equal(groupRows([0, 1], [column(1, '1')]).length, 2);
  });

  it('differ or not', () => {
    assert.equal(differs([0, 1, 2], column(1, 1, 1)), false);
    assert.equal(differs([0, 1, 2], column(1, undefined, 1)), true);
    assert.equal(differs([], column()), false);
  });

  it('have a spread', () => {
    assert.deepEqual(spreadOf([1e9 + 1, 1e9 + 2, 1e9 + 3, NaN, 'x']), { count: 3, mean: 1e9 + 2, standardDeviation: 1, min: 1e9 + 1, max: 1e9 + 3 });
    assert.deepEqual(spreadOf([5]), { count: 1, mean: 5, standardDeviation: 0, min: 5, max: 5 });
    assert.equal(spreadOf(['x']), undefined);
  });
});
