import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { liveLines } from '../../../../src/cli/progress/live-view.ts';
import { createStyle, displayWidth } from '../../../../src/cli/text.ts';
import { fold, of, runStarted, startMilliseconds, task } from '../sample-run.ts';

const options = { style: createStyle(false), columns: 80, lines: 10, now: startMilliseconds + 4200, frame: 0, lastLine: () => undefined };
const tasks = [task('ingest'), task('eda', ['ingest']), task('train[n=400]', ['ingest']), task('summary', ['eda'])];
const events = [runStarted(tasks), ...of('ingest').started(0), of('ingest').ended(1000), of('eda').stale(1000), ...of('eda').started(1000), ...of('train[n=400]').started(2000)];

describe('live region', () => {
  it('shows what runs, for how long, and counts', () => {
    assert.deepEqual(liveLines(fold(events), options), ['⠋ eda           3.2 s    no earlier result', '⠋ train[n=400]  2.2 s', '  1 done · 2 running · 1 waiting · 4.2 s']);
  });

  it('shows the last line that a task printed', () => {
    const lines = liveLines(fold(events), { ...options, lastLine: (each) => (each.node.name === 'train' ? 'epoch 3' : undefined) });
    assert.equal(lines[1], '⠋ train[n=400]  2.2 s    epoch 3');
  });

  it('is never higher or wider than the terminal', () => {
    const many = Array.from({ length: 50 }, (_, index) => `task-with-a-long-name-${index}`);
    const state = fold([runStarted(many.map((id) => task(id))), ...many.flatMap((id) => of(id).started(0))]);
    const lines = liveLines(state, { ...options, columns: 30, lines: 5, lastLine: () => 'x'.repeat(200) });
    assert.equal(lines.length, 5);
    assert.equal(lines[3], '  and 47 more');
    for (const line of lines) assert.ok(displayWidth(line) <= 30, line);
  });

  it('shows a note', () => {
    assert.match(liveLines(fold(events), { ...options, note: 'ending…' }).at(-1) ?? '', / · ending…$/);
  });
});
