import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import { findSpans, wordsOf } from '../../../src/query/find-spans.ts';
import { runEnvironment } from '../../../src/query/run-environment.ts';
import { runSources } from '../../../src/query/run-sources.ts';
import { digitsEvents } from '../../webview/digits.ts';

function fold(events: readonly RunEvent[]): RunState {
  const { apply, state } = createRunFold();
  events.forEach(apply);
  const run = state();
  assert.ok(run);
  return run;
}

/** The digits run, in which `ingest` reported two spans. */
function withSpans(): RunState {
  const events = [...digitsEvents()];
  const at = events.findIndex((event) => event.type === 'attempt-ended' && event.task === 'ingest');
  const ended = events[at];
  assert.ok(ended?.type === 'attempt-ended');
  const span = (spanId: string, parentSpanId: string, name: string, attributes: object, error = false): RunEvent => ({
    type: 'span', task: ended.task, attempt: ended.attempt, time: ended.time,
    span: { traceId: '0'.repeat(31) + '1', spanId, parentSpanId, name, kind: 1, start: ended.time, end: ended.time, attributes, events: [{ name: 'retry', time: ended.time, attributes: { count: 3 } }], links: [], status: error ? { code: 2, message: 'no rows' } : { code: 0 } } as never,
  });
  events.splice(at, 0, span('00000000000000a1', '00000000000000ff', 'GET /x', { 'http.route': '/x', 'http.status': 200 }), span('00000000000000a2', '00000000000000a1', 'query', { 'db.system': 'sqlite' }, true));
  return fold(events);
}
const run = withSpans();
const found = (query: string): readonly string[] => findSpans(run, query).rows.filter((row) => row.found).map((row) => row.key);

describe('findSpans', () => {
  it('finds by name and by attribute, in any case, all words', () => {
    assert.deepEqual(found('get'), ['ingest/1/' + '0'.repeat(31) + '100000000000000a1']);
    assert.equal(findSpans(run, 'HTTP.route=/X').rows.find((row) => row.found)?.where?.join('='), 'http.route=/x');
    assert.deepEqual(found('db.system=sqlite rows').length, 1);
    assert.deepEqual(found('db.system=sqlite /x'), []);
    assert.deepEqual(found('retry.count=3').length, 2);
  });

  it('finds tasks, attempts and cells too, each below its task', () => {
    const { rows, total } = findSpans(run, '"cell 2"');
    assert.equal(total, 7);
    assert.deepEqual(rows.slice(0, 2).map(({ type, found: is, depth }) => [type, is, depth]), [['task', false, 0], ['cell', true, 2]]);
    assert.deepEqual(found('source=tasks/ingest.py'), ['ingest']);
    assert.deepEqual(found('exit_code=1'), ['train[nr_train_images=500]/1']);
  });

  it('shows a tree of everything without a query', () => {
    const { rows } = findSpans(run, '');
    assert.deepEqual(rows.slice(0, 4).map(({ name, depth }) => [name, depth]), [['ingest', 0], ['attempt 1', 1], ['GET /x', 2], ['query', 3]]);
    assert.ok(rows.every((row) => row.found && row.end >= row.start));
    assert.equal(new Set(rows.map((row) => row.key)).size, rows.length);
  });

  it('takes quoted words as one, also an open one', () => {
    assert.deepEqual(wordsOf('a "b c" d="x'), ['a', 'b c', 'd="x']);
    assert.deepEqual(wordsOf('"never closed'), ['never closed']);
    assert.deepEqual(wordsOf('  '), []);
  });
});

describe('what a run ran in and with', () => {
  it('is put in order', () => {
    const environment = runEnvironment(run);
    assert.deepEqual(environment.packages.map(({ name, versions }) => [name, versions.length]), [['numpy', 1], ['scikit-learn', 1]]);
    assert.equal(environment.interpreters.length, 1);
    assert.deepEqual(environment.git.map(([name]) => name), ['runweave.vcs.dirty', 'vcs.ref.head.name', 'vcs.ref.head.revision']);
    assert.equal(environment.other.length + environment.machine.length + environment.ci.length + environment.variables.length + environment.git.length, Object.keys(run.resource).length);
  });

  it('has each source once for each content, the pipeline file first', () => {
    const sources = runSources({ ...run, pipelineFile: `sha256:${'0'.repeat(64)}` as never });
    assert.deepEqual(sources.map(({ path, tasks }) => [path, tasks.length]), [['runweave.yaml', 0], ['notebooks/benchmark.py', 3], ['notebooks/summary.py', 1], ['notebooks/train.py', 3], ['tasks/ingest.py', 1], ['tasks/prepare.py', 1]]);
    assert.equal(sources.find(({ path }) => path === 'notebooks/train.py')?.meaning, `sha256:${'b'.repeat(64)}`);
  });
});
