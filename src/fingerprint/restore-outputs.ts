/**
 * Outputs of an earlier result in the place of those that are there. All of it is staged and sound before anything is
 * touched; what has to go or to make room is removed where it is the task's own, and moved where it may be somebody's.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { isGlob } from '../definition/paths.ts';
import type { Task } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { isLeft, type OutputsContext } from './clear-outputs.ts';
import type { FoundEntry, KeptFile } from './kept-entries.ts';
import { linkFinder } from './kept-objects.ts';
import type { MadeFile } from './output-makers.ts';
import { putInPlace, withMode } from './restored-files.ts';
import { makeFolders } from './restored-folders.ts';
import { asideMessages, moveAside, moveReplaced, removeEmptied, type MovedFile, type SetAside } from './set-aside.ts';

/** What is there where a result is to be put back; all by absolute paths. */
interface Place {
  readonly wanted: ReadonlyMap<string, KeptFile>;
  /** Made by the task, in its folders and globs. */
  readonly made: ReadonlyMap<string, MadeFile>;
  /** Others, which came in an execution that did not succeed. */
  readonly left: readonly string[];
}

type RestoreContext = OutputsContext & { readonly removeEntry: (found: FoundEntry) => void };

/** `undefined`: something is in the way that the task did not make: a link, or another file in its folders and globs. Rejects where that can't be seen. */
export async function placeFor(task: Task, { entry: { files } }: FoundEntry, leftBefore: TaskResult['left'], { folder, makers, digests }: RestoreContext): Promise<Place | undefined> {
  const isBehindLink = linkFinder(folder);
  if (![...task.outputs.filter((output) => !isGlob(output)), ...files.map((file) => file.path)].every((name) => isInside(name) && !isBehindLink(name))) return undefined;
  const there = makers.inFolders(task);
  const made = await makers.madeOf(task, there);
  const wanted = new Map(files.map((file) => [path.join(folder, file.path), file]));
  const left: string[] = [];
  for (const absolute of there) {
    if (made.has(absolute) || (await digests().ofFile(absolute))?.digest === wanted.get(absolute)?.digest) continue;
    if (!isLeft(leftBefore, folder, absolute)) return undefined;
    left.push(absolute);
  }
  return { wanted, made, left };
}

/** `left`: of the execution before this one. `false`: that could not be done, and the task has to run. */
export async function restoreOutputs(task: Task, found: FoundEntry, { runId, tell }: SetAside, leftBefore: TaskResult['left'], context: RestoreContext): Promise<boolean> {
  const { store, folder, entries, objects, digests } = context;
  const { result } = found.entry;
  const moved: MovedFile[] = [];
  const staged = new Map<string, string>();
  try {
    const place = await placeFor(task, found, leftBefore, context);
    if (place === undefined) return false;
    const { wanted, made, left } = place;
    for (const [target, file] of wanted) {
      if ((await digests().ofFile(target))?.digest === file.digest) continue;
      const temporary = await objects.take(file.digest, file.size, file.mode);
      if (temporary === undefined) {
        context.removeEntry(found);
        return false;
      }
      staged.set(target, temporary);
    }
    const move = (from: string, { path: relative, before }: KeptFile): void => {
      moved.push({ from, place: moveAside(store, runId, from, relative), why: before === true ? 'changed' : 'not-made' });
    };
    const makeRoom = (from: string, file: KeptFile): void => {
      if (file.before === true) {
        move(from, file);
        return;
      }
      try {
        const { place: aside, isFirst } = moveReplaced(store, from, file.path);
        if (isFirst) moved.push({ from, place: aside, why: 'replaced' });
      } catch {
        // A folder was there under that name.
        move(from, file);
      }
    };
    for (const absolute of left) moved.push({ from: absolute, place: moveAside(store, runId, absolute, path.relative(folder, absolute).replaceAll(path.sep, '/')), why: 'left' });
    const extra = [...made].filter(([absolute]) => !wanted.has(absolute));
    for (const [absolute, { file, isOwn }] of extra) {
      if (isOwn) rmSync(absolute, { force: true });
      else move(absolute, file);
    }
    removeEmptied([...left, ...extra.map(([absolute]) => absolute)], folder);
    const settleFolders = makeFolders(folder, found.entry.files.map((file) => file.path), found.entry.folders ?? {});
    const restored = new Map<string, string>();
    for (const [target, file] of wanted) {
      const there = made.get(target);
      const temporary = staged.get(target);
      if (temporary === undefined) {
        const time = withMode(target, file.mode);
        if (there?.isRestored === true) restored.set(file.path, time);
        continue;
      }
      if (there?.isOwn === false) makeRoom(target, there.file);
      restored.set(file.path, putInPlace(temporary, target, file.mode));
      staged.delete(target);
    }
    settleFolders();
    for (const output of result.outputs) if ((await digests().ofPath(folder, output.path))?.digest !== output.digest) return false;
    entries.markUsed(found, restored);
    return true;
  } catch {
    // Another file system, no right to write, a folder in a file's place: the task itself knows better what to do.
    return false;
  } finally {
    for (const temporary of staged.values()) rmSync(temporary, { force: true });
    asideMessages(task.id, folder, moved).forEach(tell);
  }
}

function isInside(relative: string): boolean {
  return relative !== '.' && !path.isAbsolute(relative) && !relative.split('/').includes('..');
}
