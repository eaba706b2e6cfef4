/** Quick fixes for the mistakes of a pipeline file that say by what they would be right. */
import * as vscode from 'vscode';
import type { PipelineFiles } from './pipeline-files.ts';
import { toEditorRange } from './pipeline-files.ts';

export function quickFixes(files: PipelineFiles): vscode.CodeActionProvider {
  return {
    provideCodeActions: (document, range) =>
      files.diagnosticsOf(document.uri).flatMap((diagnostic) => {
        const at = toEditorRange(diagnostic.range);
        if (diagnostic.replacement === undefined || at.intersection(range) === undefined) return [];
        const action = new vscode.CodeAction(`Change to "${diagnostic.replacement}"`, vscode.CodeActionKind.QuickFix);
        action.edit = new vscode.WorkspaceEdit();
        action.edit.replace(document.uri, at, diagnostic.replacement);
        action.diagnostics = vscode.languages.getDiagnostics(document.uri).filter((shown) => shown.source === 'runweave' && shown.code === diagnostic.code && shown.range.isEqual(at));
        action.isPreferred = true;
        return [action];
      }),
  };
}
