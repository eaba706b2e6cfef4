/**
 * The one HTTP server that running tasks report to: on loopback, on a port that the system chooses, and only while a
 * run has tasks, or is about to. It knows HTTP and who may ask; what is said is for the services.
 *
 * A request, in this order:
 *
 *   for another host, or from a web page ──▶ 403      what a page that the user has open could reach, with DNS of its own
 *   no secret of an attempt that runs ─────▶ 401      one secret an attempt, 32 random bytes
 *   a path that no service owns ───────────▶ 404
 *   a body too large, or none that is one ─▶ 413 …    see `body.ts`
 *   else ──▶ the service of that attempt
 *
 * An attempt: open ──close()──▶ draining ──▶ gone. While it drains, what its processes had sent before they ended is
 * read to its end, and answered; after that its secret is worth nothing.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BodyError, bodyLimits, createBodyReader, type BodyLimits } from './body.ts';
import { createToken } from './token.ts';
import type { CollectedAttempt, Service, ServiceFactory, ServiceRequest, ServiceResponse } from './service.ts';

export interface Collector {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  readonly open: (attempt: CollectedAttempt) => Registration;
  /** Ends what is left; nothing listens afterwards. */
  readonly close: () => Promise<void>;
}

export interface Registration {
  readonly token: string;
  /** Answers what is under way, then forgets the attempt. */
  readonly close: () => Promise<void>;
}

export interface CollectorOptions {
  readonly services: readonly ServiceFactory[];
  /** A service threw: a bug of ours, for people. */
  readonly onWarning: (message: string) => void;
  readonly limits?: Partial<CollectorLimits>;
}

export interface CollectorLimits extends BodyLimits {
  readonly connections: number;
  /** Milliseconds in which a request's head has to arrive. */
  readonly head: number;
  /** Milliseconds for which the rest of a body is waited for after its task has ended. */
  readonly drain: number;
}

const defaults: CollectorLimits = { ...bodyLimits, connections: 2048, head: 10_000, drain: 1000 };

/** What is read and thrown away of a refused body, so that the client gets to see the answer. */
const discardedBytes = 1024 * 1024 * 1024;
const discardTime = 3000;

interface Attempt {
  readonly token: string;
  readonly of: CollectedAttempt;
  readonly services: Map<ServiceFactory, Service>;
  readonly active: Set<{ readonly request: IncomingMessage; readonly response: ServerResponse; readonly done: Promise<void> }>;
  readonly sockets: Set<Socket>;
  phase: 'open' | 'refusing' | 'gone';
}

/** One that does not listen yet: once what this gives is called, which rejects where nothing can. */
export function createCollector({ services, onWarning, limits: given = {} }: CollectorOptions): () => Promise<Collector> {
  const limits = { ...defaults, ...given };
  const bodies = createBodyReader(limits);
  /** By the digest of its token: how long a look-up takes says nothing of the token. */
  const attempts = new Map<string, Attempt>();
  /** Connections that are open. */
  let connected = 0;
  let hosts: ReadonlySet<string> = new Set();

  const attemptOf = (request: IncomingMessage): Attempt | undefined => {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const attempt = attempts.get(digestOf(token));
    return attempt?.phase === 'open' && timingSafeEqual(Buffer.from(attempt.token), Buffer.from(token)) ? attempt : undefined;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = parseTarget(request.url ?? '');
    const factory = url === undefined ? undefined : services.find((each) => each.owns(url.path));
    const headers = singleHeaders(request);
    const refuse = (status: number, message: string): Promise<void> => {
      const shaped = factory?.error(status, message, { headers }) ?? { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
      return send(response, { ...shaped, headers: { ...shaped.headers, ...(status === 401 && { 'www-authenticate': 'Bearer' }) } });
    };
    if (!hosts.has(request.headers.host ?? '')) return refuse(403, 'this host name is not ours');
    if (request.headers.origin !== undefined) return refuse(403, 'requests from web pages are not taken');
    const attempt = attemptOf(request);
    if (attempt === undefined) return refuse(401, 'no token of a running task: Authorization: Bearer …');
    if (url === undefined) return refuse(400, 'the path of the request is not valid');
    if (factory === undefined) return refuse(404, `there is nothing at ${url.path.slice(0, 100)}`);

    const { socket } = request;
    if (!attempt.sockets.has(socket)) {
      attempt.sockets.add(socket);
      socket.once('close', () => attempt.sockets.delete(socket));
    }
    let release = (): void => undefined;
    const toService: ServiceRequest = {
      method: request.method ?? 'GET',
      path: url.path,
      query: url.query,
      headers,
      body: async () => {
        const body = await bodies.read(request);
        ({ release } = body);
        return body.bytes;
      },
      bodyAsFile: () => bodies.readToFile(request, attempt.of.scratch),
    };
    const handle = async (): Promise<void> => {
      try {
        let service = attempt.services.get(factory);
        if (service === undefined) attempt.services.set(factory, (service = factory.open(attempt.of)));
        await send(response, await service.handle(toService));
      } catch (error) {
        if (error instanceof BodyError) {
          await refuse(error.status, error.message);
        } else {
          onWarning(`${attempt.of.task}: ${request.method ?? ''} ${url.path.slice(0, 100)} could not be answered: ${error instanceof Error ? error.message : String(error)}`);
          await refuse(500, 'internal error');
        }
      } finally {
        release();
      }
    };
    const entry = { request, response, done: handle() };
    attempt.active.add(entry);
    await entry.done;
    attempt.active.delete(entry);
  };

  const server = createServer({
    headersTimeout: limits.head,
    connectionsCheckingInterval: Math.min(limits.head, 5000),
    // Bodies have a time of their own.
    requestTimeout: 0,
    // For as long as its task runs, a connection may be used again: to close it sooner is a race that the client may lose.
    keepAliveTimeout: 0,
  });
  server.maxConnections = limits.connections;
  server.on('connection', (socket: Socket) => {
    connected += 1;
    socket.once('close', () => (connected -= 1));
  });
  server.on('request', (request, response) => {
    // A client that goes away is no event of ours.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    answer(request, response).catch((error: unknown) => {
      onWarning(`the collector could not answer a request: ${error instanceof Error ? error.message : String(error)}`);
      response.destroy();
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else socket.end(`HTTP/1.1 ${error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
  });

  const listeningAt = (port: number): Collector => ({
    url: `http://127.0.0.1:${port}`,
    open: (of) => {
      const token = createToken();
      const digest = digestOf(token);
      const attempt: Attempt = {
        token,
        // What a service says of an attempt that is over is said to nobody.
        of: {
          ...of,
          report: (report) => {
            if (attempt.phase !== 'gone') of.report(report);
          },
        },
        services: new Map(),
        active: new Set(),
        sockets: new Set(),
        phase: 'open',
      };
      attempts.set(digest, attempt);
      return {
        token,
        close: async () => {
          // What the kernel still holds of connections, and then of requests, is seen in the next turns of the loop.
          await nextTurn();
          // Who has sent all may be gone before it is taken in.
          if (connected > 0 || attempt.active.size > 0) await drain(attempt, limits.drain);
          for (const service of attempt.services.values()) service.close?.();
          attempts.delete(digest);
          attempt.phase = 'gone';
          for (const socket of attempt.sockets) socket.destroy();
        },
      };
    },
    close: async () => {
      attempts.clear();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  });
  return async () => {
    await listen(server);
    const { port } = server.address() as AddressInfo;
    hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
    server.on('error', (error) => onWarning(`the collector: ${error.message}`));
    return listeningAt(port);
  };
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** What has been received in full is dealt with, however long that takes; for what is still to arrive there is a short time. */
async function drain(attempt: Attempt, time: number): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await nextTurn();
  const timer = setTimeout(() => {
    attempt.phase = 'refusing';
    for (const { request, response } of attempt.active) if (!request.complete || response.headersSent) request.destroy();
  }, time);
  while (attempt.active.size > 0) await Promise.all([...attempt.active].map(({ done }) => done));
  clearTimeout(timer);
}

function digestOf(token: string): string {
  return hash('sha256', token, 'hex');
}

function parseTarget(target: string): { readonly path: string; readonly query: URLSearchParams } | undefined {
  if (!target.startsWith('/')) return undefined;
  const [path = '', query = ''] = target.split(/\?(.*)/s, 2);
  try {
    return { path: decodeURIComponent(path), query: new URLSearchParams(query) };
  } catch {
    return undefined;
  }
}

function singleHeaders(request: IncomingMessage): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));
}

async function send(response: ServerResponse, { status, headers = {}, body = '' }: ServiceResponse): Promise<void> {
  const { req: request } = response;
  if (request.socket.destroyed) return;
  const isFile = typeof body === 'object' && !Buffer.isBuffer(body);
  const length = isFile ? body.size : Buffer.byteLength(body);
  response.writeHead(status, { 'content-length': length, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers });
  const finished = new Promise<void>((resolve) => response.on('close', resolve).on('finish', resolve));
  if (request.method === 'HEAD') response.end();
  else if (isFile) createReadStream(body.file, { end: Math.max(0, body.size - 1) }).on('error', () => response.destroy()).pipe(response);
  else if (request.complete) response.end(body);
  else {
    // A connection that closes with its answer is reset under a client that is still sending, which may lose the answer.
    response.flushHeaders();
    response.write(body);
    request.once('end', () => response.end());
  }
  if (!request.complete) discard(request);
  await finished;
}

/** A client that is still sending sees the answer only if somebody goes on reading, for a while. */
function discard(request: IncomingMessage): void {
  let left = discardedBytes;
  const stop = (): void => void request.socket.destroy();
  const timer = setTimeout(stop, discardTime).unref();
  request.unpipe();
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) stop();
  });
  request.on('close', () => clearTimeout(timer));
  request.resume();
}
