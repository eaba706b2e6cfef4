/** Series that the host sent, and what is still to be asked for. */
import type { TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import { joinSeries, type SeriesPoints } from '../../src/query/charts/packed-series.ts';

export interface LoadedRun {
  readonly series: readonly SeriesPoints[];
  readonly message?: string;
}

export interface LoadedSeries {
  /** Asks for what is missing. `isLive`: whether a run is in progress. */
  readonly want: (metric: string, keys: readonly string[], isLive: (key: string) => boolean) => void;
  readonly of: (metric: string, key: string) => LoadedRun | undefined;
  readonly receive: (message: Extract<TrackerHostMessage, { readonly type: 'series' }>) => void;
  /** Nothing is followed until something is wanted. */
  readonly rest: () => void;
}

/** Metrics whose series are kept, the latest last: who goes back to one does not wait. */
const mostMetrics = 4;

export function createLoadedSeries(post: (message: Extract<TrackerViewMessage, { readonly type: 'load-series' }>) => void): LoadedSeries {
  const metrics = new Map<string, Map<string, LoadedRun>>();
  /** Of runs in progress, as they were when they were asked for: once nobody follows them, what is here is old. */
  const live = new Set<string>();
  let asked = { metric: '', keys: [] as readonly string[] };
  const runsOf = (metric: string): Map<string, LoadedRun> => {
    const known = metrics.get(metric) ?? new Map<string, LoadedRun>();
    metrics.delete(metric);
    metrics.set(metric, known);
    const [oldest] = metrics.keys();
    if (metrics.size > mostMetrics && oldest !== undefined) metrics.delete(oldest);
    return known;
  };
  return {
    want: (metric, keys, isLive) => {
      if (metric === asked.metric && keys.join('\n') === asked.keys.join('\n')) return;
      const followed = metric === asked.metric ? new Set(asked.keys) : new Set<string>();
      const runs = runsOf(metric);
      const isMissing = (key: string): boolean => !runs.has(key) || (live.has(`${metric}\n${key}`) && !followed.has(key));
      const missing = keys.filter(isMissing);
      asked = { metric, keys };
      for (const key of missing) {
        if (isLive(key)) live.add(`${metric}\n${key}`);
        else live.delete(`${metric}\n${key}`);
      }
      post({ type: 'load-series', metric, keys: missing, known: keys.filter((key) => !missing.includes(key)) });
    },
    of: (metric, key) => metrics.get(metric)?.get(key),
    receive: ({ metric, key, series, message }) => {
      const runs = metrics.get(metric);
      if (runs === undefined) return;
      const before = runs.get(key)?.series ?? [];
      const isSame = (a: { readonly task: string }, b: { readonly task: string }): boolean => a.task === b.task;
      const next = series.flatMap((packed) => joinSeries(before.find((each) => isSame(each, packed)), packed) ?? []);
      const kept = before.filter((each) => !next.some((other) => isSame(each, other)));
      runs.set(key, { series: [...kept, ...next], ...(message !== undefined && { message }) });
    },
    rest: () => {
      if (asked.keys.length > 0) post({ type: 'load-series', metric: asked.metric, keys: [], known: [] });
      asked = { metric: '', keys: [] };
    },
  };
}
