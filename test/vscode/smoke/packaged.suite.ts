import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { describe, it } from '../harness/runner.ts';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

describe('the installed package', () => {
  it('is activated, and has every command that it names', async () => {
    const extension = vscode.extensions.getExtension('runweave.runweave');
    assert.ok(extension !== undefined, 'the extension is not installed');
    assert.match(extension.extensionPath, /[/\\]extensions[/\\]runweave\.runweave-/, 'the extension does not come from the package');
    await extension.activate();
    const known = new Set(await vscode.commands.getCommands(true));
    const { contributes } = extension.packageJSON as Manifest;
    assert.ok(contributes.commands.length > 0);
    assert.deepEqual(contributes.commands.map(({ command }) => command).filter((command) => !known.has(command)), []);
  });
});
