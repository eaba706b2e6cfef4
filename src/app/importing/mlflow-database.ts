/**
 * A database of MLflow (SQLite) as a file store, for the importer of those. Node 20 has no SQLite, and Python's own
 * library has: our script is run by the interpreter that tasks would have. So it is for hosts that may start programs.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { findInterpreter } from '../../execution/interpreter.ts';
import { sqliteHeader } from '../../importers/import-files.ts';
import { pythonHelperFolder, workspaceOf } from '../installation.ts';

export type FileStore =
  /** In `parent`, under the database's name. `notes` say what was left out; `remove` when it is imported. */
  | { readonly ok: true; readonly parent: string; readonly notes: readonly string[]; readonly remove: () => Promise<void> }
  | { readonly ok: false; readonly message: string };

/** Of `name` as the user wrote it: a path, or MLflow's `sqlite:///mlflow.db`. */
export function databasePath(cwd: string, name: string): string {
  return path.resolve(cwd, name.replace(/^sqlite:\/\/\//, ''));
}

export async function isDatabase(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(sqliteHeader.length), 0, sqliteHeader.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === sqliteHeader;
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

export async function fileStoreOf(file: string, cwd: string, environment: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<FileStore> {
  const python = await findInterpreter({ folder: cwd, workspace: workspaceOf(cwd), environment });
  if (!python.ok) return { ok: false, message: `it is an SQLite database, which is read with Python, and ${python.message}` };
  const temporary = await mkdtemp(path.join(tmpdir(), `runweave-${process.pid}-mlflow-`));
  const remove = (): Promise<void> => rm(temporary, { recursive: true, force: true });
  const folder = path.join(temporary, path.basename(file));
  try {
    await mkdir(folder);
    const script = path.join(pythonHelperFolder(), '_runweave', 'mlflow_database.py');
    const { stdout } = await promisify(execFile)(python.interpreter.path, ['-I', '-B', '-X', 'utf8', script, file, folder], { signal, maxBuffer: 64 * 1024 * 1024, windowsHide: true, env: { ...environment } });
    return { ok: true, parent: temporary, notes: stdout.split(/\r?\n/).filter((line) => line !== ''), remove };
  } catch (error) {
    await remove();
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    return { ok: false, message: stderr.trim().split('\n').at(-1) ?? message };
  }
}
