/** A small chart of one resource over time, with its numbers as a table. */
import type { ResourceSeries } from '../../src/model/resource-series.ts';
import { keptIndexes } from '../../src/model/thin-series.ts';
import { formatDuration } from '../../src/model/time.ts';
import { h, s } from '../dom.ts';
import { formatSize } from './format.ts';

const [width, height] = [200, 40];
const mostPoints = 300;
const mostRows = 500;

export function formatResource(value: number, unit: ResourceSeries['unit']): string {
  switch (unit) {
    case 'processors':
      return `${(100 * value).toFixed(0)} %`;
    case 'share':
      return `${(100 * value).toFixed(0)} %`;
    case 'bytes':
      return formatSize(Math.round(value));
    case 'bytes/s':
      return `${formatSize(Math.round(value))}/s`;
    default:
      return unit satisfies never;
  }
}

export function sparkline(name: string, { points, highest, unit }: ResourceSeries, seconds: number): SVGSVGElement {
  const kept = keptIndexes(points.length, (index) => points[index]?.value, mostPoints).flatMap((index) => points[index] ?? []);
  const x = (at: number): string => ((at / Math.max(seconds, 1e-6)) * width).toFixed(1);
  const y = (value: number): string => (height - 2 - (highest === 0 ? 0 : (value / highest) * (height - 6))).toFixed(1);
  const [first, last] = [kept[0], kept.at(-1)];
  const line = kept.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.seconds)} ${y(point.value)}`).join('');
  const label = `${name}: ${points.length} samples in ${formatDuration(1000 * seconds)}, at most ${formatResource(highest, unit)}, at the end ${formatResource(last?.value ?? 0, unit)}`;
  return s(
    'svg',
    { class: 'chart spark', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    s('path', { class: 'grid', d: `M0 ${height - 0.5}H${width}` }),
    // One sample is a dot.
    first !== undefined && last !== undefined && kept.length > 1 && s('path', { class: 'area', d: `${line}L${x(last.seconds)} ${height}L${x(first.seconds)} ${height}Z` }),
    kept.length > 1 ? s('path', { class: 'series', d: line }) : s('circle', { class: 'dot', cx: x(first?.seconds ?? 0), cy: y(first?.value ?? 0), r: 2.5 }),
  );
}

/** The same as numbers: one row a time, evenly thinned. */
export function sampleTable(series: readonly ResourceSeries[]): HTMLElement {
  const times = [...new Set(series.flatMap(({ points }) => points.map(({ seconds }) => seconds)))].sort((a, b) => a - b);
  const step = Math.ceil(times.length / mostRows);
  const byTime = series.map(({ points }) => new Map(points.map(({ seconds, value }) => [seconds, value])));
  const row = (time: number): HTMLElement => h('tr', {}, h('td', { class: 'number' }, formatDuration(1000 * time)), ...series.map(({ unit }, index) => h('td', { class: 'number' }, byTime[index]?.has(time) === true ? formatResource(byTime[index].get(time) ?? 0, unit) : '')));
  return h(
    'div',
    { class: 'scroll-x table-view', tabindex: '0', role: 'region', 'aria-label': 'Samples' },
    h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col', class: 'number' }, 'After'), ...series.map(({ name }) => h('th', { scope: 'col', class: 'number' }, name)))), h('tbody', {}, ...times.filter((_, index) => index % step === 0).map(row))),
    step > 1 && h('p', { class: 'quiet' }, `Every ${step}th of ${times.length} samples. The record has all of them.`),
  );
}
