/** Where the parts of Runweave lie that are files beside the code, and which version this is. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Absolute path of the folder with the Python helper: beside the bundle, or in the source tree when run from there. */
export function pythonHelperFolder(): string {
  if (helperFolder === undefined) {
    const beside = path.join(import.meta.dirname, 'python');
    helperFolder = existsSync(beside) ? beside : path.join(import.meta.dirname, '..', 'python');
  }
  return helperFolder;
}
let helperFolder: string | undefined;

/**
 * Commands of the process that starts tasks, the best first. The system's own Python and no other: one from the
 * environment may be a shim, or gone in a moment. Only Linux is slow to start a process from a large one.
 */
export function spawnerCommands(): readonly (readonly string[])[] {
  const beside = path.join(import.meta.dirname, 'spawner.cjs');
  const node = [process.execPath, existsSync(beside) ? beside : path.join(import.meta.dirname, '..', 'spawner.ts')];
  const python = '/usr/bin/python3';
  if (process.platform !== 'linux' || !existsSync(python)) return [node];
  return [[python, '-I', '-S', '-B', path.join(pythonHelperFolder(), '_runweave', 'spawner.py')], node];
}

/**
 * The folder whose files count as the user's own code: the git checkout around the pipeline's folder, or that folder.
 * The same for every host, so that the editor and the command line see the same dependencies.
 */
export function workspaceOf(folder: string): string {
  for (let current = folder; ; current = path.dirname(current)) {
    if (existsSync(path.join(current, '.git'))) return current;
    if (current === path.dirname(current)) return folder;
  }
}

/** Set when bundled. */
export const version = process.env['RUNWEAVE_VERSION'] ?? '0.0.0-source';
