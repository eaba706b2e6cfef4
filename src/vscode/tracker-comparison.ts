/** Runs that are compared in the runs table: their records, and what of a difference opens in the editor. */
import type { Digest } from '../model/fingerprint.ts';
import type { Json } from '../model/json.ts';
import type { ComparedRuns, Content, RunInStore } from '../app/compare-runs.ts';
import type { ComparisonData } from '../protocol/tracker-view.ts';
import type { ContentAddress } from '../query/compared-versions.ts';
import { packComparison } from '../query/packed-comparison.ts';
import { runKey, type RunRow } from '../query/run-row.ts';
import { openRecorded, openValues, type ChangePlace, type RecordedFile } from './changes.ts';
import { projectFolderOf, storeFolderOf } from './record-files.ts';

type Compared = { readonly type: 'compared'; readonly data: ComparisonData } | { readonly type: 'failed'; readonly message: string };

export interface TrackerComparison {
  readonly compare: (rows: readonly RunRow[]) => Promise<Compared>;
  /** A difference between the first run and another one. Returns why there is nothing to be seen. */
  readonly open: (difference: number, run: number) => Promise<string | undefined>;
  /** Of the compared runs only. */
  readonly content: (address: ContentAddress) => Promise<Content>;
}

export function trackerComparison(): TrackerComparison {
  let compared: ComparedRuns | undefined;
  /** Of each compared run. */
  let places: readonly ChangePlace[] = [];
  return {
    compare: async (rows) => {
      const { readRecord } = await import('../store/read-record.ts');
      const { openComparison } = await import('../app/compare-runs.ts');
      const opened: RunInStore[] = [];
      for (const row of rows) {
        const record = await readRecord(row.path);
        if (record.type !== 'run') return { type: 'failed', message: record.type === 'unreadable' ? `${row.runId} can't be read: ${record.message}` : `${row.runId} is a trace of another tool, in which there is nothing to compare.` };
        opened.push({ store: storeFolderOf(row.path), state: record.state });
      }
      compared = await openComparison(opened);
      places = opened.map(({ store }) => ({ store, folder: projectFolderOf(store) }));
      const runs = rows.map((row, index) => ({ key: runKey(row.path), runId: opened[index]?.state.runId ?? row.runId }));
      return { type: 'compared', data: { runs, comparison: packComparison(compared.comparison.differences, compared.timelines), canOpen: true } };
    },
    open: async (index, run) => {
      const comparison = compared?.comparison;
      const difference = comparison?.differences[index];
      const placesOf = (at: number): readonly ChangePlace[] => places.slice(at, at + 1);
      switch (difference?.type) {
        case 'source':
        case 'input': {
          const { path, digests } = difference;
          const side = (at: number): RecordedFile => {
            const digest = digests[at] as Digest | undefined;
            const content = difference.type === 'source' ? (difference.contents[at] as Digest | undefined) : undefined;
            return { places: placesOf(at), ...(digest !== undefined && { digest }), ...(content !== undefined && { content }) };
          };
          return openRecorded(path, side(0), side(run), `${path.split('/').at(-1) ?? path} (${comparison?.runs[0] ?? ''} ↔ ${comparison?.runs[run] ?? ''})`);
        }
        case 'output': {
          const { path, digests } = difference;
          const side = (at: number): RecordedFile => ({ places: placesOf(at), ...(digests[at] !== undefined && { digest: digests[at] as Digest }) });
          return openRecorded(path, side(0), side(run), `${path.split('/').at(-1) ?? path} (first ↔ other)`);
        }
        case 'param':
        case 'definition':
        case 'return':
          await openValues(difference.type === 'definition' ? `${difference.task} ${difference.part}` : difference.name, text(difference.values[0]), text(difference.values[run]));
          return undefined;
        default:
          return undefined;
      }
    },
    content: async (address) => (await compared?.content(address)) ?? { type: 'missing' },
  };
}

function text(value: Json | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`;
}
