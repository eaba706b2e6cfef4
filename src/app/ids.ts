import { randomBytes } from 'node:crypto';
import type { RunId, SpanId, TraceId } from '../model/run-event.ts';

/** The only source of identities, so that tests can hand out their own. */
export interface Ids {
  readonly runId: (pipeline: string, now: Date) => RunId;
  readonly traceId: () => TraceId;
  readonly spanId: () => SpanId;
}

export function randomIds(): Ids {
  // To ask the system for a few bytes takes as long as to ask for thousands.
  let pool = '';
  const random = (bytes: number): string => {
    if (pool.length < 2 * bytes) pool = randomBytes(4096).toString('hex');
    const taken = pool.slice(0, 2 * bytes);
    pool = pool.slice(2 * bytes);
    return taken;
  };
  return {
    // `20261120T224011Z-digits-3f2a`: sorts by time, and is a file name everywhere. The last part is the time within
    // the second (1000 ms in 65536 parts), and chance below a millisecond.
    runId: (pipeline, now) => {
      const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
      const name = pipeline.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 40);
      const part = Math.floor(((now.getUTCMilliseconds() + randomBytes(2).readUInt16BE() / 65_536) / 1000) * 65_536);
      return `${time}-${name === '' ? 'run' : name}-${part.toString(16).padStart(4, '0')}` as RunId;
    },
    traceId: () => random(16) as TraceId,
    spanId: () => random(8) as SpanId,
  };
}
