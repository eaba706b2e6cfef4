import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createGzip, deflateSync, gzipSync } from 'node:zlib';
import { createCollector, type Collector, type CollectorLimits } from '../../../src/collector/server.ts';
import type { CollectedAttempt, ServiceFactory, ServiceRequest, ServiceResponse } from '../../../src/collector/service.ts';
import type { Report } from '../../../src/model/reported.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends one request on a connection of its own. */
function ask(url: string, { body, ...options }: RequestOptions & { readonly body?: string | Buffer } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: body === undefined ? 'GET' : 'POST', agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

interface Fixture {
  readonly collector: Collector;
  readonly folder: string;
  readonly warnings: readonly string[];
  readonly reports: readonly Report[];
  readonly open: (task?: string) => { readonly token: string; readonly close: () => Promise<void>; readonly authorization: string };
}

/** A server with one service at `/echo`, which answers with `handle`. */
async function start(t: TestContext, handle: (request: ServiceRequest, attempt: CollectedAttempt) => Promise<ServiceResponse>, limits: Partial<CollectorLimits> = {}): Promise<Fixture> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-collector-'));
  const warnings: string[] = [];
  const reports: Report[] = [];
  const echo: ServiceFactory = {
    owns: (target) => target.startsWith('/echo'),
    open: (attempt) => ({ handle: (request) => handle(request, attempt) }),
    error: (status, message) => ({ status, headers: { 'content-type': 'application/x-echo' }, body: message }),
  };
  const collector = await createCollector({ services: [echo], onWarning: (message) => warnings.push(message), limits })();
  t.after(async () => {
    await collector.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open: Fixture['open'] = (task = 'train') => {
    const registration = collector.open({
      runId: 'run' as never,
      task: task as never,
      attempt: 1,
      traceId: '0af7651916cd43dd8448eb211c80319c' as never,
      spanId: 'b7ad6b7169203331' as never,
      start: '1' as never,
      scratch: path.join(folder, task),
      report: (report) => reports.push(report),
    });
    return { ...registration, authorization: `Bearer ${registration.token}` };
  };
  return { collector, folder, warnings, reports, open };
}

const echoBody = async (request: ServiceRequest): Promise<ServiceResponse> => ({ status: 200, body: await request.body() });

describe('the collector’s server, who may ask', () => {
  it('refuses a request without a token, with a wrong one, and with one of an attempt that has ended', async (t) => {
    const { collector, open } = await start(t, echoBody);
    const { authorization, close } = open();
    const url = `${collector.url}/echo`;
    for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: 'Bearer rwt_x' }, { authorization: authorization.slice(0, -1) }, { authorization: authorization.replace('Bearer', 'Basic') }]) {
      const answer = await ask(url, { headers, body: 'x' });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers['content-type'], 'application/x-echo', 'in the protocol’s own shape');
      assert.equal(answer.headers['www-authenticate'], 'Bearer');
    }
    assert.equal((await ask(url, { headers: { authorization }, body: 'x' })).body, 'x');
    await close();
    assert.equal((await ask(url, { headers: { authorization }, body: 'x' })).status, 401);
  });

  it('gives each attempt a service of its own', async (t) => {
    const { collector, open } = await start(t, (_, attempt) => Promise.resolve({ status: 200, body: attempt.task }));
    const [first, second] = [open('first'), open('second')];
    assert.notEqual(first.token, second.token);
    assert.equal(Buffer.from(first.token.slice(4), 'base64url').length, 32);
    for (const [name, { authorization }] of Object.entries({ first, second })) assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization } })).body, name);
  });

  it('refuses other names of this machine, and web pages', async (t) => {
    const { collector, open } = await start(t, echoBody);
    const { authorization } = open();
    const url = `${collector.url}/echo`;
    for (const host of ['attacker.example', 'attacker.example:80', '127.0.0.1', '127.0.0.1:1', '[::1]:80']) assert.equal((await ask(url, { headers: { authorization, host }, body: 'x' })).status, 403, host);
    assert.equal((await ask(url, { headers: { authorization, host: new URL(url).host.replace('127.0.0.1', 'localhost') }, body: 'x' })).status, 200);
    const fromPage = await ask(url, { headers: { authorization, origin: 'https://attacker.example' }, body: 'x' });
    assert.equal(fromPage.status, 403);
    assert.equal(fromPage.headers['access-control-allow-origin'], undefined);
    assert.equal((await ask(url, { method: 'OPTIONS', headers: { origin: 'null', 'access-control-request-method': 'POST' } })).status, 403);
  });

  it('listens on loopback alone, and no longer once it is closed', async (t) => {
    const { collector } = await start(t, echoBody);
    assert.match(collector.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    await collector.close();
    await assert.rejects(ask(`${collector.url}/echo`), /ECONNREFUSED/);
  });

  it('answers paths that nobody owns, and that are none', async (t) => {
    const { collector, open } = await start(t, echoBody);
    const headers = { authorization: open().authorization };
    assert.equal((await ask(`${collector.url}/other`, { headers })).status, 404);
    assert.equal((await ask(collector.url, { headers, path: '/echo/%E0%A4%A' })).status, 400);
  });
});

describe('the collector’s server, bodies', () => {
  it('takes gzip, deflate and none, and no other encoding', async (t) => {
    const { collector, open } = await start(t, echoBody);
    const authorization = open().authorization;
    const send = (encoding: string | undefined, body: Buffer | string): Promise<Answer> => ask(`${collector.url}/echo`, { headers: { authorization, ...(encoding !== undefined && { 'content-encoding': encoding }) }, body });
    assert.equal((await send(undefined, 'plain')).body, 'plain');
    assert.equal((await send('identity', 'plain')).body, 'plain');
    assert.equal((await send('gzip', gzipSync('packed'))).body, 'packed');
    assert.equal((await send('deflate', deflateSync('packed'))).body, 'packed');
    assert.equal((await send('br', 'x')).status, 415);
    assert.equal((await send('gzip, gzip', 'x')).status, 415);
    assert.equal((await send('gzip', 'not packed')).status, 400);
    assert.equal((await send('gzip', gzipSync('cut off').subarray(0, 15))).status, 400);
  });

  it('refuses what is too large while it arrives, also when it is small on the wire', async (t) => {
    const { collector, open } = await start(t, echoBody, { body: 1024 });
    const authorization = open().authorization;
    const send = (body: Buffer, headers: Record<string, string> = {}): Promise<Answer> => ask(`${collector.url}/echo`, { headers: { authorization, ...headers }, body });
    assert.equal((await send(Buffer.alloc(1024))).status, 200);
    assert.equal((await send(Buffer.alloc(1025))).status, 413);
    assert.equal((await send(Buffer.alloc(5000), { 'transfer-encoding': 'chunked' })).status, 413);
    assert.equal((await send(gzipSync(Buffer.alloc(100_000)), { 'content-encoding': 'gzip' })).status, 413);
    assert.equal((await send(gzipSync(Buffer.alloc(1024)), { 'content-encoding': 'gzip' })).status, 200);
  });

  it('tells a client that sends all of it before it reads', async (t) => {
    const { collector, open } = await start(t, echoBody, { body: 1024 });
    const { port, host } = new URL(collector.url);
    const size = 16 * 1024 * 1024;
    const socket = connect(Number(port), '127.0.0.1');
    t.after(() => socket.destroy());
    socket.pause();
    const head = `POST /echo HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${open().authorization}\r\nContent-Length: ${size}\r\n\r\n`;
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(size)]), (error) => (error ? reject(error) : resolve()));
    });
    const [answer] = (await once(socket.resume(), 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
  });

  it('is not moved by a bomb of 10 GB', async (t) => {
    const { collector, open } = await start(t, echoBody);
    const { authorization } = open();
    const bomb = createGzip({ level: 9 });
    const zeros = Buffer.alloc(16 * 1024 * 1024);
    let left = 640;
    const feed = (): void => {
      while (left > 0) {
        left -= 1;
        if (!bomb.write(zeros)) return void bomb.once('drain', feed);
      }
      bomb.end();
    };
    const before = process.memoryUsage().rss;
    const status = await new Promise<number>((resolve, reject) => {
      const request = httpRequest(`${collector.url}/echo`, { method: 'POST', agent: false, headers: { authorization, 'content-encoding': 'gzip' } }, (response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
        bomb.unpipe();
        bomb.destroy();
        request.destroy();
      });
      request.on('error', reject);
      bomb.pipe(request);
      feed();
    });
    assert.equal(status, 413);
    assert.ok(process.memoryUsage().rss - before < 400e6, 'the memory is not that of the bomb');
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization }, body: 'after' })).body, 'after');
  });

  it('writes uploads into files of the attempt, with a limit of their own, and leaves none that failed', async (t) => {
    const { collector, open, folder } = await start(
      t,
      async (request) => {
        const file = await request.bodyAsFile();
        const size = readFileSync(file).length;
        rmSync(file);
        return { status: 200, body: `${path.basename(file).split('.')[0] ?? ''} ${size}` };
      },
      { body: 10, file: 100_000 },
    );
    const authorization = open().authorization;
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization }, body: Buffer.alloc(100_000) })).body, 'train 100000');
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization, 'transfer-encoding': 'chunked' }, body: Buffer.alloc(100_001) })).status, 413);
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization, 'content-encoding': 'gzip' }, body: 'no gzip' })).status, 400);
    // The answer does not wait for the file to be gone.
    while (readdirSync(folder).length > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('does not read on while too many large ones are dealt with, and loses none', async (t) => {
    let inside = 0;
    let most = 0;
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let entered = (): void => undefined;
    const twoInside = new Promise<void>((resolve) => (entered = resolve));
    const { collector, open } = await start(
      t,
      async (request) => {
        const body = await request.body();
        inside += 1;
        most = Math.max(most, inside);
        if (inside === 2) entered();
        await held;
        inside -= 1;
        return { status: 200, body: String(body.length) };
      },
      { free: 1000, large: 2 },
    );
    const authorization = open().authorization;
    const answers = Array.from({ length: 6 }, (_, index) => ask(`${collector.url}/echo`, { headers: { authorization }, body: Buffer.alloc(2000 + index) }));
    await twoInside;
    letGo();
    assert.deepEqual((await Promise.all(answers)).map(({ body }) => body), ['2000', '2001', '2002', '2003', '2004', '2005']);
    assert.equal(most, 2);
  });
});

describe('the collector’s server, clients that misbehave', () => {
  /** What the server says to raw bytes, until it closes the connection. */
  const raw = (collector: Collector, bytes: string, then: (socket: Socket) => void = () => undefined): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(Number(new URL(collector.url).port), '127.0.0.1', () => {
        socket.write(bytes);
        then(socket);
      });
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
      socket.on('error', () => undefined).on('close', () => resolve(answer));
    });

  it('answers what is not HTTP, and goes on', async (t) => {
    const { collector, open } = await start(t, echoBody);
    const { authorization } = open();
    assert.match(await raw(collector, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400/);
    assert.match(await raw(collector, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), /^HTTP\/1\.1 400/);
    assert.match(await raw(collector, `GET /echo HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`), /^HTTP\/1\.1 431/);
    assert.match(await raw(collector, 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'), /^HTTP\/1\.1 400/);
    assert.match(await raw(collector, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'), /^$|^HTTP\/1\.1 4/);
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization }, body: 'after' })).body, 'after');
  });

  it('gives up on a head and on a body that never come', async (t) => {
    const { collector, open } = await start(t, echoBody, { head: 100, time: 100 });
    const { authorization } = open();
    const { host } = new URL(collector.url);
    assert.match(await raw(collector, 'POST /echo HTTP/1.1\r\nHost: '), /^HTTP\/1\.1 408/);
    await raw(collector, `POST /echo HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\nContent-Length: 10\r\n\r\n12345`);
    await raw(collector, `POST /echo HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n12345`);
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization }, body: 'after' })).body, 'after');
  });

  it('forgets a client that goes away in the middle of its body', async (t) => {
    const { collector, open, warnings } = await start(t, echoBody);
    const { authorization, close } = open();
    const { host } = new URL(collector.url);
    await raw(collector, `POST /echo HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\nContent-Length: 10\r\n\r\n12345`, (socket) => socket.destroySoon());
    await close();
    assert.deepEqual(warnings, []);
  });

  it('serves a thousand connections at once, or refuses them', async (t) => {
    const { collector, open } = await start(t, echoBody, { connections: 200 });
    const { authorization } = open();
    const answers = await Promise.allSettled(Array.from({ length: 1000 }, (_, index) => ask(`${collector.url}/echo`, { headers: { authorization }, body: String(index) })));
    const served = answers.flatMap((answer, index) => (answer.status === 'fulfilled' ? [[answer.value.body, String(index)]] : []));
    assert.ok(served.length >= 200);
    for (const [body, index] of served) assert.equal(body, index);
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization }, body: 'after' })).body, 'after');
  });

  it('answers 500 for a service that fails, and says so', async (t) => {
    const { collector, open, warnings } = await start(t, () => Promise.reject(new Error('a bug')));
    const answer = await ask(`${collector.url}/echo`, { headers: { authorization: open().authorization } });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.body, /a bug/);
    assert.match(warnings.join(), /train: GET \/echo could not be answered: a bug/);
  });
});

describe('the collector’s server, the end of an attempt', () => {
  it('deals with what is under way, and then hears nothing more', async (t) => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let late = (): void => undefined;
    let entered = (): void => undefined;
    const isInside = new Promise<void>((resolve) => (entered = resolve));
    const { collector, open, reports } = await start(t, async (request, attempt) => {
      const name = (await request.body()).toString();
      entered();
      await held;
      attempt.report({ type: 'tag', name, value: 'in time' });
      late = () => attempt.report({ type: 'tag', name, value: 'too late' });
      return { status: 200 };
    });
    const { authorization, close } = open();
    const answer = ask(`${collector.url}/echo`, { headers: { authorization }, body: 'x' });
    await isInside;
    const closed = close();
    letGo();
    await closed;
    assert.equal((await answer).status, 200);
    late();
    assert.deepEqual(reports, [{ type: 'tag', name: 'x', value: 'in time' }]);
  });

  it('deals with what a client sent that did not wait for an answer', async (t) => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let entered = (): void => undefined;
    const isInside = new Promise<void>((resolve) => (entered = resolve));
    const { collector, open, reports } = await start(t, async (request, attempt) => {
      const name = (await request.body()).toString();
      if (name !== 'x') return { status: 200 };
      entered();
      await held;
      attempt.report({ type: 'tag', name, value: 'in time' });
      return { status: 200 };
    });
    const { authorization, close } = open();
    const { host, port } = new URL(collector.url);
    const client = connect(Number(port), '127.0.0.1');
    client.on('error', () => undefined);
    client.write(`POST /echo HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\nContent-Length: 1\r\n\r\nx`);
    await isInside;
    client.destroy();
    // By the time that a request is answered which was made after it, its end was seen.
    for (let asked = 0; asked < 5; asked += 1) await ask(`${collector.url}/echo`, { headers: { authorization }, body: 'y' });
    const closed = close();
    await Promise.race([closed, new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))]);
    letGo();
    await closed;
    assert.deepEqual(reports, [{ type: 'tag', name: 'x', value: 'in time' }]);
  });

  it('does not wait for a body that does not come, nor for a client that goes on', async (t) => {
    const { collector, open } = await start(t, echoBody, { drain: 50, free: 2, large: 1 });
    const { authorization, close } = open();
    const { host, port } = new URL(collector.url);
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`POST /echo HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\nContent-Length: 10\r\n\r\n12345`));
    const gone = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    // Another waits for the place that the first one has.
    const second = ask(`${collector.url}/echo`, { headers: { authorization }, body: 'waits' }).catch(() => undefined);
    let goesOn = true;
    const again = async (): Promise<void> => {
      while (goesOn) if ((await ask(`${collector.url}/echo`, { headers: { authorization }, body: 'x' })).status === 401) goesOn = false;
    };
    const others = again();
    await close();
    await Promise.all([gone, others, second]);
  });

  it('takes a file as the answer', async (t) => {
    const { collector, open } = await start(t, () => Promise.resolve({ status: 200, body: { file: import.meta.filename, size: 20 } }));
    assert.equal((await ask(`${collector.url}/echo`, { headers: { authorization: open().authorization } })).body, readFileSync(import.meta.filename, 'utf8').slice(0, 20));
  });
});
