/** Proves the harness itself, with an extension of a few lines. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runInExtensionHost, testInExtensionHost } from '../harness/extension-host.ts';
import { themes } from '../harness/settings.ts';
import type { Theme } from '../harness/settings.ts';
import { withVscode } from '../harness/vscode.ts';

const extensionPath = join(import.meta.dirname, 'extension');
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harness-smoke-'));
  await writeFile(join(folder, 'notes.txt'), 'before\n');
});

after(() => rm(folder, { recursive: true, force: true }));

const limit = { timeout: 600_000 };

describe('driving the editor from outside', () => {
  it('runs a command, reaches the webview, changes a setting and a file, shows every theme, reloads', limit, async (t) => {
    await withVscode(t, { folder, extensionPath, theme: 'light', userSettings: { 'fixture.greeting': 'bonjour' } }, async (vscode) => {
      await vscode.runCommand('Fixture: Open Panel');
      const panel = await vscode.webview('#greeting');
      assert.equal(await panel.locator('#greeting').textContent(), 'bonjour');
      assert.equal(await panel.locator('#trusted').textContent(), 'true');

      await panel.getByRole('button', { name: 'press' }).click();
      await panel.locator('#pressed', { hasText: '1' }).waitFor();

      await vscode.changeSettings({ 'fixture.greeting': 'ciao' });
      await panel.locator('#greeting', { hasText: 'ciao' }).waitFor();

      for (const theme of Object.keys(themes) as Theme[]) {
        await vscode.setTheme(theme);
        assert.ok((await stat(await vscode.screenshot(`smoke-${theme}`))).size > 1000);
      }

      await vscode.openFile('notes.txt');
      await vscode.replaceTextAndSave('after\n');
      assert.equal(await readFile(join(folder, 'notes.txt'), 'utf8'), 'after\n');

      await vscode.reload();
      await vscode.runCommand('Fixture: Open Panel');
      await vscode.webview('#greeting');
    });
  });

  it('opens a folder without trust', limit, async (t) => {
    await withVscode(t, { folder, extensionPath, trusted: false }, async (vscode) => {
      await vscode.runCommand('Fixture: Open Panel');
      const panel = await vscode.webview('#trusted');
      assert.equal(await panel.locator('#trusted').textContent(), 'false');
    });
  });
});

describe('suites inside the extension host', () => {
  it('reports each test, and ends with failure if one fails', limit, async () => {
    const { results, exit } = await runInExtensionHost({ folder, extensionPath, suites: [join(import.meta.dirname, 'failing.suite.ts')] });
    assert.equal(exit, 1);
    assert.deepEqual(results.map(({ name, error }) => [name, error?.split('\n')[0]]), [
      ['a failure › passes', undefined],
      ['a failure › throws', 'Error: as intended'],
      ['a failure › hangs', 'Error: Did not end within 0.2 s'],
    ]);
  });
});

// The folder of the tests above is made too late for a declaration.
testInExtensionHost('a suite in the extension host', {
  folder: import.meta.dirname,
  extensionPath,
  userSettings: { 'fixture.greeting': 'bonjour' },
  suites: [join(import.meta.dirname, 'fixture.suite.ts')],
});
