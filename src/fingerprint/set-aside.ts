/**
 * `.runweave/set-aside/<run id>/`: files that had to leave a task's outputs, and that nobody saw the task write. They came
 * while it ran, so they are most likely its own; they may be somebody's, so they are moved and told of; `gc` removes them 30 days later.
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

export function setAsideFolder(store: string): string {
  return path.join(store, 'set-aside');
}

/** Moves a file of the pipeline's folder. Returns its new place, absolute. Throws when the disk refuses: then it is where it was. */
export function moveAside(store: string, runId: RunId, absolute: string, relative: string): string {
  const wanted = path.join(setAsideFolder(store), runId, ...relative.split('/').map((name) => (name === '..' ? '_' : name)));
  let place = wanted;
  for (let count = 2; existsSync(place); count += 1) place = `${wanted}.${count}`;
  mkdirSync(path.dirname(place), { recursive: true });
  moveFile(absolute, place);
  return place;
}

/** What is not needed there any more, and the folders that are left empty. Never throws. */
export function removeAside(store: string, place: string): void {
  try {
    rmSync(place, { force: true });
    for (let folder = path.dirname(place); folder.length > store.length; folder = path.dirname(folder)) rmdirSync(folder);
  } catch {
    // A folder with more in it.
  }
}

/** Also to another file system. */
export function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    rmSync(from);
  }
}

/** `moved`: their names, and the places that they have now; absolute. */
export function asideMessage(task: TaskId, folder: string, moved: readonly (readonly [absolute: string, place: string])[]): string {
  const named = (absolute: string): string => path.relative(folder, absolute).replaceAll(path.sep, '/');
  const all = moved.map(([absolute, place]) => `${named(absolute)} (now ${named(place)})`);
  const told = all.length > mostNames ? [...all.slice(0, mostNames - 1), `${all.length - mostNames + 1} more`] : all;
  const [they, were] = all.length === 1 ? ['it', 'was'] : ['they', 'were'];
  return `set aside: ${told.join(', ')}. ${they === 'it' ? 'It' : 'They'} came into the outputs of ${task} while an earlier state of it ran, and ${were} not made by this one. Nobody saw who wrote ${they === 'it' ? 'it' : 'them'}, so ${they} may be yours`;
}
