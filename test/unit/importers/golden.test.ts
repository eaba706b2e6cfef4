/** What is read of other tools' runs, against `expected.json`, which was checked by eye. `UPDATE_GOLDEN=1` writes it anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { importRuns } from '../../../src/app/importing/import-runs.ts';
import type { RunState } from '../../../src/model/run-state.ts';
import { elapsed } from '../../../src/model/time.ts';
import { readRecord, readRecordHead } from '../../../src/store/read-record.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures/import');
const expectedFile = path.join(fixtures, 'expected.json');
const expected = JSON.parse(readFileSync(expectedFile, 'utf8')) as Record<string, unknown>;

function summary(state: RunState): unknown {
  return {
    pipeline: state.pipeline.name,
    outcome: state.outcome,
    milliseconds: state.end === undefined ? null : elapsed(state.start, state.end),
    params: state.params,
    resource: Object.keys(state.resource),
    tasks: state.tasks.map((task) => ({
      id: task.node.id,
      phase: task.phase,
      needs: task.node.dependencies,
      params: task.params,
      attempts: task.attempts.length,
      ...(task.failure !== undefined && { failure: `${task.failure.type}: ${task.failure.message}` }),
      metrics: Object.fromEntries(Object.entries(task.metrics).map(([name, { values, steps }]) => [name, steps === undefined ? values : { values, steps }])),
      logged: task.loggedParams,
      tags: Object.keys(task.tags),
      artifacts: task.artifacts.map(({ name, mediaType, size }) => `${name} ${mediaType} ${size}`),
      datasets: task.datasets.map(({ name, context }) => `${name} ${context ?? ''}`),
      spans: task.attempts.reduce((sum, attempt) => sum + attempt.spanCount, 0),
      logs: task.attempts.reduce((sum, attempt) => sum + attempt.output.length, 0),
    })),
  };
}

describe('imports', () => {
  for (const source of ['otlp', 'otel-console', 'jaeger', 'composable-logs', 'composable-site', 'runnable', 'mlflow-2', 'mlflow-3', 'dvc']) {
    it(`reads ${source} as expected`, async (t) => {
      const { runs, problems } = await importRuns(path.join(temporaryFolder(t), '.runweave'), [source], fixtures);
      const read: Record<string, unknown> = {};
      for (const run of runs) {
        assert.equal(run.existed, false, run.runId);
        const opened = await readRecord(run.record);
        if (opened.type === 'unreadable') assert.fail(opened.message);
        const state = opened.type === 'run' ? opened.state : await readRecordHead(run.record);
        const trace = opened.type === 'trace' ? { trace: opened.title, total: opened.total, spans: opened.spans.slice(0, 5).map(({ name, spanId, parentSpanId, service, error }) => ({ name, spanId, parentSpanId, service, error })) } : {};
        // A format without times has the file's, which is another in every checkout.
        read[`${run.source}${run.format === 'dvc' ? '' : ` ${run.runId}`}`] = JSON.parse(JSON.stringify({ ...trace, ...(summary(state) as object) }));
      }
      const now = { read, problems };
      if (process.env['UPDATE_GOLDEN'] !== undefined) {
        const written = JSON.parse(readFileSync(expectedFile, 'utf8')) as Record<string, unknown>;
        writeFileSync(expectedFile, `${JSON.stringify({ ...written, [source]: now }, undefined, 1)}\n`);
        return;
      }
      assert.deepEqual(now, expected[source]);
    });
  }
});
