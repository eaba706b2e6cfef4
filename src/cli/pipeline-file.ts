import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { storeIn, type RecordFolder } from '../store/record-folder.ts';
import { userError, type UserError } from './user-error.ts';

export const pipelineFileNames = ['runweave.yaml', 'runweave.yml'] as const;

/** Where the pipeline of this command is. */
export interface PipelinePlace {
  readonly type: 'place';
  /** Absolute path of the pipeline file. */
  readonly file: string;
  /** Absolute path of its `.runweave`. */
  readonly records: string;
}

/** The file given with `--file`, or the pipeline file in `cwd` or in the nearest folder above it. */
export function findPipelineFile(cwd: string, given: string | undefined): PipelinePlace | UserError {
  if (given !== undefined) {
    const file = resolve(cwd, given);
    if (!existsSync(file)) return userError(`${given}: there is no such file`);
    if (!statSync(file).isDirectory()) return place(file);
    return fileIn(file) ?? userError(`${given}: there is no ${pipelineFileNames[0]} in this folder`);
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = fileIn(folder);
    if (found !== undefined) return found;
    if (dirname(folder) === folder) break;
  }
  return userError(`there is no ${pipelineFileNames[0]} here or in a folder above. Start a pipeline with: runweave init`);
}

/**
 * Where records are, also without a pipeline file: `.runweave/` may be copied and opened on its own. In `cwd` itself or
 * a folder above.
 */
export function findRecords(cwd: string, given: string | undefined): Pick<PipelinePlace, 'type' | 'records'> | UserError {
  const found = findPipelineFile(cwd, given);
  if (found.type === 'place' || given !== undefined) return found;
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (basename(folder) === '.runweave') return { type: 'place', records: folder };
    if (existsSync(join(folder, '.runweave', 'runs'))) return { type: 'place', records: join(folder, '.runweave') };
    if (dirname(folder) === folder) return userError(`there is no ${pipelineFileNames[0]} and no .runweave here or in a folder above. Start a pipeline with: runweave init`);
  }
}

/** The folders named with `--records`, or else the one of the pipeline: never empty. */
export function findRecordFolders(cwd: string, given: { readonly file?: string; readonly records: readonly string[] }): { readonly type: 'folders'; readonly folders: readonly RecordFolder[] } | UserError {
  if (given.records.length === 0) {
    const place = findRecords(cwd, given.file);
    return place.type === 'error' ? place : { type: 'folders', folders: [{ store: place.records, name: namePath(place.records, cwd) }] };
  }
  const folders = new Map<string, RecordFolder>();
  for (const name of given.records) {
    const store = storeIn(resolve(cwd, name));
    if (store === undefined) return userError(`--records ${name}: there are no records in this folder`);
    if (!folders.has(store)) folders.set(store, { store, name });
  }
  return { type: 'folders', folders: [...folders.values()] };
}

function fileIn(folder: string): PipelinePlace | undefined {
  const file = pipelineFileNames.map((name) => join(folder, name)).find((path) => existsSync(path));
  return file === undefined ? undefined : place(file);
}

function place(file: string): PipelinePlace {
  return { type: 'place', file, records: join(dirname(file), '.runweave') };
}

/** A path as the user would write it: relative to `cwd`, or absolute where that is shorter. */
export function namePath(path: string, cwd: string): string {
  const name = relative(cwd, path);
  return name === '' ? '.' : name.length < path.length ? name : path;
}
