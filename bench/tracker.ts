/**
 * The runs table over a folder of records (`node bench/records.ts FOLDER COUNT` makes one): `node bench/tracker.ts FOLDER`.
 * Times of the page in a real Chromium: from the first chunk to the painted table, a keystroke in the filter and an
 * order to the painted frame, frames while scrolling, memory of the page. What the host does before is printed apart.
 */
import path from 'node:path';
import { trackerFeed } from '../src/app/tracker-feed.ts';
import { packRows } from '../src/query/packed-rows.ts';
import { runKey } from '../src/query/run-row.ts';
import { openPanels } from '../test/webview/panel-page.ts';

const folder = path.resolve(process.argv[2] ?? '.runweave');
const since = (start: number): string => `${(performance.now() - start).toFixed(0)} ms`;

await trackerFeed(folder).changes();
const start = performance.now();
const { rows } = await trackerFeed(folder).changes();
console.log(`host: ${rows.length} rows read, index warm: ${since(start)}`);
const packing = performance.now();
const chunks: string[] = [];
for (let at = 0; at < rows.length; at += 1000) chunks.push(JSON.stringify({ type: 'rows', first: at === 0, last: at + 1000 >= rows.length, rows: packRows(rows.slice(at, at + 1000), runKey) }));
console.log(`host: packed, as JSON: ${since(packing)}, ${(chunks.reduce((sum, text) => sum + text.length, 0) / 1e6).toFixed(1)} MB`);

const panels = await openPanels();
try {
  const { page } = await panels.open('tracker', { width: 1400, height: 900 });
  const ready = await page.evaluate(async (texts) => {
    const began = performance.now();
    for (const text of texts) globalThis.postMessage(JSON.parse(text), '*');
    while (!/^\d+ runs/.test(document.querySelector('.count')?.textContent ?? '')) await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - began;
  }, chunks);
  console.log(`page: ready: ${ready.toFixed(0)} ms`);
  const keystrokes = await page.evaluate(async () => {
    const input = document.querySelector<HTMLInputElement>('#filter');
    const times: number[] = [];
    const text = 'status = success and params.lr > 0.001 and metrics.loss < 0.5';
    for (let length = 1; length <= text.length; length += 1) {
      if (input === null) break;
      const began = performance.now();
      input.value = text.slice(0, length);
      input.dispatchEvent(new Event('input'));
      void document.body.offsetHeight;
      times.push(performance.now() - began);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    if (input !== null) {
      input.value = '';
      input.dispatchEvent(new Event('input'));
    }
    return times.sort((a, b) => a - b);
  });
  console.log(`page: keystroke in the filter: median ${keystrokes[Math.floor(keystrokes.length / 2)]?.toFixed(1) ?? ''} ms, worst ${keystrokes.at(-1)?.toFixed(1) ?? ''} ms`);
  const sorts = await page.evaluate(() => {
    const results: string[] = [];
    for (const head of [...document.querySelectorAll<HTMLElement>('[data-column]')].map((each) => each.title)) {
      const cell = [...document.querySelectorAll<HTMLElement>('[data-column]')].find((each) => each.title === head);
      const began = performance.now();
      cell?.click();
      void document.body.offsetHeight;
      results.push(`${head} ${(performance.now() - began).toFixed(0)}`);
    }
    return results;
  });
  console.log(`page: sort, in ms: ${sorts.join(', ')}`);
  const frames = await page.evaluate(async () => {
    const grid = document.querySelector('.grid');
    const gaps: number[] = [];
    let last = performance.now();
    for (let frame = 0; frame < 120; frame += 1) {
      if (grid !== null) grid.scrollTop += 300;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    }
    return gaps.sort((a, b) => a - b);
  });
  console.log(`page: scrolling, ms a frame: median ${frames[60]?.toFixed(1) ?? ''}, 95 % ${frames[113]?.toFixed(1) ?? ''}, worst ${frames.at(-1)?.toFixed(1) ?? ''}`);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number };
  console.log(`page: memory: ${(usedSize / 1e6).toFixed(0)} MB`);
} finally {
  await panels.close();
}
