import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseRuns } from '../../../../src/app/site/choose-runs.ts';
import { noAnnotations, runKey, type RunRow } from '../../../../src/query/run-row.ts';
import { runIdOf, startOf } from './recorded-run.ts';

const row = (index: number, annotations: Partial<RunRow['annotations']> = {}, suffix = '.otlp.jsonl'): RunRow => ({ runId: runIdOf(index), path: `/w/.runweave/runs/${runIdOf(index)}${suffix}`, status: 'success', annotations: { ...noAnnotations, ...annotations } });
const rows = [row(6, {}, '.jsonl'), row(5), row(4), row(3, { tags: ['baseline'] }), row(2), row(1, { star: true })];
const chosen = (retention: Parameters<typeof chooseRuns>[1]): readonly string[] => chooseRuns(rows, retention).map(({ path }) => runKey(path));

describe('the runs of a site', () => {
  it('are all that have ended, those with a star or a tag first', () => assert.deepEqual(chosen({}), [3, 1, 5, 4, 2].map(runIdOf)));
  it('are the newest, and those with a star or a tag', () => assert.deepEqual(chosen({ keep: 1 }), [3, 1, 5].map(runIdOf)));
  it('are those since a time, by the name also where the record can not be read', () => assert.deepEqual(chosen({ since: startOf(4) }), [3, 1, 5, 4].map(runIdOf)));
});
