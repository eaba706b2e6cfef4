import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Digest, Fingerprint } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TaskNode, TraceId } from '../../../src/model/run-event.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import { compareRuns } from '../../../src/query/compare.ts';
import { findOutputs, historyOf, lineageOf, lineageTree, type LineageNode } from '../../../src/query/lineage.ts';
import { review } from '../../../src/query/review.ts';

/** Task → what it did: `ok`, `bad`, or `=RUN` for up to date since that run. */
type Sketch = Readonly<Record<string, { readonly did: string; readonly code?: string; readonly param?: number; readonly metric?: number }>>;

const needs: Readonly<Record<string, readonly string[]>> = { load: [], clean: ['load'], train: ['clean'], plot: ['clean'], report: ['train', 'plot'] };
const day = 86_400_000;

/** Run `id`, started on that day; of the pipeline above. */
function run(id: string, onDay: number, sketch: Sketch): RunState {
  let clock = onDay * day;
  const now = () => fromMilliseconds((clock += 1000));
  const spanOf = (task: string, inRun = id): SpanId => `${inRun}:${task}` as SpanId;
  const fold = createRunFold();
  const nodes = Object.keys(sketch).map(
    (task): TaskNode => ({ id: task as TaskId, name: task, kind: 'python', matrix: {}, dependencies: (needs[task] ?? []) as TaskId[], source: `${task}.py`, outputs: [`build/${task}.out`], spanId: spanOf(task), tags: [] }),
  );
  fold.apply({ type: 'run-started', time: now(), runId: id as RunId, traceId: '' as TraceId, spanId: '' as SpanId, pipeline: { name: 'p', file: 'runweave.yaml' }, params: {}, trigger: { type: 'manual', tasks: [] }, tasks: nodes, resource: { 'vcs.ref.head.revision': `commit-${id}` } });
  for (const node of nodes) {
    const { did = 'ok', code = 'v1', param, metric } = sketch[node.id] ?? {};
    const task = node.id;
    if (did.startsWith('=')) {
      const madeIn = did.slice(1);
      fold.apply({ type: 'task-skipped', task, time: now(), reason: 'up-to-date', madeBy: { runId: madeIn as RunId, traceId: '' as TraceId, spanId: spanOf(task, madeIn) } });
      continue;
    }
    const fingerprint = { definition: 'd' as Digest, definitionParts: {}, params: param === undefined ? {} : { param }, sources: { [`${task}.py`]: `sha256:${code}` as Digest }, inputs: {}, upstream: {}, env: {}, interpreter: '' } as unknown as Fingerprint;
    const events: readonly RunEvent[] = [
      { type: 'task-started', task, time: now(), fingerprint, params: fingerprint.params },
      { type: 'attempt-started', task, attempt: 1, time: now(), spanId: `${id}:${task}:1` as SpanId, cause: 'first', command: [], cwd: '.', pid: 1 },
      ...(metric === undefined ? [] : [{ type: 'metric' as const, task, attempt: 1, time: now(), name: 'accuracy', value: metric }]),
      { type: 'attempt-ended', task, attempt: 1, time: now(), outcome: did === 'bad' ? 'failure' : 'success' },
      { type: 'task-ended', task, time: now(), outcome: did === 'bad' ? 'failure' : 'success', outputs: [{ path: `build/${task}.out`, digest: `sha256:${id}-${task}` as Digest, size: 1 }], returns: task === 'train' ? { model: id } : {}, fingerprint },
    ];
    for (const event of events) fold.apply(event);
  }
  fold.apply({ type: 'run-ended', time: now(), outcome: 'success' });
  const state = fold.state();
  assert.ok(state !== undefined);
  return state;
}

/** `report@c(train@b(clean@a(load@a)) …)`: a repeated one ends with `…`. */
function text(node: LineageNode): string {
  const name = `${node.run.task}@${node.run.runId}${node.warnings.map((warning) => (warning.type === 'old-input' ? '!old' : `!${warning.fresherRun}`)).join('')}`;
  return node.repeated ? `${name}…` : node.children.length === 0 ? name : `${name}(${node.children.map(text).join(' ')})`;
}

const history = [
  run('a', 1, { load: { did: 'ok' }, clean: { did: 'ok' }, train: { did: 'ok', metric: 0.8 }, plot: { did: 'ok' }, report: { did: 'ok' } }),
  run('b', 2, { load: { did: '=a' }, clean: { did: '=a' }, train: { did: 'ok', code: 'v2', metric: 0.9 }, plot: { did: '=a' }, report: { did: 'ok' } }),
  run('c', 3, { load: { did: '=a' }, clean: { did: 'ok', code: 'v2' }, train: { did: 'bad', code: 'v2' } }),
  // Back to the earlier code of clean.
  run('d', 50, { load: { did: '=a' }, clean: { did: '=a' }, train: { did: 'ok', code: 'v3', param: 5, metric: 0.7 }, plot: { did: '=a' }, report: { did: 'ok' } }),
];

describe('lineage', () => {
  const lineage = lineageOf(history.toReversed());
  const tree = (task: string, runId: string, direction: 'upstream' | 'downstream' = 'upstream'): string => {
    const root = lineage.of(runId, task);
    assert.ok(root !== undefined);
    return text(lineageTree(lineage, root, { direction }));
  };

  it('goes back through runs and skips', () => {
    assert.equal(tree('report', 'a'), 'report@a(train@a(clean@a(load@a)) plot@a(clean@a…))');
    assert.equal(tree('report', 'b'), 'report@b(train@b(clean@a(load@a)) plot@a(clean@a…))');
    assert.equal(tree('plot', 'b'), 'plot@a(clean@a(load@a))');
  });

  it('warns of inputs that were old, or not the latest', () => {
    assert.equal(tree('train', 'd'), 'train@d!old!c(clean@a(load@a))');
  });

  it('goes forwards as well', () => {
    assert.equal(tree('clean', 'a', 'downstream'), 'clean@a(train@d!old!c(report@d!old) train@b(report@b) plot@a(report@d!old… report@b… report@a) train@a(report@a…))');
  });

  it('finds outputs by name, by the end of a path and by digest', () => {
    const found = (query: string): readonly string[] => findOutputs(lineage, query).map(({ run: { runId, task }, kind, name }) => `${kind} ${task}@${runId} ${name}`);
    assert.deepEqual(found('train.out'), ['file train@d build/train.out', 'file train@b build/train.out', 'file train@a build/train.out', 'file train@c build/train.out']);
    assert.deepEqual(found('train.model').length, 4);
    assert.deepEqual(found('train.accuracy'), ['value train@d accuracy', 'value train@b accuracy', 'value train@a accuracy']);
    assert.deepEqual(found('b/report/build/report.out'), ['file report@b build/report.out']);
    assert.deepEqual(found('nothing'), []);
  });

  it('lists the executions of a task', () => {
    assert.deepEqual(historyOf(lineage, 'clean').map((each) => each.runId), ['c', 'a']);
  });
});

describe('review', () => {
  it('puts the planted bad version first', () => {
    // Version v2 of clean was bad; everything made from it is.
    const states = Array.from({ length: 30 }, (_, index) => {
      const bad = index % 7 === 3;
      return run(`r${String(index).padStart(2, '0')}`, index, { load: { did: 'ok', param: index % 3 }, clean: { did: 'ok', code: bad ? 'v2' : 'v1', param: index % 2 }, train: { did: 'ok', code: `t${index % 4}` }, plot: { did: 'ok' }, report: { did: 'ok' } });
    });
    const lineage = lineageOf(states);
    const reports = historyOf(lineage, 'report');
    const isBad = (runId: string): boolean => Number(runId.slice(1)) % 7 === 3;
    const [first, second] = review(lineage, reports.filter((each) => isBad(each.runId)), reports.filter((each) => !isBad(each.runId)));
    assert.deepEqual(first?.suspect, { type: 'source', task: 'clean', path: 'clean.py', digest: 'sha256:v2', commit: 'commit-r24' });
    assert.deepEqual([first.flagged, first.flaggedOf, first.good, first.goodOf, first.score], [4, 4, 0, 26, 1]);
    assert.ok((second?.score ?? 1) < 1);
  });

  it('says nothing of what good ones share', () => {
    const lineage = lineageOf(history);
    const train = lineage.of('b', 'train');
    const other = lineage.of('a', 'train');
    assert.ok(train !== undefined && other !== undefined);
    const suspects = review(lineage, [train], [other]).map(({ suspect }) => suspect.type);
    assert.deepEqual(suspects, ['source', 'task-run']);
  });
});

describe('comparison', () => {
  const byId = new Map(history.map((state) => [state.runId as string, state]));
  const compare = (...ids: readonly string[]) =>
    compareRuns(
      ids.flatMap((id) => byId.get(id) ?? []),
      (task) => byId.get(task.madeBy?.runId ?? '')?.tasks.find((each) => each.node.id === task.node.id),
    ).differences;

  it('tells causes before effects, and what skipped tasks stand for is no difference', () => {
    assert.deepEqual(compare('a', 'b').map((difference) => difference.type), ['source', 'version', 'metric', 'return', 'output', 'output']);
    assert.deepEqual(compare('a', 'b')[0], { type: 'source', path: 'train.py', tasks: ['train'], digests: ['sha256:v1', 'sha256:v2'], contents: [undefined, undefined] });
  });

  it('says which metric is better', () => {
    const metric = compare('a', 'b', 'd').find((difference) => difference.type === 'metric');
    assert.ok(metric?.type === 'metric');
    assert.deepEqual([metric.values, metric.verdicts, metric.direction], [[0.8, 0.9, 0.7], ['same', 'better', 'worse'], 'higher']);
  });

  it('names parameters, and tasks that are not in every run', () => {
    assert.deepEqual(compare('b', 'd').find((difference) => difference.type === 'param'), { type: 'param', name: 'param', task: 'train', values: [undefined, 5] });
    assert.deepEqual(compare('a', 'c').flatMap((difference) => (difference.type === 'tasks' ? [[difference.task, difference.there]] : [])), [['plot', [true, false]], ['report', [true, false]]]);
  });

  it('finds nothing between a run and itself', () => {
    assert.deepEqual(compare('a', 'a'), []);
  });
});
