/** The whole loop in a real editor: watch, edit, save, see the graph change and the run appear. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../eventually.ts';
import { withVscode } from './harness/vscode.ts';
import { executorPid, extensionPath, message, openViews, records, runAndChange, smallPipeline, watchPhases } from './workspace.ts';

const limit = { timeout: 600_000 };

/** As `report.py` of the pipeline does. */
const untilLetGo = 'import os, time\nwhile os.path.exists("hold"):\n    time.sleep(0.05)\n';

const foreignTrace = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'other' } }] },
      scopeSpans: [{ scope: { name: 'other' }, spans: [{ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', name: 'work of another tool', kind: 1, startTimeUnixNano: '1700000000000000000', endTimeUnixNano: '1700000001000000000' }] }],
    },
  ],
});

describe('the loop in the editor', () => {
  it('runs again what a saved change affects, and shows it in graph and lists', limit, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await views.task(/^numbers, /).waitFor();
      await vscode.runCommand('Runweave: Show Graph');
      const graph = await vscode.webview('[data-node="report"]');
      const node = (id: string, phase: string) => graph.locator(`[data-node="${id}"][data-phase="${phase}"]`);

      await vscode.runCommand('Runweave: Switch Watch On');
      await views.run(/success, 5 executed/).waitFor();
      for (const id of ['numbers', 'sorted', 'matrix:scale', 'report']) await node(id, 'success').waitFor();
      await views.statusBar(/Runweave: watching/).waitFor();

      const seen = await watchPhases(graph, 'matrix:scale');
      // Beside the graph, so that the graph stays shown.
      await vscode.runCommand('View: Split Editor Right');
      await vscode.openFile('tasks/scale.py');
      const source = await readFile(join(folder, 'tasks/scale.py'), 'utf8');
      await writeFile(join(folder, 'hold'), '');
      await vscode.replaceTextAndSave(`${untilLetGo}${source.replace('factor * int(line)', 'factor * int(line) + 1')}`);
      await node('matrix:scale', 'running').waitFor();
      await rm(join(folder, 'hold'));

      await views.run(/success, 3 executed/).waitFor();
      await views.task(/^numbers, skipped/).waitFor();
      await views.task(/^report, succeeded/).waitFor();
      await node('numbers', 'skip').waitFor();
      await node('report', 'success').waitFor();
      const phases = await seen();
      assert.ok(phases.includes('running') && phases.at(-1) === 'success', phases.join());
      assert.equal((await records(folder)).length, 2);
    });
  });

  it('shows what is above each task in a pipeline file that was opened and left at once', limit, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await views.task(/^numbers, /).waitFor();
      // The editor asks for lenses 250 ms after a file was opened, unless its text has lost the focus by then.
      await vscode.openFile('runweave.yaml');
      await views.task(/^scale, /).click();
      await vscode.page.locator('.codelens-decoration').filter({ hasText: 'Run' }).first().waitFor();
    });
  });

  it('opens what changed as a difference, from the reason of a task', limit, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      await runAndChange(vscode, views, folder);
      await views.task(/^scale, .*stale/).waitFor();

      await views.task(/^scale, /).click();
      await page.keyboard.press('ArrowRight');
      await views.task(/^factor=2, /).click({ button: 'right' });
      await vscode.chooseFromMenu('Show Why a Task Runs…');
      await page.locator('.quick-input-widget').getByRole('option', { name: /source tasks\/scale\.py changed/ }).click();
      await page.getByRole('tab', { name: 'scale.py (before ↔ now)' }).waitFor();
      await page.locator('.monaco-diff-editor .line-delete').first().waitFor();
    });
  });

  it('opens what changed in a notebook by its cells', limit, async (t) => {
    const folder = await smallPipeline(t);
    const notebook = (code: string): string => JSON.stringify({ cells: [{ cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source: [code] }], metadata: {}, nbformat: 4, nbformat_minor: 4 });
    await writeFile(join(folder, 'a.ipynb'), notebook('bins = 10'));
    await writeFile(join(folder, 'runweave.yaml'), 'tasks:\n  copy: {shell: cp a.ipynb b.ipynb, inputs: [a.ipynb], outputs: [b.ipynb]}\n');
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const { page } = vscode;
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Run All');
      await views.run(/success, 1 executed/).waitFor();
      await writeFile(join(folder, 'b.ipynb'), notebook('bins = 20'));
      await vscode.openFile('runweave.yaml');
      // A save is when the extension looks for what is stale.
      await vscode.replaceTextAndSave(`${await readFile(join(folder, 'runweave.yaml'), 'utf8')}\n`);
      await views.task(/^copy, .*stale/).click({ button: 'right' });
      await vscode.chooseFromMenu('Show Why a Task Runs…');
      await page.locator('.quick-input-widget').getByRole('option', { name: /output b\.ipynb was changed/ }).click();
      await page.getByRole('tab', { name: 'b.ipynb (before ↔ now)' }).waitFor();
      await page.locator('.notebook-text-diff-editor .line-delete').first().waitFor();

      await Promise.all([page.waitForEvent('load'), vscode.runCommand('Developer: Reload Window')]);
      await page.locator('.notebook-text-diff-editor .line-delete').first().waitFor();
    });
  });

  it('opens source and output of a node beside the graph, which stays in view', limit, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Run All');
      await views.run(/success, 5 executed/).waitFor();
      await vscode.runCommand('Runweave: Show Graph');
      for (const opened of [/^numbers\.py/, /^numbers\.txt/]) {
        const graph = await vscode.webview('[data-node="numbers"]');
        await graph.locator('[data-node="numbers"]').click();
        await vscode.page.getByRole('tab', { name: opened, selected: true }).waitFor();
      }
      await vscode.webview('[data-node="numbers"]');
      assert.equal(await vscode.page.locator('.editor-group-container').count(), 2);
    });
  });

  it('says that the executor died, starts it again, and lists the run as interrupted', limit, async (t) => {
    const folder = await smallPipeline(t);
    await writeFile(join(folder, 'hold'), '');
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Switch Watch On');
      await views.task(/^report, running/).waitFor();
      const first = await executorPid(folder);
      process.kill(first, 'SIGKILL');

      await message(vscode, /executor stopped unexpectedly \(signal SIGKILL\) in the middle of a run/);
      await views.run(/\w+, interrupted/).waitFor();
      await rm(join(folder, 'hold'));
      // Watch is on again by itself, and finishes what was left.
      await views.run(/success/).waitFor();
      await views.statusBar(/Runweave: watching/).waitFor();
      assert.notEqual(await executorPid(folder), first);
      assert.equal((await records(folder)).length, 2);
    });
  });

  it('watches as soon as another process is done with the pipeline', limit, async (t) => {
    const folder = await smallPipeline(t);
    await writeFile(join(folder, 'hold'), '');
    const other = spawn(process.execPath, [join(extensionPath, 'dist/cli.cjs'), 'run'], { cwd: folder, stdio: 'ignore' });
    t.after(() => other.kill('SIGKILL'));
    await eventually(async () => assert.equal(await executorPid(folder), other.pid));
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Switch Watch On');
      await message(vscode, /another process holds this pipeline: a run .* Watch begins when it is free/);
      await views.statusBar(/Runweave: watch off/).waitFor();
      await rm(join(folder, 'hold'));
      await views.statusBar(/Runweave: watching/).waitFor();
      assert.notEqual(await executorPid(folder), other.pid);
    });
  });

  it('shows a run while it goes on, and stops it when told to', limit, async (t) => {
    const folder = await smallPipeline(t);
    await writeFile(join(folder, 'hold'), '');
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Run All');
      await views.task(/^report, running/).waitFor();
      await views.run(/running$/).click();
      const panel = await vscode.webview('[role="tab"]');
      await panel.locator('.run-title', { hasText: 'running' }).waitFor();

      await vscode.runCommand('Runweave: Stop the Run');
      await panel.locator('.run-title', { hasText: 'cancelled' }).waitFor();
      await views.task(/^report, cancelled/).waitFor();
      await views.run(/cancellation, /).waitFor();
      assert.equal((await records(folder)).length, 1);
    });
  });

  it('shows a run whose process died as interrupted, also where nothing may seal it', limit, async (t) => {
    const folder = await smallPipeline(t);
    await writeFile(join(folder, 'hold'), '');
    const killed = spawn(process.execPath, [join(extensionPath, 'dist/cli.cjs'), 'run'], { cwd: folder, stdio: 'ignore' });
    const live = join(folder, '.runweave/live');
    await eventually(async () => assert.match((await Promise.all((await readdir(live)).map((name) => readFile(join(live, name), 'utf8')))).join(''), /"attempt-started","task":"report"/));
    const left = await readdir(live);
    killed.kill('SIGKILL');
    await rm(join(folder, 'hold'));
    await withVscode(t, { folder, extensionPath, trusted: false }, async (vscode) => {
      const views = await openViews(vscode);
      await views.run(/\w+, interrupted/).click();
      const panel = await vscode.webview('[role="tab"]');
      await panel.getByText('This run was interrupted').waitFor();
      assert.equal(await panel.locator('.run-title', { hasText: 'running' }).count(), 0);
      assert.deepEqual(await readdir(live), left);
    });
  });

  it('runs nothing in a workspace that is not trusted', limit, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath, trusted: false, userSettings: { 'runweave.watch.onStartup': true } }, async (vscode) => {
      const views = await openViews(vscode);
      await views.task(/^report, pending/).waitFor();
      await views.statusBar(/Runweave: restricted/).waitFor();
      for (const title of ['Runweave: Run All', 'Runweave: Switch Watch On', 'Runweave: Show Plan: What Is Stale and Why']) {
        await vscode.runCommand(title);
        await message(vscode, /runs nothing in a workspace that is not trusted/);
        await vscode.runCommand('Notifications: Clear All Notifications');
      }
      assert.equal(existsSync(join(folder, '.runweave')), false);
      assert.equal(existsSync(join(folder, 'build')), false);

      // A file can be looked at all the same.
      await writeFile(join(folder, 'trace.otlp.json'), foreignTrace);
      await vscode.openFile('trace.otlp.json');
      const panel = await vscode.webview('main');
      await panel.getByText('work of another tool').first().waitFor();
    });
  });

  it('runs a recorded run again, and one of its tasks with its inputs, but only where the workspace is trusted', limit, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Run All');
      const first = views.run(/success, 5 executed/);
      const choose = async (title: string): Promise<void> => {
        await first.click({ button: 'right' });
        await vscode.chooseFromMenu(title);
      };
      const option = (name: RegExp) => vscode.page.locator('.quick-input-widget').getByRole('option', { name });
      await choose('Retry Run');
      await views.run(/\w+, 0 executed/).waitFor();
      await choose('Run Task Again With Its Inputs');
      await option(/^report/).click();
      await views.run(/success, 1 executed/).waitFor();

      // Of the run panel that is shown.
      await first.click();
      await vscode.webview('[role="tab"]');
      await vscode.runCommand('Runweave: Retry Run');
      await views.run(/\w+, 0 executed/).nth(1).waitFor();
      assert.equal((await records(folder)).length, 4);

      await rm(join(folder, 'build/numbers.txt'));
      await choose('Run Task Again With Its Inputs');
      await option(/^sorted/).click();
      await message(vscode, /the inputs that sorted had in .* are no longer there/);
    });
    await withVscode(t, { folder, extensionPath, trusted: false }, async (vscode) => {
      const views = await openViews(vscode);
      await views.run(/success, 5 executed/).click();
      await vscode.webview('[role="tab"]');
      await vscode.runCommand('Runweave: Retry Run');
      await message(vscode, /runs nothing in a workspace that is not trusted/);
      assert.equal((await records(folder)).length, 4);
    });
  });

  it('keeps graph and run panel over a reload of the window', limit, async (t) => {
    const folder = await smallPipeline(t);
    await withVscode(t, { folder, extensionPath }, async (vscode) => {
      const views = await openViews(vscode);
      await vscode.runCommand('Runweave: Run All');
      await views.run(/success, 5 executed/).click();
      await vscode.webview('[role="tab"]');
      await vscode.runCommand('View: Split Editor Right');
      await vscode.runCommand('Runweave: Show Graph');
      await vscode.webview('[data-node="report"][data-phase="success"]');

      // The editor's own command: it writes down what is open before it goes.
      await Promise.all([vscode.page.waitForEvent('load'), vscode.runCommand('Developer: Reload Window')]);
      await vscode.webview('[data-node="report"][data-phase="success"]');
      await vscode.webview('[role="tab"]');
    });
  });
});
