/**
 * A real VS Code with an extension under test, driven from outside: the VS Code server opened in Chromium.
 *
 *   await withVscode(t, { folder, extensionPath }, async (vscode) => {
 *     await vscode.runCommand('Runweave: Show Graph');
 *     const graph = await vscode.webview('svg .node');
 *   });
 */
import { cp, readFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { chromium } from 'playwright-core';
import type { Browser, Frame, Page } from 'playwright-core';
import { ensureChromium } from '../../../.ci/setup/chromium.mjs';
import { root } from '../../../.ci/setup/node-packages.mjs';
import { startServer } from './server.ts';
import { settingsFor, themes, themeSettings } from './settings.ts';
import type { Settings, Theme } from './settings.ts';

/** For one thing to be seen: the editor starts many processes, on a machine that may be slow and busy with other work. */
const patience = 120_000;

export interface VscodeOptions {
  /** Opened in the window: a folder, or a `.code-workspace` file of several; absolute. */
  readonly folder: string;
  /** Extension in development; absolute. */
  readonly extensionPath?: string;
  /** Module with `run()`, executed inside the extension host; absolute. See extension-host.ts. */
  readonly testsPath?: string;
  /** Packed extension to install before the start. */
  readonly vsix?: string;
  readonly userSettings?: Settings;
  readonly theme?: Theme;
  /** False opens the folder in restricted mode. */
  readonly trusted?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly viewport?: { readonly width: number; readonly height: number };
}

export interface Vscode {
  readonly page: Page;
  /** Runs a command by its title in the palette, `Category: Title` if it has a category. */
  runCommand(title: string): Promise<void>;
  /** Opens a file of the folder by its relative path. */
  openFile(path: string): Promise<void>;
  /** Replaces the whole text of the active text editor by another, and saves it. */
  replaceTextAndSave(text: string): Promise<void>;
  /** Takes an item of the context menu that is open. */
  chooseFromMenu(item: string): Promise<void>;
  /** The document inside a shown webview, told by a CSS selector of something in it; waits for it. */
  webview(selector: string, options?: { readonly timeout?: number }): Promise<Frame>;
  /** Sets settings while the editor runs, over the user's. Those of application scope (trust, telemetry) can only be set at the start. */
  changeSettings(settings: Settings): Promise<void>;
  setTheme(theme: Theme): Promise<void>;
  /** Writes a PNG: under .vscode-test/screenshots by name, or to an absolute path. Returns the path. */
  screenshot(nameOrPath: string): Promise<string>;
  /** Reloads the window, as `Developer: Reload Window` does. */
  reload(): Promise<void>;
  /** What `run()` of testsPath ended with: 0, or 1 if it threw. */
  readonly testsExit: Promise<number>;
  /** What the extension hosts printed on their consoles. Only with testsPath; lines printed just before the end may be missing. */
  console(): string;
  serverLog(): string;
  /** What server and extension hosts write down about themselves. */
  readonly logsFolder: string;
  /** Where a vsix is installed to. */
  readonly extensionsFolder: string;
  close(): Promise<void>;
}

export async function launchChromium(): Promise<Browser> {
  const found = await ensureChromium();
  if ('problem' in found) throw new Error(found.problem);
  // Chromium's sandbox refuses to run as root, which containers do.
  const args = ['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', '--force-color-profile=srgb'];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath: found.executable, headless: true, args });
}

function addressOf(port: number, { folder, extensionPath, testsPath }: VscodeOptions): string {
  // file:///C:/x on Windows, so that a path always starts with a slash.
  const uriPath = (path: string) => `/${path.replaceAll('\\', '/').replace(/^\//, '')}`;
  const remote = (path: string) => `vscode-remote://127.0.0.1:${port}${uriPath(path)}`;
  const payload = [['skipWelcome', 'true']];
  if (extensionPath !== undefined) payload.push(['extensionDevelopmentPath', remote(extensionPath)]);
  if (testsPath !== undefined) payload.push(['extensionTestsPath', remote(testsPath)]);
  return `http://127.0.0.1:${port}/?${new URLSearchParams({ [folder.endsWith('.code-workspace') ? 'workspace' : 'folder']: uriPath(folder), payload: JSON.stringify(payload) }).toString()}`;
}

export async function startVscode(options: VscodeOptions): Promise<Vscode> {
  const { theme = 'dark', trusted = true, userSettings = {}, viewport = { width: 1400, height: 900 } } = options;
  const server = await startServer({ settings: settingsFor({ theme, trusted, user: userSettings }), vsix: options.vsix, env: options.env });
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close().catch(() => undefined);
    await server.close();
  };
  try {
    browser = await launchChromium();
    const context = await browser.newContext({ viewport, locale: 'en-US' });
    context.setDefaultTimeout(patience);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    const lines: string[] = [];
    const testsExit = new Promise<number>((resolve, reject) => {
      page.once('close', () => reject(new Error('The window was closed before the tests in the extension host ended')));
      if (options.testsPath === undefined) return;
      // What the workbench itself calls when it runs as a test.
      void page.exposeFunction('codeAutomationLog', (_type: string, args: readonly unknown[]) => void lines.push(args.map(String).join(' ')));
      void page.exposeFunction('codeAutomationExit', resolve);
    });
    testsExit.catch(() => undefined);

    await page.goto(addressOf(server.port, options));
    await workbenchRestored(page);
    // A run inside the extension host ends when it wants to, and is not looked at.
    if (options.testsPath === undefined) await setTheme(page, server.machineSettings, theme);
    return {
      page,
      runCommand: (title) => runCommand(page, title),
      openFile: (path) => openFile(page, path),
      replaceTextAndSave: (text) => replaceTextAndSave(page, text),
      chooseFromMenu: (item) => chooseFromMenu(page, item),
      webview: (selector, { timeout = patience } = {}) => webview(page, selector, timeout),
      changeSettings: (settings) => changeSettings(server.machineSettings, settings),
      setTheme: (name) => setTheme(page, server.machineSettings, name),
      screenshot: (nameOrPath) => screenshot(page, nameOrPath),
      reload: async () => {
        await page.reload();
        await workbenchRestored(page);
      },
      testsExit,
      console: () => lines.join('\n'),
      serverLog: () => server.log(),
      logsFolder: server.logsFolder,
      extensionsFolder: server.extensionsFolder,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts VS Code for one test: what it showed and printed is kept if the test fails, and it is closed in any case. */
export async function withVscode(t: Pick<TestContext, 'name'> & Partial<Pick<TestContext, 'signal'>>, options: VscodeOptions, body: (vscode: Vscode) => Promise<void>): Promise<void> {
  const vscode = await startVscode(options);
  // What goes on after the test's time is up would keep its file from ending.
  t.signal?.addEventListener('abort', () => void vscode.close());
  try {
    t.signal?.throwIfAborted();
    await body(vscode);
  } catch (error) {
    const kept = join(root, '.vscode-test', 'failures', t.name.replaceAll(/[^\w-]+/g, '-'));
    await mkdir(dirname(kept), { recursive: true });
    await vscode.page.screenshot({ path: `${kept}.png` }).catch(() => undefined);
    await writeFile(`${kept}.log`, `${vscode.console()}\n--- server ---\n${vscode.serverLog()}`);
    await cp(vscode.logsFolder, `${kept}-logs`, { recursive: true, force: true }).catch(() => undefined);
    console.log(`Kept: ${kept}.png, .log and -logs`);
    throw error;
  } finally {
    await vscode.close();
  }
}

async function workbenchRestored(page: Page): Promise<void> {
  await page.waitForFunction('window.driver !== undefined');
  await page.evaluate('window.driver.whenWorkbenchRestored()');
}

/**
 * The palette and quick open: one input, and rows under it. Rows are looked up when it is typed in, so what an extension or a search has
 * not brought by then is asked for again.
 */
async function pick(page: Page, query: string, row: RegExp): Promise<void> {
  const widget = page.locator('.quick-input-widget');
  const input = widget.locator('.quick-input-box input').first();
  const option = widget.getByRole('option', { name: row }).first();
  const end = Date.now() + patience;
  // Longer each time: how long an editor takes that has all it needs is not known.
  for (let timeout = 3_000; ; timeout *= 2) {
    await page.keyboard.press('F1');
    try {
      await input.fill(query, { timeout });
      await option.waitFor({ timeout });
      break;
    } catch (error) {
      if (Date.now() > end) throw error;
      await page.keyboard.press('Escape');
    }
  }
  // Once: a click that is answered late is taken all the same.
  await option.click();
  await widget.waitFor({ state: 'hidden' });
}

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

async function runCommand(page: Page, title: string): Promise<void> {
  // A row's name goes on with its key binding.
  await pick(page, `>${title}`, new RegExp(`^${escaped(title)}(,|$)`));
}

async function openFile(page: Page, path: string): Promise<void> {
  const name = path.split('/').at(-1) ?? path;
  await pick(page, path, new RegExp(`^${escaped(name)}`));
  await page.getByRole('tab', { name, selected: true }).waitFor();
}

async function replaceTextAndSave(page: Page, text: string): Promise<void> {
  const editor = page.locator('.editor-group-container.active .editor-instance .monaco-editor').first();
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  // Not typed: an editor completes and indents what is typed.
  await page.keyboard.insertText(text);
  const dirty = page.locator('.editor-group-container.active .tab.active.dirty');
  await dirty.waitFor();
  await page.keyboard.press('ControlOrMeta+S');
  await dirty.waitFor({ state: 'detached' });
}

/** By keyboard: a menu takes no click in the moment in which it opens, which is as long as the editor has no time for its timers. */
async function chooseFromMenu(page: Page, name: string): Promise<void> {
  const item = page.getByRole('menuitem', { name });
  await item.hover();
  await page.locator('.action-item.focused').filter({ has: item }).waitFor();
  await page.keyboard.press('Enter');
  await item.waitFor({ state: 'detached' });
}

/** A webview is a frame in a frame, beside the editors in the page, and hidden ones stay there. */
async function webview(page: Page, selector: string, timeout: number): Promise<Frame> {
  const end = Date.now() + timeout;
  do {
    for (const frame of page.frames()) {
      if (frame.name() !== 'active-frame' && frame.name() !== 'pending-frame') continue;
      try {
        const outer = await frame.parentFrame()?.frameElement();
        if ((await outer?.isVisible()) === true && (await frame.locator(selector).count()) > 0) return frame;
      } catch {
        // The frame went away while we looked.
      }
    }
    await sleep(50);
  } while (Date.now() < end);
  throw new Error(`No shown webview has had ${selector} within ${timeout / 1000} s. Frames: ${page.frames().map((each) => each.name()).join(', ')}`);
}

async function changeSettings(file: string, settings: Settings): Promise<void> {
  const current = JSON.parse(await readFile(file, 'utf8')) as Settings;
  await writeFile(file, JSON.stringify({ ...current, ...settings }));
}

/** A theme that is set before the editor has loaded its own themes is forgotten at times; then it is set again. */
async function setTheme(page: Page, settingsFile: string, theme: Theme): Promise<void> {
  const shown = page.locator(`.monaco-workbench.${themes[theme].shownAs}`);
  const end = Date.now() + patience;
  for (let timeout = 6_000; ; timeout *= 2) {
    await changeSettings(settingsFile, themeSettings(theme));
    try {
      await shown.waitFor({ timeout });
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      // Only a change of a value is acted upon.
      await changeSettings(settingsFile, { 'workbench.colorTheme': 'Visual Studio Dark' });
      await sleep(500);
    }
  }
}

async function screenshot(page: Page, nameOrPath: string): Promise<string> {
  const path = isAbsolute(nameOrPath) ? nameOrPath : join(root, '.vscode-test', 'screenshots', `${nameOrPath}.png`);
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  return path;
}
