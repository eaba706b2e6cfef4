/**
 * The seam between a panel and its charts, which are a script of their own: a panel opens without them, and gets them
 * with the first chart that is asked for.
 */
import type { TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import type { RunFields, Statistic } from '../../src/query/run-fields.ts';
import type { RunRow } from '../../src/query/run-row.ts';
import { h } from '../dom.ts';
import { beside, loadScript } from '../lazy-script.ts';
import type { ScatterView } from './scatter-chart.ts';
import type { SeriesChart, SeriesHooks, SeriesView } from './series-chart.ts';

export const chartKinds = ['series', 'scatter', 'bars', 'parallel'] as const;
export type ChartKind = (typeof chartKinds)[number];

/** What a person chose; what is absent is chosen by what the runs have. */
export interface ChartsView {
  readonly kind: ChartKind;
  readonly metric?: string;
  /** Only series of this task, all values of its matrix. */
  readonly task?: string;
  readonly series?: SeriesView;
  readonly scatter?: ScatterView;
  readonly bars?: { readonly metric?: string; readonly statistic: Statistic; readonly by?: string };
  /** Fields of the parallel axes. */
  readonly axes?: readonly string[];
  readonly onlySelected?: boolean;
}

/** What the table shows. */
export interface TableContent {
  readonly runs: readonly RunRow[];
  readonly fields: RunFields;
  /** Indexes of the runs that pass the filter, in the order of the table. */
  readonly shown: readonly number[];
  /** Keys. */
  readonly selected: ReadonlySet<string>;
  /** Metrics as columns; see `metricFields`. */
  readonly metrics: readonly string[];
}

export interface RunChartsHooks {
  readonly post: (message: Extract<TrackerViewMessage, { readonly type: 'load-series' | 'save-chart' }>) => void;
  readonly onView: (view: ChartsView) => void;
  readonly onPoint: (key: string | undefined) => void;
  readonly onOpen: (key: string) => void;
  readonly onToggle: (key: string) => void;
  readonly onSelect: (keys: readonly string[], add: boolean) => void;
}

export interface RunCharts {
  readonly element: HTMLElement;
  readonly show: (content: TableContent) => void;
  /** The run at the table's cursor or under the mouse. */
  readonly point: (key: string | undefined) => void;
  readonly receive: (message: Extract<TrackerHostMessage, { readonly type: 'series' }>) => void;
  /** Nothing is drawn or followed until `show`. */
  readonly rest: () => void;
}

export interface ChartsApi {
  readonly createRunCharts: (view: ChartsView, hooks: RunChartsHooks) => RunCharts;
  readonly createSeriesChart: (view: SeriesView, hooks: SeriesHooks) => SeriesChart;
}

declare global {
  var runweaveCharts: ChartsApi | undefined;
  var runweaveParts: Readonly<Record<string, () => void>> | undefined;
}

let loading: Promise<ChartsApi> | undefined;

/** Rejects when the script is not to be had. */
export function loadCharts(): Promise<ChartsApi> {
  return (loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  }));
}

async function load(): Promise<ChartsApi> {
  // A self-contained page has it in its own.
  if (globalThis.runweaveParts === undefined) document.head.append(h('link', { rel: 'stylesheet', href: beside('charts.css') }));
  await loadScript('charts.js');
  if (globalThis.runweaveCharts === undefined) throw new Error('charts.js is not what it should be');
  return globalThis.runweaveCharts;
}
