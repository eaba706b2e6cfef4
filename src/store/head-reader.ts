import { statSync } from 'node:fs';
import type { RunState } from '../model/run-state.ts';
import { readRecordHead } from './read-record.ts';
import { runFiles } from './run-files.ts';

/** Work between two turns of the event loop; reading is bound by parsing. */
const concurrency = 8;

/**
 * What the first lines of the records of folders say, again and again: of a record that has not changed since, what was
 * read before. Holds all of it in memory; runs in progress and records that can't be read are left out.
 */
export function headReader(folders: readonly { readonly store: string }[]): () => Promise<readonly RunState[]> {
  let known = new Map<string, { readonly mtimeMs: number; readonly size: number; readonly state: RunState | undefined }>();
  return async () => {
    const files = (await Promise.all(folders.map(({ store }) => runFiles(store)))).flat().filter((file) => !file.live);
    const now: typeof known = new Map();
    let next = 0;
    const work = async (): Promise<void> => {
      for (let file = files[next++]; file !== undefined; file = files[next++]) {
        const stats = statSync(file.path, { throwIfNoEntry: false });
        if (stats === undefined) continue;
        const { mtimeMs, size } = stats;
        const before = known.get(file.path);
        const state = before?.mtimeMs === mtimeMs && before.size === size ? before.state : await readRecordHead(file.path).catch(() => undefined);
        now.set(file.path, { mtimeMs, size, state });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    known = now;
    return files.flatMap((file) => now.get(file.path)?.state ?? []);
  };
}
