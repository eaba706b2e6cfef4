/** What an attempt used over time: of what the samples count up, the rate between one and the next. */
import type { ResourcePoint } from './run-state.ts';
import { elapsed, type UnixNano } from './time.ts';

export interface ResourceSeries {
  readonly name: string;
  readonly unit: 'processors' | 'bytes' | 'bytes/s' | 'share';
  /** Seconds from the start of the attempt, ascending, with a value each. */
  readonly points: readonly { readonly seconds: number; readonly value: number }[];
  readonly highest: number;
}

/** Those of which something was seen; none of an attempt that had ended before the first sample. */
export function resourceSeries(resources: readonly ResourcePoint[], start: UnixNano): readonly ResourceSeries[] {
  const seconds = resources.map(({ time }) => Math.max(0, elapsed(start, time) / 1000));
  const series = (name: string, unit: ResourceSeries['unit'], valueAt: (index: number) => number | undefined): readonly ResourceSeries[] => {
    const points = seconds.flatMap((at, index) => {
      const value = valueAt(index);
      return value === undefined ? [] : [{ seconds: at, value }];
    });
    return points.length === 0 ? [] : [{ name, unit, points, highest: points.reduce((most, { value }) => Math.max(most, value), 0) }];
  };
  /** A process that ended takes its share of a sum with it: that is no negative use. */
  const rate = (counter: 'cpu' | 'read' | 'written' | 'received' | 'sent') => (index: number): number | undefined => {
    const [now, before] = [resources[index], resources[index - 1]];
    const time = (seconds[index] ?? 0) - (index === 0 ? 0 : (seconds[index - 1] ?? 0));
    const count = now?.[counter];
    return count === undefined || time <= 0 ? undefined : Math.max(0, count - (before?.[counter] ?? 0)) / time;
  };
  return [
    ...series('CPU', 'processors', rate('cpu')),
    ...series('Memory', 'bytes', (index) => resources[index]?.memory),
    ...series('Read from storage', 'bytes/s', rate('read')),
    ...series('Written to storage', 'bytes/s', rate('written')),
    ...series('Received by the machine', 'bytes/s', rate('received')),
    ...series('Sent by the machine', 'bytes/s', rate('sent')),
    ...series('GPU memory', 'bytes', (index) => resources[index]?.gpuMemory),
    ...series('GPU', 'share', (index) => resources[index]?.gpu),
  ];
}
