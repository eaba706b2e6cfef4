import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFailure, failureLines, finishedLine, shellWord, skippedLines, startedLine, summaryLine } from '../../../../src/cli/progress/task-lines.ts';
import { createStyle } from '../../../../src/cli/text.ts';
import { fold, of, runId, runStarted, sampleEvents, task } from '../sample-run.ts';

const plain = { style: createStyle(false), color: false, columns: undefined };
const state = fold(sampleEvents);
const [ingest, train] = state.tasks;
assert.ok(ingest !== undefined && train !== undefined);

describe('lines of a run', () => {
  it('says what starts and why', () => {
    assert.equal(startedLine(ingest, plain), '▸ ingest  parameter epochs: 10 → 20, and 1 more');
  });

  it('says what ended, how long it took and its metrics', () => {
    assert.equal(finishedLine(ingest, 'success', { ...plain, withReasons: false }), '✓ ingest  1.2 s  rows=1797');
    assert.equal(finishedLine(ingest, 'success', { ...plain, withReasons: true }), '✓ ingest  1.2 s  rows=1797  parameter epochs: 10 → 20, and 1 more');
    assert.equal(finishedLine(ingest, 'success', { ...plain, columns: 30, withReasons: true }), '✓ ingest  1.2 s  rows=1797  p…');
  });

  it('says why a task failed, where, and how to see more', () => {
    assert.equal(finishedLine(train, 'failure', { ...plain, withReasons: true }), '✗ train[nr_train_images=400]  2.3 s  ValueError: no such digit');
    assert.deepEqual(failureLines(train, runId, plain), [
      '  │ epoch 1',
      '  │ epoch 2',
      '  │ Traceback (most recent call last):',
      '  │ ValueError: no such digit',
      '  at tasks/train.py:12 in fit',
      "  more: runweave logs '20261120T224011Z-digits-3f2a/train[nr_train_images=400]'",
    ]);
  });

  it('shows the last 20 lines of a long output', () => {
    const long = fold([
      runStarted([task('a')]),
      ...of('a').started(0),
      ...Array.from({ length: 5000 }, (_, index) => of('a').output(1, `line ${index}\n`)),
      of('a').ended(2, { outcome: 'failure', failure: { type: 'exit-code', message: 'exit code 1' } }),
    ]);
    const [only] = long.tasks;
    assert.ok(only);
    const lines = failureLines(only, runId, plain);
    assert.equal(lines[0], '  │ line 4980');
    assert.equal(lines[19], '  │ line 4999');
    assert.equal(lines.length, 21);
  });

  it('says once what the helper said as the last words of a task', () => {
    const message = 'a notebook task needs nbclient; install with: python -m pip install nbclient';
    const said = (before: string): readonly string[] => {
      const [only] = fold([
        runStarted([task('a')]),
        ...of('a').started(0),
        of('a').output(1, `${before}runweave: ${message}\n`, 'stderr'),
        of('a').ended(2, { outcome: 'failure', failure: { type: 'ModuleNotFoundError', message } }),
      ]).tasks;
      assert.ok(only);
      return failureLines(only, runId, plain);
    };
    assert.deepEqual(said(''), [`  more: runweave logs ${runId}/a`]);
    assert.deepEqual(said('first\n'), ['  │ first', `  │ runweave: ${message}`, `  more: runweave logs ${runId}/a`]);
  });

  it('names our own failures by their message alone', () => {
    assert.equal(describeFailure({ type: 'exit-code', message: 'exit code 3' }), 'exit code 3');
    assert.equal(describeFailure({ type: 'KeyError', message: "'x'" }), "KeyError: 'x'");
    assert.equal(describeFailure({ type: 'Evil\u001b[2J', message: 'a\nb' }), 'Evil: a b');
  });

  it('collapses what did not run', () => {
    assert.deepEqual(skippedLines(state, plain), ['= 1 up to date', '- 1 not run, what they need did not succeed: summary']);
  });

  it('ends with counts, time and record', () => {
    assert.equal(summaryLine(state, '.runweave/runs/x.otlp.jsonl', plain), 'Failed: 1 succeeded, 1 failed, 1 up to date, 1 not run, 3.6 s. .runweave/runs/x.otlp.jsonl');
  });

  it('says when there was nothing to do', () => {
    const idle = fold([runStarted([task('a')]), of('a').skipped(1, { reason: 'up-to-date' }), { type: 'run-ended', time: of('a').skipped(20, { reason: 'up-to-date' }).time, outcome: 'success' }]);
    assert.equal(summaryLine(idle, 'r', plain), 'Nothing to do: 1 up to date, 20 ms. r');
  });

  it('quotes what a shell would read as a pattern', () => {
    assert.equal(shellWord('run/train'), 'run/train');
    assert.equal(shellWord("run/train[x=it's]"), "'run/train[x=it'\\''s]'");
  });
});
