/**
 * Digests that tell which files and folders they look at: what a decision was made from is known after it was made, as
 * all that it asks of the file system it asks here (and of `filesAskedFor`, beforehand).
 */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isGlob, literalPrefix } from '../definition/paths.ts';
import { filesOf, type FileDigests } from './file-digests.ts';

export interface Trace {
  /** Told of each file and folder (absolute) before it is looked at; of a folder its names count. */
  readonly onLook: (place: string) => void;
  /** Something is looked at of which changes can't be told. */
  readonly onUntraceable: () => void;
}

/** Folders that hold nothing that counts (`filesOf`). */
const ignored = new Set(['.runweave', '__pycache__', '.ipynb_checkpoints']);

export function tracedDigests(digests: FileDigests, trace: Trace): FileDigests {
  const tell = <Rest extends readonly unknown[], Result>(look: (absolute: string, ...rest: Rest) => Result) => (absolute: string, ...rest: Rest): Result => {
    trace.onLook(absolute);
    return look(absolute, ...rest);
  };
  return {
    ...digests,
    isFile: tell(digests.isFile),
    ofFile: tell(digests.ofFile),
    namesIn: tell(digests.namesIn),
    foldersIn: tell(digests.foldersIn),
    linksIn: tell(digests.linksIn),
    meaningOf: tell(digests.meaningOf),
    ofPath: (folder, relative, isMade) => {
      tellAll(folder, relative, trace);
      return digests.ofPath(folder, relative, isMade);
    },
  };
}

/** All that the digest of a file, folder or glob is made from. */
function tellAll(folder: string, relative: string, trace: Trace): void {
  const absolute = path.resolve(folder, relative);
  trace.onLook(absolute);
  let stats;
  try {
    stats = statSync(absolute, { throwIfNoEntry: false });
  } catch {
    trace.onUntraceable();
    return;
  }
  if (stats?.isFile() === true) return;
  if (stats?.isDirectory() === true) {
    walk(absolute, Infinity, trace);
  } else if (isGlob(relative)) {
    const prefix = path.posix.dirname(`${literalPrefix(relative)}x`);
    const rest = relative.slice(literalPrefix(relative).length);
    walk(path.resolve(folder, prefix), rest.includes('**') ? Infinity : rest.split('/').length - 1, trace);
  } else return;
  for (const file of filesOf(folder, relative)) trace.onLook(file);
}

/** `depth`: of folders below it that are looked into. */
function walk(absolute: string, depth: number, trace: Trace): void {
  trace.onLook(absolute);
  let below;
  try {
    // Where a link leads to, nobody tells of changes.
    if (lstatSync(absolute).isSymbolicLink()) trace.onUntraceable();
    below = readdirSync(absolute, { withFileTypes: true });
  } catch {
    return;
  }
  for (const each of below) {
    if (each.isSymbolicLink()) trace.onUntraceable();
    else if (each.isDirectory() && depth > 0 && !ignored.has(each.name)) walk(path.join(absolute, each.name), depth - 1, trace);
  }
}
