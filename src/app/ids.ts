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
    // `20261120T224011Z-digits-3f2a`: sorts by time, and is a file name everywhere.
    runId: (pipeline, now) => {
      const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
      const name = pipeline.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 40);
      return `${time}-${name === '' ? 'run' : name}-${randomBytes(2).toString('hex')}` as RunId;
    },
    traceId: () => randomBytes(16).toString('hex') as TraceId,
    spanId: () => randomBytes(8).toString('hex') as SpanId,
  };
}
