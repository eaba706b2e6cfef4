/**
 * Points of a metric that come at once travel as one event: a loop that logs a million of them would make a million
 * events, each with its names, and each told to every surface. They are held until the turn of the event loop ends, or
 * something else of their attempt is told; so the order stays, and nothing waits.
 */
import { nanosecondsSince, type MetricValue } from '../model/metric-series.ts';
import type { EventOf, RunEvent } from '../model/run-event.ts';

/** Points of one event. */
const most = 4096;

interface Gathered {
  readonly first: EventOf<'metric'>;
  readonly times: number[];
  readonly values: MetricValue[];
  readonly steps: (number | null)[];
}

export function gatherMetrics(emit: (event: RunEvent) => void): (event: RunEvent) => void {
  /** By task and attempt, then by name. */
  const gathered = new Map<string, Map<string, Gathered>>();
  let turn: NodeJS.Immediate | undefined;
  const flushAttempt = (attempt: string): void => {
    const series = gathered.get(attempt);
    if (series === undefined) return;
    gathered.delete(attempt);
    for (const each of series.values()) emit(together(each));
  };
  const flush = (): void => {
    turn = undefined;
    for (const attempt of [...gathered.keys()]) flushAttempt(attempt);
  };
  return (event) => {
    if (event.type !== 'metric' || event.detail !== undefined) {
      if (gathered.size > 0) {
        if ('attempt' in event) flushAttempt(keyOf(event));
        else flush();
      }
      emit(event);
      return;
    }
    const attempt = keyOf(event);
    let series = gathered.get(attempt);
    if (series === undefined) gathered.set(attempt, (series = new Map<string, Gathered>()));
    const known = series.get(event.name);
    if (known === undefined) {
      series.set(event.name, { first: event, times: [0], values: [event.value], steps: [event.step ?? null] });
    } else {
      known.times.push(nanosecondsSince(known.first.time, event.time));
      known.values.push(event.value);
      known.steps.push(event.step ?? null);
      if (known.values.length >= most) flushAttempt(attempt);
    }
    turn ??= setImmediate(flush);
  };
}

function keyOf({ task, attempt }: { readonly task: string; readonly attempt: number }): string {
  return `${attempt} ${task}`;
}

function together({ first, times, values, steps }: Gathered): RunEvent {
  if (values.length === 1) return first;
  const { task, attempt, time, name } = first;
  return { type: 'metrics', task, attempt, time, name, times, values, ...(steps.some((step) => step !== null) && { steps }) };
}
