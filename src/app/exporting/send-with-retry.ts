/**
 * What to do when a server can't take a request now: wait as long as it asks for, or longer each time, by OTLP's rules
 * (https://opentelemetry.io/docs/specs/otlp/#failures-1), and give up in the end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { httpRequest, type HttpRequest, type HttpResponse } from './http-request.ts';

export interface RetryPolicy {
  /** Requests in all. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; twice as long before each further one. */
  readonly delay: number;
  /** Longest wait that a server may ask for, in milliseconds. */
  readonly longestDelay: number;
}

export interface RetryWorld {
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
  /** Rejects when the signal is aborted. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, delay: 1000, longestDelay: 30_000 };

const realWorld: RetryWorld = { send: httpRequest, wait: async (milliseconds, signal) => sleep(milliseconds, undefined, { signal }), now: Date.now, random: Math.random };

const retryable: readonly number[] = [429, 502, 503, 504];
/** Nobody is there, or not yet. That a name is unknown or a certificate wrong does not change by waiting. */
const retryableErrors: readonly string[] = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'];

/** The last answer, whatever its status. Rejects when there was none at last. */
export async function sendWithRetry(request: HttpRequest, policy: RetryPolicy = defaultRetryPolicy, world: RetryWorld = realWorld): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt >= policy.attempts;
    // Spread, so that many clients don't come back at one moment.
    const backoff = policy.delay * 2 ** (attempt - 1) * (0.8 + 0.4 * world.random());
    let wait = backoff;
    try {
      const response = await world.send(request);
      if (isLast || !retryable.includes(response.status)) return response;
      wait = retryAfter(response.headers['retry-after'], world.now()) ?? backoff;
      if (wait > policy.longestDelay) return response;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (isLast || request.signal.aborted || code === undefined || !retryableErrors.includes(code)) throw error;
    }
    await world.wait(wait, request.signal);
  }
}

/** Seconds or a date (RFC 9110, section 10.2.3), in milliseconds from `now`. */
function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
