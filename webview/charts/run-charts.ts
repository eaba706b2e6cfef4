/** The charts of the runs table: which there are, what they are of, and how they and the table point at each other. */
import type { SeriesSummary } from '../../src/model/record.ts';
import { matrixTask } from '../../src/query/charts/matrix-values.ts';
import { barKeys } from '../../src/query/charts/bars.ts';
import { tellingMetrics } from '../../src/query/charts/telling-metrics.ts';
import { directionOf } from '../../src/query/direction.ts';
import { statistics, type Statistic } from '../../src/query/run-fields.ts';
import type { RunRow } from '../../src/query/run-row.ts';
import { differs } from '../../src/query/select-runs.ts';
import { fill, h } from '../dom.ts';
import { createTabs } from '../run/tabs.ts';
import { columnOf, namesOf, titleOf } from '../tracker/columns.ts';
import type { ChartKind, ChartsView, RunCharts, RunChartsHooks, TableContent } from './api.ts';
import { createBarChart } from './bar-chart.ts';
import { createLoadedSeries } from './loaded-series.ts';
import { createParallelChart } from './parallel-chart.ts';
import type { RunsContent, RunsHooks } from './run-picture.ts';
import { createScatterChart, type ScatterView } from './scatter-chart.ts';
import { createSeriesChart, firstSeriesView, type ChartLine } from './series-chart.ts';
import { createSlots } from './slots.ts';
import { onThemeChange } from './theme.ts';

/** Without a selection, so many runs from the top of the table. */
const firstRuns = 10;
/** More can't be told apart, nor read in a moment. */
const most = { seriesRuns: 50, barRuns: 26, parallelRuns: 2000 };

function* seriesOf(runs: readonly RunRow[]): Generator<SeriesSummary> {
  for (const { summary } of runs) yield* summary?.series ?? [];
}

export function createRunCharts(first: ChartsView, hooks: RunChartsHooks): RunCharts {
  let view = first;
  let content: TableContent | undefined;
  let pointed: string | undefined;
  const slots = createSlots();
  const lineSlots = createSlots();
  const loaded = createLoadedSeries(hooks.post);

  const change = (next: Partial<ChartsView>): void => {
    view = { ...view, ...next };
    hooks.onView(view);
    redraw();
  };
  const runsHooks: RunsHooks = {
    onPoint: hooks.onPoint,
    onOpen: hooks.onOpen,
    onToggle: hooks.onToggle,
    onSelect: hooks.onSelect,
    onSave: (name, file) => hooks.post({ type: 'save-chart', name, file }),
  };
  const series = createSeriesChart(view.series ?? firstSeriesView, { ...runsHooks, onView: (next) => {
    view = { ...view, series: next };
    hooks.onView(view);
  } });
  const scatter = createScatterChart(runsHooks);
  const bars = createBarChart(runsHooks);
  // Among many lines only the whole of one shows what goes with what.
  const parallel = createParallelChart({ ...runsHooks, onPoint: (key) => {
    hooks.onPoint(key);
    point(key);
  } });

  const choice = (label: string, onChange: (value: string) => void): { readonly element: HTMLElement; readonly set: (options: readonly (readonly [value: string, text: string])[], value: string) => void } => {
    const select = h('select', { 'aria-label': label, onchange: () => onChange(select.value) });
    return {
      element: h('label', { class: 'chart-choice' }, `${label} `, select),
      set: (options, value) => {
        if (JSON.stringify(options) !== JSON.stringify([...select.options].map((option) => [option.value, option.text]))) fill(select, ...options.map(([each, text]) => h('option', { value: each }, text)));
        select.value = value;
      },
    };
  };
  const box = (label: string, onChange: (on: boolean) => void): { readonly element: HTMLElement; readonly set: (on: boolean) => void } => {
    const input = h('input', { type: 'checkbox', onchange: () => onChange(input.checked) });
    return { element: h('label', { class: 'chart-box' }, input, label), set: (on) => (input.checked = on) };
  };

  const metricChoice = choice('Metric', (metric) => {
    const { task: _, ...rest } = view;
    view = rest;
    change({ metric });
  });
  const taskChoice = choice('Task', (task) => {
    const { task: _, ...rest } = view;
    view = rest;
    change(task === '' ? {} : { task });
  });
  const xChoice = choice('X', (x) => changeScatter({ x }));
  const yChoice = choice('Y', (y) => changeScatter({ y }));
  const scatterLogX = box('Log x', (logX) => changeScatter({ logX }));
  const scatterLogY = box('Log y', (logY) => changeScatter({ logY }));
  const barMetric = choice('Metric', (metric) => changeBars({ metric }));
  const statisticChoice = choice('Value', (statistic) => changeBars({ statistic: statistic as Statistic }));
  const byChoice = choice('By', (by) => changeBars({ by }));
  const onlyScatter = box('Only selected', (onlySelected) => change({ onlySelected }));
  const onlyParallel = box('Only selected', (onlySelected) => change({ onlySelected }));
  const axesList = h('div', { class: 'chart-axes-list' });
  const axesBoxes = new Map<string, HTMLInputElement>();
  const changeAxis = (field: string, on: boolean): void => {
    if (content === undefined) return;
    const others = axesView(content).filter((each) => each !== field);
    change({ axes: on ? [...others, field] : others });
  };
  const axesChoice = h('details', { class: 'chart-axes' }, h('summary', { class: 'action' }, 'Axes'), axesList);
  axesChoice.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !axesChoice.open) return;
    axesChoice.open = false;
    axesChoice.querySelector('summary')?.focus();
  });
  series.controls.prepend(metricChoice.element, taskChoice.element);
  scatter.controls.append(xChoice.element, yChoice.element, scatterLogX.element, scatterLogY.element, onlyScatter.element);
  bars.controls.append(barMetric.element, statisticChoice.element, byChoice.element);
  const parallelNote = h('span', { class: 'quiet' });
  parallel.controls.append(axesChoice, onlyParallel.element, parallelNote);

  const changeScatter = (next: Partial<ScatterView>): void => change({ scatter: { ...scatterView(), ...next } });
  const changeBars = (next: Partial<NonNullable<ChartsView['bars']>>): void => change({ bars: { statistic: 'last', ...view.bars, ...next } });

  const tabs = createTabs<ChartKind>(
    [
      { id: 'series', label: 'Series' },
      { id: 'scatter', label: 'Scatter' },
      { id: 'bars', label: 'Bars' },
      { id: 'parallel', label: 'Parallel coordinates' },
    ],
    'Charts',
    (kind) => change({ kind }),
  );
  const parts: Readonly<Record<ChartKind, HTMLElement>> = { series: series.element, scatter: scatter.element, bars: bars.element, parallel: parallel.element };
  tabs.panel.removeAttribute('tabindex');
  const element = h('div', { class: 'run-charts' }, tabs.bar, tabs.panel);

  /** By the runs: a table of ten thousand is looked through once. */
  const ofRuns = new WeakMap<readonly RunRow[], { readonly metrics: readonly string[]; readonly params: readonly string[]; readonly tasks: ReadonlyMap<string, readonly string[]> }>();
  const known = (now: TableContent): { readonly metrics: readonly string[]; readonly params: readonly string[]; readonly tasks: ReadonlyMap<string, readonly string[]> } => {
    const before = ofRuns.get(now.runs);
    if (before !== undefined) return before;
    const tasks = new Map<string, Set<string>>();
    for (const { summary } of now.runs) {
      for (const { name, task } of summary?.series ?? []) {
        const of = tasks.get(name) ?? new Set();
        tasks.set(name, of.add(matrixTask(task).name));
      }
    }
    const metrics = tellingMetrics(seriesOf(now.runs));
    const rows = now.runs.map((_, row) => row);
    const params = now.fields.names().filter((name) => name.startsWith('params.') && varies(now, rows, name));
    const found = { metrics, params, tasks: new Map([...tasks].map(([name, of]) => [name, [...of]])) };
    ofRuns.set(now.runs, found);
    return found;
  };
  const varies = ({ fields, runs }: TableContent, rows: readonly number[], field: string): boolean => {
    const column = columnOf({ field }, fields, runs.length);
    return column !== undefined && differs(rows, column);
  };
  const telling = ({ metrics }: TableContent): readonly string[] => [...metrics].sort((a, b) => Number(directionOf(a) === 'none') - Number(directionOf(b) === 'none'));
  const scatterView = (): ScatterView => {
    if (view.scatter !== undefined) return view.scatter;
    const params = content === undefined ? [] : known(content).params;
    const [y = 'duration', second = 'start'] = content === undefined ? [] : telling(content);
    return { x: params[0] ?? second, y, logX: false, logY: false };
  };
  const axesView = (now: TableContent): readonly string[] => view.axes ?? [...known(now).params.slice(0, 5), ...telling(now).slice(0, 3)];

  /** What series and bars are of: the selected, in the order of the table; without a selection the first of it. */
  const chosen = ({ runs, shown, selected }: TableContent, limit: number): { readonly rows: readonly number[]; readonly of: number } => {
    const ofSelected = runs.flatMap((row, index) => (selected.has(row.path) ? [index] : []));
    if (ofSelected.length === 0) return { rows: shown.slice(0, firstRuns), of: Math.min(shown.length, firstRuns) };
    const order = new Map(shown.map((row, at) => [row, at]));
    const sorted = ofSelected.sort((a, b) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity));
    return { rows: sorted.slice(0, limit), of: sorted.length };
  };
  const runTitle = ({ runs }: TableContent, row: number): string => runs[row]?.annotations.name ?? runs[row]?.runId ?? '';

  const runsContent = (now: TableContent, rows: readonly number[]): RunsContent => {
    const keys = rows.flatMap((row) => now.runs[row]?.path ?? []).filter((key) => now.selected.has(key));
    slots.use(keys);
    return { runs: now.runs, fields: now.fields, rows, selected: now.selected, pointed, slotOf: slots.of, titleOf: (row) => runTitle(now, row), fieldTitle: titleOf, namesOf: (field) => namesOf(field) ?? [] };
  };

  const drawSeries = (now: TableContent): void => {
    const { metrics, tasks } = known(now);
    const { rows: candidates, of } = chosen(now, most.seriesRuns);
    const ofCandidates = new Set(candidates.flatMap((row) => (now.runs[row]?.summary?.series ?? []).map(({ name }) => name)));
    const metric = view.metric !== undefined && tasks.has(view.metric) ? view.metric : (metrics.find((name) => ofCandidates.has(name)) ?? metrics[0] ?? '');
    metricChoice.set(metrics.map((name) => [name, name]), metric);
    const ofMetric = tasks.get(metric) ?? [];
    const task = view.task !== undefined && ofMetric.includes(view.task) ? view.task : '';
    taskChoice.set([['', 'all'], ...ofMetric.map((name) => [name, name] as const)], task);
    taskChoice.element.hidden = ofMetric.length < 2;
    const withMetric = (row: number): boolean => (now.runs[row]?.summary?.series ?? []).some((each) => each.name === metric) || now.runs[row]?.status === 'running';
    const rows = candidates.filter(withMetric);
    const keyOf = (row: number): string => now.runs[row]?.path ?? '';
    if (metric === '') loaded.rest();
    else loaded.want(metric, rows.map(keyOf), (key) => rows.some((row) => keyOf(row) === key && now.runs[row]?.status === 'running'));
    const found = rows.map((row) => ({ row, key: keyOf(row), run: loaded.of(metric, keyOf(row)) }));
    const drawn = found.flatMap(({ row, key, run }) => (run?.series ?? []).filter((each) => task === '' || matrixTask(each.task).name === task).map((points) => ({ row, key, points })));
    const severalTasks = new Set(drawn.map(({ points }) => points.task)).size > 1;
    const idOf = (key: string, of: string): string => (severalTasks ? `${key}\n${of}` : key);
    lineSlots.use(drawn.map(({ key, points }) => idOf(key, points.task)));
    const lines = drawn.map(({ row, key, points }): ChartLine => ({ id: idOf(key, points.task), key, title: severalTasks ? `${runTitle(now, row)} ${points.task}` : runTitle(now, row), slot: lineSlots.of(idOf(key, points.task)), points }));
    const waiting = found.filter(({ run }) => run === undefined).length;
    const unreadable = found.flatMap(({ row, run }) => (run?.message === undefined ? [] : [`${runTitle(now, row)} can’t be read: ${run.message}.`]));
    series.show({
      metric,
      lines,
      notes: [...(of > candidates.length ? [`The first ${candidates.length} of ${of} selected runs are drawn.`] : []), ...(waiting > 0 ? [`Reading ${waiting} of ${found.length} records…`] : []), ...unreadable],
      empty: metric === '' ? 'No run has a metric.' : waiting > 0 ? 'Reading the records…' : `No run that is shown has ${metric}.`,
    });
    series.point(pointed);
  };
  const drawScatter = (now: TableContent): void => {
    const options = ['start', 'duration', ...now.fields.names().filter((name) => /^(params|metrics)\./.test(name)), ...now.metrics];
    const chosenView = scatterView();
    const named = [...new Set([...options, chosenView.x, chosenView.y])].map((field) => [field, field.replaceAll('`', '')] as const);
    xChoice.set(named, chosenView.x);
    yChoice.set(named, chosenView.y);
    scatterLogX.set(chosenView.logX);
    scatterLogY.set(chosenView.logY);
    onlyScatter.set(view.onlySelected === true);
    scatter.show(runsContent(now, onlySelected(now)), chosenView);
  };
  const onlySelected = ({ runs, shown, selected }: TableContent): readonly number[] => (view.onlySelected === true ? shown.filter((row) => selected.has(runs[row]?.path ?? '')) : shown);
  const drawBars = (now: TableContent): void => {
    const { metrics, tasks } = known(now);
    const wanted = view.bars?.metric;
    const { rows } = chosen(now, most.barRuns);
    const sorted = [...metrics].sort((a, b) => Number(barKeys(now.runs, rows, a).length < 2) - Number(barKeys(now.runs, rows, b).length < 2) || Number(directionOf(a) === 'none') - Number(directionOf(b) === 'none'));
    const metric = wanted !== undefined && tasks.has(wanted) ? wanted : (sorted[0] ?? '');
    barMetric.set(metrics.map((name) => [name, name]), metric);
    const statistic = view.bars?.statistic ?? 'last';
    statisticChoice.set(statistics.map((name) => [name, name]), statistic);
    const keys = barKeys(now.runs, rows, metric);
    const by = view.bars?.by !== undefined && keys.includes(view.bars.by) ? view.bars.by : (keys[0] ?? 'task');
    byChoice.set(keys.map((name) => [name, name]), by);
    const content = runsContent(now, rows);
    lineSlots.use(rows.flatMap((row) => now.runs[row]?.path ?? []));
    bars.show({ ...content, slotOf: lineSlots.of }, { metric, statistic, by });
  };
  const drawParallel = (now: TableContent): void => {
    const axes = axesView(now);
    const options = [...now.fields.names().filter((name) => /^(params|metrics)\./.test(name)), ...now.metrics, 'duration', 'start', 'status', 'branch'];
    const named = [...new Set([...options, ...axes])];
    // The same boxes stay the same elements, so that what is pressed is not taken away.
    if (named.join('\n') !== [...axesBoxes.keys()].join('\n')) {
      axesBoxes.clear();
      fill(
        axesList,
        ...named.map((field) => {
          const input = h('input', { type: 'checkbox', onchange: () => changeAxis(field, input.checked) });
          axesBoxes.set(field, input);
          return h('label', { class: 'chart-box' }, input, field.replaceAll('`', ''));
        }),
      );
    }
    for (const [field, input] of axesBoxes) input.checked = axes.includes(field);
    onlyParallel.set(view.onlySelected === true);
    const rows = onlySelected(now);
    parallelNote.textContent = rows.length > most.parallelRuns ? `the first ${most.parallelRuns} of ${rows.length} runs` : '';
    parallel.show(runsContent(now, rows.slice(0, most.parallelRuns)), axes);
  };

  const draw = (): void => {
    if (content === undefined) return;
    tabs.select(view.kind);
    if (parts[view.kind].parentElement !== tabs.panel) fill(tabs.panel, parts[view.kind]);
    if (view.kind !== 'series') loaded.rest();
    switch (view.kind) {
      case 'series':
        drawSeries(content);
        return;
      case 'scatter':
        drawScatter(content);
        return;
      case 'bars':
        drawBars(content);
        return;
      case 'parallel':
        drawParallel(content);
        return;
      default:
        view.kind satisfies never;
    }
  };
  let wanted = false;
  /** Once a frame, however many rows and messages come. */
  const redraw = (): void => {
    if (wanted) return;
    wanted = true;
    requestAnimationFrame(() => {
      wanted = false;
      draw();
    });
  };
  const point = (key: string | undefined): void => {
    if (pointed === key) return;
    pointed = key;
    if (view.kind === 'series') series.point(key);
    else redraw();
  };
  onThemeChange(() => {
    for (const chart of [scatter, bars, parallel]) chart.rethink();
    series.redraw();
    redraw();
  });

  return {
    element,
    show: (next) => {
      content = next;
      redraw();
    },
    point,
    receive: (message) => {
      loaded.receive(message);
      redraw();
    },
    rest: () => {
      content = undefined;
      loaded.rest();
    },
  };
}
