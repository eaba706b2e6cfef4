/**
 * Run events on their way to the editor. A task may report ten thousand values a second; a person sees a few updates.
 * So events go in batches, the next one only when the editor's process has taken the one before, and of values that
 * one batch would replace at once only the last is in it. The event log has had all of them by then.
 */
import type { EventOf, RunEvent } from '../model/run-event.ts';
import type { ExecutorMessage, SessionMessage } from '../protocol/session.ts';

const interval = 25;
/** Characters of output of one attempt in one batch; more is written than anybody reads. */
const outputLimit = 256 * 1024;

const roughLogLength = 100;

export interface FeedTimers {
  readonly now: () => number;
  readonly after: (ms: number, call: () => void) => void;
}

const systemTimers: FeedTimers = { now: () => performance.now(), after: (ms, call) => void setTimeout(call, ms) };

/** `send` calls `done` when the message is on its way; what comes meanwhile waits, and is thinned. */
export function displayFeed(send: (message: ExecutorMessage, done: () => void) => void, timers: FeedTimers = systemTimers): (message: SessionMessage) => void {
  let waiting: SessionMessage[] = [];
  let isSending = false;
  let isPlanned = false;
  let last = -Infinity;

  const flush = (): void => {
    isPlanned = false;
    if (isSending || waiting.length === 0) return;
    const messages = batched(waiting);
    waiting = [];
    last = timers.now();
    isSending = true;
    let left = messages.length;
    const done = (): void => {
      left -= 1;
      if (left > 0) return;
      isSending = false;
      if (waiting.length > 0) plan();
    };
    for (const message of messages) send(message, done);
  };
  const plan = (): void => {
    if (isPlanned || isSending) return;
    isPlanned = true;
    timers.after(Math.max(0, last + interval - timers.now()), flush);
  };
  return (message) => {
    waiting.push(message);
    plan();
  };
}

/** The same messages in the same order, events that follow each other as one. */
function batched(messages: readonly SessionMessage[]): readonly ExecutorMessage[] {
  const result: ExecutorMessage[] = [];
  let events: RunEvent[] = [];
  const close = (): void => {
    if (events.length > 0) result.push({ type: 'events', events: thinned(events) });
    events = [];
  };
  for (const message of messages) {
    if (message.type === 'event') {
      events.push(message.event);
    } else {
      close();
      result.push(message);
    }
  }
  close();
  return result;
}

/** The run panel reads them from the event log; nothing else shows them. */
function withoutOutputs({ source: _, outputs: __, ...cell }: EventOf<'cell'>): RunEvent {
  return cell;
}

function lastPoint(event: EventOf<'metrics'>): RunEvent {
  const at = Math.max(0, event.values.length - 1);
  return { ...event, times: event.times.slice(at), values: event.values.slice(at), ...(event.steps !== undefined && { steps: event.steps.slice(at) }) };
}

/** Of each metric its last value, of long output its end, of spans none. */
export function thinned(events: readonly RunEvent[]): readonly RunEvent[] {
  const seen = new Set<string>();
  const room = new Map<string, number>();
  const kept: RunEvent[] = [];
  for (const event of events.toReversed()) {
    if (event.type === 'metric' || event.type === 'metrics') {
      const key = `${event.attempt} ${event.task} ${event.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
    } else if (event.type === 'span') {
      // Only the run panel shows them, and it reads the event log.
      continue;
    } else if (event.type === 'output' || event.type === 'log') {
      const key = `${event.attempt} ${event.task}`;
      const left = room.get(key) ?? outputLimit;
      room.set(key, left - (event.type === 'output' ? event.text.length : roughLogLength));
      if (left <= 0) continue;
    }
    kept.push(event.type === 'cell' ? withoutOutputs(event) : event.type === 'metrics' ? lastPoint(event) : event);
  }
  return kept.reverse();
}
