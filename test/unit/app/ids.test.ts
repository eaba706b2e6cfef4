import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomIds } from '../../../src/app/ids.ts';

const ids = randomIds();

describe('ids', () => {
  it('of runs are the time, the name and four digits', () => {
    assert.match(ids.runId('digits', new Date('2026-11-20T22:40:11.123Z')), /^20261120T224011Z-digits-[0-9a-f]{4}$/);
  });

  it('of runs are file names, whatever the pipeline is called', () => {
    const now = new Date('2026-01-02T03:04:05Z');
    const names: readonly (readonly [string, string])[] = [
      ['My Pipeline / v2', 'my-pipeline-v2'],
      ['../..', 'run'],
      ['数字', 'run'],
      ['', 'run'],
      ['--a--', 'a'],
      ['x'.repeat(100), 'x'.repeat(40)],
    ];
    for (const [name, expected] of names) assert.equal(ids.runId(name, now).slice('20260102T030405Z-'.length, -'-0000'.length), expected);
  });

  it('of runs sort by time, also within a second', () => {
    const times = [0, 1, 2, 10, 499, 500, 998, 999, 1000, 60_000];
    const made = times.map((time) => ids.runId('p', new Date(Date.UTC(2026, 0, 1) + time)));
    assert.deepEqual(made, [...made].sort());
  });

  it('of runs in one millisecond differ', () => {
    const now = new Date();
    assert.ok(new Set(Array.from({ length: 20 }, () => ids.runId('p', now))).size > 10);
  });

  it('of traces and spans are hex of the right length, each another', () => {
    assert.match(ids.traceId(), /^[0-9a-f]{32}$/);
    assert.match(ids.spanId(), /^[0-9a-f]{16}$/);
    assert.equal(new Set(Array.from({ length: 100 }, ids.spanId)).size, 100);
  });
});
