/** Reading metrics back: `mlflow.MlflowClient().get_metric_history` and its bulk forms. */
import type { JsonObject } from '../../model/json.ts';
import type { Fields } from './fields.ts';
import { pageBounds, pageToken } from './pages.ts';
import { invalid, Refusal } from './refusal.ts';
import type { Routes } from './routes.ts';
import { metricMessage, type Run } from './run.ts';
import type { Runs } from './runs.ts';

/** The client asks for the first page without a size, and goes on with the token. */
const pageLimits = { usual: 50_000, most: 50_000 };
const mostRuns = 100;
const bulkDefault = 25_000;

export function metricHistoryRoutes(runs: Runs): Routes {
  const bulk = (fields: Fields): JsonObject => {
    const key = fields.string('metric_key');
    const ids = [...fields.strings('run_id'), ...fields.strings('run_ids')];
    if (ids.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.');
    if (ids.length > mostRuns) throw invalid(`GetMetricHistoryBulk request cannot specify more than ${mostRuns} run_ids. Received ${ids.length} run_ids.`);
    const max = Math.min(fields.optionalInteger('max_results') ?? bulkDefault, bulkDefault);
    const start = fields.optionalInteger('start_step') ?? -Infinity;
    const end = fields.optionalInteger('end_step') ?? Infinity;
    const metrics = ids.flatMap((id) =>
      history(runs.find(id), key, 0, Infinity)
        .filter(({ step }) => step >= start && step <= end)
        .slice(0, max)
        .map((point) => ({ ...metricMessage(key, point), run_id: id })),
    );
    return { metrics: metrics.slice(0, max) };
  };
  return {
    'GET metrics/get-history': (fields) => {
      const run = runs.find(fields.optionalString('run_id') ?? fields.string('run_uuid'));
      const key = fields.string('metric_key');
      const { start, size } = pageBounds({ token: fields.optionalString('page_token'), max: fields.optionalInteger('max_results') }, pageLimits);
      const points = history(run, key, start, start + size);
      const isMore = start + size < (run.metrics.get(key)?.length ?? 0);
      return { metrics: points.map((point) => metricMessage(key, point)), ...(isMore && { next_page_token: pageToken(start + size) }) };
    },
    'GET metrics/get-history-bulk': bulk,
    'GET metrics/get-history-bulk-interval': bulk,
  };
}

function history(run: Run, key: string, start: number, end: number) {
  const series = run.metrics.get(key);
  if (series === undefined) return [];
  if (series.dropped > 0) {
    throw new Refusal('BAD_REQUEST', `The history of ${key} can't be read back while the task runs: it has more points than are kept in memory. All of them are in the record.`);
  }
  return series.slice(start, end);
}
