/** In the extension host: files of other formats opened, imported and dropped, and runs exported. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { command, view } from '../../src/vscode/commands.ts';
import { dropToImport } from '../../src/vscode/import-runs.ts';
import { describe, eventually, it } from './harness/runner.ts';

const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file('/');
const runs = join(folder.fsPath, '.runweave', 'runs');
const file = (name: string): vscode.Uri => vscode.Uri.joinPath(folder, name);

describe('files of other formats', () => {
  it('are for the text editor, and open in ours when asked', async () => {
    await vscode.commands.executeCommand('vscode.open', file('jaeger.json'));
    await eventually(() => vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputText, 'the text editor');
    await vscode.commands.executeCommand(command.openFile, file('jaeger.json'));
    await eventually(() => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputCustom && input.viewType === view.file;
    }, 'the run panel');
    assert.equal(existsSync(runs), false, 'nothing was imported');
  });

  it('are imported, and what is refused stops nothing', async () => {
    await vscode.commands.executeCommand(command.importRuns, file('jaeger.json'), [file('jaeger.json'), file('broken.json'), file('mlruns')]);
    assert.equal(readdirSync(runs).filter((name) => name.endsWith('.otlp.jsonl')).length, 2);
    assert.deepEqual(readdirSync(runs).filter((name) => name.endsWith('.tmp')), []);
  });

  it('are imported when they are dropped', async () => {
    const dropped: vscode.Uri[] = [];
    const controller = dropToImport({ importRuns: (files) => Promise.resolve(void dropped.push(...(files ?? []))) });
    const data = new vscode.DataTransfer();
    const names = ['a b.json', 'mlruns'].map(file);
    data.set('text/uri-list', new vscode.DataTransferItem(`# two\r\n${names.map((uri) => uri.toString()).join('\r\n')}\r\n`));
    await controller.handleDrop?.(undefined, data, new vscode.CancellationTokenSource().token);
    assert.deepEqual(dropped.map(String), names.map(String));
  });
});

describe('runs', () => {
  it('are exported', async () => {
    const record = readdirSync(runs).find((name) => name.includes('api-gateway'));
    assert.ok(record !== undefined);
    const target = join(folder.fsPath, 'out.otlp.json');
    await vscode.commands.executeCommand(command.exportRuns, vscode.Uri.file(join(runs, record)), null, { target: 'otlp-json', output: target });
    const text = readFileSync(target, 'utf8');
    assert.match(text, /GET \/api\/customer\/owners\/8\/pets\/10/);
    assert.ok(Array.isArray((JSON.parse(text) as { readonly resourceSpans: unknown }).resourceSpans));
  });
});
