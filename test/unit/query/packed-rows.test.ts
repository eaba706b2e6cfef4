import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunSummary } from '../../../src/model/record.ts';
import { openBlock, PackedRun, plainSummary } from '../../../src/model/run-block.ts';
import { packRuns } from '../../../src/model/pack-runs.ts';
import { packBlocks, packRows, unpackRows } from '../../../src/query/packed-rows.ts';
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

function summaryOf(id: string): RunSummary {
  const { summary } = row(id);
  assert.ok(summary !== undefined);
  return summary;
}

/** Rows over one block, as a list of a folder has them. */
function indexedRows(count: number): readonly (RunRow & { readonly summary: PackedRun })[] {
  const ids = Array.from({ length: count }, (_, at) => `run-${at}`);
  const block = openBlock(packRuns(ids.map((id) => ({ key: id, summary: summaryOf(id) }))));
  assert.ok(block !== undefined);
  return ids.map((id, at) => ({ ...row(id), summary: new PackedRun(block, at, row(id).path) }));
}

it('hands a block on as it is where most of it is asked for, and gives those rows alone', () => {
  const rows = indexedRows(4);
  const starred = { ...noAnnotations, star: true };
  const parts = packBlocks([...rows.slice(1, 3), { ...rows[3], annotations: starred } as RunRow], runKey);
  assert.equal(parts[0]?.block.numbers, rows[0]?.summary.block.numbers);
  assert.deepEqual(parts.flatMap(unpackRows).map(({ path, annotations }) => [path, annotations.star]), [['run-1', false], ['run-2', false], ['run-3', true]]);
});

it('packs anew where little of a block is asked for, and always what is published', () => {
  const rows = indexedRows(4);
  for (const packed of [...packBlocks(rows.slice(0, 1), runKey), packRows(rows.slice(0, 1), runKey)]) {
    assert.equal(packed.block.count, 1);
    assert.ok(!JSON.stringify(packed).includes('run-1'));
    assert.deepEqual(unpackRows(packed).map(({ path }) => path), ['run-0']);
  }
});

it('opens nothing whose parts do not fit together', () => {
  const block = packRuns([{ key: 'a', summary: summaryOf('a') }]);
  assert.ok(openBlock(block) !== undefined);
  assert.equal(openBlock({ ...block, count: 2 }), undefined);
  assert.equal(openBlock({ ...block, numbers: block.numbers.slice(1) }), undefined);
});

it('keeps a time that is no number of nanoseconds as the text that it is', () => {
  for (const start of ['0', '123', '1795000000000000001', '00123', 'soon', '-5']) {
    const summary = { ...row('a').summary, start } as NonNullable<RunRow['summary']>;
    const block = openBlock(packRuns([{ key: 'a', summary }]));
    assert.ok(block !== undefined);
    assert.equal(new PackedRun(block, 0, 'a').start, start);
  }
});
