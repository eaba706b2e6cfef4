import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ganttOf, ganttToMermaid, ganttToText, ticksOf } from '../../../src/model/gantt.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { digitsEvents } from '../../webview/digits.ts';

function fold(events: readonly RunEvent[]): RunState {
  const { apply, state } = createRunFold();
  events.forEach(apply);
  const run = state();
  assert.ok(run);
  return run;
}

describe('ganttOf', () => {
  it('has a bar for each task that ran, by start, and none for a skipped one', () => {
    const gantt = ganttOf(fold(digitsEvents()));
    assert.equal(gantt.length, 25_850);
    assert.deepEqual(gantt.rows.map((row) => row.task).slice(0, 3), ['ingest', 'split', 'train[nr_train_images=400]']);
    assert.ok(!gantt.rows.some((row) => row.task === 'eda'));
    assert.deepEqual(gantt.rows.map(({ start, end }) => [start, end])[0], [100, 2350]);
  });

  it('marks the chain of tasks that the run was as long as', () => {
    const critical = ganttOf(fold(digitsEvents())).rows.filter((row) => row.critical).map((row) => row.task);
    assert.deepEqual(critical, ['ingest', 'split', 'train[nr_train_images=600]', 'benchmark[nr_train_images=600]', 'summary']);
  });

  it('shows every attempt, and the cells of a notebook', () => {
    const row = ganttOf(fold(digitsEvents())).rows.find((each) => each.task === 'train[nr_train_images=500]');
    assert.deepEqual(row?.attempts.map(({ label, phase, cells }) => [label, phase, cells.length]), [['attempt 1', 'failure', 0], ['attempt 2', 'success', 3]]);
  });

  it('lets the bar of a running task grow to now', () => {
    const events = digitsEvents();
    const until = events.findIndex((event) => event.type === 'attempt-started');
    const run = fold(events.slice(0, until + 1));
    const now = String(BigInt(run.start) + 7_000_000_000n);
    assert.equal(ganttOf(run, now as never).rows[0]?.end, 7000);
  });
});

describe('ganttToMermaid', () => {
  it('has a section a task and a bar an attempt, in Unix milliseconds', () => {
    const text = ganttToMermaid(ganttOf(fold(digitsEvents({ fail: true }))), 'run: "x"');
    assert.match(text, /^gantt\n {2}title run#58; #34;x#34;\n {2}dateFormat x\n/);
    assert.match(text, / {2}section train\[nr_train_images=500\]\n {2}2\.1 s :crit, \d{13}, \d{13}\n/);
  });
});

describe('ganttToText', () => {
  it('draws bars in the width that it is given', () => {
    const lines = ganttToText(ganttOf(fold(digitsEvents())), 90).trimEnd().split('\n');
    assert.equal(lines.length, 9);
    assert.match(lines[0] ?? '', /^ingest +✓ ━+ +2\.3 s$/);
    assert.ok(lines.every((line) => line.length <= 90));
  });
});

describe('ticksOf', () => {
  it('gives round distances, not more than asked for', () => {
    assert.deepEqual(ticksOf(25_850, 8), [0, 5000, 10_000, 15_000, 20_000, 25_000]);
    assert.ok(ticksOf(1e12, 8).length <= 9);
  });
});
