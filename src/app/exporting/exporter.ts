/** What every target is given, and what it does with it: one run after the other, so that hundreds need no more memory than one. */
import type { ArtifactState, RunState } from '../../model/run-state.ts';
import type { Destination } from './destination.ts';

export interface RunToExport {
  readonly state: RunState;
  /** Absolute path of the record, or of the event log of a run in progress. */
  readonly record: string;
  /** `undefined` when the bytes are not here. */
  readonly readArtifact: (artifact: Pick<ArtifactState, 'digest' | 'content'>) => Promise<Uint8Array | undefined>;
}

export interface ExportContext {
  readonly destination: Destination;
  /** How many runs there are. */
  readonly total: number;
  /** Metrics are compared with those of this run. */
  readonly baseline?: RunState;
  readonly selfContained: boolean;
  /** Of a page. */
  readonly title?: string | undefined;
  readonly force: boolean;
  /** Something that the user should know, and that stops nothing. */
  readonly note: (message: string) => void;
  /** Where something is now, for the user: a path or a URL, in place of the list of files. */
  readonly written: (place: string) => void;
  readonly signal: AbortSignal;
}

export interface Exporter {
  readonly add: (run: RunToExport) => Promise<void>;
  /** After the last run. */
  readonly end?: () => Promise<void>;
}
