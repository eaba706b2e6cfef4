/**
 * Before a task runs, what it made in earlier states into its folders and globs is taken away, so that it does not stay as
 * if it were made now: what is its own is removed, what may be somebody's is moved.
 *
 *            ┌── succeeds ──▶ settle: what was moved and did not come again, or was there before it, stays aside and is told of
 *   clear ───┤
 *            └── does not ──▶ putBack: all of it is where it was
 */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Task } from '../model/pipeline.ts';
import type { KeptEntries, KeptFile } from './kept-entries.ts';
import { makeFolder } from './kept-folder.ts';
import type { KeptObjects } from './kept-objects.ts';
import type { MadeFile, OutputMakers } from './output-makers.ts';
import { putInPlace } from './restored-files.ts';
import { asideMessages, moveAside, moveFile, removeAside, type MovedFile, type SetAside } from './set-aside.ts';

/** What was taken away before an execution. The first of the two that is called counts. */
export interface Cleared {
  /** What stayed: files that nobody knows, in its folders and globs; relative to the pipeline's folder. */
  readonly stayed: ReadonlySet<string>;
  /** After one that did not succeed: what is missing is put back. Never rejects. */
  readonly putBack: () => Promise<void>;
  /** After one that did: tells of what was set aside. */
  readonly settle: () => void;
}

export interface OutputsContext {
  /** `.runweave`. */
  readonly store: string;
  /** Of the pipeline. */
  readonly folder: string;
  readonly entries: KeptEntries;
  readonly objects: KeptObjects;
  readonly makers: OutputMakers;
}

export const nothingCleared: Cleared = { stayed: new Set(), putBack: () => Promise.resolve(), settle: () => undefined };

export async function clearOutputs(task: Task, { runId, tell }: SetAside, { store, folder, entries, objects, makers }: OutputsContext): Promise<Cleared> {
  const there = makers.inFolders(task);
  if (there.length === 0) return nothingCleared;
  const made = await makers.madeOf(task, there).catch(() => new Map<string, MadeFile>());
  const removed = new Map<string, MadeFile>();
  const moved: MovedFile[] = [];
  try {
    for (const [absolute, found] of made) {
      const { file, isOwn } = found;
      if (!isOwn) moved.push({ from: absolute, place: moveAside(store, runId, absolute, file.path), why: file.before === true ? 'changed' : 'not-made' });
      else {
        rmSync(absolute, { force: true });
        removed.set(absolute, found);
      }
    }
  } catch {
    // It may not be removed: then it is overwritten or stays, and the result is not kept.
  }
  const tellOf = (files: readonly MovedFile[]): void => asideMessages(task.id, folder, files).forEach(tell);

  const putBack = async (): Promise<void> => {
    const restored = new Map<string, { readonly digest: KeptFile['digest']; readonly restored: string }>();
    for (const [absolute, { file, isRestored }] of removed) {
      if (existsSync(absolute)) continue;
      try {
        const temporary = await objects.take(file.digest, file.size, file.mode);
        if (temporary === undefined) continue;
        const time = putInPlace(temporary, absolute, file.mode);
        if (isRestored) restored.set(file.path, { digest: file.digest, restored: time });
      } catch {
        // The disk refuses; the task runs again in any case.
      }
    }
    try {
      if (restored.size > 0) entries.putBack(task.id, restored);
    } catch {
      // Then they are moved the next time, and told of.
    }
    tellOf(
      moved.filter(({ from, place, why }) => {
        try {
          if (!existsSync(from)) {
            makeFolder(path.dirname(from));
            moveFile(place, from);
          } else if (why === 'changed') return true;
          removeAside(store, place);
          return false;
        } catch {
          return true;
        }
      }),
    );
  };
  const settle = (): void => {
    const isNeeded = ({ from, why }: MovedFile): boolean => why === 'changed' || !existsSync(from);
    tellOf(moved.filter(isNeeded));
    for (const each of moved) if (!isNeeded(each)) removeAside(store, each.place);
  };
  let isOver = false;
  const once = <T>(act: () => T, otherwise: T): T => {
    if (isOver) return otherwise;
    isOver = true;
    return act();
  };
  const taken = new Set([...removed.keys(), ...moved.map(({ from }) => from)]);
  return {
    stayed: new Set(there.flatMap((absolute) => (taken.has(absolute) ? [] : [path.relative(folder, absolute).replaceAll(path.sep, '/')]))),
    putBack: () => once(putBack, Promise.resolve()),
    settle: () => once(settle, undefined),
  };
}
