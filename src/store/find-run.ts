import type { RunId } from '../model/run-event.ts';
import { newestFirst } from '../model/run-order.ts';
import { runFiles, type RunFile } from './run-files.ts';

export type FoundRun =
  | { readonly type: 'found'; readonly runId: RunId; /** The folder that it is in. */ readonly store: string; /** Absolute path of the record, or of the event log of a run in progress. */ readonly path: string }
  | { readonly type: 'none'; readonly message: string }
  | { readonly type: 'ambiguous'; readonly message: string; readonly candidates: readonly RunId[] };

/**
 * The run that a person means by a full id, the beginning or the end of one, `latest`, or `-1` for the newest, `-2` for
 * the one before it. `folder` is `.runweave`. By file names alone, also of runs whose file can't be read.
 */
export function findRun(folder: string, query: string): Promise<FoundRun> {
  return findRunIn([folder], query);
}

/** In several folders, as if they were one; of copies, the one in the first of them. */
export async function findRunIn(folders: readonly string[], query: string): Promise<FoundRun> {
  const files = await filesIn(folders);
  if (files.length === 0) return { type: 'none', message: 'no runs are recorded' };
  const position = query === 'latest' ? -1 : /^-[1-9]\d{0,8}$/.test(query) ? Number(query) : undefined;
  if (position !== undefined) {
    const file = files[-position - 1];
    return file === undefined ? { type: 'none', message: files.length === 1 ? 'there is only one run' : `there are only ${files.length} runs` } : found(file);
  }
  const exact = files.filter((file) => file.id === query);
  const matches = exact.length > 0 || query === '' ? exact : files.filter((file) => file.id.startsWith(query) || file.id.endsWith(query));
  const [only] = matches;
  if (only === undefined) return { type: 'none', message: `no run ${query}; "runweave runs" lists those that there are` };
  if (matches.length === 1) return found(only);
  const named = matches.slice(0, 5).map((file) => file.id);
  const more = matches.length > named.length ? `, and ${matches.length - named.length} more` : '';
  return { type: 'ambiguous', message: `${query} could be ${named.join(', ')}${more}`, candidates: matches.map((file) => file.id as RunId) };
}

type StoredFile = RunFile & { readonly store: string };

function found({ id, path, store }: StoredFile): FoundRun {
  return { type: 'found', runId: id as RunId, path, store };
}

async function filesIn(folders: readonly string[]): Promise<readonly StoredFile[]> {
  const lists = await Promise.all(folders.map(async (store) => (await runFiles(store)).map((file): StoredFile => ({ ...file, store }))));
  const byId = new Map<string, StoredFile>();
  for (const file of lists.flat()) if (!byId.has(file.id)) byId.set(file.id, file);
  return [...byId.values()].sort((a, b) => newestFirst(a.id, b.id));
}
