/** Files of other formats, looked at without importing: what was made of them lies in a folder that is thrown away. */
import { mkdtemp, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ImportOutcome } from '../app/importing/import-runs.ts';
import { problemText } from '../importers/source.ts';
import type { ReadRecord } from '../store/read-record.ts';
import type { Disposable } from './disposable.ts';
import { runsText, type Transfers } from './transfers.ts';

export type Converted =
  | { readonly ok: true; /** Absolute path of the record of the run that was chosen. */ readonly record: string; readonly store: string }
  /** One sentence. */
  | { readonly ok: false; readonly message: string };

export interface ConvertedFiles extends Disposable {
  /** `read`: what the reader of OTLP said. Asks which, where there are several runs. Call `discard` when it is no longer shown. */
  readonly convert: (file: string, read?: ReadRecord) => Promise<Converted>;
  readonly discard: (store: string) => Promise<void>;
}

export function convertedFiles(transfer: Transfers): ConvertedFiles {
  const stores = new Set<string>();
  const discard = async (store: string): Promise<void> => {
    if (stores.delete(store)) await rm(store, { recursive: true, force: true });
  };
  return {
    discard,
    convert: async (file, read) => {
      const { refusal } = await import('../app/importing/open-file.ts');
      const store = await mkdtemp(join(tmpdir(), `runweave-${process.pid}-open-`));
      stores.add(store);
      const end = await transfer(`Reading ${basename(file)}`, { type: 'import', store, names: [basename(file)], cwd: dirname(file) });
      const report = end.type === 'imported' ? end.report : undefined;
      const [first] = report?.runs ?? [];
      if (report === undefined || first === undefined) {
        await discard(store);
        return { ok: false, message: report === undefined ? (end.type === 'failed' ? end.message : '') : report.cancelled === true ? 'reading it was stopped' : refusal(read, report) };
      }
      if (report.problems.length > 0) void vscode.window.showWarningMessage(`Not all of ${basename(file)} is shown: ${report.problems.slice(0, 3).map(problemText).join('; ')}.`);
      const run = report.runs.length === 1 ? first : ((await choose(report.runs)) ?? first);
      return { ok: true, record: run.record, store };
    },
    dispose: () => {
      for (const store of stores) rmSync(store, { recursive: true, force: true });
    },
  };
}

async function choose(runs: readonly ImportOutcome[]): Promise<ImportOutcome | undefined> {
  const items = runs.map((run) => ({ label: run.runId, description: `${run.format}, ${run.tasks} task${run.tasks === 1 ? '' : 's'}`, detail: run.source, run }));
  return (await vscode.window.showQuickPick(items, { placeHolder: `It holds ${runsText(runs.length)}: which to open`, matchOnDescription: true, matchOnDetail: true, ignoreFocusOut: true }))?.run;
}
