/** Where an output comes from, which of its causes is the bad one, and the list of runs: in a real editor. */
import assert from 'node:assert/strict';
import { cp, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withVscode } from './harness/vscode.ts';
import { extensionPath, openViews, records, runAndChange, smallPipeline } from './workspace.ts';

describe('lineage in the editor', () => {
  it('traces a file of the Explorer over runs, flags it, and reviews what flagged outputs have in common', { timeout: 600_000 }, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      await runAndChange(vscode, views, folder);
      await vscode.runCommand('Runweave: Run All');
      await views.run(/success, 3 executed/).waitFor();

      await vscode.openFile('build/scaled-2.txt');
      await page.getByRole('tab', { name: 'scaled-2.txt' }).click({ button: 'right' });
      await vscode.chooseFromMenu('Trace Where This Came From…');
      const lineage = await vscode.webview('[role="treeitem"]');
      const row = (task: string) => lineage.getByRole('treeitem').filter({ hasText: task }).first();
      await row('scale[factor=2]').waitFor();
      // What was not run again is of the first run.
      await row('numbers').click();
      const [first = '', second = ''] = (await records(folder)).map((name) => name.replace('.otlp.jsonl', ''));
      await lineage.getByRole('complementary').getByText(first).waitFor();
      await row('scale[factor=2]').click();
      await lineage.getByRole('complementary').getByText(second).waitFor();
      await vscode.screenshot('lineage');

      await lineage.getByRole('button', { name: 'Flag as bad: build/scaled-2.txt' }).first().click();
      await page.keyboard.type('one too many');
      await page.keyboard.press('Enter');
      await lineage.getByText('⚑ flagged: one too many').first().waitFor();
      await vscode.runCommand('Runweave: Review Flagged Outputs');
      const suspect = lineage.locator('.suspects tbody tr').filter({ hasText: 'tasks/scale.py' }).first();
      await suspect.waitFor();
      await vscode.screenshot('review');
      assert.match(await lineage.locator('.suspects tbody tr').first().innerText(), /code tasks\/scale\.py/);
      await suspect.getByRole('button', { name: /^Good ↔ bad/ }).click();
      await page.locator('.editor.modified .view-line').filter({ hasText: '+ 1' }).first().waitFor();
    });
  });

  it('groups the list of runs, and shows records of a folder that is opened on its own as they come and go', { timeout: 600_000 }, async (t) => {
    const folder = await smallPipeline(t);
    const place = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Run All');
      await views.group(/^(Today|Yesterday), 1 run$/).waitFor();
      await views.run(/success, 5 executed/).waitFor();
      const choose = async (grouping: string): Promise<void> => {
        // Its actions are shown while the pointer is on the view.
        await views.group(/ago|just now|, 1 run$/).first().hover();
        await page.locator('.sidebar').getByRole('button', { name: 'Group Runs By…' }).click();
        await page.locator('.quick-input-widget').getByRole('option', { name: grouping }).click();
      };
      await choose('Pipeline');
      await views.group(/^\S+, 1 run$/).waitFor();
      await choose('Nothing');
      await views.group(/, 1 run$/).waitFor({ state: 'detached' });
      await views.run(/success, 5 executed/).waitFor();
      await choose('Branch');
      await views.group(/^no branch, 1 run$/).waitFor();
    });

    // A folder of records without a pipeline.
    await mkdir(join(place, 'elsewhere'));
    const [name = ''] = await records(folder);
    await cp(join(folder, '.runweave', 'runs', name), join(place, 'elsewhere', name));
    await withVscode(t, { folder: join(place, 'elsewhere'), extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await views.run(/success, 5 executed/).waitFor();
      await vscode.runCommand('Runweave: Runs Table');
      const tracker = await vscode.webview('.run-line');
      const count = (text: RegExp) => tracker.locator('.count').filter({ hasText: text }).waitFor();
      await count(/^1 run$/);
      const other = '20991231T000000Z-broken-0000.otlp.jsonl';
      await cp(join(folder, 'runweave.yaml'), join(place, 'elsewhere', other));
      await count(/^2 runs$/);
      await tracker.getByText('unreadable').first().waitFor();
      await views.group(/^20991231T000000Z-broken-0000.otlp.jsonl, unreadable/).waitFor();
      await rename(join(place, 'elsewhere', other), join(place, other));
      await count(/^1 run$/);
    });

    // The same beside the runs of a pipeline.
    await mkdir(join(place, '.runweave', 'runs'), { recursive: true });
    await cp(join(folder, '.runweave', 'runs', name), join(place, '.runweave', 'runs', name.replace('Z-small', 'Z-second')));
    const parent = join(place, 'project');
    await mkdir(parent);
    for (const each of ['runweave.yaml', 'tasks', '.runweave']) await rename(join(place, each), join(parent, each));
    await withVscode(t, { folder: parent, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      await views.group(/^(Today|Yesterday), 1 run$/).waitFor();
      await page.keyboard.press('F1');
      const input = page.locator('.quick-input-widget .quick-input-box input').first();
      await input.fill('>Runweave: Open Records Folder…');
      await page.locator('.quick-input-widget').getByRole('option', { name: /^Runweave: Open Records Folder/ }).click();
      // The editor's own dialog is a path here.
      await page.locator('.quick-input-widget').getByText(/Folders of records/).waitFor();
      // It shows where it begins before it takes another place.
      await page.locator('.quick-input-widget').getByRole('option', { name: /^tasks/ }).waitFor();
      await input.fill(join(place, 'elsewhere'));
      // Until it has looked there, it stands for the folder before.
      await page.locator('.quick-input-widget').getByRole('option', { name: /^elsewhere/ }).waitFor();
      await page.locator('.quick-input-widget').getByRole('button', { name: 'Open Records' }).click();
      const tracker = await vscode.webview('.run-line');
      await tracker.locator('.count').filter({ hasText: /^2 runs$/ }).waitFor();
      await tracker.locator('.head-title').filter({ hasText: 'Folder' }).waitFor();
      await views.group(/^(Today|Yesterday), 2 runs$/).waitFor();
      await views.run(/success, 5 executed.* · elsewhere$/).waitFor();
      await vscode.screenshot('two-folders');
    });
  });
});
