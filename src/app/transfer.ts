/** Import and export in a process of their own: what the editor asks it for, and what it says. */
import { exportRuns, type ExportEnd, type ExportOptions } from './exporting/export-runs.ts';
import { importRuns, type ImportReport } from './importing/import-runs.ts';

export type TransferRequest =
  /** As `importRuns` takes them. */
  | { readonly type: 'import'; readonly store: string; readonly names: readonly string[]; readonly cwd: string }
  | { readonly type: 'export'; readonly options: ExportOptions };

/** To the process: first the request, then perhaps that it is to stop. */
export type TransferCommand = TransferRequest | { readonly type: 'cancel' };

export type TransferMessage =
  /** `text`: what is at work now. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number; readonly text: string }
  | { readonly type: 'imported'; readonly report: ImportReport }
  | { readonly type: 'exported'; readonly end: ExportEnd }
  /** What nobody foresaw, or a disk refused. */
  | { readonly type: 'failed'; readonly message: string };

export type TransferEnd = Exclude<TransferMessage, { readonly type: 'progress' }>;

/** Does not reject. */
export async function transfer(request: TransferRequest, onProgress: (message: Extract<TransferMessage, { readonly type: 'progress' }>) => void, signal: AbortSignal): Promise<TransferEnd> {
  try {
    switch (request.type) {
      case 'import': {
        const { store, names, cwd } = request;
        return { type: 'imported', report: await importRuns(store, names, cwd, { signal, onProgress: ({ done, total, name }) => onProgress({ type: 'progress', done, total, text: name }) }) };
      }
      case 'export':
        return { type: 'exported', end: await exportRuns(request.options, { signal, onProgress: ({ done, total, run }) => onProgress({ type: 'progress', done, total, text: run ?? '' }) }) };
      default:
        return request satisfies never;
    }
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}
