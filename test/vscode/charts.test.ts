/** Charts in a real editor: their script is let in, and a series goes on while the run does. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { withVscode } from './harness/vscode.ts';
import { extensionPath, openViews } from './workspace.ts';

/** A hundred values, and a hundred more with each file that it waits for. */
const train = `
import os, time, runweave
for part, file in enumerate(["more", "stop"]):
    for step in range(100):
        runweave.log_metric("loss", 1 / (part * 100 + step + 1), step=part * 100 + step)
    while not os.path.exists(file):
        time.sleep(0.05)
`;

it('draws a series of a run in progress, and goes on with it until the run is recorded', { timeout: 600_000 }, async (t) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'charts-')));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
  await writeFile(join(folder, 'runweave.yaml'), 'tasks:\n  train: {python: train.py}\n');
  await writeFile(join(folder, 'train.py'), train);
  await withVscode(t, { folder, extensionPath }, async (vscode) => {
    const views = await openViews(vscode);
    await vscode.runCommand('Runweave: Run All');
    await views.run(/running/).waitFor();
    await vscode.runCommand('Runweave: Runs Table');
    const tracker = await vscode.webview('.run-line');
    await tracker.locator('.grid').focus();
    await vscode.page.keyboard.press('v');
    await tracker.locator('.chart-plot[aria-label="loss of 1 series by step"] canvas').waitFor();
    await tracker.getByRole('button', { name: 'Table' }).press('Enter');
    const values = (count: number): Promise<void> => tracker.locator('.chart-tables table').first().locator('td').first().filter({ hasText: new RegExp(`^${count}$`) }).waitFor();
    await values(100);
    await writeFile(join(folder, 'more'), '');
    await values(200);
    await writeFile(join(folder, 'stop'), '');
    await tracker.locator('.status', { hasText: 'succeeded' }).waitFor();
    await tracker.getByRole('button', { name: 'Table' }).press('Enter');
    await tracker.locator('.chart-plot').focus();
    await vscode.page.keyboard.press('End');
    await tracker.locator('.chart-readout', { hasText: 'at step 199' }).waitFor();
    await vscode.screenshot('charts');
  });
});
