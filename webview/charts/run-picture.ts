/** What charts of runs, as against those of series, get and tell. */
import type { ChartFile } from '../../src/protocol/chart-file.ts';
import type { RunFields } from '../../src/query/run-fields.ts';
import type { RunRow } from '../../src/query/run-row.ts';

export interface RunsContent {
  readonly runs: readonly RunRow[];
  readonly fields: RunFields;
  /** Indexes of the runs that are drawn. */
  readonly rows: readonly number[];
  /** By key. */
  readonly selected: ReadonlySet<string>;
  readonly pointed: string | undefined;
  /** Place of a run's colour, dash, marker and letter: the same in all charts. */
  readonly slotOf: (key: string) => number;
  /** What a run is called beside the chart. */
  readonly titleOf: (row: number) => string;
  /** Fields as a person reads and a filter writes them. */
  readonly fieldTitle: (field: string) => string;
  readonly namesOf: (field: string) => readonly string[];
}

export interface RunsHooks {
  readonly onPoint: (key: string | undefined) => void;
  readonly onOpen: (key: string) => void;
  readonly onToggle: (key: string) => void;
  readonly onSelect: (keys: readonly string[], add: boolean) => void;
  readonly onSave: (name: string, file: ChartFile) => void;
}
