/** The axes that charts have in common, as ECharts takes them. */
import { formatDuration } from '../../src/model/time.ts';
import type { AxisRange } from '../../src/query/charts/nice-range.ts';
import { formatNumber } from '../run/format.ts';
import type { Margins } from './picture.ts';
import type { ChartTheme } from './theme.ts';

export interface AxisLook {
  readonly name: string;
  readonly range: AxisRange;
  readonly log?: boolean;
  /** Texts at 0, 1, 2… */
  readonly categories?: readonly string[];
  /** How numbers are written; by default as the tables write them. */
  readonly write?: (value: number) => string;
}

export const margins: Margins = { left: 76, right: 34, top: 14, bottom: 46 };
/** Room for texts at the left. */
export const wideMargins: Margins = { ...margins, left: 150 };

export function axisOption({ name, range, log = false, categories, write = formatNumber }: AxisLook, theme: ChartTheme, at: 'x' | 'y', room: number): Readonly<Record<string, unknown>> {
  const label = categories === undefined ? write : (value: number): string => categories[value] ?? '';
  return {
    type: log ? 'log' : 'value',
    min: range.min,
    max: range.max,
    ...(categories !== undefined ? { interval: 1 } : range.interval !== undefined && { interval: range.interval }),
    name,
    nameLocation: 'middle',
    nameGap: at === 'x' ? 28 : room - 18,
    nameTextStyle: { color: theme.text, fontFamily: theme.font, fontSize: theme.fontSize + 1, overflow: 'truncate', width: 420 },
    axisLine: { show: true, lineStyle: { color: theme.axis } },
    axisTick: { show: true, lineStyle: { color: theme.axis } },
    splitLine: { show: categories === undefined, lineStyle: { color: theme.grid } },
    axisLabel: { color: theme.quiet, fontFamily: theme.font, fontSize: theme.fontSize, hideOverlap: true, formatter: label, overflow: 'truncate', width: at === 'y' ? room - 40 : 120 },
  };
}

/** With a place at both ends: marks stand on whole numbers. */
export function categoryRange(categories: readonly string[]): AxisRange {
  return { min: -1, max: Math.max(1, categories.length), interval: 1 };
}

/** Marks of a clock, without what all of them have in common. */
export function clockText(range: AxisRange): (value: number) => string {
  const width = range.max - range.min;
  const options: Intl.DateTimeFormatOptions = width < 120_000 ? { hour: '2-digit', minute: '2-digit', second: '2-digit' } : width < 86_400_000 ? { hour: '2-digit', minute: '2-digit' } : { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' };
  const format = new Intl.DateTimeFormat(undefined, options);
  return (value) => format.format(value);
}

/** Marks of a duration: `0`, `5 s`, `1 min 30 s`. */
export function durationText(value: number): string {
  return value === 0 ? '0' : formatDuration(value).replace(/(\d)\.0 s$/, '$1 s');
}

/** Milliseconds between marks on whole seconds, minutes or hours. */
export function timeRange(low: number, high: number, exact: boolean): AxisRange {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000];
  const width = high - low;
  const interval = steps.find((step) => step >= width / 6) ?? Math.ceil(width / 6 / 604_800_000) * 604_800_000;
  return exact || width === 0 ? { min: low, max: width === 0 ? low + 1 : high, interval } : { min: low, max: high, interval };
}
