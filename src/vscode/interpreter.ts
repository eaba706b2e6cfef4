/**
 * Which Python the user chose in the editor: our setting, else the choice in VS Code's Python extensions. Without
 * either the executor looks for one itself.
 */
import * as vscode from 'vscode';
import type { Disposable } from './disposable.ts';
import { readSettings } from './settings.ts';

export interface ChosenInterpreter {
  readonly path: string;
  readonly origin: string;
}

/** The parts that we use of https://github.com/microsoft/vscode-python/blob/main/src/client/api/types.ts */
interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(environment: { readonly path: string }): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** The parts that we use of https://github.com/microsoft/vscode-python-environments/blob/main/src/api.ts */
interface PythonEnvironments {
  getEnvironment?(scope: vscode.Uri | undefined): Promise<{ readonly execInfo: { readonly run: { readonly executable: string } } } | undefined>;
  readonly onDidChangeEnvironment?: vscode.Event<unknown>;
}

/** An extension that hangs at its start must not hold up a run. */
const patience = 10_000;

async function exportsOf(id: string): Promise<unknown> {
  const extension = vscode.extensions.getExtension<unknown>(id);
  if (extension === undefined) return undefined;
  if (extension.isActive) return extension.exports;
  const activated = Promise.resolve(extension.activate()).catch(() => undefined);
  return Promise.race([activated, new Promise((resolve) => setTimeout(resolve, patience, undefined))]);
}

export interface InterpreterChoice extends Disposable {
  readonly of: (file: vscode.Uri) => Promise<ChosenInterpreter | undefined>;
  /** Fires when another interpreter was chosen in a Python extension. */
  readonly onDidChange: vscode.Event<void>;
}

export function interpreterChoice(log: (message: string) => void): InterpreterChoice {
  const changed = new vscode.EventEmitter<void>();
  const listened = new Set<string>();
  const subscriptions: Disposable[] = [changed];
  const listen = (id: string, event: vscode.Event<unknown> | undefined): void => {
    if (event === undefined || listened.has(id)) return;
    listened.add(id);
    subscriptions.push(event(() => changed.fire()));
  };

  const fromEnvironments = async (file: vscode.Uri): Promise<string | undefined> => {
    const api = (await exportsOf('ms-python.vscode-python-envs')) as PythonEnvironments | undefined;
    listen('environments', api?.onDidChangeEnvironment);
    return (await api?.getEnvironment?.(file))?.execInfo.run.executable;
  };
  const fromPython = async (file: vscode.Uri): Promise<string | undefined> => {
    const environments = ((await exportsOf('ms-python.python')) as PythonExtension | undefined)?.environments;
    if (environments === undefined) return undefined;
    listen('python', environments.onDidChangeActiveEnvironmentPath);
    const resolved = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(file));
    return resolved?.executable.uri?.fsPath;
  };

  return {
    onDidChange: changed.event,
    of: async (file) => {
      const { python } = readSettings(file);
      if (python !== undefined) return { path: python, origin: 'setting' };
      for (const find of [fromPython, fromEnvironments]) {
        try {
          const path = await find(file);
          if (path !== undefined) return { path, origin: "VS Code's Python extension" };
        } catch (error) {
          log(`The Python extension could not be asked for its interpreter: ${String(error)}`);
        }
      }
      return undefined;
    },
    dispose: () => subscriptions.forEach((each) => void each.dispose()),
  };
}
