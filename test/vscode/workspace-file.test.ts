/** A workspace of several folders: two pipelines with records each, and a folder of records opened on its own. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { withVscode } from './harness/vscode.ts';
import { extensionPath, openViews, records, smallPipeline } from './workspace.ts';

const run = promisify(execFile);

describe('a workspace of several folders', () => {
  it('shows the runs of all, and compares them with what each folder kept', { timeout: 600_000 }, async (t) => {
    const parent = await smallPipeline(t);
    const [one, two, copies] = [join(parent, 'one'), join(parent, 'two'), join(parent, 'copies')];
    await mkdir(one);
    for (const each of ['runweave.yaml', 'tasks']) await rename(join(parent, each), join(one, each));
    await cp(one, two, { recursive: true });
    await mkdir(copies);
    const edit = async (file: string, change: (text: string) => string): Promise<void> => writeFile(file, change(await readFile(file, 'utf8')));
    await edit(join(two, 'runweave.yaml'), (text) => text.replace('name: small', 'name: second'));
    await edit(join(two, 'tasks/scale.py'), (text) => text.replace('factor * int(line)', 'factor * int(line) + 7'));
    const record = async (folder: string): Promise<void> => {
      await run(process.execPath, [join(extensionPath, 'dist/cli.cjs'), 'run'], { cwd: folder });
    };
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
      // Which is the older one is not told by runs of the same second.
      const lines = page.locator('.editor.original .view-line, .editor.modified .view-line');
      await lines.filter({ hasText: '+ 7 for line' }).waitFor();
      await lines.filter({ hasText: 'int(line) for line' }).waitFor();
      await vscode.screenshot('workspace-difference');
    });
  });
});
