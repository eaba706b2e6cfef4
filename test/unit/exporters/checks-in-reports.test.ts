import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toJunitSuite } from '../../../src/exporters/junit.ts';
import { toMarkdown } from '../../../src/exporters/markdown.ts';
import type { CheckResult } from '../../../src/model/check.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import { generateRun } from '../recording/generated-run.ts';

/** One task, which succeeded but for these checks; `message` as the executor gives it. */
function runWithChecks(checks: readonly CheckResult[], message?: string): RunState {
  const [started] = generateRun(1, { tasks: 1 });
  assert.ok(started?.type === 'run-started');
  const [node] = started.tasks;
  assert.ok(node !== undefined);
  const { time } = started;
  const of = { task: node.id, attempt: 1, time } as const;
  const ended = { task: node.id, time, outcome: message === undefined ? 'success' : 'failure', ...(message !== undefined && { failure: { type: 'check-failed', message } }) } as const;
  const { apply, state } = createRunFold();
  apply(started);
  apply({ type: 'attempt-started', ...of, spanId: node.spanId, cause: 'first', command: [], cwd: '.', pid: 1 });
  apply({ type: 'checked', ...of, checks });
  apply({ type: 'attempt-ended', ...of, ...ended });
  apply({ type: 'task-ended', ...ended, outputs: [], returns: {} });
  apply({ type: 'run-ended', time, outcome: ended.outcome });
  const run = state();
  assert.ok(run !== undefined);
  return run;
}

const passed: CheckResult = { type: 'after', check: 'python validate.py', outcome: 'success' };
const failed: CheckResult = { type: 'condition', check: 'roc_auc >= 0.95', outcome: 'failure', found: 'it is 0.93' };

describe('checks in reports', () => {
  it('are counted, and the one that failed is named with what was found', () => {
    const run = runWithChecks([passed, failed], 'a check failed: roc_auc >= 0.95: it is 0.93');
    assert.match(toJunitSuite(run), /<failure type="check-failed" message="a check failed: roc_auc &gt;= 0\.95: it is 0\.93">/);
    const markdown = toMarkdown(run, { directionOf: () => 'none' });
    assert.match(markdown, /^1 of 2 checks passed/m);
    assert.match(markdown, /a check failed: roc&#95;auc &#62;= 0\.95: it is 0\.93/);
    assert.ok(!markdown.includes('validate.py'));
  });

  it('are not spoken of where there are none', () => {
    const run = runWithChecks([]);
    assert.ok(!toMarkdown(run, { directionOf: () => 'none' }).includes('check'));
    assert.ok(!toJunitSuite(run).includes('check'));
  });
});
