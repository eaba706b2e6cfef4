import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpRequest, HttpResponse } from '../../../../src/app/exporting/http-request.ts';
import { sendWithRetry, type RetryPolicy } from '../../../../src/app/exporting/send-with-retry.ts';

const request: HttpRequest = { method: 'POST', url: 'http://a', timeout: 1, signal: new AbortController().signal };
const answer = (status: number, headers: HttpResponse['headers'] = {}): HttpResponse => ({ status, headers, body: Buffer.alloc(0) });
const failure = (code: string): Error => Object.assign(new Error(code), { code });

async function tried(answers: readonly (HttpResponse | Error)[], policy: RetryPolicy = { attempts: 5, delay: 1000, longestDelay: 30_000 }): Promise<{ readonly end: number | string; readonly waits: readonly number[] }> {
  const waits: number[] = [];
  const left = [...answers];
  const world = {
    send: () => {
      const next = left.shift() ?? assert.fail('one request too many');
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    wait: (milliseconds: number) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    now: () => Date.parse('Fri, 20 Nov 2026 10:00:00 GMT'),
    random: () => 0.5,
  };
  const end = await sendWithRetry(request, policy, world).then(({ status }) => status, (error: unknown) => (error as Error).message);
  return { end, waits };
}

describe('sendWithRetry', () => {
  it('waits longer each time for what OTLP says may be tried again', async () => {
    assert.deepEqual(await tried([answer(429), answer(502), answer(503), answer(504), answer(200)]), { end: 200, waits: [1000, 2000, 4000, 8000] });
  });

  it('waits as long as it is asked to, in seconds or until a date', async () => {
    assert.deepEqual(await tried([answer(503, { 'retry-after': '7' }), answer(429, { 'retry-after': 'Fri, 20 Nov 2026 10:00:02 GMT' }), answer(200)]), { end: 200, waits: [7000, 2000] });
    assert.deepEqual(await tried([answer(503, { 'retry-after': 'soon' }), answer(200)]), { end: 200, waits: [1000] });
  });

  it('does not wait longer than it may', async () => {
    assert.deepEqual(await tried([answer(503, { 'retry-after': '31' })]), { end: 503, waits: [] });
  });

  it('gives up, with the last answer or failure', async () => {
    const policy = { attempts: 2, delay: 10, longestDelay: 100 };
    assert.deepEqual(await tried([answer(503), answer(429)], policy), { end: 429, waits: [10] });
    assert.deepEqual(await tried([failure('ECONNREFUSED'), failure('ECONNRESET')], policy), { end: 'ECONNRESET', waits: [10] });
  });

  it('tries nothing again that will not change', async () => {
    for (const status of [400, 401, 404, 413, 500, 501]) assert.deepEqual(await tried([answer(status)]), { end: status, waits: [] });
    assert.deepEqual(await tried([failure('ENOTFOUND')]), { end: 'ENOTFOUND', waits: [] });
  });
});
