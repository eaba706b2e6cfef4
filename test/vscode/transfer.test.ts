/** Files of other formats in a real editor: opened without importing, imported, and runs exported. */
import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { testInExtensionHost } from './harness/extension-host.ts';
import { withVscode } from './harness/vscode.ts';
import { extensionPath } from './workspace.ts';

const fixtures = join(import.meta.dirname, '../fixtures/import');

async function workspace(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'transfer-')));
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
  await cp(join(fixtures, 'jaeger', 'api.json'), join(folder, 'jaeger.json'));
  await cp(join(fixtures, 'mlflow-3'), join(folder, 'mlruns'), { recursive: true });
  await writeFile(join(folder, 'broken.json'), '{"resourceSpans": [');
  return folder;
}

testInExtensionHost('transfers in the extension host', { folder: await workspace(), extensionPath, suites: [join(import.meta.dirname, 'transfer.suite.ts')] });

describe('Open With Runweave', () => {
  it('shows a trace of Jaeger, in a workspace that is not trusted, and leaves nothing in it', { timeout: 600_000 }, async (t) => {
    const folder = await workspace();
    await withVscode(t, { folder, extensionPath, trusted: false }, async (vscode) => {
      const row = vscode.page.locator('.explorer-viewlet, .explorer-folders-view').getByRole('treeitem', { name: 'jaeger.json' });
      await row.click({ button: 'right' });
      await vscode.chooseFromMenu('Open With Runweave');
      const panel = await vscode.webview('main.trace');
      await panel.locator('h1').filter({ hasText: 'api-gateway: GET /api/customer/owners/8/pets/10' }).waitFor();
      await vscode.screenshot('open-with-runweave');
      assert.equal(existsSync(join(folder, '.runweave')), false);
    });
  });
});
