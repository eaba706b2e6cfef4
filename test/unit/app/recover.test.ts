import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { recoverInterruptedRuns } from '../../../src/app/recover.ts';
import { openResults, readResults } from '../../../src/fingerprint/results.ts';
import type { Fingerprint } from '../../../src/model/fingerprint.ts';
import type { RunEvent, RunId } from '../../../src/model/run-event.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { openEventLog } from '../../../src/recording/event-log.ts';
import { readRecordHead } from '../../../src/store/read-record.ts';
import { generateRun } from '../recording/generated-run.ts';

let store = '';
beforeEach(() => {
  store = path.join(mkdtempSync(path.join(tmpdir(), 'runweave-recover-')), '.runweave');
  mkdirSync(store);
});
afterEach(() => rmSync(path.dirname(store), { recursive: true, force: true }));

const time = '1795000000000000000' as UnixNano;
const digest = 'sha256:00' as Fingerprint['definition'];
const fingerprint: Fingerprint = { definition: digest, definitionParts: {}, params: {}, interpreter: 'none', sources: {}, inputs: {}, upstream: {}, env: {} };

/** A run of `other.yaml` whose process is gone, with these events after its start, and the file of its results. */
async function leftBehind(...after: readonly RunEvent[]): Promise<{ readonly runId: RunId; readonly task: string; readonly results: string }> {
  const started = generateRun(1).find((event) => event.type === 'run-started') ?? assert.fail();
  const [first] = started.tasks;
  assert.ok(first);
  const task = { ...first, outputs: ['out'] };
  const { runId, traceId } = started;
  const results = path.join(store, 'cache', 'results-other.yaml.jsonl');
  const open = openResults(results, new Map());
  open.started(task.id, { runId, traceId, spanId: task.spanId, time, fingerprint });
  open.close();
  const log = await openEventLog(store, runId);
  for (const event of [{ ...started, pipeline: { name: 'other', file: 'other.yaml' }, tasks: [task] }, { type: 'task-started', task: task.id, time, fingerprint, params: {} } as const, ...after]) log.append(event);
  await log.close();
  // As of a process that is gone.
  writeFileSync(log.path, readFileSync(log.path, 'utf8').replace(/"pid":\d+/, '"pid":999999999'));
  return { runId, task: task.id, results };
}

describe('a run whose process is gone', () => {
  const ended: RunEvent = { type: 'task-ended', task: 'task-0' as never, time, outcome: 'success', outputs: [], returns: {}, fingerprint };
  const recover = (pipelineFile: string, told: string[] = []) =>
    recoverInterruptedRuns(store, { pipelineFile, onError: (error) => assert.fail(String(error)), onUntold: (message) => told.push(message), masked: (text) => text.replaceAll('hunter2', '***') });

  for (const [pipelineFile, outcome] of [['other.yaml', 'success'], ['runweave.yaml', 'error']] as const) {
    it(`gives its results to ${pipelineFile === 'other.yaml' ? 'its own pipeline' : 'no other, which does not hold them'}`, async () => {
      const { task, results } = await leftBehind(ended);
      const before = readFileSync(results, 'utf8');
      assert.equal((await recover(pipelineFile)).length, 1);
      const known = readResults(results) ?? assert.fail();
      assert.equal(openResults(results, known).get(task as never)?.outcome, outcome);
      assert.equal(readFileSync(results, 'utf8') === before, outcome === 'error');
    });
  }

  it('has in its record what it had moved and did not come to tell, without secrets', async () => {
    const told: string[] = [];
    const { runId } = await leftBehind();
    const aside = path.join(store, 'set-aside', runId);
    mkdirSync(path.join(aside, 'out'), { recursive: true });
    for (const name of ['out/notes', 'out/notes.2', 'out/hunter2', 'elsewhere']) writeFileSync(path.join(aside, name), '');
    const [result] = await recover('other.yaml', told);
    const { warnings } = await readRecordHead(result?.record ?? assert.fail());
    const place = `.runweave/set-aside/${runId}/out`;
    assert.deepEqual(warnings, told);
    assert.equal(told.length, 1);
    assert.ok(told[0]?.startsWith(`set aside: out/*** (now ${place}/***), out/notes (now ${place}/notes), out/notes (now ${place}/notes.2). They came into the outputs of task-0 `), told[0]);
  });

  it('tells nothing of what a task had moved that ended', async () => {
    const told: string[] = [];
    const { runId } = await leftBehind(ended);
    mkdirSync(path.join(store, 'set-aside', runId, 'out'), { recursive: true });
    writeFileSync(path.join(store, 'set-aside', runId, 'out', 'notes'), '');
    await recover('other.yaml', told);
    assert.deepEqual(told, []);
  });
});
