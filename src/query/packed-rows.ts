/**
 * Rows of runs on their way to a webview. Most of a row are its series, most of these their names, which are the same
 * in all rows: names are sent once, numbers without names.
 */
import type { SeriesSummary } from '../model/record.ts';
import { fromNumbers, numbersOf, type SeriesNumbers } from '../model/series-numbers.ts';
import type { RunRow } from './run-row.ts';

type SeriesName = Pick<SeriesSummary, 'task' | 'name'>;

/** The index of the name among `names`, then its numbers. */
type PackedSeries = readonly [name: number, ...SeriesNumbers];

export interface PackedRows {
  readonly names: readonly SeriesName[];
  readonly rows: readonly { readonly row: RunRow; readonly series: readonly PackedSeries[] }[];
}

/** Of each row the path becomes its key. */
export function packRows(rows: readonly RunRow[], keyOf: (path: string) => string): PackedRows {
  const names: SeriesName[] = [];
  const known = new Map<string, Map<string, number>>();
  const indexOf = ({ task, name }: SeriesName): number => {
    const ofTask = known.get(task) ?? new Map<string, number>();
    known.set(task, ofTask);
    const index = ofTask.get(name) ?? names.push({ task, name }) - 1;
    ofTask.set(name, index);
    return index;
  };
  return {
    names,
    rows: rows.map((row) => {
      const key = keyOf(row.path);
      const series = (row.summary?.series ?? []).map((each): PackedSeries => [indexOf(each), ...numbersOf(each)]);
      return { row: { ...row, path: key, ...(row.summary !== undefined && { summary: { ...row.summary, path: key, series: [] } }) }, series };
    }),
  };
}

export function unpackRows({ names, rows }: PackedRows): readonly RunRow[] {
  return rows.map(({ row, series }): RunRow => {
    if (row.summary === undefined) return row;
    const unpacked: SeriesSummary[] = [];
    for (const [index, ...numbers] of series) {
      const name = names[index];
      if (name !== undefined) unpacked.push(fromNumbers(name, numbers));
    }
    return { ...row, summary: { ...row.summary, series: unpacked } };
  });
}
