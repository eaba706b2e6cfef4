/** The courses of metrics of a run, a chart for each and in it a line for each task, above the table of metrics; live while the run is. */
import type { TaskState } from '../../src/model/run-state.ts';
import type { SaveChart } from '../../src/protocol/chart-file.ts';
import { pointsOfSeries, type SeriesPoints } from '../../src/query/charts/packed-series.ts';
import { loadCharts } from '../charts/api.ts';
import type { SeriesChart, SeriesView } from '../charts/series-chart.ts';
import { fill, h } from '../dom.ts';
import type { Context } from './panel.ts';

export interface MetricCharts {
  readonly element: HTMLElement;
  /** In this order; none: there is nothing. */
  readonly show: (metrics: readonly string[], run: Pick<Context, 'run' | 'lengthOf'>) => void;
}

/** How each chart is shown, by its metric. */
export type ChartViews = Readonly<Record<string, SeriesView>>;

export interface MetricChartsHooks {
  readonly onViews: (views: ChartViews) => void;
  readonly onClose: (metric: string) => void;
  readonly post: (message: SaveChart) => void;
}

/** Another one stays as it is while some come and go. */
export function createMetricCharts(saved: ChartViews, { onViews, onClose, post }: MetricChartsHooks): MetricCharts {
  const element = h('div', { class: 'metric-charts', hidden: true });
  let views = saved;
  let charts: ReadonlyMap<string, MetricChart> = new Map();
  return {
    element,
    show: (metrics, run) => {
      const before = charts;
      charts = new Map(metrics.map((metric) => [metric, before.get(metric) ?? createMetricChart(metric, views[metric], { onView: (view) => onViews((views = { ...views, [metric]: view })), onClose: () => onClose(metric), post })]));
      for (const [metric, chart] of before) if (!charts.has(metric)) chart.element.remove();
      for (const [metric, chart] of charts) if (!before.has(metric)) element.append(chart.element);
      element.hidden = charts.size === 0;
      for (const chart of charts.values()) chart.show(run);
    },
  };
}

interface MetricChart {
  readonly element: HTMLElement;
  readonly show: (run: Pick<Context, 'run' | 'lengthOf'>) => void;
}

const first: SeriesView = { axis: 'step', logX: false, logY: false, smoothing: 0 };

function createMetricChart(metric: string, view: SeriesView | undefined, hooks: { readonly onView: (view: SeriesView) => void; readonly onClose: () => void; readonly post: (message: SaveChart) => void }): MetricChart {
  const place = h('div', { class: 'metric-chart-place' });
  const element = h('section', { class: 'metric-chart', 'aria-label': `Chart of ${metric}` }, h('div', { class: 'metric-chart-head' }, h('h3', {}, metric), h('button', { class: 'link', 'aria-label': `Close chart of ${metric}`, onclick: hooks.onClose }, 'Close')), place);
  let chart: SeriesChart | undefined;
  let shown: Pick<Context, 'run' | 'lengthOf'> | undefined;
  /** By task: the fold adds to a series in place, so that its length says whether it is another one. */
  const points = new Map<string, SeriesPoints>();
  const pointsOf = (task: TaskState, length: number): SeriesPoints | undefined => {
    const series = Object.hasOwn(task.metrics, metric) ? task.metrics[metric] : undefined;
    if (series === undefined) return undefined;
    const known = points.get(task.node.id);
    if (known?.length === length && known.values.length === series.values.length) return known;
    const made = { ...pointsOfSeries(task.node.id, metric, series), length };
    points.set(task.node.id, made);
    return made;
  };
  const draw = (): void => {
    if (shown === undefined || chart === undefined) return;
    const { run, lengthOf } = shown;
    const lines = run.tasks.flatMap((task) => {
      const found = pointsOf(task, lengthOf(task.node.id, metric));
      return found === undefined ? [] : [{ id: task.node.id, title: task.node.id, points: found }];
    });
    chart.show({ metric, lines: lines.map((line, slot) => ({ ...line, slot })), notes: [], empty: `No task has logged ${metric} yet.` });
  };
  return {
    element,
    show: (run) => {
      shown = run;
      draw();
      if (place.childElementCount > 0) return;
      fill(place, h('p', { class: 'quiet', role: 'status' }, 'Loading the chart…'));
      loadCharts().then(
        ({ createSeriesChart }) => {
          const none = (): void => undefined;
          chart = createSeriesChart(view ?? first, { onPoint: none, onToggle: none, onOpen: none, onView: hooks.onView, onSave: (name, file) => hooks.post({ type: 'save-chart', name, file }) });
          fill(place, chart.element);
          draw();
        },
        (error: unknown) => fill(place, h('p', { class: 'banner', role: 'alert' }, `The chart can’t be shown: ${error instanceof Error ? error.message : String(error)}`)),
      );
    },
  };
}
