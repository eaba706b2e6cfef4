/**
 * Thousands of run events a second are a few updates a second for a person: what changed is collected, and handed over
 * at most once in `interval` milliseconds. The first change after a pause goes out at once.
 */
export interface Timers {
  readonly now: () => number;
  /** Returns what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

export interface Coalescer<T> {
  readonly add: (...items: readonly T[]) => void;
  /** Hands over what waits, now. */
  readonly flush: () => void;
  readonly dispose: () => void;
}

export function coalesce<T>(interval: number, handOver: (items: ReadonlySet<T>) => void, timers: Timers = systemTimers): Coalescer<T> {
  let waiting = new Set<T>();
  let last = -Infinity;
  let cancel: (() => void) | undefined;
  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    if (waiting.size === 0) return;
    const items = waiting;
    waiting = new Set();
    last = timers.now();
    handOver(items);
  };
  return {
    add: (...items) => {
      for (const item of items) waiting.add(item);
      cancel ??= timers.after(Math.max(0, last + interval - timers.now()), flush);
    },
    flush,
    dispose: () => {
      cancel?.();
      cancel = undefined;
      waiting.clear();
    },
  };
}

export interface Debounced {
  readonly call: () => void;
  readonly dispose: () => void;
}

/** Calls `action` once, `delay` milliseconds after the last `call`. */
export function debounce(delay: number, action: () => void, timers: Timers = systemTimers): Debounced {
  let cancel: (() => void) | undefined;
  return {
    call: () => {
      cancel?.();
      cancel = timers.after(delay, () => {
        cancel = undefined;
        action();
      });
    },
    dispose: () => {
      cancel?.();
      cancel = undefined;
    },
  };
}
