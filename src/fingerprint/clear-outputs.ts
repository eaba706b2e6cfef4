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
import type { Digest } from '../model/fingerprint.ts';
import type { Task } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import type { FileDigests } from './file-digests.ts';
import type { KeptEntries, KeptFile } from './kept-entries.ts';
import type { KeptObjects } from './kept-objects.ts';
import type { MadeFile, OutputMakers } from './output-makers.ts';
import { putInPlace, writeTime } from './restored-files.ts';
import { asideMessages, moveAside, moveFile, removeAside, type MovedFile, type SetAside } from './set-aside.ts';
import { statOf } from './stat-of.ts';

/** What was taken away before an execution. The first of the two that is called counts. */
export interface Cleared {
  /** What stayed: files that nobody knows, in its folders and globs; relative to the pipeline's folder. */
  readonly stayed: ReadonlySet<string>;
  /** After one that did not succeed: what is missing is put back. Never rejects. Resolves with what `TaskResult.left` says. */
  readonly putBack: () => Promise<TaskResult['left']>;
  /** After one that did: tells of what was set aside. Never rejects. */
  readonly settle: () => Promise<void>;
}

export interface OutputsContext {
  /** `.runweave`. */
  readonly store: string;
  /** Of the pipeline. */
  readonly folder: string;
  readonly entries: KeptEntries;
  readonly objects: KeptObjects;
  readonly makers: OutputMakers;
  readonly digests: () => FileDigests;
}

/** What is asked of the execution before. */
export type ResultBefore = Pick<TaskResult, 'left' | 'made'> | undefined;

/** Of an execution; more than that is not remembered. */
const mostLeft = 1000;

export const nothingCleared: Cleared = { stayed: new Set(), putBack: () => Promise.resolve(undefined), settle: () => Promise.resolve() };

/** `before`: the execution before this one. (What a failed one left is nobody else's, and neither is what a save has cut off.) */
export async function clearOutputs(task: Task, { runId, tell }: SetAside, before: ResultBefore, { store, folder, entries, objects, makers, digests }: OutputsContext): Promise<Cleared> {
  const there = makers.inFolders(task);
  const made = await makers.madeOf(task, there, before?.made).catch(() => new Map<string, MadeFile>());
  const removed = new Map<string, MadeFile>();
  const moved: (MovedFile & { readonly digest: Digest })[] = [];
  try {
    for (const [absolute, found] of made) {
      const { file, isOwn, isKept } = found;
      if (!isOwn) moved.push({ from: absolute, place: moveAside(store, runId, absolute, file.path), why: !isKept ? 'unkept' : file.before === true ? 'changed' : 'not-made', digest: file.digest });
      else {
        rmSync(absolute, { force: true });
        removed.set(absolute, found);
      }
    }
  } catch (error) {
    // Then it is overwritten or stays, and the result is not kept.
    tell(`what ${task.id} made in an earlier state could not be taken out of its outputs, and may be there beside what it makes now: ${(error as Error).message}`);
  }
  const leave = (needed: readonly MovedFile[]): void => {
    asideMessages(task.id, folder, needed).forEach(tell);
    const places = new Set(needed.map(({ place }) => place));
    removeAside(store, moved.flatMap(({ place }) => (places.has(place) ? [] : [place])));
  };

  /** What is in its place now is not it, or may not be. */
  const isWanted = async ({ from, why, digest }: (typeof moved)[number]): Promise<boolean> => {
    if (why !== 'unkept') return why === 'changed' || !hasComeAgain(from);
    const there = await digests().ofFile(from).catch(() => undefined);
    return there?.digest !== digest;
  };
  const putBack = async (): Promise<TaskResult['left']> => {
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
    const wanted: MovedFile[] = [];
    for (const each of moved) {
      try {
        if (!existsSync(each.from)) moveFile(each.place, each.from);
        else if (await isWanted(each)) wanted.push(each);
      } catch {
        wanted.push(each);
      }
    }
    leave(wanted);
    try {
      const came = makers.inFolders(task).map((absolute) => [relativeTo(folder, absolute), absolute] as const).filter(([relative]) => !stayed.has(relative));
      if (came.length > 0 && came.length <= mostLeft) return Object.fromEntries(came.map(([relative, absolute]) => [relative, writeTime(absolute)]));
    } catch {
      // They count as what was there before.
    }
    return undefined;
  };
  const settle = async (): Promise<void> => {
    const wanted: MovedFile[] = [];
    for (const each of moved) if (await isWanted(each)) wanted.push(each);
    leave(wanted);
  };
  let isOver = false;
  const once = <T>(act: () => T, otherwise: T): T => {
    if (isOver) return otherwise;
    isOver = true;
    return act();
  };
  const taken = new Set([...removed.keys(), ...moved.map(({ from }) => from)]);
  const stayed = new Set(there.flatMap((absolute) => (taken.has(absolute) || isLeft(before?.left, folder, absolute) ? [] : [relativeTo(folder, absolute)])));
  return {
    stayed,
    putBack: () => once(putBack, Promise.resolve(undefined)),
    settle: () => once(settle, Promise.resolve()),
  };
}

/** Whether a file is as an execution that did not succeed left it. */
export function isLeft(left: TaskResult['left'], folder: string, absolute: string): boolean {
  const relative = relativeTo(folder, absolute);
  return left !== undefined && Object.hasOwn(left, relative) && left[relative] === timeOf(absolute);
}

/** Under its name, and so in its place, whoever wrote it. */
function hasComeAgain(absolute: string): boolean {
  return statOf(absolute)?.isFile() === true;
}

function timeOf(absolute: string): string | undefined {
  try {
    return writeTime(absolute);
  } catch {
    return undefined;
  }
}

function relativeTo(folder: string, absolute: string): string {
  return path.relative(folder, absolute).replaceAll(path.sep, '/');
}
