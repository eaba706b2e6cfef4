import * as vscode from 'vscode';

export interface Settings {
  /** With `${workspaceFolder}` and a leading `~/` resolved; absent when not set. */
  readonly python?: string;
  readonly watchOnStartup: boolean;
  /** Absent: as many as there are cores. */
  readonly jobs?: number;
  /** Absent: as the environment has it. */
  readonly otlpEndpoint?: string;
}

export const section = 'runweave';

/** Settings as they are for a file. */
export function readSettings(file: vscode.Uri): Settings {
  const configuration = vscode.workspace.getConfiguration(section, file);
  const python = configuration.get<string>('python.path', '').trim();
  const jobs = configuration.get<number>('jobs', 0);
  const otlpEndpoint = configuration.get<string>('otlp.endpoint', '').trim();
  return {
    watchOnStartup: configuration.get<boolean>('watch.onStartup', false),
    ...(python !== '' && { python: expand(python, file) }),
    ...(jobs > 0 && { jobs: Math.floor(jobs) }),
    ...(otlpEndpoint !== '' && { otlpEndpoint }),
  };
}

function expand(path: string, file: vscode.Uri): string {
  const folder = vscode.workspace.getWorkspaceFolder(file)?.uri.fsPath ?? '';
  return path.replaceAll('${workspaceFolder}', folder).replace(/^~(?=[/\\])/, process.env['HOME'] ?? process.env['USERPROFILE'] ?? '~');
}
