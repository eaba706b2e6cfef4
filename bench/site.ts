/**
 * The website of generated runs in a real Chromium: `node bench/site.ts [--write] [COUNT…]`, after `npm run build`. From
 * the start of the navigation to the first rows and to all rows, over HTTP with gzip and from files, in a fresh browser
 * context each time (so without a cache), the median of five; and what is loaded until then.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { buildSite } from '../src/app/site/build-site.ts';
import { launchBrowser } from '../test/webview/panel-page.ts';
import { fileUrl } from '../test/webview/static-site.ts';
import { writeRecords } from './records.ts';
import { writeSection } from './write-section.ts';

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const repetitions = 5;

interface Measured {
  readonly first: number;
  readonly all: number;
}

async function measure(browser: Browser, address: string, count: number): Promise<Measured> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 760 } });
  const page = await context.newPage();
  await page.addInitScript((text) => {
    const marks: { first?: number; all?: number } = {};
    (globalThis as { marks?: unknown }).marks = marks;
    const look = (): void => {
      if (marks.first === undefined && document.querySelector('.run-line') !== null) marks.first = performance.now();
      if (marks.all === undefined && document.querySelector('.count')?.textContent.startsWith(text) === true) marks.all = performance.now();
      if (marks.all === undefined) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, `${count} runs`);
  await page.goto(address);
  await page.waitForFunction(() => (globalThis as unknown as { marks: { all?: number } }).marks.all !== undefined);
  const marks = await page.evaluate(() => (globalThis as unknown as { marks: Measured }).marks);
  await context.close();
  return marks;
}

async function medianOf(browser: Browser, address: string, count: number): Promise<Measured> {
  const all: Measured[] = [];
  for (let time = 0; time < repetitions; time += 1) all.push(await measure(browser, address, count));
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return { first: median(all.map(({ first }) => first)), all: median(all.map((each) => each.all)) };
}

const counts = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument)).map(Number);
const rows: string[] = [];
const browser = await launchBrowser();
for (const count of counts.length === 0 ? [1000, 5000] : counts) {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-bench-site-'));
  try {
    const [store, target] = [path.join(folder, '.runweave'), path.join(folder, 'public')];
    await writeRecords(store, count);
    const timed = async (): Promise<string> => {
      const start = performance.now();
      await buildSite({ store, target, retention: {} });
      return `${((performance.now() - start) / 1000).toFixed(1)} s`;
    };
    const [fresh, again] = [await timed(), await timed()];
    const sent: number[] = [];
    const server = createServer((request, response) => {
      const name = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname).replace(/^\/sub\//, '') || 'index.html';
      const body = gzipSync(readFileSync(path.join(target, name)));
      sent.push(body.length);
      response.writeHead(200, { 'content-type': types[path.extname(name)] ?? 'text/plain', 'content-encoding': 'gzip' }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sub/`;
    const http = await medianOf(browser, address, count);
    const bytes = sent.reduce((sum, size) => sum + size, 0) / repetitions;
    const files = await medianOf(browser, fileUrl(target), count);
    server.close();
    server.closeAllConnections();
    rows.push(`| ${count} | ${fresh} | ${again} | ${http.first.toFixed(0)} ms | ${http.all.toFixed(0)} ms | ${(bytes / 1e6).toFixed(2)} MB | ${files.first.toFixed(0)} ms | ${files.all.toFixed(0)} ms |`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
await browser.close();
writeSection('bench/site.ts', ['| runs | built | built again | first rows, HTTP | all rows, HTTP | loaded, gzip | first rows, files | all rows, files |', '|---|---|---|---|---|---|---|---|', ...rows].join('\n'), process.argv.includes('--write'));
