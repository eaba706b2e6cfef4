/** One number of a metric for each value of a matrix, run beside run. */
import type { SeriesSummary } from '../../model/record.ts';
import { statisticOf, type Statistic } from '../run-fields.ts';
import type { RunRow } from '../run-row.ts';
import { byValue, matrixTask } from './matrix-values.ts';

export interface BarQuestion {
  readonly metric: string;
  readonly statistic: Statistic;
  /** A key of a matrix, or `task`: one bar a task. */
  readonly by: string;
}

export interface Bars {
  /** Numbers ascending, then texts. */
  readonly categories: readonly string[];
  /** Of the rows that have any, in the order given. */
  readonly groups: readonly { readonly row: number; /** One a category: the mean where several tasks have the same value. */ readonly values: readonly (number | undefined)[] }[];
}

/** `rows`: indexes of `runs`. */
export function barsOf(runs: readonly RunRow[], rows: readonly number[], { metric, statistic, by }: BarQuestion): Bars {
  const found = rows.map((row) => {
    const ofRun = new Map<string, number[]>();
    for (const series of seriesOf(runs[row], metric)) {
      const value = statisticOf(series, statistic);
      const category = by === 'task' ? series.task : matrixTask(series.task).values.get(by);
      if (category === undefined || !Number.isFinite(value)) continue;
      const known = ofRun.get(category);
      if (known === undefined) ofRun.set(category, [value]);
      else known.push(value);
    }
    return { row, ofRun };
  });
  const categories = [...new Set(found.flatMap(({ ofRun }) => [...ofRun.keys()]))].sort(byValue);
  const mean = (values: readonly number[] | undefined): number | undefined => (values === undefined ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length);
  return { categories, groups: found.filter(({ ofRun }) => ofRun.size > 0).map(({ row, ofRun }) => ({ row, values: categories.map((category) => mean(ofRun.get(category))) })) };
}

/** What the bars of a metric may stand over: keys of matrices, then `task`. */
export function barKeys(runs: readonly RunRow[], rows: readonly number[], metric: string): readonly string[] {
  const keys = new Set<string>();
  for (const row of rows) for (const { task } of seriesOf(runs[row], metric)) for (const key of matrixTask(task).values.keys()) keys.add(key);
  return [...keys, 'task'];
}

function seriesOf(run: RunRow | undefined, metric: string): readonly SeriesSummary[] {
  return (run?.summary?.series ?? []).filter(({ name }) => name === metric);
}
