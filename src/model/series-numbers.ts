/** The numbers of a series as a tuple: most of what an index of runs and a table of them hold, and most are of one value. */
import type { SeriesSummary } from './record.ts';

/** Count and last value, and min, max and mean where there is a finite value and these are not all the last one. */
export type SeriesNumbers = readonly [count: number, last: SeriesSummary['last'], min?: number, max?: number, mean?: number];

export function numbersOf({ count, last, min, max, mean }: SeriesSummary): SeriesNumbers {
  if (min === undefined || max === undefined || mean === undefined) return [count, last];
  return count === 1 && last === min && last === max && last === mean ? [count, last] : [count, last, min, max, mean];
}

export function fromNumbers(series: Pick<SeriesSummary, 'task' | 'name'>, [count, last, min, max, mean]: SeriesNumbers): SeriesSummary {
  const { task, name } = series;
  if (min !== undefined && max !== undefined && mean !== undefined) return { task, name, count, last, min, max, mean };
  return count === 1 && typeof last === 'number' ? { task, name, count, last, min: last, max: last, mean: last } : { task, name, count, last };
}
