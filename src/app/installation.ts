/** Where the parts of Runweave lie that are files beside the code, and which version this is. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Absolute path of the folder with the Python helper: beside the bundle, or in the source tree when run from there. */
export function pythonHelperFolder(): string {
  const beside = path.join(import.meta.dirname, 'python');
  return existsSync(beside) ? beside : path.join(import.meta.dirname, '..', 'python');
}

/** Set when bundled. */
export const version = process.env['RUNWEAVE_VERSION'] ?? '0.0.0-source';
