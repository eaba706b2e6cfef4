import type { RunListEntry } from '../model/record.ts';
import { openRunIndex, type RunIndex } from './run-index.ts';
import { readRecordHead } from './read-record.ts';
import { liveFiles, runFiles, type RunFile } from './run-files.ts';
import { summarize } from './summarize.ts';

const indexes = new Map<string, RunIndex>();

export interface ListProgress {
  /** Called now and then while records are read for the first time. */
  readonly onProgress?: (read: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * All runs of a `.runweave` folder, newest first, also those in progress. Reads of each record its first line, once:
 * what it says is kept in `cache/`.
 */
export async function listRuns(folder: string, progress: ListProgress = {}): Promise<readonly RunListEntry[]> {
  const index = indexes.get(folder) ?? openRunIndex(folder);
  indexes.set(folder, index);
  return index.entries(await runFiles(folder), readEntry, progress);
}

/** Those in progress, as `listRuns` has them. */
export async function listLiveRuns(folder: string): Promise<readonly RunListEntry[]> {
  return Promise.all((await liveFiles(folder)).map(readEntry));
}

async function readEntry(file: RunFile): Promise<RunListEntry> {
  try {
    return { type: 'run', summary: summarize(await readRecordHead(file.path), file.path) };
  } catch (error) {
    return { type: 'unreadable', path: file.path, message: (error as Error).message };
  }
}
