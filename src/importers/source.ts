/** What importers are given and what they give: no importer touches a disk, and none knows another. */
import type { RunEvent } from '../model/run-event.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { UnixNano } from '../model/time.ts';

/** A file of what is imported: on disk, in a zip, or unpacked from gzip. */
export interface SourceFile {
  /** Relative to what was named, with `/`; never with `..`, never absolute. */
  readonly path: string;
  /** Bytes; of a gzip file as packed. */
  readonly size: number;
  /** Where it is on disk, when it lies there as it is. */
  readonly disk?: string;
  /** Rejects with a message for people: gone, unreadable, or larger than what is read into memory. */
  readonly read: () => Promise<Uint8Array>;
  /** The same bytes one part after the other, of any size; a part may be reused after it was given. */
  readonly stream: () => AsyncIterable<Uint8Array>;
}

export type ImportFormat = 'otlp' | 'otel-console' | 'jaeger' | 'composable-logs' | 'composable-logs-site' | 'runnable' | 'mlflow' | 'dvc';

/** An artifact whose bytes are still to be kept. */
export interface FileItem {
  readonly type: 'file';
  readonly time: UnixNano;
  readonly task: TaskId;
  readonly attempt: number;
  readonly name: string;
  readonly content: SourceFile | Uint8Array;
}

export interface ImportedRun {
  readonly format: ImportFormat;
  /** The file or folder that tells of it, as in `SourceFile.path`. */
  readonly source: string;
  /** What the source calls it: the end of its run id, and how it is known again. 8 hex digits. */
  readonly key: string;
  readonly events: readonly (RunEvent | FileItem)[];
}

/** What was not imported, and where. */
export interface ImportProblem {
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  /** JSON path: `$.steps.train.attempts[0]`. */
  readonly at?: string;
  readonly message: string;
}

/** `runs/log.json:12 ($.steps.train): what is wrong` */
export function problemText({ file, line, at, message }: ImportProblem): string {
  return `${file}${line === undefined ? '' : `:${line}`}${at === undefined ? '' : ` (${at})`}: ${message}`;
}

export interface Imported {
  readonly runs: readonly ImportedRun[];
  readonly problems: readonly ImportProblem[];
}
