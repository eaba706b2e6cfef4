import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunListEntry, RunSummary } from '../../../src/model/record.ts';
import type { RunId, TraceId } from '../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import { pageSize, rowsToDraw, runsTree, type RunGrouping, type RunsNode, type RunsQuestion } from '../../../src/vscode/run-groups.ts';

// Noon, so that a minute more is the same day in any time zone's tests.
const now = new Date(2026, 10, 20, 12);

function entry(hoursAgo: number, more: Partial<RunSummary> = {}): RunListEntry & { readonly type: 'run' } {
  const start = now.getTime() - hoursAgo * 3_600_000;
  const runId = `run-${String(10_000_000 - Math.round(hoursAgo * 100)).padStart(9, '0')}` as RunId;
  return {
    type: 'run',
    summary: {
      runId, traceId: '' as TraceId, path: `/p/.runweave/runs/${runId}.otlp.jsonl`, pipeline: 'digits', start: fromMilliseconds(start), end: fromMilliseconds(start + 1000), outcome: 'success', interrupted: false,
      counts: { total: 1, executed: 1, succeeded: 1, failed: 0, skipped: 0 }, params: {}, taskParams: {}, series: [], tags: {}, ...more,
    },
  };
}

const ask = (grouping: RunGrouping, more: Partial<RunsQuestion> = {}): RunsQuestion => ({ grouping, now, shown: new Map(), opened: new Set(), ...more });
const heads = (nodes: readonly RunsNode[]): readonly string[] => nodes.map((node) => (node.type === 'entry' ? node.key : node.type === 'group' ? `${node.label}: ${node.description}` : node.label));

describe('runsTree', () => {
  const entries = [entry(1), entry(2, { branch: 'main' }), entry(25, { pipeline: 'other', counts: { total: 2, executed: 2, succeeded: 1, failed: 1, skipped: 0 } }), { type: 'unreadable' as const, path: '/p/.runweave/runs/20261118T120000Z-x-1.otlp.jsonl', message: 'no JSON' }, { type: 'unreadable' as const, path: '/p/.runweave/runs/x.otlp.jsonl', message: 'no JSON' }];

  it('groups by day, branch and pipeline, what can not be read too', () => {
    const days = heads(runsTree(entries, ask('day')));
    assert.deepEqual(days.slice(0, 2), ['Today: 2 runs', 'Yesterday: 1 run, 1 with failures']);
    assert.match(days[2] ?? '', /18.*2026.*: 1 run, 1 with failures|2026.*18.*: 1 run/);
    assert.equal(days[3], 'unreadable: 1 run, 1 with failures');
    assert.deepEqual(heads(runsTree(entries, ask('branch'))), ['no branch: 2 runs, 1 with failures', 'main: 1 run', 'unreadable: 2 runs, 2 with failures']);
    assert.deepEqual(heads(runsTree(entries, ask('pipeline'))), ['digits: 2 runs', 'other: 1 run, 1 with failures', 'unreadable: 2 runs, 2 with failures']);
    assert.equal(runsTree(entries, ask('nothing')).length, 5);
  });

  it('works out the runs of groups that are open alone, a page of them', () => {
    const many = Array.from({ length: 2 * pageSize + 7 }, (_, index) => entry(index / 1000));
    const [closed] = runsTree(many, ask('pipeline'));
    assert.ok(closed?.type === 'group' && closed.children.length === 0 && closed.description === `${many.length} runs`);
    const opened = new Set([closed.key]);
    const childrenOf = (shown: ReadonlyMap<string, number>): readonly RunsNode[] => {
      const [group] = runsTree(many, ask('pipeline', { opened, shown }));
      return group?.type === 'group' ? group.children : [];
    };
    assert.equal(childrenOf(new Map()).length, pageSize + 1);
    assert.deepEqual(heads(childrenOf(new Map()).slice(-1)), [`Show ${pageSize} of ${pageSize + 7} older runs`]);
    assert.equal(childrenOf(new Map([[closed.key, 3 * pageSize]])).length, many.length);
  });

  it('says in which folder a run is where there are several', () => {
    const [node] = runsTree([entry(1)], ask('nothing', { folderOf: () => 'other' }));
    assert.ok(node?.type === 'entry');
    assert.match(node.row.description, / · other$/);
  });
});

describe('rowsToDraw', () => {
  const live = (path = '/p/.runweave/live/run-a.jsonl'): RunListEntry => {
    const { end: _, outcome: __, ...running } = entry(0).summary;
    return { type: 'run', summary: { ...running, path } };
  };
  const tree = (entries: readonly RunListEntry[], at = now): readonly RunsNode[] => runsTree(entries, ask('nothing', { now: at }));

  it('draws nothing while a run goes on, whatever it reports', () => {
    // Read again, so another object with more in it.
    const more = live();
    assert.ok(more.type === 'run');
    const reported: RunListEntry = { ...more, summary: { ...more.summary, series: [{ task: 't' as never, name: 'height', count: 5, last: 1 }] } };
    assert.deepEqual(rowsToDraw(tree([live(), entry(1)]), tree([reported, entry(1)])), []);
  });

  it('draws one row anew when its run ends, and those whose time reads differently', () => {
    const before = tree([live(), entry(1)]);
    assert.deepEqual(rowsToDraw(before, tree([{ ...entry(0), summary: { ...entry(0).summary, path: '/p/.runweave/runs/run-a.otlp.jsonl' } }, entry(1)])), ['run-a']);
    assert.deepEqual(rowsToDraw(before, tree([live(), entry(1)], new Date(now.getTime() + 60_000))), ['run-a']);
  });

  it('draws all when runs come and go', () => {
    assert.equal(rowsToDraw(tree([entry(1)]), tree([live(), entry(1)])), 'all');
    assert.equal(rowsToDraw(tree([live(), entry(1)]), tree([entry(1)])), 'all');
  });
});
