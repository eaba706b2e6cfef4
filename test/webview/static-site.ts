/** A static website in a real browser: over HTTP below a path, or from files. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page, Request } from 'playwright-core';

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

export interface StaticServer {
  /** With a slash at the end. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves a folder below a path, as GitHub Pages does, and nothing else. */
export async function serveBelow(folder: string, base = '/group/project/'): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = decodeURIComponent(pathname);
    if (!name.startsWith(base) || name.split('/').includes('..')) {
      response.writeHead(404).end();
      return;
    }
    const file = path.join(folder, name.slice(base.length) || 'index.html');
    readFile(file).then(
      (bytes) => response.setHeader('content-type', types[path.extname(file)] ?? 'application/octet-stream').end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  return listen(server, base);
}

async function listen(server: Server, base: string): Promise<StaticServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${base}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** Whom nobody should ask for anything: what it was asked for all the same. */
export async function serveElsewhere(): Promise<StaticServer & { readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
  });
  return { asked, ...(await listen(server, '/')) };
}

/** The page of a folder, as it is opened from a disk or a file share. */
export function fileUrl(folder: string): string {
  return pathToFileURL(path.join(folder, 'index.html')).href;
}

export interface Visit {
  readonly page: Page;
  /** Errors, and what the policy refused. */
  readonly complaints: string[];
  /** Requests that are not of the site, dialogs, downloads and windows that nobody asked for. */
  readonly strays: string[];
  /** Bytes of bodies so far. */
  readonly bytes: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** `within`: addresses begin with it. */
export async function visit(browser: Browser, address: string, within: string, options: { readonly width?: number; readonly height?: number; readonly colorScheme?: 'light' | 'dark' } = {}): Promise<Visit> {
  const { width = 1100, height = 760, colorScheme = 'light' } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const strays: string[] = [];
  const sizes: Promise<number>[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    strays.push(dialog.message());
    void dialog.dismiss();
  });
  context.on('page', (other) => {
    if (other !== page) strays.push(`window ${other.url()}`);
  });
  const note = (request: Request): void => {
    const url = request.url();
    // Chromium also tells of requests that the policy kept from being made.
    if (!url.startsWith(within) && !/^(data|blob|about):/.test(url) && request.failure()?.errorText !== 'csp') strays.push(`${url} ${request.failure()?.errorText ?? ''}`);
  };
  page.on('requestfinished', note);
  page.on('requestfailed', note);
  page.on('response', (response) => {
    if (/^(https?|file):/.test(response.url())) sizes.push(response.body().then((body) => body.length, () => 0));
  });
  await page.goto(address);
  return { page, complaints, strays, bytes: async () => (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0), close: () => context.close() };
}
