import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { TaskId } from '../../../src/model/pipeline.ts';
import { plainSummary } from '../../../src/model/run-block.ts';
import { packRows, unpackRows } from '../../../src/query/packed-rows.ts';
import { noAnnotations, runKey, type RunRow } from '../../../src/query/run-row.ts';

const task = 'train' as TaskId;

function row(id: string): RunRow {
  const path = `/w/.runweave/runs/${id}.otlp.jsonl`;
  return {
    runId: id,
    path,
    status: 'success',
    annotations: noAnnotations,
    summary: {
      runId: id,
      path,
      traceId: 'f'.repeat(32),
      pipeline: 'digits',
      start: '1795000000000123456',
      end: '1795000000000123457',
      outcome: 'success',
      interrupted: false,
      counts: { total: 3, executed: 3, succeeded: 3, failed: 0, skipped: 0 },
      params: { lr: id === 'a' ? 0.1 : 'none', ['__proto__']: 1, nested: { list: [1, null] } },
      taskParams: { fold: [1, 2] },
      tags: { kind: ['x', 'y'] },
      dirty: false,
      series: [
        { task, name: 'loss', count: 3, last: 0.5, min: 0.25, max: 1, mean: 0.5 },
        { task, name: 'one', count: 1, last: 0.25, min: 0.25, max: 0.25, mean: 0.25 },
        { task, name: 'nothing', count: 1, last: 'NaN' },
        { task, name: 'once', count: 1, last: 0.1, min: 0.1, max: 0.1, mean: 0.1 },
        { task, name: 'at last not', count: 2, last: 'Infinity', min: 1, max: 1, mean: 1 },
      ],
    } as unknown as NonNullable<RunRow['summary']>,
  };
}

it('names each series once, and gives the same rows back, named by key', () => {
  const rows = [row('a'), row('b'), { runId: 'c', path: '/w/.runweave/runs/c.otlp.json', status: 'unreadable', message: 'no JSON', annotations: noAnnotations } as const];
  const packed = packRows(rows, runKey);
  assert.deepEqual(packed.block.shapes.map(({ series }) => series.length), [5]);
  const expected = rows.map((each) => ({ ...each, path: each.runId, ...('summary' in each && { summary: { ...each.summary, path: each.runId } }) }));
  const unpacked = unpackRows(JSON.parse(JSON.stringify(packed)) as typeof packed);
  assert.deepEqual(unpacked.map((each) => ({ ...each, ...(each.summary !== undefined && { summary: plainSummary(each.summary) }) })), expected);
});

it('names a log and the record that it becomes alike', () => {
  assert.equal(runKey('/w/.runweave/live/20261120T224011Z-digits-3f2a.jsonl'), '20261120T224011Z-digits-3f2a');
  assert.equal(runKey('C:\\w\\.runweave\\runs\\20261120T224011Z-digits-3f2a.otlp.jsonl'), '20261120T224011Z-digits-3f2a');
});
