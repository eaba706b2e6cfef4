/** A small line chart of one series, in one colour: the numbers stand beside it. */
import type { MetricSeries } from '../../src/model/metric-series.ts';
import { keptIndexes } from '../../src/model/thin-series.ts';
import { s } from '../dom.ts';
import { formatNumber } from './format.ts';

const [width, height, margin] = [220, 56, 4];
/** More points than pixels show nothing more. */
const mostPoints = 400;

export function lineChart(name: string, { values, steps, count }: MetricSeries, length = count): SVGSVGElement | undefined {
  const points = values.flatMap((value, index) => (typeof value === 'number' ? [{ x: steps?.[index] ?? index, y: value }] : []));
  if (points.length < 2) return undefined;
  const [minX, maxX, minY, maxY] = points.reduce(([a, b, c, d], { x, y }) => [Math.min(a, x), Math.max(b, x), Math.min(c, y), Math.max(d, y)], [Infinity, -Infinity, Infinity, -Infinity]);
  const scale = (value: number, min: number, max: number, room: number): number => (max === min ? room / 2 : ((value - min) / (max - min)) * room);
  const kept = keptIndexes(points.length, (index) => points[index]?.y, mostPoints).flatMap((index) => points[index] ?? []);
  const line = kept.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${(margin + scale(x, minX, maxX, width - 2 * margin)).toFixed(1)} ${(height - margin - scale(y, minY, maxY, height - 2 * margin)).toFixed(1)}`).join('');
  const label = `${name}: ${length} values from ${formatNumber(points[0]?.y ?? 0)} to ${formatNumber(points.at(-1)?.y ?? 0)}, lowest ${formatNumber(minY)}, highest ${formatNumber(maxY)}`;
  return s('svg', { class: 'chart', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label }, s('path', { class: 'grid', d: `M0 ${height - 0.5}H${width}` }), s('path', { class: 'series', d: line }));
}
