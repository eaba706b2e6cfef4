/**
 * Rows of runs on their way to a webview: a block of summaries (see `model/run-block.ts`), and what else the table knows
 * of some of them. Numbers are a typed array where a message carries one, and plain JSON on a website.
 */
import { groupBy } from '../model/group-by.ts';
import { blockOf, keyIn, openBlock, PackedRun, type RunBlock } from '../model/run-block.ts';
import { packRuns } from '../model/pack-runs.ts';
import type { RunSummary } from '../model/record.ts';
import { noAnnotations, statusOf, type RunRow } from './run-row.ts';

/** What is not told by a row's summary. */
type Besides = Partial<Pick<RunRow, 'status' | 'annotations' | 'folder'>>;

/** Rows a message: what a page takes over between two frames. */
const chunk = 1000;

export interface PackedRows {
  readonly block: Omit<RunBlock, 'numbers'> & { /** Not finite ones as text in JSON. */ readonly numbers: Float64Array | readonly (number | string)[] };
  /** Which of the block's runs; all where it is absent. */
  readonly runs?: readonly number[];
  readonly besides: readonly (readonly [run: number, Besides])[];
  /** Rows without a summary, as they are. */
  readonly unreadable: readonly RunRow[];
}

/** As JSON, with these rows alone in it. Of each row the path becomes its key. */
export function packRows(rows: readonly RunRow[], keyOf: (path: string) => string): PackedRows {
  const summarized = rows.filter(hasSummary);
  const { numbers, ...block } = packRuns(summarized.map(({ path, summary }) => ({ key: keyOf(path), summary })));
  return {
    block: { ...block, numbers: Array.from(numbers, (number) => (Number.isFinite(number) ? number : String(number))) },
    besides: summarized.flatMap((row, run) => besidesOf(row, run)),
    unreadable: rows.filter((row) => !hasSummary(row)).map((row) => ({ ...row, path: keyOf(row.path) })),
  };
}

/**
 * The same for very many rows, as messages: blocks that runs are in already are handed on as they are, with all that is in
 * them, where most of it is asked for. At least one.
 */
export function packBlocks(rows: readonly RunRow[], keyOf: (path: string) => string): readonly PackedRows[] {
  if (rows.length === 0) return [packRows([], keyOf)];
  const byBlock = groupBy(rows, ({ summary }) => (summary instanceof PackedRun ? summary.block : undefined));
  return [...byBlock].flatMap(([block, of]): readonly PackedRows[] => {
    if (block === undefined || of.length * 2 < block.offsets.length) {
      return Array.from({ length: Math.ceil(of.length / chunk) }, (_, at) => packRows(of.slice(at * chunk, (at + 1) * chunk), keyOf));
    }
    const runs = of.map(({ summary }) => (summary as PackedRun).run);
    return [
      {
        block: blockOf(block),
        ...(runs.length < block.offsets.length && { runs }),
        besides: of.flatMap((row) => besidesOf(row, (row.summary as PackedRun).run)),
        unreadable: [],
      },
    ];
  });
}

export function unpackRows({ block, runs, besides, unreadable }: PackedRows): readonly RunRow[] {
  const opened = openBlock({ ...block, numbers: block.numbers instanceof Float64Array ? block.numbers : Float64Array.from(block.numbers, Number) });
  if (opened === undefined) return unreadable;
  const extra = new Map(besides);
  const row = (run: number): RunRow => {
    const summary = new PackedRun(opened, run, keyIn(opened, run));
    const said: RunRow = { runId: summary.runId, path: summary.path, status: statusOf(summary), summary, annotations: noAnnotations };
    const beside = extra.get(run);
    return beside === undefined ? said : { ...said, ...beside };
  };
  return [...(runs ?? Array.from({ length: block.count }, (_, run) => run)).map(row), ...unreadable];
}

function hasSummary(row: RunRow): row is RunRow & { readonly summary: RunSummary } {
  return row.summary !== undefined;
}

function besidesOf({ status, summary, annotations, folder }: RunRow & { readonly summary?: RunSummary }, run: number): PackedRows['besides'] {
  const besides: Besides = {
    ...(summary !== undefined && status !== statusOf(summary) && { status }),
    ...(annotations !== noAnnotations && { annotations }),
    ...(folder !== undefined && { folder }),
  };
  return Object.keys(besides).length === 0 ? [] : [[run, besides]];
}
