/** Runs for other tools: the one way in which command line and editor export. */
import type { ExportTarget } from '../../exporters/export-target.ts';
import type { RunState } from '../../model/run-state.ts';
import { readArtifact } from '../../recording/artifacts.ts';
import { readRecord } from '../../store/read-record.ts';
import { createDestination } from './destination.ts';
import { ExportError } from './export-error.ts';
import type { ExportContext, Exporter } from './exporter.ts';
import { composableLogsExporter, csvExporter, jsonExporter, junitExporter, markdownExporter, openLineageExporter, otlpExporter, parquetExporter } from './file-exporters.ts';
import { recordsFolder } from './records-folder.ts';

export interface ExportOptions {
  readonly target: ExportTarget;
  /** Absolute paths of records, or of event logs of runs in progress. */
  readonly runs: readonly string[];
  /** Absolute path of the file or folder, or a URL. Absent: to `write`, for targets that are one file. */
  readonly output?: string | undefined;
  /** What is there already is overwritten. */
  readonly force?: boolean;
  /** Artifacts that the record only refers to are put in. */
  readonly selfContained?: boolean;
  /** Of a page. */
  readonly title?: string | undefined;
  /** Path of the record of the run that metrics are compared with. */
  readonly baseline?: string | undefined;
  /** Where credentials and settings of servers are taken from, by their own tools' names; the process's by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface ExportHooks {
  /** Before each run, and once when all are done. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly run?: string }) => void;
  /** What is not finished is then taken back. */
  readonly signal?: AbortSignal;
  readonly write?: (text: string) => void;
}

export type ExportEnd =
  /** `written`: absolute paths, or URLs. `notes`: what the user should know. */
  | { readonly ok: true; readonly written: readonly string[]; readonly notes: readonly string[] }
  | { readonly ok: false; readonly cancelled: boolean; readonly message: string };

/** Does not reject for what a user or a disk can cause. */
export async function exportRuns(options: ExportOptions, { onProgress, signal = new AbortController().signal, write = () => undefined }: ExportHooks = {}): Promise<ExportEnd> {
  const { runs, output, force = false, selfContained = false } = options;
  const destination = createDestination(isUrl(output) ? undefined : output, { force, write });
  const notes: string[] = [];
  const places: string[] = [];
  try {
    signal.throwIfAborted();
    const baseline = options.baseline === undefined ? undefined : await stateOf(options.baseline);
    const exporter = await exporterFor(options, { destination, written: (place) => places.push(place), total: runs.length, force, selfContained, title: options.title, signal, note: (message) => notes.push(message), ...(baseline !== undefined && { baseline }) });
    for (const [done, record] of runs.entries()) {
      signal.throwIfAborted();
      const state = await stateOf(record);
      onProgress?.({ done, total: runs.length, run: state.runId });
      await exporter.add({ state, record, readArtifact: ({ digest, content }) => readArtifact(recordsFolder(record), digest, content) });
    }
    await exporter.end?.();
    signal.throwIfAborted();
    const files = await destination.finish();
    const written = places.length > 0 ? places : files;
    onProgress?.({ done: runs.length, total: runs.length });
    return { ok: true, written, notes };
  } catch (error) {
    if (signal.aborted) return { ok: false, cancelled: true, message: 'the export was cancelled' };
    if (error instanceof ExportError) return { ok: false, cancelled: false, message: error.message };
    if (isSystemError(error)) return { ok: false, cancelled: false, message: `${output ?? 'standard output'} could not be written: ${error.message}` };
    throw error;
  } finally {
    await destination.discard();
  }
}

async function exporterFor({ target, output, environment = process.env }: ExportOptions, context: ExportContext): Promise<Exporter> {
  switch (target) {
    case 'otlp':
      return otlpExporter(context, 'lines');
    case 'otlp-json':
      return otlpExporter(context, 'document');
    case 'otlp-http':
      return (await import('./otlp-http-exporter.ts')).otlpHttpExporter(context, output, environment);
    case 'composable-logs':
      return composableLogsExporter(context);
    case 'junit':
      return junitExporter(context);
    case 'dir':
      return (await import('./dir-exporter.ts')).dirExporter(context);
    case 'markdown':
      return markdownExporter(context);
    case 'mlflow': {
      if (output === undefined) throw new ExportError('name a file store (a folder) or a tracking server (http://…) with --output');
      if (!isUrl(output)) return (await import('./mlflow-store-exporter.ts')).mlflowStoreExporter(context, output);
      return (await import('./mlflow-server-exporter.ts')).mlflowServerExporter(context, { url: output, environment });
    }
    case 'openlineage':
      return openLineageExporter(context);
    case 'csv':
      return csvExporter(context);
    case 'parquet':
      return parquetExporter(context);
    case 'html':
      return (await import('./html-exporter.ts')).htmlExporter(context);
    case 'json':
      return jsonExporter(context);
    default:
      return target satisfies never;
  }
}

async function stateOf(record: string): Promise<RunState> {
  const read = await readRecord(record);
  switch (read.type) {
    case 'run':
      return read.state;
    case 'trace':
      if (read.state !== undefined) return read.state;
      throw new ExportError(`${record} is a trace that Runweave did not record`);
    case 'unreadable':
      throw new ExportError(`${record}: ${read.message}`);
    default:
      return read satisfies never;
  }
}

/** A server, not a path. */
export function isUrl(output: string | undefined): boolean {
  return output !== undefined && /^https?:\/\//i.test(output);
}

/** What the operating system refused: no room, no permission. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
