/**
 * Request bodies, bounded while they arrive: what is too large is refused when it has become so, not when it has all
 * been read, so that a compressed bomb costs what is allowed and no more.
 *
 * Many clients may send at once. A body may hold a little memory freely; one that grows waits for a place among the few
 * that may be large, and is not read while it waits: the client feels it as a slow network, and loses nothing.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflate } from 'node:zlib';

/** A body that can't be had; the server answers with the status. */
export class BodyError extends Error {
  readonly status: 400 | 408 | 413 | 415;
  constructor(status: BodyError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

export interface BodyLimits {
  /** Bytes after decompression. */
  readonly body: number;
  /** The same of a body that goes to a file. */
  readonly file: number;
  /** Bytes that any body may hold in memory without waiting. */
  readonly free: number;
  /** How many bodies may hold more at once. */
  readonly large: number;
  /** Milliseconds in which a body has to arrive; of one that goes to a file, between two pieces of it. */
  readonly time: number;
}

export const bodyLimits: BodyLimits = { body: 64 * 1024 * 1024, file: 16 * 1024 ** 3, free: 256 * 1024, large: 4, time: 60_000 };

export interface BodyReader {
  /** All of it; `release` when it is no longer held. */
  readonly read: (request: IncomingMessage) => Promise<{ readonly bytes: Buffer; readonly release: () => void }>;
  /** Into a new file whose name begins with `prefix`; its path. */
  readonly readToFile: (request: IncomingMessage, prefix: string) => Promise<string>;
}

export function createBodyReader(limits: BodyLimits): BodyReader {
  const places = createPlaces(limits.large);
  return {
    read: async (request) => {
      refuseLength(request, limits.body);
      const body = decoded(request);
      let release = (): void => undefined;
      const chunks: Buffer[] = [];
      let size = 0;
      const clock = createDeadline(body, limits.time);
      try {
        for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
          const before = size;
          size += chunk.length;
          if (size > limits.body) throw tooLarge(limits.body);
          chunks.push(chunk);
          if (before <= limits.free && size > limits.free) {
            clock.stop();
            release = await places.take(request);
            clock.restart();
          }
        }
        return { bytes: Buffer.concat(chunks, size), release };
      } catch (error) {
        release();
        throw asBodyError(error);
      } finally {
        clock.stop();
        if (body !== request) body.destroy();
      }
    },
    readToFile: async (request, prefix) => {
      refuseLength(request, limits.file);
      const body = decoded(request);
      const file = `${prefix}.${randomBytes(8).toString('hex')}.upload`;
      const clock = createDeadline(body, limits.time);
      let size = 0;
      try {
        await pipeline(
          async function* () {
            for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
              size += chunk.length;
              if (size > limits.file) throw tooLarge(limits.file);
              clock.stop();
              yield chunk;
              clock.restart();
            }
          },
          createWriteStream(file, { flags: 'wx', mode: 0o600 }),
        );
        return file;
      } catch (error) {
        await rm(file, { force: true });
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? error : asBodyError(error);
      } finally {
        clock.stop();
        if (body !== request) body.destroy();
      }
    },
  };
}

function refuseLength(request: IncomingMessage, limit: number): void {
  // Compressed: it can only grow.
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
}

function tooLarge(limit: number): BodyError {
  return new BodyError(413, `the body is larger than ${limit / (1024 * 1024)} MiB`);
}

function decoded(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  switch (encoding) {
    case 'identity':
    case '':
      return request;
    case 'gzip':
    case 'x-gzip':
    case 'deflate': {
      const decoder = encoding === 'deflate' ? createInflate() : createGunzip();
      // `pipe` hands on neither an error nor an early end.
      const cutOff = (): void => void decoder.destroy(new BodyError(400, 'the body ended too early'));
      request.on('error', cutOff).on('close', () => {
        if (!request.complete) cutOff();
      });
      return request.pipe(decoder);
    }
    default:
      throw new BodyError(415, `the content encoding ${encoding.slice(0, 40)} is not supported: use gzip, deflate or none`);
  }
}

/** Destroys the stream when its time is up. */
function createDeadline(body: Readable, time: number): { readonly stop: () => void; readonly restart: () => void } {
  const start = (): NodeJS.Timeout => setTimeout(() => body.destroy(new BodyError(408, 'the body took too long to arrive')), time).unref();
  let timer = start();
  const stop = (): void => clearTimeout(timer);
  return {
    stop,
    restart: () => {
      stop();
      timer = start();
    },
  };
}

/** What reading a body fails with is the client's doing: it went away, or sent what is not compressed as it says. */
function asBodyError(error: unknown): BodyError {
  return error instanceof BodyError ? error : new BodyError(400, `the body could not be read: ${error instanceof Error ? error.message : String(error)}`);
}

/** A place is had by waiting for one, in the order of asking; a client that goes away waits no longer. */
function createPlaces(count: number): { readonly take: (client: IncomingMessage) => Promise<() => void> } {
  let free = count;
  const waiting = new Set<() => void>();
  return {
    take: async (client) => {
      if (free > 0) {
        free -= 1;
      } else {
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve);
          client.once('close', () => {
            // Of one that has its place already, this says nothing.
            if (waiting.delete(resolve)) reject(new BodyError(400, 'the body ended too early'));
          });
        });
      }
      let isGivenBack = false;
      return () => {
        if (isGivenBack) return;
        isGivenBack = true;
        const [next] = waiting;
        if (next === undefined) {
          free += 1;
        } else {
          waiting.delete(next);
          next();
        }
      };
    },
  };
}
