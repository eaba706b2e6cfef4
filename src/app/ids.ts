import { randomBytes } from 'node:crypto';
import type { RunId, SpanId, TraceId } from '../model/run-event.ts';

/** The only source of identities, so that tests can hand out their own. */
export interface Ids {
  readonly runId: (pipeline: string, now: Date) => RunId;
  readonly traceId: () => TraceId;
  readonly spanId: () => SpanId;
}

export function randomIds(): Ids {
  return {
    // `20261120T224011Z-digits-3f2a`: sorts by time, and is a file name everywhere. The last part is the time within
    // the second (1000 ms in 65536 parts), and chance below a millisecond.
    runId: (pipeline, now) => {
      const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
      const name = pipeline.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 40);
      const part = Math.floor(((now.getUTCMilliseconds() + randomBytes(2).readUInt16BE() / 65_536) / 1000) * 65_536);
      return `${time}-${name === '' ? 'run' : name}-${part.toString(16).padStart(4, '0')}` as RunId;
    },
    traceId: () => randomBytes(16).toString('hex') as TraceId,
    spanId: () => randomBytes(8).toString('hex') as SpanId,
  };
}
