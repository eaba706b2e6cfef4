/** Words about a run that several commands use. */
import type { RunSummary } from '../model/record.ts';
import { toDate, type UnixNano } from '../model/time.ts';

/** `9/12`: how many tasks of the run executed. */
export function countsText(counts: RunSummary['counts']): string {
  return `${counts.executed}/${counts.total}`;
}

/** `5 minutes ago`. */
export function relativeTime(time: UnixNano, now: number): string {
  const seconds = Math.round((now - toDate(time).getTime()) / 1000);
  const steps = [
    [60, 1, 'second'],
    [3600, 60, 'minute'],
    [86_400, 3600, 'hour'],
    [86_400 * 60, 86_400, 'day'],
    [86_400 * 730, 86_400 * 30.44, 'month'],
  ] as const;
  if (seconds < 5) return 'just now';
  const [, unit, noun] = steps.find(([limit]) => seconds < limit) ?? [0, 86_400 * 365.25, 'year'];
  const count = Math.floor(seconds / unit);
  return `${count} ${noun}${count === 1 ? '' : 's'} ago`;
}

/** `2026-11-20 22:40:11`, in the time zone of this machine. */
export function absoluteTime(time: UnixNano): string {
  const date = toDate(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
