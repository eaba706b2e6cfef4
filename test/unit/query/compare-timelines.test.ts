import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareTimelines, slowerTasks } from '../../../src/query/compare-timelines.ts';
import { sketchedRun } from './drafted-run.ts';

describe('timelines side by side', () => {
  const first = sketchedRun('a', { load: { seconds: 10 }, train: { seconds: 20, needs: ['load'] }, plot: { seconds: 1, needs: ['load'], at: 10 } });
  const second = sketchedRun('b', { train: { seconds: 50, needs: ['load'] }, plot: { seconds: 3, needs: ['load'], at: 10 }, report: { seconds: 1, needs: ['train'], at: 50 } });
  const timelines = compareTimelines([first, second]);

  it('have a bar for each run that ran the task, and what the run waited for', () => {
    assert.deepEqual(timelines.lengths, [30_000, 51_000]);
    assert.deepEqual(
      timelines.rows.map(({ task, bars }) => `${task} ${bars.map((bar) => (bar === undefined ? '-' : `${bar.start}..${bar.end}${bar.critical ? '!' : ''}`)).join(' ')}`),
      ['load 0..10000! -', 'train 10000..30000! 0..50000!', 'plot 10000..11000 10000..13000', 'report - 50000..51000!'],
    );
  });

  it('say which task became slower, what the runs waited for first', () => {
    assert.deepEqual(slowerTasks(timelines, 1).map(({ task, change, critical }) => [task, change, critical]), [
      ['train', 30_000, true],
      ['load', -10_000, true],
      ['report', 1000, true],
      ['plot', 2000, false],
    ]);
    assert.deepEqual(slowerTasks(compareTimelines([first, first]), 1), []);
  });
});
