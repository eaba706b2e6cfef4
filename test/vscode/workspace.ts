/** What the suites of the real extension share: a pipeline of their own to work on, and where things are in the window. */
import { cp, mkdtemp, readFile, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Frame, Locator, Page } from 'playwright-core';
import { ensurePython } from '../../.ci/setup/python.mjs';
import type { Vscode } from './harness/vscode.ts';

export const extensionPath = join(import.meta.dirname, '../..');
const small = join(import.meta.dirname, 'pipeline');

/** A copy of the small pipeline (five tasks, under a second), removed after the test. */
export async function smallPipeline(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'pipeline-')));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
  await cp(small, folder, { recursive: true });
  return folder;
}

export interface RunweaveViews {
  /** A row of the *Pipeline* view, by how a screen reader says it: `report, succeeded, 87 ms`. */
  readonly task: (spoken: RegExp) => Locator;
  /** Rows of the *Runs* view by what follows their time, which goes on: `success, 5 executed · 0.6 s`. */
  readonly run: (spoken: RegExp) => Locator;
  /** Rows of the *Runs* view under which runs are grouped, and those of files that can not be read. */
  readonly group: (spoken: RegExp) => Locator;
  readonly statusBar: (text: RegExp) => Locator;
}

/** How long ago a run began, as its row begins. */
const age = /^(?:just now|\d+ (?:min|h) ago)/;

/** Shows the extension's own side bar. */
export async function openViews({ page }: Pick<Vscode, 'page'>): Promise<RunweaveViews> {
  const tab = page.locator('.activitybar').getByRole('tab', { name: 'Runweave' });
  await tab.waitFor();
  // A click on what is selected hides it.
  if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
  await tab.and(page.locator('[aria-selected="true"]')).waitFor();
  const sideBar = page.locator('.sidebar');
  const rows = (spoken: RegExp): Locator => sideBar.getByRole('treeitem', { name: spoken });
  await sideBar.getByRole('treeitem').first().waitFor();
  return { task: rows, run: (spoken) => rows(new RegExp(`${age.source}, (?:${spoken.source})`)), group: rows, statusBar: (text) => inStatusBar(page, text) };
}

/** Runs all, and saves a change that three of the five tasks depend on. */
export async function runAndChange(vscode: Vscode, views: RunweaveViews, folder: string): Promise<void> {
  await vscode.runCommand('Runweave: Run All');
  await views.run(/success, 5 executed/).waitFor();
  await vscode.openFile('tasks/scale.py');
  const source = await readFile(join(folder, 'tasks/scale.py'), 'utf8');
  await vscode.replaceTextAndSave(source.replace('factor * int(line)', 'factor * int(line) + 1'));
}

/** Waits for a message to the user. The editor shows no toasts while it is driven; its notification centre has them. */
export async function message(vscode: Vscode, text: RegExp): Promise<void> {
  await vscode.runCommand('Notifications: Show Notifications');
  await vscode.page.locator('.notifications-center .notification-list-item').filter({ hasText: text }).first().waitFor();
}

export function inStatusBar(page: Page, text: RegExp): Locator {
  return page.locator('.statusbar-item').filter({ hasText: text });
}

/** Process id of the executor that runs or watches the pipeline now. */
export async function executorPid(folder: string): Promise<number> {
  const lock = JSON.parse(await readFile(join(folder, '.runweave', 'live', 'runweave.yaml.lock'), 'utf8')) as { readonly pid: number };
  return lock.pid;
}

/** Names of the sealed records, oldest first. */
export async function records(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, '.runweave', 'runs')).catch(() => []);
  return names.filter((name) => name.endsWith('.otlp.jsonl')).sort();
}

/** Notes every state that a node of the graph goes through from now on; call what is returned for the list. */
export async function watchPhases(graph: Frame, node: string): Promise<() => Promise<readonly string[]>> {
  // As text: the page has the types of a browser, and the tests have not.
  await graph.evaluate(`{
    const node = document.querySelector('[data-node=${JSON.stringify(node)}]');
    globalThis.phases = [];
    new MutationObserver(() => phases.push(node.dataset.phase)).observe(node, { attributes: true, attributeFilter: ['data-phase'] });
  }`);
  return () => graph.evaluate('phases');
}

const digits = join(import.meta.dirname, '../../examples/digits');

/** A copy of the example with its Python environment, or why there is none. */
export async function digitsPipeline(t: Pick<TestContext, 'after'>): Promise<string | { readonly problem: string }> {
  const environment = await ensurePython(join(digits, 'requirements.txt'));
  if ('problem' in environment) return environment;
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'digits-')));
  t.after(() => rm(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
  const folder = join(parent, 'digits');
  const made = new Set(['.venv', '.runweave', 'build', '__pycache__', '.ipynb_checkpoints']);
  await cp(digits, folder, { recursive: true, filter: (path) => !made.has(basename(path)) });
  await symlink(join(digits, '.venv'), join(folder, '.venv'), 'junction');
  return folder;
}
