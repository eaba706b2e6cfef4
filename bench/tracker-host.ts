/**
 * What the host of the runs table does before a page has anything, in a process of its own: `node bench/tracker-host.ts
 * FOLDER [cold]`. `cold` is without the index, as after a copy of the folder. With `filter`, the same questions that
 * MLflow's server is asked. Prints JSON.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { trackerFeed } from '../src/app/tracker-feed.ts';
import { packBlocks } from '../src/query/packed-rows.ts';
import { compileFilter } from '../src/query/filter/match.ts';
import { parseFilter } from '../src/query/filter/parse.ts';
import { runFields } from '../src/query/run-fields.ts';
import { runKey, type RunRow } from '../src/query/run-row.ts';
import { sortRows } from '../src/query/select-runs.ts';

export interface HostTimes {
  readonly rows: number;
  /** Milliseconds: the folder read, and the rows as messages. */
  readonly read: number;
  readonly pack: number;
  /** Of all messages. */
  readonly bytes: number;
  /** Resident, bytes. */
  readonly memory: number;
  /** First time and median of the others, by question. */
  readonly questions?: Readonly<Record<string, number>>;
}

/** Also what MLflow is asked, in its own words. */
export const questions = {
  filter: "metrics.task_9.accuracy > 0.95 and params.learning_rate = 0.1",
  sort: 'metrics.task_9.accuracy',
} as const;

function answer(rows: readonly RunRow[]): Readonly<Record<string, number>> {
  const timed = (work: () => void): number => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  const median = (work: () => void): number => Array.from({ length: 5 }, () => timed(work)).sort((a, b) => a - b)[2] ?? NaN;
  const all = rows.map((_, row) => row);
  return {
    filter: median(() => {
      const parsed = parseFilter(questions.filter);
      const compiled = parsed.ok ? compileFilter(parsed.filter, runFields(rows, Date.now())) : parsed;
      if (!compiled.ok || !all.some(compiled.test)) throw new Error('the filter finds nothing');
    }),
    sort: median(() => {
      const column = runFields(rows, Date.now()).column(questions.sort.split('.'));
      if ('message' in column) throw new Error(column.message);
      sortRows(all, [{ column, descending: true }]);
    }),
  };
}

if (import.meta.filename === process.argv[1]) {
  const [folder = '.runweave', ...words] = process.argv.slice(2);
  if (words.includes('cold')) rmSync(path.join(folder, 'cache'), { recursive: true, force: true });
  const start = performance.now();
  const { rows } = await trackerFeed([{ store: path.resolve(folder), name: '' }]).changes();
  const read = performance.now() - start;
  const packing = performance.now();
  let bytes = 0;
  // As the editor sends them: numbers as they are, the rest as JSON.
  for (const { block: { numbers, ...block }, ...part } of packBlocks(rows, runKey)) bytes += JSON.stringify({ ...part, block }).length + (ArrayBuffer.isView(numbers) ? numbers.slice().byteLength : JSON.stringify(numbers).length);
  const times: HostTimes = { rows: rows.length, read, pack: performance.now() - packing, bytes, memory: process.memoryUsage.rss(), ...(words.includes('filter') && { questions: answer(rows) }) };
  console.log(JSON.stringify(times));
}
