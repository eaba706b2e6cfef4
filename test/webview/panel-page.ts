/**
 * Plays VS Code for a panel: serves its bundle under the content security policy of the extension, gives it a theme
 * and `acquireVsCodeApi`, and drives it in a real Chromium.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { accessSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { webviewOptions } from '../../webview/bundle.mjs';
import { themes, type ThemeName } from './themes.ts';

const root = join(import.meta.dirname, '../..');

function findChromium(): string {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name));
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  throw new Error('no Chromium on PATH');
}

const panelNames = ['graph', 'run', 'tracker', 'lineage'] as const;
type PanelName = (typeof panelNames)[number];

export interface Panels {
  /** Closes the panel that was open. */
  open(panel: PanelName, options?: { readonly theme?: ThemeName; readonly state?: unknown; readonly width?: number; readonly height?: number }): Promise<Panel>;
  close(): Promise<void>;
}

export interface Panel {
  readonly page: Page;
  /** Errors and policy violations that the page reported. */
  readonly complaints: readonly string[];
  /** What the panel posted so far. */
  posted(): Promise<readonly { readonly type: string }[]>;
  send(message: unknown): Promise<void>;
  state(): Promise<unknown>;
  /** Resolves when all that was asked for is drawn: a chart draws with the next frame what its host works out with one. */
  drawn(): Promise<void>;
  /** Serious and critical findings of axe-core. */
  accessibility(): Promise<readonly string[]>;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
}

/** Builds the panels and starts a browser. */
export async function openPanels(): Promise<Panels> {
  const outdir = await mkdtemp(join(tmpdir(), 'runweave-webview-'));
  await build({ ...webviewOptions, absWorkingDir: root, outdir, minify: true, logLevel: 'error' });
  const files: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const type = files[/\.\w+$/.exec(url.pathname)?.[0] ?? ''];
    if (type === undefined) {
      const panel = panelNames.find((name) => url.pathname === `/${name}`) ?? 'graph';
      response.setHeader('content-type', 'text/html; charset=utf-8').end(pageFor(panel, (url.searchParams.get('theme') ?? 'dark') as ThemeName, url.searchParams.get('state')));
      return;
    }
    readFile(join(outdir, url.pathname)).then(
      (bytes) => response.setHeader('content-type', type).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const browser: Browser = await launchBrowser();
  let previous: Panel | undefined;
  return {
    open: async (panel, options = {}) => {
      await previous?.page.close();
      previous = await openPanel(browser, `http://127.0.0.1:${port}/${panel}`, options);
      return previous;
    },
    close: async () => {
      await browser.close();
      server.close();
      await rm(outdir, { recursive: true, force: true });
    },
  };
}

function pageFor(panel: PanelName, theme: ThemeName, state: string | null): string {
  const nonce = 'bm9uY2U';
  const { className, variables } = themes[theme];
  // Mermaid measures with an inline style sheet; the others need none.
  const inlineStyle = panel !== 'tracker' ? " 'unsafe-inline'" : " 'nonce-bm9uY2U'";
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'${inlineStyle}; img-src 'self' data: blob:; media-src data:; font-src 'self'`;
  const css = Object.entries(variables).map(([name, value]) => `--vscode-${name}: ${value};`).join(' ');
  const mock = `const posted = []; let state = ${(state ?? 'undefined').replaceAll('<', '\\u003c')}; globalThis.vscodeMock = { posted, get state() { return state; } }; globalThis.acquireVsCodeApi = () => ({ postMessage: (message) => posted.push(structuredClone(message)), getState: () => state, setState: (next) => { state = structuredClone(next); } });`;
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Runweave</title><link rel="stylesheet" href="/${panel}.css"><style nonce="${nonce}">:root { ${css} }</style></head><body class="${className}"><script nonce="${nonce}">${mock}</script><script nonce="${nonce}" src="/${panel}.js"></script></body></html>`;
}

interface Mock {
  readonly vscodeMock: { readonly posted: { type: string }[]; readonly state: unknown };
}

async function openPanel(browser: Browser, url: string, options: { readonly theme?: ThemeName; readonly state?: unknown; readonly width?: number; readonly height?: number }): Promise<Panel> {
  const page = await browser.newPage({ viewport: { width: options.width ?? 1000, height: options.height ?? 760 } });
  // As a test on a busy machine needs: most of it is waited for, not worked for.
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const query = new URLSearchParams({ theme: options.theme ?? 'dark', ...(options.state !== undefined && { state: JSON.stringify(options.state) }) });
  await page.goto(`${url}?${query}`);
  return {
    page,
    complaints,
    posted: () => page.evaluate(() => (globalThis as unknown as Mock).vscodeMock.posted),
    // As text: what Playwright takes apart itself takes half a minute for ten thousand rows.
    // Resolves when the panel has taken it: its own listener was there before.
    send: (message) =>
      page.evaluate(
        (text) =>
          new Promise<void>((resolve) => {
            globalThis.addEventListener('message', () => setTimeout(resolve), { once: true });
            globalThis.postMessage(JSON.parse(text), '*');
          }),
        JSON.stringify(message),
      ),
    state: () => page.evaluate(() => (globalThis as unknown as Mock).vscodeMock.state),
    drawn: () =>
      page.evaluate(
        () =>
          new Promise<void>((resolve) => {
            let frames = 3;
            const next = (): unknown => ((frames -= 1) < 0 ? resolve() : requestAnimationFrame(next));
            next();
          }),
      ),
    accessibility: () => findings(page),
  };
}

/** Serious and critical ones of axe-core. */
export async function findings(page: Page): Promise<readonly string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  return page.evaluate(async () => {
    interface Axe {
      run(): Promise<{ violations: { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] }[] }>;
    }
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`));
  });
}
