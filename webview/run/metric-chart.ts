/** The course of one metric of a run, a line for each task that has it, above the table of metrics; live while the run is. */
import type { TaskState } from '../../src/model/run-state.ts';
import type { SaveChart } from '../../src/protocol/chart-file.ts';
import { pointsOfSeries, type SeriesPoints } from '../../src/query/charts/packed-series.ts';
import { loadCharts } from '../charts/api.ts';
import type { SeriesChart, SeriesView } from '../charts/series-chart.ts';
import { fill, h } from '../dom.ts';
import type { Context } from './panel.ts';

export interface MetricChart {
  readonly element: HTMLElement;
  /** `undefined`: it is not shown. */
  readonly show: (metric: string | undefined, run: Pick<Context, 'run' | 'lengthOf'>) => void;
}

const first: SeriesView = { axis: 'step', logX: false, logY: false, smoothing: 0 };

export function createMetricChart(view: SeriesView | undefined, hooks: { readonly onView: (view: SeriesView) => void; readonly post: (message: SaveChart) => void }): MetricChart {
  const element = h('section', { class: 'metric-chart', 'aria-label': 'Chart', hidden: true });
  let chart: SeriesChart | undefined;
  let shown: { readonly metric: string; readonly run: Pick<Context, 'run' | 'lengthOf'> } | undefined;
  /** By task: the fold adds to a series in place, so that its length says whether it is another one. */
  const points = new Map<string, SeriesPoints>();
  const pointsOf = (task: TaskState, metric: string, length: number): SeriesPoints | undefined => {
    const series = Object.hasOwn(task.metrics, metric) ? task.metrics[metric] : undefined;
    if (series === undefined) return undefined;
    const known = points.get(task.node.id);
    if (known?.name === metric && known.length === length && known.values.length === series.values.length) return known;
    const made = { ...pointsOfSeries(task.node.id, metric, series), length };
    points.set(task.node.id, made);
    return made;
  };
  const draw = (): void => {
    if (shown === undefined || chart === undefined) return;
    const { metric, run: { run, lengthOf } } = shown;
    const lines = run.tasks.flatMap((task) => {
      const found = pointsOf(task, metric, lengthOf(task.node.id, metric));
      return found === undefined ? [] : [{ id: task.node.id, title: task.node.id, points: found }];
    });
    chart.show({ metric, lines: lines.map((line, slot) => ({ ...line, slot })), notes: [], empty: `No task has logged ${metric} yet.` });
  };
  return {
    element,
    show: (metric, run) => {
      element.hidden = metric === undefined;
      shown = metric === undefined ? undefined : { metric, run };
      if (shown === undefined) return;
      draw();
      if (element.childElementCount > 0) return;
      fill(element, h('p', { class: 'quiet', role: 'status' }, 'Loading the chart…'));
      loadCharts().then(
        ({ createSeriesChart }) => {
          const none = (): void => undefined;
          chart = createSeriesChart(view ?? first, { onPoint: none, onToggle: none, onOpen: none, onView: hooks.onView, onSave: (name, file) => hooks.post({ type: 'save-chart', name, file }) });
          fill(element, chart.element);
          draw();
        },
        (error: unknown) => fill(element, h('p', { class: 'banner', role: 'alert' }, `The chart can’t be shown: ${error instanceof Error ? error.message : String(error)}`)),
      );
    },
  };
}
