import type { RunId } from '../model/run-event.ts';
import { runFiles } from './run-files.ts';

export type FoundRun =
  | { readonly type: 'found'; readonly runId: RunId; /** Absolute path of the record, or of the event log of a run in progress. */ readonly path: string }
  | { readonly type: 'none'; readonly message: string }
  | { readonly type: 'ambiguous'; readonly message: string; readonly candidates: readonly RunId[] };

/**
 * The run that a person means by a full id, the beginning or the end of one, `latest`, or `-1` for the newest, `-2` for
 * the one before it. `folder` is `.runweave`. By file names alone, also of runs whose file can't be read.
 */
export async function findRun(folder: string, query: string): Promise<FoundRun> {
  const files = await runFiles(folder);
  if (files.length === 0) return { type: 'none', message: 'no runs are recorded' };
  const position = query === 'latest' ? -1 : /^-[1-9]\d{0,8}$/.test(query) ? Number(query) : undefined;
  if (position !== undefined) {
    const file = files[-position - 1];
    return file === undefined ? { type: 'none', message: files.length === 1 ? 'there is only one run' : `there are only ${files.length} runs` } : { type: 'found', runId: file.id as RunId, path: file.path };
  }
  const exact = files.filter((file) => file.id === query);
  const matches = exact.length > 0 || query === '' ? exact : files.filter((file) => file.id.startsWith(query) || file.id.endsWith(query));
  const [only] = matches;
  if (only === undefined) return { type: 'none', message: `no run ${query}; "runweave runs" lists those that there are` };
  if (matches.length === 1) return { type: 'found', runId: only.id as RunId, path: only.path };
  const named = matches.slice(0, 5).map((file) => file.id);
  const more = matches.length > named.length ? `, and ${matches.length - named.length} more` : '';
  return { type: 'ambiguous', message: `${query} could be ${named.join(', ')}${more}`, candidates: matches.map((file) => file.id as RunId) };
}
