/** In the extension host: what other extensions and the editor itself see of Runweave. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { command, view } from '../../src/vscode/commands.ts';
import { mistakes } from '../fixtures/mistakes.ts';
import type { ExpectedMistake } from '../fixtures/mistakes.ts';
import { cleanup, describe, eventually, it } from './harness/runner.ts';

const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file('/');
const file = vscode.Uri.joinPath(folder, 'runweave.yaml');

async function openPipeline(): Promise<vscode.TextEditor> {
  const editor = await vscode.window.showTextDocument(file);
  cleanup(async () => {
    await vscode.window.showTextDocument(file);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });
  return editor;
}

/** Types over everything; nothing is saved. */
async function type(editor: vscode.TextEditor, text: string): Promise<void> {
  const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
  await editor.edit((edit) => edit.replace(all, text));
}

function shown(): readonly Pick<ExpectedMistake, 'at' | 'message'>[] {
  return vscode.languages
    .getDiagnostics(file)
    .filter((each) => each.source === 'runweave' && each.severity === vscode.DiagnosticSeverity.Error)
    .map(({ range, message }) => ({ at: `${range.start.line + 1}:${range.start.character + 1}-${range.end.character + 1}`, message }));
}

const asShown = ({ at, message, suggestion }: ExpectedMistake): Pick<ExpectedMistake, 'at' | 'message'> => ({ at, message: message + (suggestion === undefined ? '' : ` (${suggestion})`) });

describe('Problems', () => {
  it('has every mistake of every broken file, in text that is not saved', async () => {
    assert.ok(mistakes.length >= 20);
    const editor = await openPipeline();
    for (const { name, text, expected } of mistakes) {
      await type(editor, text);
      const wanted = JSON.stringify(expected.map(asShown));
      await eventually(() => JSON.stringify(shown()) === wanted, `${name}: ${wanted}`, 30_000).catch((error: unknown) => {
        throw new Error(`${String(error)}\nshown: ${JSON.stringify(shown())}`);
      });
    }
  }, { timeout: 300_000 });

  it('is empty again when the file is right again', async () => {
    const editor = await openPipeline();
    await type(editor, 'tasks:\n  a: {pyhton: a.py}\n');
    await eventually(() => shown().length > 0, 'a mistake');
    await type(editor, 'tasks:\n  a: {python: a.py}\n');
    await eventually(() => shown().length === 0, 'no mistake');
  });

  it('has a quick fix where it is known what was meant', async () => {
    const editor = await openPipeline();
    await type(editor, 'tasks:\n  a: {pyhton: a.py}\n');
    const range = await eventually(() => vscode.languages.getDiagnostics(file)[0]?.range, 'a mistake');
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', file, range);
    const fix = actions.find((action) => action.title === 'Change to "python"');
    assert.ok(fix?.edit !== undefined, actions.map((action) => action.title).join());
    await vscode.workspace.applyEdit(fix.edit);
    assert.equal(editor.document.lineAt(1).text, '  a: {python: a.py}');
    await eventually(() => shown().length === 0, 'no mistake');
  });
});

describe('the extension', () => {
  it('has every command of its list', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(Object.values(command).filter((id) => !known.has(id)), []);
  });

  it('offers to run each task, in the text of the pipeline file', async () => {
    await eventually(async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', file, 100);
      const lines = lenses.filter((lens) => lens.command?.title === '$(play) Run').map((lens) => lens.range.start.line);
      return JSON.stringify(lines) === '[1,2]';
    }, 'a lens above each of the two tasks');
  });

  it('runs, records, and opens the record in the run panel', async () => {
    await vscode.commands.executeCommand(command.runAll);
    const runs = join(folder.fsPath, '.runweave', 'runs');
    await eventually(() => existsSync(runs) && readdirSync(runs).some((name) => name.endsWith('.otlp.jsonl')), 'a record');
    await vscode.commands.executeCommand(command.openLatestRun);
    const input = await eventually(() => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return tab instanceof vscode.TabInputCustom && tab;
    }, 'a custom editor');
    assert.equal(input.viewType, view.run);
    assert.match(input.uri.path, /\.otlp\.jsonl$/);
  });

  it('opens documents of other tools in the run panel by their names', async () => {
    const foreign = vscode.Uri.joinPath(folder, 'foreign.otlp.json');
    await vscode.workspace.fs.writeFile(foreign, new TextEncoder().encode('{"resourceSpans":[]}'));
    await vscode.commands.executeCommand('vscode.open', foreign);
    await eventually(() => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return tab instanceof vscode.TabInputCustom && tab.viewType === view.run && tab.uri.path.endsWith('foreign.otlp.json');
    }, 'the run panel');
  });

  it('shows what a task printed', async () => {
    await vscode.commands.executeCommand(command.openTaskLog, { type: 'task', id: 'a', label: 'a' });
    const text = await eventually(() => {
      const document = vscode.window.activeTextEditor?.document;
      return document?.uri.scheme === 'runweave-log' && document.getText();
    }, 'a document');
    assert.equal(text, 'printed by a\n');
  });
});
