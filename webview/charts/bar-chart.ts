/** A metric over the values of a matrix, run beside run. */
import { barsOf } from '../../src/query/charts/bars.ts';
import { niceRange } from '../../src/query/charts/nice-range.ts';
import type { Statistic } from '../../src/query/run-fields.ts';
import { csvText } from '../../src/query/csv.ts';
import { formatNumber } from '../run/format.ts';
import { axisOption, margins } from './axes.ts';
import { createFrame } from './frame.ts';
import { createLegend } from './legend.ts';
import type { RunsContent, RunsHooks } from './run-picture.ts';

export interface BarView {
  readonly metric: string;
  readonly statistic: Statistic;
  readonly by: string;
}

export interface BarChart {
  readonly element: HTMLElement;
  readonly controls: HTMLElement;
  readonly show: (content: RunsContent, view: BarView) => void;
  readonly rethink: () => void;
}

/** Of the room of a category, what its bars take. */
const share = 0.8;

export function createBarChart(hooks: RunsHooks): BarChart {
  let content: RunsContent | undefined;
  let view: BarView | undefined;
  const hidden = new Set<string>();
  const legend = createLegend({
    onPoint: hooks.onPoint,
    onHide: (id) => {
      if (!hidden.delete(id)) hidden.add(id);
      draw();
    },
  });
  const frame = createFrame({
    aside: legend.element,
    keys: 'Left and right arrow: from value to value; up and down: from run to run. Space selects the run, Enter opens it.',
    onPoint: hooks.onPoint,
    onOpen: hooks.onOpen,
    onToggle: hooks.onToggle,
    onSave: hooks.onSave,
    onClick: (key, add) => {
      if (add) hooks.onToggle(key);
    },
  });
  const draw = (): void => {
    if (content === undefined || view === undefined) return;
    const { runs, rows, pointed, slotOf, titleOf } = content;
    const theme = frame.theme();
    const keyOf = (row: number): string => runs[row]?.path ?? '';
    const { categories, groups: all } = barsOf(runs, rows, view);
    const groups = all.filter(({ row }) => !hidden.has(keyOf(row)));
    legend.show(all.map(({ row }) => ({ id: keyOf(row), key: keyOf(row), title: titleOf(row), look: theme.look(slotOf(keyOf(row))), isHidden: hidden.has(keyOf(row)) })));
    const { metric, statistic, by } = view;
    if (groups.length === 0) {
      frame.clear(metric === '' ? 'No run that is shown has a metric.' : `No run that is shown has ${metric}.`);
      return;
    }
    const values = groups.flatMap((group) => group.values.filter((value) => value !== undefined));
    // A bar is as long as its value: its axis begins at 0.
    const range = niceRange(Math.min(0, ...values), Math.max(0, ...values));
    const name = statistic === 'last' ? metric : `${metric}, ${statistic}`;
    const across = { min: -0.5, max: categories.length - 0.5 };
    const place = (category: number, group: number): number => category + ((group + 0.5) / groups.length - 0.5) * share;
    const widest = groups.length * categories.length <= 60;
    const fades = pointed !== undefined && groups.some(({ row }) => keyOf(row) === pointed);
    const axis = axisOption({ name: by, range: across, categories }, theme, 'x', margins.bottom);
    frame.show({
      label: `${name} of ${groups.length} ${groups.length === 1 ? 'run' : 'runs'} by ${by}, ${categories.length} ${categories.length === 1 ? 'value' : 'values'}`,
      option: {
        animation: false,
        grid: { ...margins, outerBoundsMode: 'none' },
        xAxis: { ...axis, type: 'category', data: categories, min: undefined, max: undefined, interval: undefined, axisLabel: { ...(axis['axisLabel'] as object), formatter: undefined } },
        yAxis: axisOption({ name, range }, theme, 'y', margins.left),
        series: groups.map(({ row, values: heights }) => {
          const look = theme.look(slotOf(keyOf(row)));
          const isPointed = keyOf(row) === pointed;
          return {
            type: 'bar',
            name: `${look.letter}  ${titleOf(row)}`,
            data: heights.map((value) => value ?? null),
            silent: true,
            animation: false,
            emphasis: { disabled: true },
            barGap: '8%',
            barCategoryGap: `${(1 - share) * 100}%`,
            color: look.color,
            itemStyle: { color: look.color, opacity: fades && !isPointed ? 0.35 : 1, borderColor: isPointed ? theme.text : theme.background, borderWidth: isPointed ? 2 : 0 },
            label: { show: widest && groups.length > 1, position: 'top', formatter: look.letter, color: theme.text, fontFamily: theme.font, fontSize: theme.fontSize, fontWeight: 700, distance: 2 },
          };
        }),
      },
      margins,
      x: { range: across, log: false },
      y: { range, log: false },
      lines: groups.map(({ row, values: heights }, group) => ({
        x: Float64Array.from(categories, (_, category) => place(category, group)),
        y: Float64Array.from(heights, (value) => value ?? NaN),
        isCourse: false,
        text: (category) => `${titleOf(row)}, ${by} ${categories[category] ?? ''}: ${formatNumber(heights[category] ?? NaN)}`,
        key: () => keyOf(row),
      })),
      legend: groups.map(({ row }) => ({ name: `${theme.look(slotOf(keyOf(row))).letter}  ${titleOf(row)}`, look: theme.look(slotOf(keyOf(row))) })),
      tables: () => [{ caption: `${name} by ${by}`, heads: ['Run', ...categories], rows: groups.map(({ row, values: heights }) => [titleOf(row), ...heights.map((value) => (value === undefined ? 'none' : formatNumber(value)))]) }],
      csv: () => csvText([['run', ...categories.map((category) => `${by}=${category}`)], ...groups.map(({ row, values: heights }) => [runs[row]?.runId ?? '', ...heights.map((value) => (value === undefined ? '' : String(value)))])]),
      fileName: `${name} by ${by}`,
    });
  };
  frame.onResize(draw);
  return {
    element: frame.element,
    controls: frame.controls,
    show: (next, chosen) => {
      if (chosen.metric !== view?.metric) hidden.clear();
      content = next;
      view = chosen;
      draw();
    },
    rethink: frame.rethink,
  };
}
