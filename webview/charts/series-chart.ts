/** Series over their steps or over time, of one run or of many, recorded or still coming. */
import type { ChartFile } from '../../src/protocol/chart-file.ts';
import { keptIndexes } from '../../src/model/thin-series.ts';
import { visiblePoints } from '../../src/query/charts/decimate.ts';
import { niceRange, type AxisRange } from '../../src/query/charts/nice-range.ts';
import { axisLine, columnOf, seriesAxes, type AxisLine, type SeriesAxis } from '../../src/query/charts/series-axis.ts';
import type { SeriesPoints } from '../../src/query/charts/packed-series.ts';
import { smooth } from '../../src/query/charts/smooth.ts';
import { csvText } from '../../src/query/csv.ts';
import { h, setText } from '../dom.ts';
import { formatNumber } from '../run/format.ts';
import { axisOption, clockText, durationText, margins, timeRange } from './axes.ts';
import { createFrame } from './frame.ts';
import { createLegend } from './legend.ts';
import type { DataTable, SpotLine } from './picture.ts';

/** What a person chose; kept by who shows the chart. */
export interface SeriesView {
  readonly axis: SeriesAxis;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Weight of the average, from 0. */
  readonly smoothing: number;
}

export const firstSeriesView: SeriesView = { axis: 'step', logX: false, logY: false, smoothing: 0 };

export interface ChartLine {
  /** Different for each line. */
  readonly id: string;
  /** The run that it is of. */
  readonly key?: string;
  readonly title: string;
  /** Place of its colour, dash, marker and letter. */
  readonly slot: number;
  readonly points: SeriesPoints;
}

export interface SeriesContent {
  readonly metric: string;
  readonly lines: readonly ChartLine[];
  /** What is to be known: runs that can't be read, lines that were left out. */
  readonly notes: readonly string[];
  /** Where there is no line yet. */
  readonly empty: string;
}

export interface SeriesHooks {
  readonly onPoint: (key: string | undefined) => void;
  readonly onToggle: (key: string) => void;
  readonly onOpen: (key: string) => void;
  readonly onView: (view: SeriesView) => void;
  readonly onSave: (name: string, file: ChartFile) => void;
}

export interface SeriesChart {
  readonly element: HTMLElement;
  readonly controls: HTMLElement;
  readonly show: (content: SeriesContent) => void;
  /** The lines of this run stand out. */
  readonly point: (key: string | undefined) => void;
  /** With the same lines: the colours or the size are others. */
  readonly redraw: () => void;
}

/** More lines than these have no room for what they were before they were smoothed. */
const mostWithRaw = 10;
/** Up to so many points each is marked. */
const mostMarked = 40;
const tableRows = 200;
/** A line that goes up and down more often is an area, in which no dash is seen and each takes its time to be drawn. */
const mostClimbed = 30;
const axisNames: Readonly<Record<SeriesAxis, string>> = { step: 'Step', relative: 'Time since its beginning', wall: 'Time' };

interface MadeLine {
  /** What was chosen when it was made. */
  readonly name: string;
  readonly line: AxisLine;
}

interface Drawn {
  readonly line: ChartLine;
  readonly whole: AxisLine;
  /** Before it was smoothed. */
  readonly raw?: AxisLine;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export function createSeriesChart(first: SeriesView, hooks: SeriesHooks): SeriesChart {
  let view = first;
  let content: SeriesContent = { metric: '', lines: [], notes: [], empty: '' };
  /** What of the axis below is shown; all of it when there is none. */
  let zoom: { readonly from: number; readonly to: number } | undefined;
  let pointed: string | undefined;
  const hidden = new Set<string>();
  /** Lines are made of a series once, however often it is zoomed into. */
  const made = new WeakMap<SeriesPoints, { readonly raw?: MadeLine; readonly smoothed?: MadeLine }>();

  const legend = createLegend({
    onHide: (id) => {
      if (!hidden.delete(id)) hidden.add(id);
      redraw();
    },
    onPoint: (key) => {
      hooks.onPoint(key);
      point(key);
    },
  });
  const frame = createFrame({
    aside: legend.element,
    keys: 'Left and right arrow: point by point; up and down: line by line; Page Up and Page Down: twenty points. Plus and minus zoom, 0 shows all, Shift with left or right moves. Space selects the run, Enter opens it.',
    drags: 'stretch',
    onPoint: hooks.onPoint,
    onToggle: hooks.onToggle,
    onOpen: hooks.onOpen,
    onSave: hooks.onSave,
    onClick: (key, add) => {
      if (add) hooks.onToggle(key);
    },
    onArea: ({ fromX, toX }) => setZoom(fromX, toX),
    onZoom: (factor, x) => zoomBy(factor, x),
    onDoubleClick: () => setZoom(undefined),
    onCursor: (x) => legend.values((id) => {
      const line = x === undefined ? undefined : drawn.find((each) => each.line.id === id);
      return line === undefined || x === undefined ? '' : valueNear(line, x);
    }),
    onKey: (event, cursor) => {
      const middle = cursor?.x ?? centre();
      if (event.key === '+' || event.key === '=') zoomBy(0.5, middle);
      else if (event.key === '-') zoomBy(2, middle);
      else if (event.key === '0') setZoom(undefined);
      else if (event.shiftKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) move(event.key === 'ArrowLeft' ? -0.25 : 0.25);
      else return false;
      return true;
    },
  });
  const notes = h('p', { class: 'chart-notes quiet' });
  const smoothingText = h('output', { class: 'chart-number' });
  const smoothing = h('input', { type: 'range', min: 0, max: 0.99, step: 0.01, value: view.smoothing, 'aria-label': 'Smoothing', oninput: () => change({ smoothing: Number(smoothing.value) }) });
  const axis = h('select', { 'aria-label': 'Axis below', onchange: () => {
    zoom = undefined;
    change({ axis: axis.value as SeriesAxis });
  } }, ...seriesAxes.map((each) => h('option', { value: each, selected: each === view.axis }, { step: 'Step', relative: 'Relative time', wall: 'Wall time' }[each])));
  const logX = box('Log x', view.logX, (on) => {
    zoom = undefined;
    change({ logX: on });
  });
  const logY = box('Log y', view.logY, (on) => change({ logY: on }));
  const zoomButton = (label: string, title: string, run: () => void): HTMLButtonElement => h('button', { class: 'action', title, 'aria-label': title, onclick: run }, label);
  const resetButton = zoomButton('All', 'Show all of the axis', () => setZoom(undefined));
  frame.controls.append(axis, logX, logY, h('label', { class: 'chart-smoothing' }, 'Smoothing ', smoothing, smoothingText), h('span', { class: 'chart-zoom', role: 'group', 'aria-label': 'Zoom' }, zoomButton('−', 'Zoom out', () => zoomBy(2, centre())), zoomButton('+', 'Zoom in', () => zoomBy(0.5, centre())), resetButton));
  frame.element.append(notes);

  const change = (next: Partial<SeriesView>): void => {
    view = { ...view, ...next };
    hooks.onView(view);
    redrawSoon();
  };
  const setZoom = (from: number | undefined, to = from): void => {
    const isNarrow = from !== undefined && to !== undefined && !(to - from > Math.abs(to) * 1e-9);
    if (isNarrow) return;
    zoom = from === undefined || to === undefined ? undefined : { from, to };
    redrawSoon();
  };
  const shown = (): { readonly from: number; readonly to: number } => {
    const { min, max } = rangeOf(drawnOf());
    return zoom ?? { from: min, to: max };
  };
  const centre = (): number => {
    const { from, to } = shown();
    return view.logX ? Math.sqrt(from * to) : (from + to) / 2;
  };
  const zoomBy = (factor: number, x: number): void => {
    const { from: min, to: max } = shown();
    const scaled = (end: number): number => (view.logX ? x * (end / x) ** factor : x + (end - x) * factor);
    const whole = rangeOf(drawnOf());
    const [from, to] = [Math.max(whole.min, scaled(min)), Math.min(whole.max, scaled(max))];
    setZoom(from <= whole.min && to >= whole.max ? undefined : from, to);
  };
  const move = (share: number): void => {
    if (zoom === undefined) return;
    const whole = rangeOf(drawnOf());
    const width = zoom.to - zoom.from;
    const from = Math.max(whole.min, Math.min(whole.max - width, zoom.from + share * width));
    setZoom(from, from + width);
  };

  const lineOf = (points: SeriesPoints, weight: number): AxisLine => {
    // As it is, and smoothed: the slider goes through a hundred weights, of which one is shown.
    const slot = weight === 0 ? 'raw' : 'smoothed';
    const name = JSON.stringify([view.axis, view.logX, view.logY, weight]);
    const known = made.get(points)?.[slot];
    if (known?.name === name) return known.line;
    const line = axisLine(points, smooth(points.values, weight), view);
    made.set(points, { ...made.get(points), [slot]: { name, line } });
    return line;
  };
  /** Cut to what is shown: by the axis alone. */
  const drawnOf = (): readonly { line: ChartLine; whole: AxisLine }[] => content.lines.filter(({ id }) => !hidden.has(id)).map((line) => ({ line, whole: lineOf(line.points, view.smoothing) }));
  const rangeOf = (lines: readonly { readonly whole: AxisLine }[]): AxisRange => {
    let [low, high] = [Infinity, -Infinity];
    for (const { whole } of lines) {
      if (whole.x.length === 0) continue;
      low = Math.min(low, whole.x[0] ?? low);
      high = Math.max(high, whole.x[whole.x.length - 1] ?? high);
    }
    if (low > high) return { min: 0, max: 1 };
    return low === high ? { min: view.logX ? low / 2 : low - 0.5, max: view.logX ? low * 2 : high + 0.5 } : { min: low, max: high };
  };

  let drawn: readonly Drawn[] = [];
  const redraw = (): void => {
    setText(smoothingText, view.smoothing === 0 ? 'off' : view.smoothing.toFixed(2));
    const lines = drawnOf();
    const said = notesOf(lines);
    setText(notes, said.join(' '));
    notes.hidden = said.length === 0;
    resetButton.disabled = zoom === undefined;
    legend.show(content.lines.map(({ id, key, title, slot }) => ({ id, ...(key !== undefined && { key }), title, look: frame.theme().look(slot), isHidden: hidden.has(id) })));
    if (content.lines.length === 0) {
      frame.clear(content.empty);
      return;
    }
    const whole = rangeOf(lines);
    const range: AxisRange = zoom === undefined ? whole : { min: Math.max(whole.min, zoom.from), max: Math.min(whole.max, zoom.to) };
    const window = { from: range.min, to: range.max, columns: frame.plotWidth({ margins }), log: view.logX };
    const cut = ({ x, y }: AxisLine): { x: Float64Array; y: Float64Array } => {
      const kept = visiblePoints(x, y, window);
      return { x: Float64Array.from(kept, (index) => x[index] ?? NaN), y: Float64Array.from(kept, (index) => y[index] ?? NaN) };
    };
    const withRaw = view.smoothing > 0 && lines.length <= mostWithRaw;
    drawn = lines.map((each) => ({ ...each, ...cut(each.whole), ...(withRaw && { raw: { ...cut(lineOf(each.line.points, 0)), left: 0 } }) }));
    frame.show(pictureOf(range));
  };

  const pictureOf = (range: AxisRange): Parameters<typeof frame.show>[0] => {
    const theme = frame.theme();
    let [low, high] = [Infinity, -Infinity];
    const inside = (x: number): boolean => x >= range.min && x <= range.max;
    for (const { x, y, raw } of drawn) {
      for (const line of [{ x, y }, ...(raw === undefined ? [] : [raw])]) {
        for (const [index, value] of line.y.entries()) {
          if (Number.isNaN(value) || !inside(line.x[index] ?? NaN)) continue;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
    }
    const y = niceRange(low, high, view.logY);
    const isTime = view.axis !== 'step';
    const x = isTime && !view.logX ? timeRange(range.min, range.max, zoom !== undefined) : range;
    const { metric } = content;
    const fades = pointed !== undefined && drawn.some(({ line }) => line.key === pointed);
    const lineSeries = drawn.flatMap(({ line, x: across, y: up, raw }) => {
      const look = theme.look(line.slot);
      const isPointed = line.key === pointed;
      const isDense = climb(up, y) > mostClimbed;
      const opacity = fades && !isPointed ? 0.3 : 1;
      const common = { type: 'line', dimensions: ['x', 'y'], animation: false, silent: true, emphasis: { disabled: true }, clip: true, color: look.color };
      return [
        ...(raw === undefined ? [] : [{ ...common, data: pairs(raw), showSymbol: false, lineStyle: { color: look.color, width: 1, opacity: 0.25 * opacity } }]),
        {
          ...common,
          name: `${look.letter}  ${line.title}`,
          data: pairs({ x: across, y: up }),
          showSymbol: across.length <= mostMarked,
          symbol: `path://${look.marker}`,
          symbolSize: 7,
          itemStyle: { color: look.color, opacity },
          lineStyle: { color: look.color, width: fades && isPointed ? 3 : isDense ? 1 : 1.6, type: isDense || look.dash.length === 0 ? 'solid' : look.dash, opacity },
          endLabel: { show: drawn.length > 1, formatter: look.letter, color: look.color, fontFamily: theme.font, fontSize: theme.fontSize, fontWeight: 700, distance: 4 },
          z: isPointed ? 3 : 2,
        },
      ];
    });
    const place = (value: number): string => (view.axis === 'step' ? `step ${formatNumber(value)}` : view.axis === 'relative' ? durationText(value) : new Date(value).toLocaleString());
    const spots = drawn.map(({ line, x: across, y: up }): SpotLine => ({ x: across, y: up, isCourse: true, text: (index) => `${line.title}: ${formatNumber(up[index] ?? NaN)} at ${place(across[index] ?? NaN)}`, key: () => line.key }));
    return {
      label: `${metric} of ${drawn.length} ${drawn.length === 1 ? 'series' : 'series'} by ${axisNames[view.axis].toLowerCase()}`,
      option: {
        animation: false,
        grid: { ...margins, outerBoundsMode: 'none' },
        xAxis: axisOption({ name: axisNames[view.axis], range: x, log: view.logX, ...(view.axis === 'wall' && { write: clockText(range) }), ...(view.axis === 'relative' && { write: durationText }) }, theme, 'x', margins.bottom),
        yAxis: axisOption({ name: metric, range: y, log: view.logY }, theme, 'y', margins.left),
        series: lineSeries,
      },
      margins,
      x: { range: x, log: view.logX },
      y: { range: y, log: view.logY },
      lines: spots,
      legend: drawn.map(({ line }) => ({ name: `${theme.look(line.slot).letter}  ${line.title}`, look: theme.look(line.slot) })),
      tables: () => tablesOf(metric, drawn, place),
      csv: () => csvOf(drawn.map(({ line }) => line), view.smoothing, drawnColumn(range)),
      fileName: metric,
    };
  };
  /** Whether a place of the axis below is shown. */
  const drawnColumn = (range: AxisRange) => (points: SeriesPoints): ((index: number) => boolean) => {
    if (zoom === undefined) return () => true;
    const column = columnOf(points, view.axis);
    return (index) => (column[index] ?? NaN) >= range.min && (column[index] ?? NaN) <= range.max;
  };

  const notesOf = (lines: readonly { readonly line: ChartLine; readonly whole: AxisLine }[]): readonly string[] => {
    const left = lines.reduce((sum, { whole }) => sum + whole.left, 0);
    const thinned = lines.filter(({ line: { points } }) => points.values.length < points.length);
    return [
      ...content.notes,
      ...(left === 0 ? [] : [`${left} ${left === 1 ? 'value is' : 'values are'} not drawn: ${view.logX || view.logY ? 'not finite, or not above 0 on a logarithmic axis' : 'not finite'}.`]),
      ...(thinned.length === 0 ? [] : [`Of ${thinned.length === 1 ? '1 long series' : `${thinned.length} long series`} the lowest and highest values of each stretch are drawn, not all.`]),
    ];
  };
  const point = (key: string | undefined): void => {
    if (pointed === key) return;
    pointed = key;
    redrawSoon();
  };
  let frameWanted = false;
  const redrawSoon = (): void => {
    if (frameWanted) return;
    frameWanted = true;
    requestAnimationFrame(() => {
      frameWanted = false;
      redraw();
    });
  };
  frame.onResize(redrawSoon);

  return {
    element: frame.element,
    controls: frame.controls,
    show: (next) => {
      if (next.metric !== content.metric) {
        zoom = undefined;
        hidden.clear();
      }
      content = next;
      redrawSoon();
    },
    point,
    redraw: () => {
      frame.rethink();
      redrawSoon();
    },
  };
}

/** How often a line goes from one end of the axis to the other, all its ups and downs together. */
function climb(y: Float64Array, { min, max }: AxisRange): number {
  let sum = 0;
  for (let index = 1; index < y.length; index += 1) {
    const step = Math.abs((y[index] ?? 0) - (y[index - 1] ?? 0));
    if (step > 0) sum += step;
  }
  return sum / (max - min);
}

/** In one column of numbers: ECharts copies what it is given, and an array a point takes most of a frame. */
function pairs({ x, y }: { readonly x: Float64Array; readonly y: Float64Array }): Float64Array {
  const column = new Float64Array(2 * x.length);
  for (let index = 0; index < x.length; index += 1) {
    column[2 * index] = x[index] ?? NaN;
    column[2 * index + 1] = y[index] ?? NaN;
  }
  return column;
}

function box(label: string, checked: boolean, onChange: (on: boolean) => void): HTMLElement {
  const input = h('input', { type: 'checkbox', checked, onchange: () => onChange(input.checked) });
  return h('label', { class: 'chart-box' }, input, label);
}

function valueNear({ x, y }: Drawn, at: number): string {
  let found = 0;
  for (const [index, value] of x.entries()) if (Math.abs(value - at) < Math.abs((x[found] ?? 0) - at) && !Number.isNaN(y[index])) found = index;
  return formatNumber(y[found] ?? NaN);
}

function tablesOf(metric: string, drawn: readonly Drawn[], place: (x: number) => string): readonly DataTable[] {
  const summary: DataTable = {
    caption: `${metric}: what is drawn of each series`,
    heads: ['Series', 'Values', 'First', 'Last', 'Lowest', 'at', 'Highest', 'at'],
    rows: drawn.map(({ line, x, y }) => {
      const finite = [...y.keys()].filter((index) => !Number.isNaN(y[index]));
      const by = (is: (a: number, b: number) => boolean): number | undefined => finite.reduce<number | undefined>((best, index) => (best === undefined || is(y[index] ?? 0, y[best] ?? 0) ? index : best), undefined);
      const value = (index: number | undefined): string => (index === undefined ? '' : formatNumber(y[index] ?? NaN));
      const at = (index: number | undefined): string => (index === undefined ? '' : place(x[index] ?? NaN));
      const [lowest, highest] = [by((a, b) => a < b), by((a, b) => a > b)];
      return [line.title, String(line.points.length), value(finite[0]), value(finite.at(-1)), value(lowest), at(lowest), value(highest), at(highest)];
    }),
  };
  const rows = drawn.flatMap(({ line, x, y }) => keptIndexes(x.length, (index) => (Number.isNaN(y[index]) ? undefined : y[index]), Math.max(10, Math.floor(tableRows / drawn.length))).map((index) => [line.title, place(x[index] ?? NaN), Number.isNaN(y[index]) ? 'none' : formatNumber(y[index] ?? NaN)]));
  return [summary, { caption: `${metric}: values, of long series the lowest and highest of each stretch (CSV has all)`, heads: ['Series', 'At', 'Value'], rows }];
}

/** Every point that is here and in the shown stretch, as it was logged. */
function csvOf(lines: readonly ChartLine[], weight: number, isShownIn: (points: SeriesPoints) => (index: number) => boolean): string {
  const parts = [csvText([['series', 'run', 'task', 'metric', 'step', 'time', 'seconds', 'value', ...(weight > 0 ? ['smoothed'] : [])]])];
  for (const { title, key = '', points } of lines) {
    const smoothed = weight > 0 ? smooth(points.values, weight) : undefined;
    const isShown = isShownIn(points);
    const rows: (readonly string[])[] = [];
    for (let index = 0; index < points.values.length; index += 1) {
      if (!isShown(index)) continue;
      const step = points.steps?.[index];
      const time = points.times[index] ?? 0;
      rows.push([title, key, points.task, points.name, step === undefined || Number.isNaN(step) ? '' : String(step), new Date(points.start + time).toISOString(), String(time / 1000), String(points.values[index]), ...(smoothed === undefined ? [] : [String(smoothed[index])])]);
    }
    parts.push(csvText(rows));
  }
  return parts.join('');
}
