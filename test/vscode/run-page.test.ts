/** The run panel in a real editor: what leads out of it into the workspace, and back in from a recorded run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../eventually.ts';
import { withVscode } from './harness/vscode.ts';
import { extensionPath, message, openViews } from './workspace.ts';

const pipeline = 'params: {depth: 3}\ntasks:\n  report: {python: report.py, params: {depth: "${params.depth}"}}\n  broken: {python: broken.py}\n';

describe('the page of a run', () => {
  it('opens artifacts and the lines of an exception, draws the graph, compares and restores sources and parameters', { timeout: 600_000 }, async (t) => {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'run-page-')));
    t.after(() => rm(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
    const folder = join(base, 'work');
    await mkdir(folder);
    const files = { 'runweave.yaml': pipeline, 'report.py': 'import runweave\n\nrunweave.log_text("said.txt", "said by the task\\n")\n', 'helper.py': 'def fail():\n    raise ValueError("on purpose")\n', 'broken.py': 'import helper\n\nhelper.fail()\n', '.gitignore': '.runweave/\n__pycache__/\n' };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const git = (...args: readonly string[]): unknown => execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { cwd: folder, stdio: 'ignore' });
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '-m', 'one');

    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Run All');
      await views.run(/failure/).waitFor();
      await vscode.runCommand('Runweave: Open Latest Run');
      const panel = await vscode.webview('.run-header');

      // An exception, down to its line.
      await panel.locator('#tab-tasks').click();
      await panel.getByRole('button', { name: 'broken', exact: true }).press('Enter');
      await panel.getByRole('button', { name: 'helper.py:2', exact: true }).press('Enter');
      await page.getByRole('tab', { name: 'helper.py', selected: true }).waitFor();
      await page.locator('.statusbar-item').filter({ hasText: 'Ln 2, Col 1' }).waitFor();

      // The graph, with a script of its own under the editor's policy.
      await vscode.runCommand('Runweave: Open Latest Run');
      const shown = await vscode.webview('.run-header');
      await shown.locator('#tab-graph').click();
      await shown.locator('[data-node="broken"][data-phase="failure"]').waitFor();
      await vscode.screenshot('run-graph');

      await shown.locator('#tab-artifacts').click();
      await shown.getByRole('button', { name: /^Copy path said\.txt/ }).press('Enter');
      await page.locator('.statusbar-item').filter({ hasText: /Copied .*said\.txt/ }).waitFor();
      assert.equal(await readFile(await page.evaluate(() => navigator.clipboard.readText()), 'utf8'), 'said by the task\n');
      await shown.getByRole('button', { name: /^Open said\.txt/ }).press('Enter');
      await page.getByRole('tab', { name: 'said.txt', selected: true }).waitFor();
      await page.locator('.view-line').filter({ hasText: 'said by the task' }).waitFor();

      // What is changed since, and its difference.
      await writeFile(join(folder, 'helper.py'), files['helper.py'].replace('on purpose', 'as intended'));
      await writeFile(join(folder, 'runweave.yaml'), pipeline.replace('depth: 3', 'depth: 4'));
      await shown.locator('#tab-sources').click();
      const helper = shown.locator('tr', { hasText: 'helper.py' });
      await helper.getByText('changed since').waitFor();
      await shown.locator('tr', { hasText: 'report.py' }).getByText('as it was').waitFor();
      await helper.getByRole('button', { name: /^Compare/ }).press('Enter');
      await page.locator('.editor.modified .view-line').filter({ hasText: 'as intended' }).waitFor();

      // Parameters, as an edit that is seen and not saved.
      await vscode.runCommand('Runweave: Open Latest Run');
      const again = await vscode.webview('.run-header');
      await again.getByRole('button', { name: 'Restore parameters…' }).press('Enter');
      await page.getByRole('tab', { name: 'runweave.yaml', selected: true }).waitFor();
      await page.locator('.view-line').filter({ hasText: 'params: {depth: 3}' }).waitFor();
      await page.locator('.tab.active.dirty').waitFor();
      assert.match(await readFile(join(folder, 'runweave.yaml'), 'utf8'), /depth: 4/);
      await page.keyboard.press('ControlOrMeta+Z');
      await page.locator('.view-line').filter({ hasText: 'params: {depth: 4}' }).waitFor();

      // Sources, into a worktree.
      await vscode.runCommand('Runweave: Open Latest Run');
      await (await vscode.webview('.run-header')).getByRole('button', { name: 'Restore sources…' }).press('Enter');
      const input = page.locator('.quick-input-widget .quick-input-box input').first();
      await eventually(async () => assert.ok((await input.inputValue()).startsWith(`${folder}-`)));
      const target = join(base, 'as it was');
      await input.fill(target);
      await input.press('Enter');
      await input.waitFor({ state: 'hidden' });
      await message(vscode, /is a worktree at [0-9a-f]{8}, with the sources of/);
      assert.equal(await readFile(join(target, 'helper.py'), 'utf8'), files['helper.py']);
      assert.equal(await readFile(join(target, 'runweave.yaml'), 'utf8'), pipeline);
      assert.ok(existsSync(join(target, '.git')));
      assert.match(await readFile(join(folder, 'helper.py'), 'utf8'), /as intended/);
    });
  });
});
