/**
 * Makes the pictures of the README, in docs/images, from the real extension in the real editor: the example is run and
 * changed, and graph, run panel, views, comparison and lineage are taken in light, dark and high contrast. Run it with
 * `node`, after a build. Those of the website are of `website-pictures.ts`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { withVscode } from './harness/vscode.ts';
import type { Theme } from './harness/settings.ts';
import { digitsPipeline, extensionPath, openViews } from './workspace.ts';

const images = join(import.meta.dirname, '../../docs/images');
const themes: readonly Theme[] = ['light', 'dark', 'high-contrast'];
const patience = { timeout: 300_000 };

const cleanups: (() => unknown)[] = [];
const folder = await digitsPipeline({ after: (cleanup) => void cleanups.push(cleanup as () => unknown) });
if (typeof folder !== 'string') throw new Error(folder.problem);

/** Focus, hover and notifications are no part of a picture. */
async function settle(page: Page): Promise<void> {
  await page.mouse.move(700, 764);
  await page.waitForTimeout(600);
}

try {
  await withVscode({ name: 'screenshots' }, { folder, extensionPath, theme: 'light', viewport: { width: 1280, height: 780 }, userSettings: { 'window.commandCenter': false, 'workbench.layoutControl.enabled': false, 'breadcrumbs.enabled': false, 'editor.minimap.enabled': false } }, async (vscode) => {
    const { page } = vscode;
    const picture = async (name: string, theme: Theme): Promise<void> => {
      await settle(page);
      await vscode.screenshot(join(images, `${name}-${theme}.png`));
    };
    const everyTheme = async (name: string): Promise<void> => {
      for (const theme of themes) {
        await vscode.setTheme(theme);
        await picture(name, theme);
      }
    };

    const views = await openViews(vscode);
    await vscode.runCommand('Runweave: Switch Watch On');
    await views.run(/success, 11 executed/).waitFor(patience);

    await vscode.runCommand('Runweave: Show Graph');
    const graph = await vscode.webview('[data-node="summary"][data-phase="success"]');
    await everyTheme('graph');

    // A constant of the training changes: the wave runs through the graph.
    await vscode.setTheme('dark');
    const source = join(folder, 'notebooks', 'train.py');
    await writeFile(source, (await readFile(source, 'utf8')).replace('GAMMA = 0.001', 'GAMMA = 0.0015'));
    await graph.locator('[data-node="matrix:train"][data-phase="running"]').waitFor(patience);
    await picture('graph-running', 'dark');
    await views.run(/success, 8 executed/).waitFor(patience);

    await views.run(/success, 8 executed/).first().click();
    const run = await vscode.webview('.run-header');
    await run.locator('.timeline').first().waitFor();
    await everyTheme('run');

    await vscode.openFile('runweave.yaml');
    await views.task(/^train, /).click();
    await page.keyboard.press('ArrowRight');
    await page.locator('.codelens-decoration').first().waitFor();
    await everyTheme('views');

    // What is wide gets the width.
    await vscode.runCommand('View: Close All Editors');
    await vscode.runCommand('View: Toggle Primary Side Bar Visibility');
    await vscode.runCommand('Runweave: Runs Table');
    const tracker = await vscode.webview('.run-line');
    await tracker.locator('.grid').focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('c');
    await tracker.locator('.differences').filter({ hasText: 'notebooks/train.py' }).waitFor();
    await everyTheme('compare');

    await vscode.openFile('build/data/summary.csv');
    await page.getByRole('tab', { name: 'summary.csv' }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Trace Where This Came From…' }).click({ delay: 150 });
    const lineage = await vscode.webview('[role="treeitem"]');
    await lineage.getByRole('treeitem').filter({ hasText: 'train[nr_train_images=400]' }).first().click();
    await everyTheme('lineage');
  });
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup();
}
