/** A file or folder of runs, looked at without importing it: what is not OTLP is imported into a folder that is thrown away. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { processExists } from '../../execution/backend/descendants.ts';
import { removeTemporaryLeftovers } from '../../execution/backend/temporary-leftovers.ts';
import { readRecord, type ReadRecord } from '../../store/read-record.ts';
import type { Reading } from '../../store/read-pieces.ts';
import { importRuns, type ImportReport } from './import-runs.ts';

export type OpenedFile =
  /** Read as it is: a record, an event log, a trace. */
  | { readonly type: 'record'; readonly read: Exclude<ReadRecord, { readonly type: 'unreadable' }> }
  /** In another format, or several runs: their records, in a folder that is the caller's to remove. */
  | { readonly type: 'converted'; readonly store: string; readonly report: ImportReport }
  /** One sentence. */
  | { readonly type: 'unreadable'; readonly message: string };

/** More is not looked at but imported: all of it is read before any is shown. */
const mostFiles = 5000;

/** Reads it where it lies; `undefined` for what has to be converted. Throws only when it is aborted. */
export async function readInPlace(file: string, reading: Reading = {}): Promise<ReadRecord | undefined> {
  if (/\.zip$/i.test(file) || (await isFolder(file))) return undefined;
  const read = await readRecord(file, reading);
  // Spans of a pipeline's tasks are a run.
  return read.type === 'trace' && read.hasTasks === true ? undefined : read;
}

/** Throws when it is aborted, or there is no room for the converted. */
export async function openFile(file: string, reading: Reading = {}): Promise<OpenedFile> {
  const read = await readInPlace(file, reading);
  if (read !== undefined && read.type !== 'unreadable') return { type: 'record', read };
  removeTemporaryLeftovers(tmpdir(), processExists);
  const store = await mkdtemp(path.join(tmpdir(), `runweave-${process.pid}-open-`));
  try {
    const report = await importRuns(store, [path.basename(file)], path.dirname(file), { mostFiles, ...(reading.signal !== undefined && { signal: reading.signal }) });
    reading.signal?.throwIfAborted();
    if (report.runs.length > 0) return { type: 'converted', store, report };
    await rm(store, { recursive: true, force: true });
    return { type: 'unreadable', message: refusal(read, report) };
  } catch (error) {
    await rm(store, { recursive: true, force: true });
    throw error;
  }
}

/** Why a file can't be shown, of what its two readers say: that of OTLP knows best of what begins as OTLP. */
export function refusal(read: ReadRecord | undefined, { problems }: ImportReport): string {
  const told = problems.map(({ line, at, message }) => `${line === undefined ? '' : `line ${line}: `}${message}${at === undefined ? '' : ` (${at})`}`);
  if (read?.type === 'unreadable' && !/is (JSON, but not OTLP|not JSON)/.test(read.message)) return read.message;
  const [first] = problems;
  if (first !== undefined && first.message.startsWith("not JSON") && !/json/i.test(path.extname(first.file))) return 'it is of no format that is read here: OTLP/JSON, OpenTelemetry’s console output, Composable Logs, runnable, MLflow, DVC or Jaeger JSON';
  return told[0] ?? (read?.type === 'unreadable' ? read.message : 'there is nothing in it that can be shown');
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
