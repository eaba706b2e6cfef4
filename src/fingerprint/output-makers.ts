/**
 * Whose the files are that lie in a task's folders and globs of outputs.
 *
 * Nobody sees who writes a file, but for Python and for us. So a file that came in an execution is the task's `own` if
 * Python was seen to write all that is in it, or if it was restored since and is still what was put there: same content,
 * same time. Any other may be somebody's, also one that comes each time that the task runs: whoever saves a file again
 * that was moved under his hands does the same; and so may one of which only the record says that it was made.
 */
import path from 'node:path';
import { isGlob } from '../definition/paths.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { filesOf, type FileDigests } from './file-digests.ts';
import type { FoundEntry, KeptFile } from './kept-entries.ts';
import { linkFinder, type KeptObjects } from './kept-objects.ts';
import { writeTime } from './restored-files.ts';
import { statOf } from './stat-of.ts';

/** It came in an execution, and is as it was then. */
export interface MadeFile {
  readonly file: KeptFile;
  /** It can be had again. */
  readonly isKept: boolean;
  /** It is kept, and may be removed. */
  readonly isOwn: boolean;
  /** By us; it has the time that it got then. */
  readonly isRestored: boolean;
}

export interface OutputMakers {
  /** Files that are there now in outputs which are folders or globs; absolute. */
  readonly inFolders: (task: Task) => readonly string[];
  /** Those of `files` (absolute) that came in an execution of the task. `recorded`: also these, relative to the pipeline's folder, of which nothing is kept. */
  readonly madeOf: (task: Task, files: readonly string[], recorded?: TaskResult['made']) => Promise<ReadonlyMap<string, MadeFile>>;
  /** All files that Python was seen to write in a task's latest execution, whosever outputs they lie in; relative to the pipeline's folder. */
  readonly wrote: (task: TaskId, files: ReadonlySet<string>) => void;
  /** Another task was seen to write it. */
  readonly isOfOther: (task: TaskId, relative: string) => boolean;
}

export interface MakersContext {
  /** Of the pipeline. */
  readonly folder: string;
  /** Entries that are kept of a task. */
  readonly entriesOf: (task: TaskId) => readonly FoundEntry[];
  readonly objects: KeptObjects;
  readonly digests: () => FileDigests;
}

export function createOutputMakers({ folder, entriesOf, objects, digests }: MakersContext): OutputMakers {
  const writers = new Map<string, TaskId>();
  const writtenBy = new Map<TaskId, ReadonlySet<string>>();
  const isOfOther = (task: TaskId, relative: string): boolean => (writers.get(relative) ?? task) !== task;

  const wrote: OutputMakers['wrote'] = (task, files) => {
    for (const file of writtenBy.get(task) ?? []) if (writers.get(file) === task) writers.delete(file);
    for (const file of files) writers.set(file, task);
    if (files.size > 0) writtenBy.set(task, files);
    else writtenBy.delete(task);
  };

  const inFolders: OutputMakers['inFolders'] = (task) =>
    task.outputs.filter((output) => isGlob(output) || statOf(path.join(folder, output))?.isDirectory() === true).flatMap((output) => filesOf(folder, output));

  const madeOf: OutputMakers['madeOf'] = async (task, files, recorded = {}) => {
    const made = new Map<string, MadeFile>();
    if (files.length === 0) return made;
    const known = new Map<string, KeptFile>();
    const restored = new Set<string>();
    // What lies there is of the latest of those that made just that.
    for (const { entry } of [...entriesOf(task.id)].sort((a, b) => (a.entry.result.end < b.entry.result.end ? -1 : 1))) {
      for (const file of entry.files) {
        const key = `${file.path}\0${file.digest}`;
        known.set(key, file);
        if (file.restored !== undefined) restored.add(`${key}\0${file.restored}`);
      }
    }
    if (known.size === 0 && Object.keys(recorded).length === 0) return made;
    const isBehindLink = linkFinder(folder);
    for (const absolute of files) {
      const relative = path.relative(folder, absolute).replaceAll(path.sep, '/');
      const there = await digests().ofFile(absolute);
      if (there === undefined || isOfOther(task.id, relative) || isBehindLink(relative)) continue;
      const key = `${relative}\0${there.digest}`;
      const file = known.get(key);
      if (file !== undefined && objects.has(file.digest, file.size)) {
        const isRestored = restored.size > 0 && restored.has(`${key}\0${writeTime(absolute)}`);
        made.set(absolute, { file, isKept: true, isOwn: isRestored || (file.seen === true && file.before !== true), isRestored });
      } else if (Object.hasOwn(recorded, relative) && recorded[relative] === there.digest) {
        made.set(absolute, { file: { path: relative, ...there, mode: (statOf(absolute)?.mode ?? 0) & 0o777 }, isKept: false, isOwn: false, isRestored: false });
      }
    }
    return made;
  };

  return { inFolders, madeOf, wrote, isOfOther };
}
