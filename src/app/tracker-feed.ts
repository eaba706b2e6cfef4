/** What a runs table was sent, and what of it is another now. */
import type { AnnotationIndex } from '../query/annotations.ts';
import { runKey, type RunRow } from '../query/run-row.ts';
import { readLiveRows, readRunTables } from './run-table.ts';
import type { ListProgress } from '../store/list-runs.ts';
import type { RecordFolder } from '../store/record-folder.ts';

export interface FeedChanges {
  /** Added, or not what was sent. */
  readonly rows: readonly RunRow[];
  /** Keys. */
  readonly removed: readonly string[];
}

export interface TrackerFeed {
  /**
   * Reads the folders. Everything is new the first time. `live` after nothing was written but logs of runs in progress:
   * the records, which may be a hundred thousand, are not looked at then.
   */
  readonly changes: (progress?: ListProgress, what?: 'all' | 'live') => Promise<FeedChanges>;
  /** Of a key that was sent. */
  readonly row: (key: string) => RunRow | undefined;
}

/** Of one folder, by its path, or of several. */
export function trackerFeed(of: string | readonly RecordFolder[]): TrackerFeed {
  const folders = typeof of === 'string' ? [{ store: of, name: of }] : of;
  let sent = new Map<string, RunRow>();
  let annotations: AnnotationIndex | undefined;
  return {
    row: (key) => sent.get(key),
    changes: async (progress, what = 'all') => {
      if (what === 'live' && annotations !== undefined) {
        // A copy of it in another folder may have been sent.
        const live = (await readLiveRows(folders, annotations)).filter((row) => (sent.get(runKey(row.path))?.path ?? row.path) === row.path && !isSame(sent.get(runKey(row.path)), row));
        for (const row of live) sent.set(runKey(row.path), row);
        return { rows: live, removed: [] };
      }
      const table = await readRunTables(folders, progress);
      const { rows } = table;
      annotations = table.annotations;
      const now = new Map(rows.map((row) => [runKey(row.path), row]));
      const changed = [...now].filter(([key, row]) => !isSame(sent.get(key), row)).map(([, row]) => row);
      const removed = [...sent.keys()].filter((key) => !now.has(key));
      sent = now;
      return { rows: changed, removed };
    },
  };
}

/** The index hands out the same summary for a record that has not changed. */
function isSame(before: RunRow | undefined, row: RunRow): boolean {
  return before !== undefined && before.summary === row.summary && before.status === row.status && before.message === row.message && before.folder === row.folder && (before.annotations === row.annotations || JSON.stringify(before.annotations) === JSON.stringify(row.annotations));
}
