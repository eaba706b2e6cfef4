/** Where the files of a run are, from the path of its record or event log. Knows nothing of `vscode`. */
import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

const runId = /^\d{8}T\d{6}Z-[\w.-]+$/;

/** The `.runweave` folder of a record, or the folder that it lies in when it was taken out of one. */
export function storeFolderOf(record: string): string {
  const folder = dirname(record);
  return ['runs', 'live'].includes(basename(folder)) ? dirname(folder) : folder;
}

/** The folder that a record's relative paths start from. */
export function pipelineFolderOf(record: string): string {
  return projectFolderOf(storeFolderOf(record));
}

/** The folder that `.runweave` is in; a folder of records that is no `.runweave` stands for itself. */
export function projectFolderOf(store: string): string {
  return basename(store) === '.runweave' ? dirname(store) : store;
}

/** The sealed record that an event log becomes. */
export function sealedPathOf(eventLog: string): string {
  return join(storeFolderOf(eventLog), 'runs', basename(eventLog).replace(/\.jsonl$/, '.otlp.jsonl'));
}

export function isEventLog(path: string): boolean {
  return basename(dirname(path)) === 'live' && path.endsWith('.jsonl') && !path.endsWith('.otlp.jsonl');
}

/** The file of another run beside this one, sealed or in progress; `undefined` when there is none or the id is none. */
export function pathOfRun(store: string, id: string): string | undefined {
  if (!runId.test(id)) return undefined;
  return [join(store, 'runs', `${id}.otlp.jsonl`), join(store, 'live', `${id}.jsonl`)].find((path) => existsSync(path));
}

/** The absolute path of a file named in a record, if it is in one of `folders`. A record may come from anybody. */
export function fileInside(base: string, path: string, folders: readonly string[]): string | undefined {
  const absolute = resolve(base, path);
  const inside = folders.some((folder) => {
    const way = relative(folder, absolute);
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  });
  return inside ? absolute : undefined;
}

/** A name for a file on disk, from an artifact's name. */
export function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const safe = last.replace(/[^\w.\- ]+/g, '_').replace(/^\.+/, '').slice(-100);
  return safe === '' ? 'artifact' : safe;
}
