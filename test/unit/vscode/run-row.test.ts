import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunSummary } from '../../../src/model/record.ts';
import type { RunId, TraceId } from '../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
import { relativeTime, runRow } from '../../../src/vscode/run-row.ts';

const now = new Date('2026-11-20T22:45:00Z');
const start = new Date('2026-11-20T22:40:11Z').getTime();
const summary: RunSummary = {
  runId: '20261120T224011Z-digits-3f2a' as RunId,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736' as TraceId,
  path: '/p/.runweave/runs/20261120T224011Z-digits-3f2a.otlp.jsonl',
  pipeline: 'digits',
  start: fromMilliseconds(start),
  end: fromMilliseconds(start + 3200),
  outcome: 'success',
  interrupted: false,
  counts: { total: 10, executed: 7, succeeded: 7, failed: 0, skipped: 3 },
  params: {},
  taskParams: {},
  series: [],
  tags: {},
};

describe('runRow', () => {
  it('says when, what and how long', () => {
    const row = runRow({ type: 'run', summary }, now);
    assert.deepEqual([row.label, row.description, row.icon], ['5 min ago', '7 executed · 3.2 s', 'pass']);
  });
  it('says that a run was interrupted', () => {
    const row = runRow({ type: 'run', summary: { ...summary, outcome: 'error', interrupted: true } }, now);
    assert.match(row.description, /^interrupted/);
    assert.equal(row.icon, 'debug-disconnect');
  });
  it('shows a run in progress as running', () => {
    const { end: _, outcome: __, ...live } = summary;
    const row = runRow({ type: 'run', summary: live }, now);
    assert.deepEqual([row.description, row.contextValue], ['running', 'run.live']);
  });
  it('lists what can not be read, with its error', () => {
    const row = runRow({ type: 'unreadable', path: '/p/x.otlp.jsonl', message: 'line 1 is no JSON' }, now);
    assert.deepEqual([row.label, row.description, row.contextValue], ['x.otlp.jsonl', 'line 1 is no JSON', 'unreadable']);
  });
});

describe('relativeTime', () => {
  for (const [seconds, text] of [[3, 'just now'], [50, '1 min ago'], [3000, '50 min ago'], [7000, '2 h ago'], [100_000, 'yesterday'], [400_000, '2026-11-16']] as const) {
    it(text, () => assert.equal(relativeTime(new Date(now.getTime() - seconds * 1000), now), text));
  }
});
