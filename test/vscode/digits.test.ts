/** The example, as a newcomer meets it: it really trains, and a changed constant trains again what it must. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { withVscode } from './harness/vscode.ts';
import { digitsPipeline, extensionPath, openViews, watchPhases } from './workspace.ts';

/** Ten tasks with scientific libraries, on a machine that may have two cores and other things to do. */
const patience = { timeout: 600_000 };

it('trains, and after a change trains again exactly what depends on it', { timeout: 900_000 }, async (t) => {
  const folder = await digitsPipeline(t);
  if (typeof folder !== 'string') throw new Error(folder.problem);
  // The editor would indent what is put in as if it were typed.
  await withVscode(t, { folder, extensionPath, userSettings: { 'editor.autoIndent': 'none' } }, async (vscode) => {
    const views = await openViews(vscode);
    await vscode.runCommand('Runweave: Show Graph');
    const graph = await vscode.webview('[data-node="summary"]');
    await vscode.runCommand('Runweave: Switch Watch On');
    await views.run(/success, 11 executed/).waitFor(patience);
    const phases = await watchPhases(graph, 'matrix:train');

    await vscode.runCommand('View: Split Editor Right');
    await vscode.openFile('notebooks/train.py');
    const source = await readFile(join(folder, 'notebooks/train.py'), 'utf8');
    const changed = source.replace('GAMMA = 0.001', 'GAMMA = 0.002');
    assert.notEqual(changed, source);
    await vscode.replaceTextAndSave(changed);

    await views.run(/success, 8 executed/).waitFor(patience);
    await views.task(/^ingest, skipped/).waitFor();
    await views.task(/^summary, succeeded/).waitFor();
    const seen = await phases();
    assert.ok(seen.includes('running') && seen.at(-1) === 'success', seen.join());
  });
});
