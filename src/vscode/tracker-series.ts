/**
 * Series for the charts of the runs table: of each run that was asked for, read from its record; a run in progress is
 * followed by its log, and what comes is sent on until something else is asked for. Knows nothing of `vscode`.
 */
import { createRunFold } from '../model/run-state.ts';
import type { MetricSeries } from '../model/metric-series.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { TrackerHostMessage } from '../protocol/tracker-view.ts';
import { packSeries, type PackedSeries } from '../query/charts/packed-series.ts';
import { runKey } from '../query/run-row.ts';
import { readSeries, seriesIn, tellsOfSeries, type TaskSeries } from '../store/read-series.ts';
import { coalesce } from './coalesce.ts';
import { followLog } from './live-log.ts';
import { isEventLog, sealedPathOf } from './record-files.ts';

/** Points that a page takes in all, and of one series: 24 bytes each there. */
const pointsLimit = { all: 2_500_000, series: 250_000 };
const fewestPoints = 2000;
/** Milliseconds between two messages of what a run in progress tells. */
const interval = 100;

type SeriesMessage = Extract<TrackerHostMessage, { readonly type: 'series' }>;

export interface TrackerSeries {
  /** Reads `paths` one after the other, and follows those of runs in progress, and of `known`, as the last call says. */
  readonly load: (question: { readonly metric: string; readonly paths: readonly string[]; readonly known: readonly string[] }) => Promise<void>;
  readonly dispose: () => void;
}

export function trackerSeries(post: (message: SeriesMessage) => void): TrackerSeries {
  let asked = 0;
  const followed = new Map<string, { readonly metric: string; readonly dispose: () => void }>();
  const forget = (keep: (path: string, metric: string) => boolean): void => {
    for (const [path, { metric, dispose }] of followed) {
      if (keep(path, metric)) continue;
      dispose();
      followed.delete(path);
    }
  };
  const sendRecord = async (path: string, metric: string, most: number, isWanted: () => boolean): Promise<void> => {
    const read = await readSeries(path, metric);
    if (!isWanted()) return;
    const about = { type: 'series', metric, key: runKey(path) } as const;
    if (read.type === 'failed') post({ ...about, series: [], message: read.message });
    else post({ ...about, series: read.series.map(({ task, series }) => packSeries(task, metric, series, { most })) });
  };
  return {
    load: async ({ metric, paths, known }) => {
      const question = (asked += 1);
      const most = Math.max(fewestPoints, Math.min(pointsLimit.series, Math.floor(pointsLimit.all / Math.max(1, paths.length + known.length))));
      const wanted = new Set([...paths, ...known]);
      forget((path, of) => of === metric && wanted.has(path));
      for (const path of paths) {
        if (isEventLog(path)) {
          // From the beginning, whatever was sent before: the page asks for what it does not have.
          followed.get(path)?.dispose();
          followed.set(path, { metric, dispose: follow(path, metric, most, post, () => void sendRecord(sealedPathOf(path), metric, most, () => followed.get(path)?.metric === metric)) });
        } else {
          await sendRecord(path, metric, most, () => asked === question);
          if (asked !== question) return;
        }
      }
    },
    dispose: () => {
      asked += 1;
      forget(() => false);
    },
  };
}

/** Sends all there is, and then what comes. Returns what ends it. */
function follow(path: string, metric: string, most: number, post: (message: SeriesMessage) => void, onEnd: () => void): () => void {
  const fold = createRunFold();
  /** A new attempt begins a new series. */
  const sent = new Map<TaskId, { readonly series: MetricSeries; readonly count: number; readonly thinned: boolean }>();
  const packNew = ({ task, series }: TaskSeries): readonly PackedSeries[] => {
    const before = sent.get(task);
    const count = series.values.length;
    const isSame = before?.series === series;
    if (isSame && before.count === count) return [];
    // Thinned anew, all of it: not for every hundredth of what is there.
    if (isSame && before.thinned && count < before.count * 1.01) return [];
    const thinned = count > most;
    const from = isSame && !before.thinned && !thinned ? before.count : 0;
    sent.set(task, { series, count, thinned });
    return [packSeries(task, metric, series, { most, from })];
  };
  let isFirst = true;
  const changes = coalesce<'more'>(interval, () => {
    const state = fold.state();
    if (state === undefined) return;
    const series = seriesIn(state, metric).flatMap(packNew);
    if (series.length > 0 || isFirst) post({ type: 'series', metric, key: runKey(path), series });
    isFirst = false;
  });
  const log = followLog(path, {
    onEvents: (events) => {
      const telling = events.filter((event) => tellsOfSeries(event, metric));
      for (const event of telling) fold.apply(event);
      if (telling.length > 0) changes.add('more');
    },
    onEnd: () => {
      changes.dispose();
      onEnd();
    },
  });
  return () => {
    log.dispose();
    changes.dispose();
  };
}
