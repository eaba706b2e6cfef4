/**
 * Rows of runs on their way to a webview. Most of a row are its series, most of these their names, which are the same
 * in all rows: names are sent once, numbers without names.
 */
import type { SeriesSummary } from '../model/record.ts';
import type { RunRow } from './run-row.ts';

type SeriesName = Pick<SeriesSummary, 'task' | 'name'>;

/**
 * The index of the name among `names`, then count, last, and where there is a finite value min, max and mean. Most series
 * are one number, which all of these are: then only the number.
 */
type PackedSeries = readonly [name: number, value: number] | readonly [name: number, count: number, last: SeriesSummary['last'], min?: number, max?: number, mean?: number];

export interface PackedRows {
  readonly names: readonly SeriesName[];
  readonly rows: readonly { readonly row: RunRow; readonly series: readonly PackedSeries[] }[];
}

/** Of each row the path becomes its key. */
export function packRows(rows: readonly RunRow[], keyOf: (path: string) => string): PackedRows {
  const names: SeriesName[] = [];
  const known = new Map<string, number>();
  const indexOf = ({ task, name }: SeriesName): number => {
    const text = `${task}\n${name}`;
    const index = known.get(text) ?? names.push({ task, name }) - 1;
    known.set(text, index);
    return index;
  };
  return {
    names,
    rows: rows.map((row) => {
      const key = keyOf(row.path);
      const series = (row.summary?.series ?? []).map((each): PackedSeries => {
        const { count, last, min, max, mean } = each;
        if (count === 1 && typeof last === 'number' && min === last && max === last && mean === last) return [indexOf(each), last];
        return min === undefined || max === undefined || mean === undefined ? [indexOf(each), count, last] : [indexOf(each), count, last, min, max, mean];
      });
      return { row: { ...row, path: key, ...(row.summary !== undefined && { summary: { ...row.summary, path: key, series: [] } }) }, series };
    }),
  };
}

export function unpackRows({ names, rows }: PackedRows): readonly RunRow[] {
  return rows.map(({ row, series }): RunRow => {
    if (row.summary === undefined) return row;
    const unpacked = series.flatMap((each): readonly SeriesSummary[] => {
      const name = names[each[0]];
      if (name === undefined) return [];
      const [, count, last, min, max, mean] = each.length === 2 ? [0, 1, each[1], each[1], each[1], each[1]] : each;
      return [{ task: name.task, name: name.name, count, last, ...(min !== undefined && max !== undefined && mean !== undefined && { min, max, mean }) }];
    });
    return { ...row, summary: { ...row.summary, series: unpacked } };
  });
}
