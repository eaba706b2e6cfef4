/** A workspace of several folders: two pipelines with records each, and a folder of records opened on its own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { withVscode } from './harness/vscode.ts';
import { extensionPath, openViews, records, smallPipeline } from './workspace.ts';

const run = promisify(execFile);

describe('a workspace of several folders', () => {
  it('shows the runs of all, opens and compares them, and watches the pipeline that is chosen', { timeout: 600_000 }, async (t) => {
    const parent = await smallPipeline(t);
    const [one, two, copies] = [join(parent, 'one'), join(parent, 'two'), join(parent, 'copies')];
    await mkdir(one);
    for (const each of ['runweave.yaml', 'tasks']) await rename(join(parent, each), join(one, each));
    await cp(one, two, { recursive: true });
    await mkdir(copies);
    const edit = async (file: string, change: (text: string) => string): Promise<void> => writeFile(file, change(await readFile(file, 'utf8')));
    await edit(join(two, 'runweave.yaml'), (text) => text.replace('name: small', 'name: second'));
    await edit(join(two, 'tasks/scale.py'), (text) => text.replace('factor * int(line)', 'factor * int(line) + 7'));
    const record = async (folder: string): Promise<void> => void (await run(process.execPath, [join(extensionPath, 'dist/cli.cjs'), 'run'], { cwd: folder }));
    await record(one);
    await record(two);
    const [copied = ''] = await records(one);
    // A run that is nowhere else.
    await rename(join(one, '.runweave/runs', copied), join(copies, copied));
    await cp(join(one, '.runweave/objects'), join(copies, 'objects'), { recursive: true });
    await record(one);
    const workspace = join(parent, 'all.code-workspace');
    await writeFile(workspace, JSON.stringify({ folders: [{ path: 'one' }, { path: 'two', name: 'Second' }, { path: 'copies' }] }));

    await withVscode(t, { folder: workspace, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      const choosePipeline = async (name: string): Promise<void> => {
        const widget = page.locator('.quick-input-widget');
        await page.keyboard.press('F1');
        await widget.locator('.quick-input-box input').first().fill('>Runweave: Select Pipeline…');
        await widget.getByRole('option', { name: /^Runweave: Select Pipeline/ }).click();
        await widget.getByRole('option', { name: new RegExp(`^${name}`) }).click();
        await page.locator('.sidebar .pane-header').filter({ hasText: name }).waitFor();
      };
      // Of one, what was made before is up to date: its second run executed nothing.
      await views.run(/.* · one$/).waitFor();
      await views.run(/success, 5 executed.* · Second$/).waitFor();
      await views.run(/success, 5 executed.* · copies$/).waitFor();

      await vscode.runCommand('Runweave: Runs Table');
      const tracker = await vscode.webview('.run-line');
      const count = (text: RegExp) => tracker.locator('.count').filter({ hasText: text }).waitFor();
      await count(/^3 runs$/);
      await tracker.locator('.head-title').filter({ hasText: 'Folder' }).waitFor();
      await vscode.screenshot('workspace-table');

      // Of two folders, each with the code that it kept.
      const filter = tracker.locator('#filter');
      await filter.fill('tasks.executed = 5');
      await count(/^2 of 3 runs$/);
      await tracker.locator('.grid').focus();
      await page.keyboard.press('Control+a');
      await page.keyboard.press('c');
      const code = tracker.locator('.differences').filter({ hasText: 'tasks/scale.py' });
      await code.waitFor();
      await code.getByRole('button', { name: /^A ↔ B/ }).press('Enter');
      await page.locator('.editor.modified .view-line').filter({ hasText: '+ 7' }).first().waitFor();
      await vscode.screenshot('workspace-difference');

      // A run of the second folder opens, and leads to the files of its own folder.
      await views.run(/success, 5 executed.* · Second$/).click();
      const panel = await vscode.webview('.run-header');
      await panel.getByRole('heading', { name: 'second' }).waitFor();
      await panel.locator('#tab-tasks').click();
      await panel.getByRole('button', { name: 'scale[factor=2]' }).first().click();
      await panel.getByRole('button', { name: 'tasks/scale.py', exact: true }).first().click();
      await page.getByRole('tab', { name: 'scale.py', exact: true, selected: true }).waitFor();
      await page.locator('.view-line:visible').filter({ hasText: '+ 7' }).first().waitFor();
      // And one of the folder that has nothing but records.
      await views.run(/success, 5 executed.* · copies$/).click();
      await (await vscode.webview('.run-header h1:text-is("small")')).getByRole('heading', { name: 'small' }).waitFor();

      // The pipeline that is chosen runs and is watched; the other one stays as it is.
      await choosePipeline('second');
      await vscode.runCommand('Runweave: Switch Watch On');
      await views.statusBar(/Runweave: watching/).waitFor();
      await edit(join(two, 'tasks/scale.py'), (text) => text.replace('+ 7', '+ 8'));
      await views.run(/success, 3 executed.* · Second$/).waitFor();
      assert.equal((await records(one)).length, 1);
      const watched = await records(two);
      await edit(join(one, 'tasks/scale.py'), (text) => text.replace('int(line)', 'int(line) + 9'));
      await choosePipeline('small');
      await vscode.runCommand('Runweave: Run All');
      await views.run(/success, 3 executed.* · one$/).waitFor();
      assert.deepEqual(await records(two), watched, 'what is watched there did not run for a change here');
    });
  });
});
