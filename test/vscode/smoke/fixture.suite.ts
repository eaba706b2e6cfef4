import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { cleanup, describe, eventually, it } from '../harness/runner.ts';

describe('inside the extension host', () => {
  it('runs a command of the extension under test', async () => {
    cleanup(async () => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });
    await vscode.commands.executeCommand('fixture.open');
    await eventually(() => vscode.window.tabGroups.activeTabGroup.activeTab?.label === 'Fixture', 'the panel is open');
  });

  it('sees the folder and the settings', () => {
    assert.equal(vscode.workspace.workspaceFolders?.length, 1);
    assert.equal(vscode.workspace.getConfiguration('fixture').get('greeting'), 'bonjour');
    assert.equal(vscode.workspace.isTrusted, true);
  });
});
