/** The page of the runs table in a real Chromium, over the messages that its host would send. */
import { readFileSync } from 'node:fs';
import { trackerFeed } from '../src/app/tracker-feed.ts';
import { packBlocks } from '../src/query/packed-rows.ts';
import { runKey } from '../src/query/run-row.ts';
import { openPanels, type Panels } from '../test/webview/panel-page.ts';

export interface PageTimes {
  /** Milliseconds from the first message to the painted table. */
  readonly ready: number;
  /** Milliseconds of that in which the page's thread worked: the same on a busy machine. */
  readonly readyWork: number;
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

/** A message as the editor has it: JSON, and the numbers beside it. */
export interface SentRows {
  readonly json: string;
  /** Base64 of 64-bit numbers. */
  readonly numbers: string;
}

export async function messagesOf(folder: string): Promise<readonly SentRows[]> {
  const { rows } = await trackerFeed([{ store: folder, name: '' }]).changes();
  const parts = packBlocks(rows, runKey);
  return parts.map((part, at): SentRows => {
    const numbers = Float64Array.from(part.block.numbers, Number);
    return { json: JSON.stringify({ type: 'rows', first: at === 0, last: at === parts.length - 1, total: rows.length, rows: { ...part, block: { ...part.block, numbers: [] } } }), numbers: Buffer.from(numbers.buffer).toString('base64') };
  });
}

export async function measurePage(messages: readonly SentRows[]): Promise<PageTimes> {
  const panels = await openPanels();
  try {
    return await measure(panels, messages);
  } finally {
    await panels.close();
  }
}

async function measure(panels: Panels, messages: readonly SentRows[]): Promise<PageTimes> {
  const { page } = await panels.open('tracker', { width: 1400, height: 900 });
  // In parts: a message to the browser holds 100 MB at most. The page keeps them as they come until the clock starts.
  await page.evaluate(() => Object.assign(globalThis, { benchMessages: [] }));
  for (const message of messages) {
    await page.evaluate(({ json, numbers }) => {
      const bytes = Uint8Array.from(atob(numbers), (character) => character.charCodeAt(0));
      (globalThis as unknown as { benchMessages: unknown[] }).benchMessages.push({ json, numbers: new Float64Array(bytes.buffer) });
    }, message);
  }
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
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async (): Promise<number> => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN;
  const workBefore = await worked();
  const ready = await page.evaluate(async () => {
    const began = performance.now();
    const { benchMessages } = globalThis as unknown as { benchMessages: { readonly json: string; readonly numbers: Float64Array }[] };
    for (const { json, numbers } of benchMessages.splice(0)) {
      const message = JSON.parse(json) as { readonly rows: { readonly block: { numbers: Float64Array } } };
      message.rows.block.numbers = numbers;
      globalThis.postMessage(message, '*', [numbers.buffer]);
    }
    while (!/^\d+ runs/.test(document.querySelector('.count')?.textContent ?? '')) await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - began;
  });
  const readyWork = ((await worked()) - workBefore) * 1000;
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
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number };
  const browser = await page.context().browser()?.newBrowserCDPSession();
  const { processInfo } = (await browser?.send('SystemInfo.getProcessInfo')) as { processInfo: { type: string; id: number }[] };
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => proportionalSize(id));
  const known = sizes.filter((size) => size !== undefined);
  return { ready, readyWork, keystrokes, sorts, frames: scrolling, idleFrames, heap: usedSize, process: known.length === 0 ? undefined : Math.max(...known) };
}

function proportionalSize(pid: number): number | undefined {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
