/** A run is seen while it goes on, however much it says; its record has all of it. */
import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { readRecord } from '../../src/store/read-record.ts';
import { eventually } from '../eventually.ts';
import { withVscode } from './harness/vscode.ts';
import { extensionPath, openViews, records } from './workspace.ts';

/** Ten thousand events a second, half of them values and half of them lines, until it is told to stop. */
const flood = `
import os, time, runweave
start, count = time.monotonic(), 0
while not os.path.exists("stop"):
    for _ in range(50):
        runweave.log_metric("height", count % 1000, step=count)
        print("line", count)
        count += 1
    time.sleep(max(0, count / 5000 - (time.monotonic() - start)))
runweave.returns(count=count)
`;

it('shows what a task reports as it comes, and records all of it', { timeout: 600_000 }, async (t) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'live-')));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
  await writeFile(join(folder, 'runweave.yaml'), 'tasks:\n  flood: {python: flood.py}\n');
  await writeFile(join(folder, 'flood.py'), flood);
  await withVscode(t, { folder, extensionPath }, async (vscode) => {
    const views = await openViews(vscode);
    await vscode.runCommand('Runweave: Run All');
    // Not the task of the pipeline, which runs as well.
    await views.run(/running/).click();
    const panel = await vscode.webview('[role="tab"]');
    await panel.getByRole('tab', { name: /^Metrics/ }).click();
    const row = panel.getByRole('row', { name: /^flood height/ });
    // More values than the view is given.
    await row.getByRole('cell', { name: /^[1-9]\d{4,}$/ }).waitFor();
    await panel.getByRole('tab', { name: /^Output/ }).click();
    await panel.getByText(/line [1-9]\d{4}/).first().waitFor();
    // The tree is drawn meanwhile: it goes on to say how long.
    const flooding = views.task(/^flood, running · /);
    const shown = await flooding.getAttribute('aria-label');
    await eventually(async () => assert.notEqual(await flooding.getAttribute('aria-label'), shown));
    await writeFile(join(folder, 'stop'), '');
    await views.run(/success/).waitFor();
  });
  const [name] = await records(folder);
  const read = await readRecord(join(folder, '.runweave', 'runs', name ?? ''));
  assert.equal(read.type, 'run');
  const [task] = read.state.tasks;
  const count = task?.returns['count'];
  assert.equal(task?.metrics['height']?.count, count);
  assert.equal(task?.metrics['height']?.steps?.at(-1), Number(count) - 1);
});
