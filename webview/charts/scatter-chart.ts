/** Runs as points: any field against any other. */
import { niceRange, type AxisRange } from '../../src/query/charts/nice-range.ts';
import { scatterOf, type Axis, type ScatterPoint } from '../../src/query/charts/scatter.ts';
import { csvText } from '../../src/query/csv.ts';
import { formatNumber } from '../run/format.ts';
import { axisOption, categoryRange, clockText, durationText, margins, wideMargins, type AxisLook } from './axes.ts';
import { createFrame, type Area } from './frame.ts';
import type { RunsContent, RunsHooks } from './run-picture.ts';

export interface ScatterView {
  readonly x: string;
  readonly y: string;
  readonly logX: boolean;
  readonly logY: boolean;
}

export interface ScatterChart {
  readonly element: HTMLElement;
  readonly controls: HTMLElement;
  readonly show: (content: RunsContent, view: ScatterView) => void;
  readonly rethink: () => void;
}

const tableRows = 500;

export function createScatterChart(hooks: RunsHooks): ScatterChart {
  let content: RunsContent | undefined;
  let view: ScatterView | undefined;
  let points: readonly ScatterPoint[] = [];
  const keyOf = (point: ScatterPoint | undefined): string | undefined => (point === undefined ? undefined : content?.runs[point.row]?.path);
  const frame = createFrame({
    keys: 'Left and right arrow: point by point from left to right; up and down: by height. Space selects the run, Enter opens it. Dragging with the mouse selects the runs in an area.',
    drags: 'area',
    onPoint: hooks.onPoint,
    onOpen: hooks.onOpen,
    onToggle: hooks.onToggle,
    onSave: hooks.onSave,
    onClick: (key, add) => (add ? hooks.onToggle(key) : hooks.onSelect([key], false)),
    onArea: ({ fromX, toX, fromY, toY }: Area, add) => {
      const inside = points.filter(({ x, y }) => x >= fromX && x <= toX && y >= fromY && y <= toY);
      hooks.onSelect([...new Set(inside.flatMap((point) => keyOf(point) ?? []))], add);
    },
  });
  const draw = (): void => {
    if (content === undefined || view === undefined) return;
    const { fields, rows, selected, pointed, slotOf, titleOf, fieldTitle, namesOf, runs } = content;
    const found = scatterOf(fields, rows, namesOf(view.x), namesOf(view.y));
    if (found === undefined || found.points.length === 0) {
      points = [];
      frame.clear('No run that is shown has both.');
      return;
    }
    const logX = view.logX && found.x.categories === undefined;
    const logY = view.logY && found.y.categories === undefined;
    points = found.points.filter(({ x, y }) => !(logX && x <= 0) && !(logY && y <= 0)).sort((a, b) => a.x - b.x || a.y - b.y);
    if (points.length === 0) {
      frame.clear('A logarithmic axis has no place for what is not above 0.');
      return;
    }
    const theme = frame.theme();
    const room = found.y.categories === undefined ? margins : wideMargins;
    const [x, y] = [lookOf(found.x, fieldTitle(view.x), points.map((point) => point.x), logX), lookOf(found.y, fieldTitle(view.y), points.map((point) => point.y), logY)];
    const isAnySelected = points.some((point) => selected.has(keyOf(point) ?? ''));
    const write = (look: AxisLook, value: number): string => look.categories?.[value] ?? (look.write ?? formatNumber)(value);
    const textOf = (point: ScatterPoint): string => `${titleOf(point.row)}${point.task === undefined ? '' : `, ${point.task}`}: ${x.name} ${write(x, point.x)}, ${y.name} ${write(y, point.y)}${selected.has(keyOf(point) ?? '') ? ', selected' : ''}`;
    const plain = theme.look(0);
    const rank = (point: ScatterPoint): number => (keyOf(point) === pointed ? 2 : selected.has(keyOf(point) ?? '') ? 1 : 0);
    const data = [...points].sort((a, b) => rank(a) - rank(b)).map((point) => {
      const key = keyOf(point) ?? '';
      const isSelected = selected.has(key);
      const look = isSelected ? theme.look(slotOf(key)) : plain;
      const isPointed = key === pointed;
      return {
        value: [point.x, point.y],
        symbol: isSelected ? `path://${look.marker}` : 'circle',
        symbolSize: isPointed ? 15 : isSelected ? 11 : 8,
        itemStyle: { color: look.color, opacity: isSelected || isPointed || !isAnySelected ? 0.9 : 0.5, borderColor: isPointed ? theme.text : theme.background, borderWidth: isPointed ? 2 : 0.5 },
        label: { show: isSelected && selected.size <= 26, formatter: look.letter, position: 'right', color: theme.text, fontFamily: theme.font, fontSize: theme.fontSize, fontWeight: 700, distance: 3 },
      };
    });
    const cells = (): readonly (readonly string[])[] => points.map((point) => [runs[point.row]?.runId ?? '', point.task ?? '', raw(found.x, point.x), raw(found.y, point.y)]);
    const heads = ['run', 'task', view.x, view.y];
    frame.show({
      label: `${y.name} against ${x.name}: ${points.length} ${points.length === 1 ? 'point' : 'points'} of runs`,
      option: {
        animation: false,
        grid: { ...room, outerBoundsMode: 'none' },
        xAxis: axisOption(x, theme, 'x', room.bottom),
        yAxis: axisOption(y, theme, 'y', room.left),
        series: [{ type: 'scatter', data, silent: true, animation: false, emphasis: { disabled: true }, clip: false }],
      },
      margins: room,
      x: { range: x.range, log: logX },
      y: { range: y.range, log: logY },
      lines: [{ x: Float64Array.from(points, (point) => point.x), y: Float64Array.from(points, (point) => point.y), isCourse: false, text: (index) => textAt(points[index], textOf), key: (index) => keyOf(points[index]) }],
      legend: [],
      tables: () => [{ caption: `${y.name} against ${x.name}${points.length > tableRows ? `, the first ${tableRows} of ${points.length} points (CSV has all)` : ''}`, heads: ['Run', 'Task', x.name, y.name], rows: points.slice(0, tableRows).map((point) => [titleOf(point.row), point.task ?? '', write(x, point.x), write(y, point.y)]) }],
      csv: () => csvText([heads, ...cells()]),
      fileName: `${y.name} by ${x.name}`,
    });
  };
  frame.onResize(draw);
  return {
    element: frame.element,
    controls: frame.controls,
    show: (next, chosen) => {
      content = next;
      view = chosen;
      draw();
    },
    rethink: frame.rethink,
  };
}

function textAt(point: ScatterPoint | undefined, textOf: (point: ScatterPoint) => string): string {
  return point === undefined ? '' : textOf(point);
}

/** As a spreadsheet reads it. */
export function raw({ kind, categories }: Axis, value: number): string {
  return categories?.[value] ?? (kind === 'time' ? new Date(value).toISOString() : String(value));
}

/** The axis of a field, around all of its values. */
export function lookOf({ kind, categories }: Axis, name: string, values: readonly number[], log: boolean): AxisLook {
  if (categories !== undefined) return { name, range: categoryRange(categories), categories };
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range: AxisRange = niceRange(low, high, log);
  return { name, range, log, ...(kind === 'time' && { write: clockText(range) }), ...(kind === 'duration' && { write: durationText }) };
}
