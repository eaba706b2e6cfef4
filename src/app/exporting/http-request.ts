/** One request and its whole answer. Node's own `fetch` can't be given a certificate of a private authority. */
import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** `http:` or `https:`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Of the authority that the server's certificate is checked with, PEM; the system's by default. */
  readonly certificate?: string | undefined;
  /** Milliseconds without an answer. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer is read up to here: what is sent is our business, what comes back is not. */
const longestAnswer = 64 * 1024 * 1024;

/** Rejects when there is no answer; redirections are answers. */
export function httpRequest({ method, url, headers = {}, body, certificate, timeout, signal }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const options = { method, headers: { ...headers, 'content-length': String(body?.length ?? 0) }, timeout, signal, ...(certificate !== undefined && { ca: certificate }) };
    const sent = (target.protocol === 'https:' ? requestHttps : requestHttp)(target, options, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > longestAnswer) sent.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
