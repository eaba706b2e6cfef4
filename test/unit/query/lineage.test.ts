import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareRuns } from '../../../src/query/compare.ts';
import { describeWarning, findOutputs, historyOf, lineageOf, lineageTree, supersededBy, type LineageNode } from '../../../src/query/lineage.ts';
import { flaggedTaskRuns, goodTaskRuns, review } from '../../../src/query/review.ts';
import { sketchedRun as run } from './sketched-run.ts';

/** `report@c(train@b(clean@a(load@a)) …)`: a repeated one ends with `…`. */
function text(node: LineageNode): string {
  const name = `${node.run.task}@${node.run.runId}${node.warnings.map((warning) => (warning.type === 'old-input' ? '!old' : warning.type === 'fresher-run-existed' ? `!${warning.fresherRun}` : '')).join('')}`;
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

  it('says exactly what is no longer the latest, and why; going back to earlier code makes an earlier one the latest again', () => {
    const of = (runId: string, task: string) => lineage.of(runId, task) ?? assert.fail();
    assert.equal(supersededBy(lineage, of('a', 'train'))?.runId, 'd');
    assert.equal(supersededBy(lineage, of('c', 'clean'))?.runId, 'a');
    assert.equal(supersededBy(lineage, of('a', 'clean')), undefined);
    assert.equal(supersededBy(lineage, of('d', 'train')), undefined);
    const reasons = [{ type: 'source-changed' as const, path: 'train.py', from: 'sha256:11112222' as never, to: 'sha256:33334444' as never }];
    assert.equal(describeWarning({ type: 'superseded', byRun: 'd' as never, reasons }), 'no longer the latest: made again in d: source train.py changed (11112222 → 33334444)');
    const root = lineageTree(lineage, of('d', 'train'), { direction: 'upstream', staleNow: (each) => (each.task === 'train' ? { type: 'stale-now', perhaps: false, reasons: ['source train.py changed'] } : undefined) });
    assert.deepEqual(root.warnings.map(({ type }) => type), ['old-input', 'fresher-run-existed', 'stale-now']);
  });

  it('warns of inputs older than a limit that is given', () => {
    const root = lineageTree(lineage, lineage.of('b', 'train') ?? assert.fail(), { direction: 'upstream', oldInput: 3_600_000 });
    assert.deepEqual(root.warnings.map(describeWarning), ['what clean made was 24 h 0 min old when it was used', 'no longer the latest: made again in d']);
  });

  it('cuts a tree that is too large, and says so', () => {
    const root = lineageTree(lineage, lineage.of('a', 'report') ?? assert.fail(), { direction: 'upstream', limit: 2 });
    assert.deepEqual([text(root), root.left, root.children[0]?.left], ['report@a(train@a)', 1, 1]);
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

  it('names the runs that it counted, and the version that the good ones have', () => {
    const lineage = lineageOf(history);
    const flagged = flaggedTaskRuns(lineage, [{ runId: 'b' as never, task: 'train' as never, output: 'build/train.out', time: '' }]);
    const good = goodTaskRuns(lineage, flagged);
    assert.deepEqual(good.map((each) => each.runId), ['d', 'a']);
    const [first] = review(lineage, flagged, good);
    assert.deepEqual([first?.suspect.type, first?.flaggedRuns, first?.goodRuns, first?.goodVersion], ['source', ['b'], [], 'sha256:v3']);
  });

  it('takes a flag on a whole run for one on what its last tasks made', () => {
    const flagged = flaggedTaskRuns(lineageOf(history), [{ runId: 'b' as never, time: '' }, { runId: 'c' as never, time: '' }, { runId: 'gone' as never, time: '' }]);
    assert.deepEqual(flagged.map((each) => `${each.task}@${each.runId}`), ['report@b', 'train@c']);
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
    assert.deepEqual(compare('a', 'b')[0], { type: 'source', path: 'train.py', tasks: ['train'], digests: ['sha256:v1', 'sha256:v2'] });
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
