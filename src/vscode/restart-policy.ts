/**
 * When a process that died is started again: at once the first time, then after longer and longer pauses, and no more
 * than three times in a minute, because a process that dies at its start would otherwise never stop dying.
 */
export interface RestartPolicy {
  /** Milliseconds to wait before the next start; `undefined`: leave it. */
  readonly next: (now: number) => number | undefined;
  /** Asked for by the user: count from zero. */
  readonly reset: () => void;
}

const mostInWindow = 3;
const window = 60_000;

export function restartPolicy(): RestartPolicy {
  let starts: readonly number[] = [];
  return {
    next: (now) => {
      starts = starts.filter((start) => now - start < window);
      if (starts.length >= mostInWindow) return undefined;
      const delay = starts.length === 0 ? 0 : 1000 * 4 ** (starts.length - 1);
      starts = [...starts, now];
      return delay;
    },
    reset: () => {
      starts = [];
    },
  };
}
