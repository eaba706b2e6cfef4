/**
 * `.runweave/set-aside/`: files that had to leave a task's outputs, or make room there, and that may be somebody's.
 *
 *   <run id>/out/notes.txt    what was moved in that run: told of as a warning
 *   replaced/out/notes.txt    what an earlier version was restored in the place of, for each name the last one: told of when
 *                             there was none, so that going back and forth says nothing more, and fills no disk
 *
 * `gc` removes them 30 days later.
 */
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { TaskId } from '../model/pipeline.ts';
import type { RunId } from '../model/run-event.ts';

/** Of so many files the places are told. */
const mostNames = 4;

/** In which run files are taken away, and who is told. */
export interface SetAside {
  readonly runId: RunId;
  readonly tell: (message: string) => void;
}

/**
 * Why a file was moved. `not-made`: it came while the task ran, and not when it ran again. `changed`: it was there before
 * the task, which wrote to it. `replaced`: another version was restored. `cut-off`: the run ended before it could come again.
 * `unkept`: as `not-made`, or what came again is another, and there is no other copy.
 */
export type AsideReason = 'not-made' | 'changed' | 'replaced' | 'left' | 'cut-off' | 'unkept';

/** Absolute. */
export interface MovedFile {
  readonly from: string;
  readonly place: string;
  readonly why: AsideReason;
}

export function setAsideFolder(store: string): string {
  return path.join(store, 'set-aside');
}

/** Of files that are moved in one run. */
export function setAsideOf(store: string, runId: RunId): string {
  return path.join(setAsideFolder(store), runId);
}

export function replacedFolder(store: string): string {
  return path.join(setAsideFolder(store), 'replaced');
}

/** Moves a file of the pipeline's folder. Returns its new place, absolute. Throws when the disk refuses: then it is where it was. */
export function moveAside(store: string, runId: RunId, absolute: string, relative: string): string {
  const wanted = placeIn(setAsideOf(store, runId), relative);
  let place = wanted;
  for (let count = 2; existsSync(place); count += 1) place = `${wanted}.${count}`;
  try {
    moveFile(absolute, place);
  } catch (error) {
    removeAside(store, [place]);
    throw error;
  }
  return place;
}

/** The same of one in the place of which another version comes; `isFirst`: of this name there was none. */
export function moveReplaced(store: string, absolute: string, relative: string): { readonly place: string; readonly isFirst: boolean } {
  const place = placeIn(replacedFolder(store), relative);
  const isFirst = !existsSync(place);
  moveFile(absolute, place);
  return { place, isFirst };
}

function placeIn(folder: string, relative: string): string {
  return path.join(folder, ...relative.split('/').map((name) => (name === '..' ? '_' : name)));
}

/** What is not needed there any more, and the folders that are left empty. Never throws. */
export function removeAside(store: string, places: readonly string[]): void {
  for (const place of places) {
    try {
      rmSync(place, { force: true });
    } catch {
      // It stays, and is removed with all that is old.
    }
  }
  removeEmptied(places, store);
}

/** Folders, below `top`, that have nothing in them since these files are gone. Never throws. */
export function removeEmptied(gone: readonly string[], top: string): void {
  const left = new Set<string>();
  for (const start of new Set(gone.map((absolute) => path.dirname(absolute)))) {
    for (let folder = start; folder.length > top.length && !left.has(folder); folder = path.dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch (error) {
        // Mostly, there is more in it.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') left.add(folder);
      }
    }
  }
}

/** Also to another file system, and into a folder that is not there yet. What has the name `to` is replaced. */
export function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !existsSync(path.dirname(to))) {
      mkdirSync(path.dirname(to), { recursive: true });
      moveFile(from, to);
      return;
    }
    if (code !== 'EXDEV') throw error;
    const temporary = `${to}.${process.pid}.tmp`;
    try {
      copyFileSync(from, temporary, constants.COPYFILE_EXCL);
      renameSync(temporary, to);
    } catch (refused) {
      rmSync(temporary, { force: true });
      throw refused;
    }
    rmSync(from);
  }
}

/** One message for each reason; none of no files. */
export function asideMessages(task: TaskId, folder: string, moved: readonly MovedFile[]): readonly string[] {
  const reasons = [...new Set(moved.map(({ why }) => why))];
  return reasons.map((why) => messageOf(why, task, folder, moved.filter((each) => each.why === why)));
}

function messageOf(why: AsideReason, task: TaskId, folder: string, moved: readonly MovedFile[]): string {
  const named = (absolute: string): string => path.relative(folder, absolute).replaceAll(path.sep, '/');
  const all = moved.map(({ from, place }) => `${named(from)} (now ${named(place)})`);
  const told = all.length > mostNames ? [...all.slice(0, mostNames - 1), `${all.length - mostNames + 1} more`] : all;
  return `set aside: ${told.join(', ')}. ${reasonText(why, task, all.length === 1)}`;
}

function reasonText(why: AsideReason, task: TaskId, isOne: boolean): string {
  const [They, them, were, they] = isOne ? ['It', 'it', 'was', 'it'] : ['They', 'them', 'were', 'they'];
  const came = `${They} came into the outputs of ${task} while an earlier state of it ran`;
  const unseen = `Nobody saw who wrote ${them}, so ${they} may be yours`;
  switch (why) {
    case 'not-made':
      return `${came}, and ${were} not made by this one. ${unseen}`;
    case 'unkept':
      return `${came}, of which nothing is kept. ${unseen}`;
    case 'changed':
      return `${They} ${were} in the outputs of ${task} before an earlier state of it ran, which wrote to ${them}, so ${they} may hold what is yours`;
    case 'replaced':
      return `${isOne ? 'An earlier version of it was' : 'Earlier versions of them were'} restored. ${unseen}. What is replaced there later takes ${isOne ? 'its' : 'their'} place without a word`;
    case 'left':
      return `${They} came into the outputs of ${task} while an attempt ran that did not succeed, and an earlier result was restored. ${unseen}`;
    case 'cut-off':
      return `${came}, and the run was cut off before it was known whether this one makes ${them}. ${unseen}`;
    default:
      return why satisfies never;
  }
}
