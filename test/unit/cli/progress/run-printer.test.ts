import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRunPrinter } from '../../../../src/cli/progress/run-printer.ts';
import { createFakeHost } from '../fake-host.ts';
import { of, runStarted, sampleEvents, startMilliseconds, task } from '../sample-run.ts';

const options = { verbose: false, nameFile: (path: string) => path };

describe('a run in a plain log', () => {
  it('is lines', () => {
    const host = createFakeHost();
    const printer = createRunPrinter(host, options);
    sampleEvents.forEach(printer.event);
    printer.sealed('.runweave/runs/x.otlp.jsonl');
    printer.close();
    assert.equal(
      host.out(),
      `▸ ingest  parameter epochs: 10 → 20, and 1 more
✓ ingest  1.2 s  rows=1797
▸ train[nr_train_images=400]  no earlier result
✗ train[nr_train_images=400]  2.3 s  ValueError: no such digit
  │ epoch 1
  │ epoch 2
  │ Traceback (most recent call last):
  │ ValueError: no such digit
  at tasks/train.py:12 in fit
  more: runweave logs '20261120T224011Z-digits-3f2a/train[nr_train_images=400]'
= 1 up to date
- 1 not run, what they need did not succeed: summary
Failed: 1 succeeded, 1 failed, 1 up to date, 1 not run, 3.6 s. .runweave/runs/x.otlp.jsonl
`,
    );
    assert.equal(host.listening(), false);
  });

  it('streams what tasks print, line by line, when asked to', () => {
    const host = createFakeHost();
    const printer = createRunPrinter(host, { ...options, verbose: true });
    const a = of('a');
    for (const event of [runStarted([task('a')]), ...a.started(0), a.output(1, 'one\ntw'), a.output(2, 'error\n', 'stderr'), a.output(3, 'o\u001b[2J\nrest'), a.attemptEnded(4, { attempt: 1, outcome: 'success' }), a.ended(5)]) printer.event(event);
    assert.equal(host.out(), '▸ a\na │ one\na │ error\na │ two\na │ rest\n✓ a  5 ms\n');
  });

  it('tells what a change overrules while the run goes on', () => {
    const host = createFakeHost();
    const printer = createRunPrinter(host, options);
    const [a, b, c] = [of('a'), of('b'), of('c')];
    const changed = [{ type: 'env-changed', name: 'X', from: '1', to: '2' }] as const;
    for (const event of [
      runStarted([task('a'), task('b', ['a']), task('c')]),
      ...a.started(0),
      a.ended(1),
      ...b.started(2),
      // Decided for the first time, and again: nothing is overruled.
      c.stale(3),
      c.stale(4, changed),
      b.stale(5, [{ type: 'upstream-will-run', task: task('a').id }]),
      a.stale(5, changed),
      a.stale(6, changed),
      b.attemptEnded(6, { attempt: 1, outcome: 'cancellation' }),
    ]) printer.event(event);
    assert.equal(host.out(), '▸ a\n✓ a  1 ms\n▸ b\n↻ b  cancelled: a will run\n↻ a  to run again: environment variable X: "1" → "2"\n');
  });

  it('tells retries, warnings, and what made it run', () => {
    const host = createFakeHost();
    const printer = createRunPrinter(host, options);
    const a = of('a');
    const warned = { category: 'RuntimeWarning', message: '', file: '', line: 0, count: 1 };
    for (const event of [
      runStarted([task('a')], { trigger: { type: 'change', files: ['a.py', 'b.py', 'c.py', 'd.py'], count: 120 } }),
      ...a.started(0),
      a.attemptEnded(1, { attempt: 1, outcome: 'failure', failure: { type: 'exit-code', message: 'exit code 3' } }),
      a.attempt(2, 2, 'retry'),
      { type: 'warning' as const, time: a.stale(0).time, message: 'the clock was set' },
      { type: 'warned' as const, time: a.stale(3).time, task: task('a').id, attempt: 2, warnings: [{ ...warned, message: 'numpy was loaded before the task' }, { ...warned, message: 'in its output', file: 'a.py', line: 3 }] },
      a.ended(4),
    ]) printer.event(event);
    assert.equal(host.out(), '↻ changed: a.py, b.py, c.py and 117 more\n▸ a\n↻ a  attempt 2  exit code 3\n! the clock was set\n! a  numpy was loaded before the task\n✓ a  4 ms  2 attempts\n');
  });
});

describe('a run on a terminal', () => {
  it('draws what runs at every tick, and takes it away at the end', () => {
    let now = startMilliseconds + 500;
    const host = createFakeHost({ interactive: true, now: () => now });
    const printer = createRunPrinter(host, options);
    const a = of('a');
    for (const event of [runStarted([task('a')]), ...a.started(0), a.output(1, 'half a li')]) printer.event(event);
    assert.equal(host.out(), '');
    host.tick();
    assert.match(host.out(), /a {2}500 ms {3}half a li/);
    now += 1000;
    host.tick();
    assert.match(host.out(), /a {2}1\.5 s/);
    printer.note('ending the tasks…');
    assert.match(host.out(), /ending the tasks…/);
    printer.event(a.ended(2000));
    printer.event({ type: 'run-ended', time: a.ended(2000).time, outcome: 'success' });
    const before = host.out().length;
    host.tick();
    assert.equal(host.out().length, before, 'nothing is drawn after the end');
    printer.close();
    assert.equal(host.listening(), false);
  });
});
