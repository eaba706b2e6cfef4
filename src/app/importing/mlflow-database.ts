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
import type { PlacedFolder } from './read-source.ts';

export type FileStore =
  /** In `parent`, under the database's name, but for artifacts, which are read where they are. `notes` say what was left out; `remove` when it is imported. */
  | { readonly ok: true; readonly parent: string; readonly placed: readonly PlacedFolder[]; readonly notes: readonly string[]; readonly remove: () => Promise<void> }
  | { readonly ok: false; readonly cancelled: boolean; readonly message: string };

/** A line of our script. */
type Told = { readonly note: string } | { readonly artifacts: string; readonly at: string };

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
  if (!python.ok) return { ok: false, cancelled: false, message: `it is an SQLite database, which is read with Python, and ${python.message}` };
  const temporary = await mkdtemp(path.join(tmpdir(), `runweave-${process.pid}-mlflow-`));
  const remove = (): Promise<void> => rm(temporary, { recursive: true, force: true });
  const folder = path.join(temporary, path.basename(file));
  try {
    await mkdir(folder);
    const script = path.join(pythonHelperFolder(), '_runweave', 'mlflow_database.py');
    const { stdout } = await promisify(execFile)(python.interpreter.path, ['-I', '-B', '-X', 'utf8', script, file, folder], { signal, maxBuffer: 64 * 1024 * 1024, windowsHide: true, env: { ...environment } });
    const lines = stdout.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as Told);
    return {
      ok: true,
      parent: temporary,
      placed: lines.flatMap((line) => ('at' in line ? [{ folder: line.artifacts, at: line.at }] : [])),
      notes: lines.flatMap((line) => ('note' in line ? [line.note] : [])),
      remove,
    };
  } catch (error) {
    await remove();
    const { stderr = '', message, signal: ended } = error as Error & { readonly stderr?: string; readonly signal?: string | null };
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return { ok: false, cancelled: signal.aborted, message: said !== '' ? said : typeof ended === 'string' ? `Python was ended by ${ended} while it read it` : message };
  }
}
