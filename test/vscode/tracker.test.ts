/** The runs table in a real editor: two runs, a filter, a star, and what changed between the runs. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withVscode } from './harness/vscode.ts';
import { extensionPath, openViews, records, runAndChange, smallPipeline } from './workspace.ts';

describe('the runs table', () => {
  it('shows runs, filters, stars, deletes with undo, and compares, with the editor’s own difference of the sources', { timeout: 600_000 }, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      await runAndChange(vscode, views, folder);
      await vscode.runCommand('Runweave: Run All');
      await views.run(/success, 3 executed/).waitFor();

      await vscode.runCommand('Runweave: Runs Table');
      const tracker = await vscode.webview('.run-line');
      const count = (text: RegExp) => tracker.locator('.count').filter({ hasText: text }).waitFor();
      await count(/^2 runs$/);
      const filter = tracker.locator('#filter');
      await filter.fill('tasks.executed = 3');
      await count(/^1 of 2 runs$/);

      const grid = tracker.locator('.grid');
      await grid.focus();
      await page.keyboard.press('s');
      await tracker.locator('.star').waitFor();
      assert.match(await readFile(join(folder, '.runweave', 'annotations.jsonl'), 'utf8'), /"star","on":true/);

      await page.keyboard.press('Delete');
      await count(/of 1 runs$|^0 of 1/);
      assert.equal((await records(folder)).length, 1);
      assert.equal((await readdir(join(folder, '.runweave', 'trash'))).length, 1);
      await page.keyboard.press('Control+z');
      await count(/^1 of 2 runs$/);
      assert.equal((await records(folder)).length, 2);

      await filter.fill('');
      await count(/^2 runs$/);
      await grid.focus();
      await page.keyboard.press('Control+a');
      await page.keyboard.press('c');
      const code = tracker.locator('.differences').filter({ hasText: 'tasks/scale.py' });
      await code.waitFor();
      await vscode.screenshot('tracker-compare');
      await code.getByRole('button', { name: /^A ↔ B/ }).press('Enter');
      await page.locator('.editor.modified .view-line').filter({ hasText: '+ 1' }).first().waitFor();
    });
  });
});
