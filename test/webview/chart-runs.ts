/** Runs with parameters, a matrix and courses, as charts get them. */
import type { TaskId } from '../../src/model/pipeline.ts';
import { addPoint, newSeries, type MetricSeries } from '../../src/model/metric-series.ts';
import type { RunId, TraceId } from '../../src/model/run-event.ts';
import { fromMilliseconds } from '../../src/model/time.ts';
import type { TrackerHostMessage } from '../../src/protocol/tracker-view.ts';
import { packSeries } from '../../src/query/charts/packed-series.ts';
import { noAnnotations, runKey, type RunRow } from '../../src/query/run-row.ts';

export const hostileName = '</script><img src=x onerror="document.title=\'run\'">';
const start = Date.UTC(2026, 10, 1, 9);

/** `index` from 0: the smaller the rate, the longer it takes. */
export function chartRun(index: number, metric = 'loss'): RunRow {
  const begin = start + index * 3_600_000;
  const runId = `2026110${1 + Math.floor(index / 15)}T${String(9 + (index % 15)).padStart(2, '0')}0000Z-digits-${index.toString(16).padStart(4, '0')}` as RunId;
  const path = `/w/.runweave/runs/${runId}.otlp.jsonl`;
  const series = (task: string, name: string, last: number, count: number) => ({ task: task as TaskId, name, count, last, min: last / 2, max: last * 2, mean: last });
  return {
    runId,
    path,
    status: 'success',
    annotations: noAnnotations,
    summary: {
      runId,
      traceId: 'f'.repeat(32) as TraceId,
      path,
      pipeline: 'digits',
      start: fromMilliseconds(begin),
      end: fromMilliseconds(begin + 60_000 + index * 7000),
      outcome: 'success',
      interrupted: false,
      counts: { total: 3, executed: 3, succeeded: 3, failed: 0, skipped: 0 },
      params: { lr: 10 ** -(1 + (index % 4)), optimizer: ['adam', 'sgd', 'lion'][index % 3] ?? '', depth: 2 + (index % 5) },
      taskParams: { images: [400, 500, 600] },
      series: [series('train', metric, 0.2 + (index % 7) / 10, 500), ...[400, 500, 600].map((images) => series(`benchmark[images=${images}]`, 'roc_auc', 0.8 + images / 10_000 + (index % 6) / 50, 1))],
      tags: {},
      branch: 'main',
      commit: `9f3c2ab0${index}`,
    },
  };
}

/** `loss` of a run: a noisy way down, one step a second. */
export function lossOf(index: number, points: number): MetricSeries {
  const series = newSeries(fromMilliseconds(start + index * 3_600_000));
  for (let step = 0; step < points; step += 1) {
    const noise = Math.sin(step * 12.9898 + index * 78.233) * 43_758.5453;
    addPoint(series, step * 1e9, 0.2 + (index % 7) / 10 + 2 * Math.exp(-step / (points / 8)) + 0.1 * (noise - Math.floor(noise)), step);
  }
  return series;
}

export function seriesMessage(row: RunRow, index: number, { points = 500, metric = 'loss' }: { readonly points?: number; readonly metric?: string } = {}): TrackerHostMessage {
  return { type: 'series', metric, key: runKey(row.path), series: [packSeries('train' as TaskId, metric, lossOf(index, points))] };
}
