/** Runs as lines across several fields: which values of parameters go with which results. */
import { placeInRange, valueAtPlace } from '../../src/query/charts/nice-range.ts';
import { parallelOf, type Parallel } from '../../src/query/charts/parallel.ts';
import { csvText } from '../../src/query/csv.ts';
import { h } from '../dom.ts';
import { formatNumber } from '../run/format.ts';
import type { AxisLook } from './axes.ts';
import { createFrame } from './frame.ts';
import type { Margins } from './picture.ts';
import type { RunsContent, RunsHooks } from './run-picture.ts';
import { lookOf, raw } from './scatter-chart.ts';

export interface ParallelChart {
  readonly element: HTMLElement;
  readonly controls: HTMLElement;
  readonly show: (content: RunsContent, fields: readonly string[]) => void;
  readonly rethink: () => void;
}

const parallelMargins: Margins = { left: 70, right: 90, top: 34, bottom: 18 };
const tableRows = 500;
/** A parameter over so many powers of ten, such as a learning rate, is read by its logarithm. */
const decades = 2;

interface Limit {
  /** Places, from 0 at the bottom to 1. */
  readonly from: number;
  readonly to: number;
}

export function createParallelChart(hooks: RunsHooks): ParallelChart {
  let content: RunsContent | undefined;
  let fields: readonly string[] = [];
  let parallel: Parallel = { axes: [], lines: [] };
  let axes: readonly AxisLook[] = [];
  /** By field: only runs within are selected. */
  const limits = new Map<string, Limit>();

  const placeOf = (value: number | undefined, at: number): number | undefined => {
    const axis = axes[at];
    return value === undefined || axis === undefined ? undefined : placeInRange(value, axis.range, axis.log);
  };
  const keyOf = (row: number): string => content?.runs[row]?.path ?? '';
  const passes = (places: readonly (number | undefined)[]): boolean =>
    fields.every((field, at) => {
      const limit = limits.get(field);
      if (limit === undefined) return true;
      const place = placeOf(places[at], at);
      return place !== undefined && place >= limit.from - 1e-9 && place <= limit.to + 1e-9;
    });
  const select = (add = false): void => {
    hooks.onSelect(limits.size === 0 ? [] : parallel.lines.filter(({ places }) => passes(places)).map(({ row }) => keyOf(row)), add);
    draw();
  };
  const setLimit = (at: number, limit: Limit | undefined): void => {
    const field = fields[at];
    if (field === undefined) return;
    if (limit === undefined) limits.delete(field);
    else limits.set(field, limit);
    select();
  };

  const frame = createFrame({
    keys: 'Left and right arrow: from axis to axis; up and down: from run to run. Left bracket and right bracket select the runs from this value upwards, or up to this value; Backspace takes the limits of an axis away. Space selects the run, Enter opens it. Dragging along an axis with the mouse selects the runs between.',
    drags: 'area',
    onPoint: hooks.onPoint,
    onOpen: hooks.onOpen,
    onToggle: hooks.onToggle,
    onSave: hooks.onSave,
    onClick: (key, add) => (add ? hooks.onToggle(key) : hooks.onSelect([key], false)),
    // The area's middle says which axis is meant.
    onArea: ({ fromX, toX, fromY, toY }) => setLimit(Math.round((fromX + toX) / 2), toY - fromY < 0.01 ? undefined : { from: fromY, to: toY }),
    onDoubleClick: () => {
      limits.clear();
      select();
    },
    onKey: (event, cursor) => {
      if (!['[', ']', 'Backspace'].includes(event.key)) return false;
      if (cursor === undefined) return true;
      const at = cursor.index;
      const place = placeOf(parallel.lines[cursor.line]?.places[at], at);
      const limit = limits.get(fields[at] ?? '') ?? { from: 0, to: 1 };
      if (event.key === 'Backspace') setLimit(at, undefined);
      else if (place !== undefined) setLimit(at, event.key === '[' ? { from: place, to: Math.max(limit.to, place) } : { from: Math.min(limit.from, place), to: place });
      return true;
    },
  });
  const bands = h('div', { class: 'parallel-limits', 'aria-hidden': 'true' });
  frame.element.querySelector('.chart-plot')?.append(bands);

  const draw = (): void => {
    if (content === undefined) return;
    const { fields: source, rows, selected, pointed, slotOf, titleOf, fieldTitle, namesOf, runs } = content;
    parallel = parallelOf(source, rows, fields.map(namesOf));
    if (fields.length < 2 || parallel.lines.length === 0) {
      bands.replaceChildren();
      frame.clear(fields.length < 2 ? 'Choose two axes or more.' : 'No run is shown.');
      return;
    }
    const theme = frame.theme();
    axes = parallel.axes.map((axis, at) => {
      const values = parallel.lines.flatMap(({ places }) => places[at] ?? []);
      const [low, high] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
      return lookOf(axis, fieldTitle(fields[at] ?? ''), values, axis.categories === undefined && axis.kind === 'value' && low > 0 && high / low >= 10 ** decades);
    });
    const isAnySelected = parallel.lines.some(({ row }) => selected.has(keyOf(row)));
    const write = (at: number, value: number | undefined): string => (value === undefined ? 'none' : (axes[at]?.categories?.[value] ?? (axes[at]?.write ?? formatNumber)(value)));
    const last = Math.max(1, fields.length - 1);
    const label = { color: theme.quiet, fontFamily: theme.font, fontSize: theme.fontSize };
    const rank = (row: number): number => (keyOf(row) === pointed ? 2 : selected.has(keyOf(row)) ? 1 : 0);
    const lineStyle = (row: number): Readonly<Record<string, unknown>> => {
      const look = theme.look(slotOf(keyOf(row)));
      const isSelected = selected.has(keyOf(row));
      const isPointed = keyOf(row) === pointed;
      return { color: isPointed && !isSelected ? theme.text : isSelected ? look.color : theme.look(0).color, width: isPointed ? 3.5 : isSelected ? 2.4 : 1.2, opacity: isPointed || isSelected ? 1 : isAnySelected ? 0.3 : 0.6, type: isSelected && look.dash.length > 0 ? look.dash : 'solid' };
    };
    const lines = [...parallel.lines].sort((a, b) => rank(a.row) - rank(b.row));
    frame.show({
      label: `Parallel coordinates of ${parallel.lines.length} ${parallel.lines.length === 1 ? 'run' : 'runs'} over ${fields.map(fieldTitle).join(', ')}`,
      option: {
        animation: false,
        parallel: { ...parallelMargins, layout: 'horizontal' },
        parallelAxis: axes.map(({ name, range, log = false, categories, write: text = formatNumber }, dim) => ({
          dim,
          name: log ? `${name} (log)` : name,
          silent: true,
          type: log ? 'log' : 'value',
          min: range.min,
          max: range.max,
          ...(categories !== undefined ? { interval: 1 } : range.interval !== undefined && { interval: range.interval }),
          nameLocation: 'end',
          nameGap: 12,
          nameTruncate: { maxWidth: 110 },
          nameTextStyle: { color: theme.text, fontFamily: theme.font, fontSize: theme.fontSize },
          axisLine: { lineStyle: { color: theme.axis, width: 1.4 } },
          axisTick: { lineStyle: { color: theme.axis } },
          axisLabel: { ...label, textBorderColor: theme.background, textBorderWidth: 3, hideOverlap: true, width: 70, overflow: 'truncate', formatter: categories === undefined ? text : (value: number) => categories[value] ?? '' },
          minorTick: { show: false },
        })),
        series: [{ type: 'parallel', animation: false, silent: true, smooth: false, progressive: 0, inactiveOpacity: 1, activeOpacity: 1, emphasis: { disabled: true }, data: lines.map(({ row, places }) => ({ value: places.map((place) => place ?? '-'), lineStyle: lineStyle(row) })) }],
      },
      margins: parallelMargins,
      // Places of axes, and places on them: each axis has its own values.
      x: { range: { min: 0, max: last }, log: false },
      y: { range: { min: 0, max: 1 }, log: false },
      lines: parallel.lines.map(({ row, places }) => ({
        x: Float64Array.from(fields, (_, at) => at),
        y: Float64Array.from(places, (value, at) => placeOf(value, at) ?? NaN),
        isCourse: false,
        text: (at) => `${titleOf(row)}: ${axes[at]?.name ?? ''} ${write(at, places[at])}${selected.has(keyOf(row)) ? ', selected' : ''}`,
        key: () => keyOf(row),
      })),
      legend: [],
      tables: () => [{ caption: `Runs${parallel.lines.length > tableRows ? `, the first ${tableRows} of ${parallel.lines.length} (CSV has all)` : ''}`, heads: ['Run', ...axes.map(({ name }) => name)], rows: parallel.lines.slice(0, tableRows).map(({ row, places }) => [titleOf(row), ...places.map((value, at) => write(at, value))]) }],
      csv: () => csvText([['run', ...fields], ...parallel.lines.map(({ row, places }) => [runs[row]?.runId ?? '', ...places.map((value, at) => (value === undefined ? '' : raw(parallel.axes[at] ?? { kind: 'value' }, value)))])]),
      fileName: 'parallel coordinates',
    });
    drawBands(last);
  };
  /** Limits, beside their axes, with the values in words. */
  const drawBands = (last: number): void => {
    const { left, right, top, bottom } = parallelMargins;
    bands.replaceChildren(
      ...[...limits].flatMap(([field, { from, to }]) => {
        const at = fields.indexOf(field);
        const axis = axes[at];
        if (axis === undefined) return [];
        const value = (place: number): string => {
          const exact = valueAtPlace(place, axis.range, axis.log);
          return axis.categories === undefined ? (axis.write ?? formatNumber)(Number(exact.toPrecision(4))) : (axis.categories[Math.round(exact)] ?? '');
        };
        const band = h('div', { class: 'parallel-limit', title: `${axis.name} from ${value(from)} to ${value(to)}` });
        Object.assign(band.style, { left: `calc(${left}px + ${at / last} * (100% - ${left + right}px) - 6px)`, top: `calc(${top}px + ${1 - to} * (100% - ${top + bottom}px))`, height: `calc(${to - from} * (100% - ${top + bottom}px))` });
        return [band];
      }),
    );
  };
  frame.onResize(draw);
  return {
    element: frame.element,
    controls: frame.controls,
    show: (next, chosen) => {
      content = next;
      fields = chosen;
      draw();
    },
    rethink: frame.rethink,
  };
}
