import assert from 'node:assert/strict';
import { it } from 'node:test';
import { packRows, unpackRows } from '../../src/query/packed-rows.ts';
import { runKey } from '../../src/query/run-row.ts';
import { buildTable, cachedFields, compile } from '../../webview/tracker/table-model.ts';
import { chartRun } from './chart-runs.ts';

const now = Date.UTC(2026, 10, 20);

/** Best and worst of a metric over the first `count` of these runs. */
function extremes(count: number, losses: readonly (readonly number[])[]): unknown {
  const rows = losses.map((values, index) => {
    const run = chartRun(index);
    const [series] = run.summary?.series ?? [];
    assert.ok(run.summary !== undefined && series !== undefined);
    return { ...run, summary: { ...run.summary, series: values.map((last, at) => ({ ...series, task: `train[${at}]` as never, name: 'loss', last })) } };
  });
  const fields = cachedFields(rows, now);
  const { extremes: found } = buildTable(rows, fields, (row) => row < count, { table: { filter: '', sort: [], group: [], archived: false, columns: [{ field: 'metrics.loss' }] }, expanded: new Set() });
  return [...found.values()];
}

it('the best and the worst are marked among runs, not within one', () => {
  const losses = [[0.5, 0.1], [0.3]];
  assert.deepEqual(extremes(2, losses), [{ best: 0.1, worst: 0.5 }]);
  assert.deepEqual(extremes(1, losses), []);
  assert.deepEqual(extremes(2, [[0.5, 0.1], []]), []);
  assert.deepEqual(extremes(2, [[0.5], [0.5]]), [], 'all the same');
});

it('a filter takes the words that the table shows', () => {
  const rows = unpackRows(packRows([chartRun(0), { ...chartRun(1), status: 'failure' as const }], runKey));
  const fields = cachedFields(rows, now);
  const passing = (text: string): readonly number[] => {
    const compiled = compile(text, fields);
    assert.ok(compiled.ok, text);
    return rows.flatMap((_, row) => (compiled.test(row) ? [row] : []));
  };
  assert.deepEqual(['status = failed', 'status = failure', 'status:failed', 'status ~ "^failed$"', 'status in (failed, timeout)', '"failed"'].map(passing), Array(6).fill([1]));
  assert.deepEqual(passing('status != failed'), [0]);
  const unknown = compile('status = faild', fields);
  assert.ok(!unknown.ok && unknown.mistake.message.startsWith('there is no faild; did you mean failed? It is one of: success, failure, '));
});
