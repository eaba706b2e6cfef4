import type { Clock, UnixNano } from '../model/time.ts';

/**
 * A clock that follows the monotonic timer from one wall-clock anchor, so that a clock that is set during a run
 * never makes a span end before it began.
 */
export function systemClock(): Clock {
  const anchor = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  return { now: () => String(anchor + process.hrtime.bigint()) as UnixNano };
}
