/** The points of one metric in columns: 24 bytes each, where an object a point takes about five times that. */

export interface MetricPoint {
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly step: number;
}

export interface MetricSeries {
  /** Points that are remembered. */
  readonly length: number;
  /** Points that were not: the budget was spent. */
  readonly dropped: number;
  /** What `get_run` says: the greatest by step, time and value, in this order, as MLflow's stores have it. */
  readonly latest: MetricPoint | undefined;
  /** `keep`: whether the budget has room for it. */
  readonly add: (point: MetricPoint, keep: boolean) => void;
  /** In the order logged. */
  readonly slice: (start: number, end: number) => readonly MetricPoint[];
}

const columns = 3;

export function createMetricSeries(): MetricSeries {
  let data = new Float64Array(4 * columns);
  let length = 0;
  let dropped = 0;
  let latest: MetricPoint | undefined;
  return {
    get length() {
      return length;
    },
    get dropped() {
      return dropped;
    },
    get latest() {
      return latest;
    },
    add: (point, keep) => {
      if (latest === undefined || isLater(point, latest)) latest = point;
      if (!keep) {
        dropped += 1;
        return;
      }
      if ((length + 1) * columns > data.length) {
        const grown = new Float64Array(data.length * 2);
        grown.set(data);
        data = grown;
      }
      data.set([point.value, point.timestamp, point.step], length * columns);
      length += 1;
    },
    slice: (start, end) => {
      const points: MetricPoint[] = [];
      for (let at = Math.max(0, start); at < Math.min(end, length); at += 1) {
        points.push({ value: data[at * columns] ?? 0, timestamp: data[at * columns + 1] ?? 0, step: data[at * columns + 2] ?? 0 });
      }
      return points;
    },
  };
}

function isLater(a: MetricPoint, b: MetricPoint): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  // NaN is neither greater nor smaller: what was logged later stays visible.
  return Number.isNaN(a.value) || Number.isNaN(b.value) || a.value >= b.value;
}
