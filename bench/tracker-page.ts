/** The page of the runs table in a real Chromium, over the messages that its host would send. */
import { readFileSync } from 'node:fs';
import { trackerFeed } from '../src/app/tracker-feed.ts';
import { packRows } from '../src/query/packed-rows.ts';
import { runKey } from '../src/query/run-row.ts';
import { openPanels, type Panels } from '../test/webview/panel-page.ts';

export interface PageTimes {
  /** Milliseconds from the first message to the painted table. */
  readonly ready: number;
  /** From an input event in the filter to the frame that shows its answer, for each character typed. */
  readonly keystrokes: readonly number[];
  /** The same for a click on the head of each column. */
  readonly sorts: readonly number[];
  /** Between two frames while scrolling. */
  readonly frames: readonly number[];
  /** Of a page that does nothing, in the same browser. */
  readonly idleFrames: readonly number[];
  /** Bytes: JavaScript's heap, and the process of the page (proportional set size; Linux only). */
  readonly heap: number;
  readonly process: number | undefined;
}

export async function messagesOf(folder: string): Promise<readonly string[]> {
  const { rows } = await trackerFeed([{ store: folder, name: '' }]).changes();
  const messages: string[] = [];
  for (let at = 0; at < rows.length; at += 1000) messages.push(JSON.stringify({ type: 'rows', first: at === 0, last: at + 1000 >= rows.length, rows: packRows(rows.slice(at, at + 1000), runKey) }));
  return messages;
}

export async function measurePage(messages: readonly string[]): Promise<PageTimes> {
  const panels = await openPanels();
  try {
    return await measure(panels, messages);
  } finally {
    await panels.close();
  }
}

async function measure(panels: Panels, messages: readonly string[]): Promise<PageTimes> {
  const { page } = await panels.open('tracker', { width: 1400, height: 900 });
  // In parts: a message to the browser holds 100 MB at most. The page keeps them as text until the clock starts.
  await page.evaluate(() => Object.assign(globalThis, { benchMessages: [] }));
  for (const message of messages) await page.evaluate((text) => (globalThis as unknown as { benchMessages: string[] }).benchMessages.push(text), message);
  const frames = (scroll: number): Promise<number[]> =>
    page.evaluate(async (by) => {
      const grid = document.querySelector('.grid');
      const gaps: number[] = [];
      let last = performance.now();
      for (let frame = 0; frame < 120; frame += 1) {
        if (grid !== null) grid.scrollTop += by;
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const now = performance.now();
        gaps.push(now - last);
        last = now;
      }
      return gaps;
    }, scroll);
  const ready = await page.evaluate(async () => {
    const began = performance.now();
    const texts = (globalThis as unknown as { benchMessages: string[] }).benchMessages;
    for (const text of texts.splice(0)) globalThis.postMessage(JSON.parse(text), '*');
    while (!/^\d+ runs/.test(document.querySelector('.count')?.textContent ?? '')) await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - began;
  });
  const keystrokes = await page.evaluate(async () => {
    const input = document.querySelector<HTMLInputElement>('#filter');
    const times: number[] = [];
    if (input === null) return times;
    const text = 'status = success and params.learning_rate > 0.001 and metrics.loss < 0.5';
    for (let length = 1; length <= text.length + 1; length += 1) {
      const began = performance.now();
      input.value = length > text.length ? '' : text.slice(0, length);
      input.dispatchEvent(new Event('input'));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      times.push(performance.now() - began);
    }
    return times;
  });
  const sorts = await page.evaluate(async () => {
    const times: number[] = [];
    const heads = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-column]')];
    for (const title of heads().map((each) => each.title)) {
      const began = performance.now();
      heads().find((each) => each.title === title)?.click();
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      times.push(performance.now() - began);
    }
    return times;
  });
  const scrolling = await frames(300);
  const idleFrames = await frames(0);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number };
  const browser = await page.context().browser()?.newBrowserCDPSession();
  const { processInfo } = (await browser?.send('SystemInfo.getProcessInfo')) as { processInfo: { type: string; id: number }[] };
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => proportionalSize(id));
  const known = sizes.filter((size) => size !== undefined);
  return { ready, keystrokes, sorts, frames: scrolling, idleFrames, heap: usedSize, process: known.length === 0 ? undefined : Math.max(...known) };
}

function proportionalSize(pid: number): number | undefined {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
