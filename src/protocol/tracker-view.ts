/**
 * Between the runs table and its host. The host owns the records, what people said of them, and the named views; the
 * webview owns filter, order, columns and selection, and answers them itself with `src/query`: the host sends all rows
 * once, in chunks, and then what has changed.
 *
 * A run is named by its `key`, the name of its file without its ending: it stays the same when a run in progress ends,
 * and the webview knows no path.
 */
import type { AnnotationChange } from '../model/annotation.ts';
import type { ContentAddress } from '../query/compared-versions.ts';
import type { PackedComparison } from '../query/packed-comparison.ts';
import type { SaveChart } from './chart-file.ts';
import type { PackedSeries } from '../query/charts/packed-series.ts';
import type { PackedRows } from '../query/packed-rows.ts';

export interface ColumnState {
  /** As a filter writes it: `params.lr`, `metrics.loss.min`. */
  readonly field: string;
  /** What stands above it, where a person renamed it. */
  readonly title?: string;
  /** Pixels. */
  readonly width?: number;
  readonly pinned?: boolean;
}

export interface SortState {
  readonly field: string;
  readonly descending: boolean;
}

export interface TableState {
  readonly filter: string;
  readonly sort: readonly SortState[];
  /** The shown ones, in their order; absent: chosen by what the runs have. */
  readonly columns?: readonly ColumnState[];
  readonly group: readonly string[];
  readonly archived: boolean;
}

export interface NamedView {
  readonly name: string;
  readonly table: TableState;
}

export interface ComparedRun {
  readonly key: string;
  readonly runId: string;
}

export interface ComparisonData {
  readonly runs: readonly ComparedRun[];
  readonly comparison: PackedComparison;
  /** The host has an editor for differences (`open-difference`). */
  readonly canOpen: boolean;
}

export type TrackerHostMessage =
  | { readonly type: 'rows'; /** The first chunk takes the place of all that was. */ readonly first: boolean; readonly last: boolean; /** Rows of all chunks, where that is known before the last. */ readonly total?: number; readonly rows: PackedRows }
  | { readonly type: 'changes'; readonly rows: PackedRows; readonly removed: readonly string[] }
  | { readonly type: 'reading'; readonly read: number; readonly total: number }
  | { readonly type: 'views'; readonly views: readonly NamedView[] }
  /** What `undo` would take back, in words. */
  | { readonly type: 'undoable'; readonly what?: string }
  | { readonly type: 'comparison'; readonly keys: readonly string[]; readonly result: { readonly type: 'compared'; readonly data: ComparisonData } | { readonly type: 'failed'; readonly message: string } }
  | { readonly type: 'content'; readonly address: ContentAddress; readonly result: { readonly type: 'data'; /** Base64. */ readonly data: string } | { readonly type: 'missing' } | { readonly type: 'too-large'; /** Bytes. */ readonly size: number } }
  /** What a run has of a metric that `load-series` asked for; again with what came, while the run goes on. */
  | { readonly type: 'series'; readonly metric: string; readonly key: string; readonly series: readonly PackedSeries[]; /** Why there is none. */ readonly message?: string }
  | { readonly type: 'failed'; readonly message: string };

export type TrackerViewMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'open'; readonly key: string }
  | { readonly type: 'annotate'; readonly keys: readonly string[]; readonly change: Exclude<AnnotationChange, { readonly type: 'undo' }> }
  | { readonly type: 'delete'; readonly keys: readonly string[] }
  | { readonly type: 'export'; readonly keys: readonly string[] }
  | { readonly type: 'undo' }
  | { readonly type: 'compare'; readonly keys: readonly string[] }
  /** A difference of the comparison that was sent last, by its place, between its first run and another, by its place. */
  | { readonly type: 'open-difference'; readonly difference: number; readonly run: number }
  | { readonly type: 'load-content'; readonly address: ContentAddress }
  /** All series of a metric, of all tasks of these runs. Runs of an earlier question are followed no longer; none: nothing is. */
  | { readonly type: 'load-series'; readonly metric: string; readonly keys: readonly string[]; /** Runs that are known already, and followed if they are in progress. */ readonly known: readonly string[] }
  | SaveChart
  | { readonly type: 'save-views'; readonly views: readonly NamedView[] }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'save-csv'; readonly text: string };
