/**
 * Results of tasks that can be had again without running them: what to keep, what matches, and how it is restored.
 *
 * Nothing wrong may ever be kept, as it would come back long after anybody remembers. So a result is kept only if all
 * that the task was made from is after it still what it was before it, unchanged in between, and its outputs are plain
 * files below the pipeline's folder, all of them written meanwhile: what was there before is left from another state,
 * or is somebody's own file that a glob matches. And nothing may be lost: a file in a folder or glob that has to go, or
 * to be replaced, must be one that came while the task ran, and is kept; otherwise the task runs.
 *
 * Who wrote what came meanwhile is known of two kinds of files: those that Python was seen to write, and those that were
 * taken away and came again when the task ran once more. They are the task's `own`, and simply removed. All others may
 * be somebody's, or another task's: they are set aside (`set-aside.ts`).
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isGlob } from '../definition/paths.ts';
import { isUnsettled, unsettled, type Digest, type Fingerprint, type Reason } from '../model/fingerprint.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { filesOf, type FileDigests } from './file-digests.ts';
import { abandonedFiles, allEntries, openKeptEntries, removeEntries, type FoundEntry, type KeptFile } from './kept-entries.ts';
import { keptFolder, stagingFile } from './kept-folder.ts';
import { isWithoutLinks, openKeptObjects, removeObjects, statWithoutLinks } from './kept-objects.ts';
import { coarseClock } from './held-still.ts';
import { listingsMoved } from './listings.ts';
import { asideMessage, moveAside, moveFile, removeAside, type SetAside } from './set-aside.ts';
import { fingerprintDifference } from './staleness.ts';
import { statOf } from './stat-of.ts';
import { fingerprintTask, type FingerprintInputs } from './task-fingerprint.ts';

export type KeptResult = FoundEntry;
export type CompleteResult = TaskResult & { readonly fingerprint: Fingerprint };


export interface KeepOptions {
  readonly inputs: Omit<FingerprintInputs, 'last'>;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** No output of a task before it moved while it ran. */
  readonly isCertain: boolean;
  /** Files that the task was seen to write, relative to the pipeline's folder. */
  readonly written: ReadonlySet<string>;
  /** Those that `clear` had taken away and that are there again. */
  readonly madeAgain: ReadonlySet<string>;
}

/** What was taken away before an execution. */
export interface Cleared {
  /** After one that did not succeed: what is missing is put back. */
  readonly putBack: () => Promise<void>;
  /** After one that did: tells of what was set aside. Returns what the task has made again. */
  readonly settle: () => ReadonlySet<string>;
}

export interface KeptResults {
  /**
   * The newest result that was made from what is there now. `current` is the fingerprint by what counted last. `isOpen`: of
   * these differences nobody knows yet whether they stay; what is found then may fit later, and not now.
   */
  readonly find: (inputs: Omit<FingerprintInputs, 'last'>, current: Fingerprint, isOpen?: (reason: Reason) => boolean) => Promise<KeptResult | undefined>;
  /** Puts the outputs back as they were. `false`: that could not be done, and the task has to run. */
  readonly restore: (task: Task, kept: KeptResult, aside: SetAside) => Promise<boolean>;
  /**
   * Before a task runs: takes away what it made in earlier states into its folders and globs, so that it does not stay
   * as if it were made now.
   */
  readonly clear: (task: Task, aside: SetAside) => Promise<Cleared>;
  /** Never rejects: what can't be kept is not. Resolves with what the disk said. */
  readonly keep: (task: Task, result: CompleteResult, options: KeepOptions) => Promise<string | undefined>;
  /** After a run: what was of no use for longest makes room. */
  readonly makeRoom: () => void;
}

export interface KeptResultsOptions {
  /** `.runweave`. */
  readonly store: string;
  /** Absolute. */
  readonly pipelineFile: string;
  /** Bytes; 0: nothing is kept or restored. */
  readonly limit: number;
  readonly digests: () => FileDigests;
}

export function openKeptResults({ store, pipelineFile, limit, digests }: KeptResultsOptions): KeptResults {
  const kept = keptFolder(store);
  const entries = openKeptEntries(kept, pipelineFile);
  const objects = openKeptObjects(kept);
  const folder = path.dirname(pipelineFile);
  /** Bytes since the sum was written last. */
  let added = 0;
  /** Nothing else was ever kept. */
  let isNewFolder = false;
  /** Files that a task was seen to write, whosever outputs they lie in. */
  const writers = new Map<string, TaskId>();
  const isOfOther = (task: Task, relative: string): boolean => (writers.get(relative) ?? task.id) !== task.id;

  const find: KeptResults['find'] = async (inputs, current, isOpen) => {
    if (limit === 0 || !canBeKept(inputs.task)) return undefined;
    const candidates = entries
      .of(inputs.task.id)
      .filter(({ entry }) => mayMatch(entry.result.fingerprint, current, isOpen !== undefined))
      .sort((a, b) => (a.entry.result.end < b.entry.result.end ? 1 : -1));
    for (const candidate of candidates) {
      const { result, files } = candidate.entry;
      const now = await fingerprintTask({ ...inputs, last: result.fingerprint }, digests());
      const differences = fingerprintDifference(result.fingerprint, now);
      if (!differences.every((reason) => isOpen?.(reason) === true) || !files.every((file) => objects.has(file.digest, file.size))) continue;
      // What can't be looked at can't be put back.
      if (await canBePutBack(inputs.task, candidate).catch(() => false)) return candidate;
    }
    return undefined;
  };

  const keep: KeptResults['keep'] = async (task, result, { inputs, startedAt, isCertain, written, madeAgain }) => {
    for (const file of written) writers.set(file, task.id);
    if (limit === 0 || !canBeKept(task) || result.outcome !== 'success' || (result.outputs.length === 0 && Object.keys(result.returns).length === 0)) return undefined;
    let entry: FoundEntry | undefined;
    try {
      const isKnown = isCertain && (await standsFor(result.fingerprint, inputs, startedAt));
      // What it left in a folder is remembered all the same, so that the next execution finds the folder without it.
      if (!isKnown && inFolders(task).length === 0) return undefined;
      const found = await listOutputs(task, startedAt - coarseClock, (file) => written.has(file) || madeAgain.has(file));
      if (found === undefined) return undefined;
      const files = found.filter(({ path: file }) => !isOfOther(task, file));
      const isWhole = isKnown && files.length === found.length;
      const size = files.reduce((sum, file) => sum + file.size, 0);
      if (size > limit) return undefined;
      isNewFolder ||= !existsSync(kept);
      entry = entries.write({ task: task.id, result: isWhole ? result : { ...result, fingerprint: { ...result.fingerprint, definition: unsettled } }, files });
      for (const file of files) {
        if (await objects.store(path.join(folder, file.path), file.digest, file.size, digests().takeContent(file.digest))) continue;
        removeEntries(kept, [entry]);
        return undefined;
      }
      added += size + entry.size;
      return undefined;
    } catch (error) {
      try {
        if (entry !== undefined) removeEntries(kept, [entry]);
      } catch {
        // The disk refuses that as well. An entry without its objects is taken as none.
      }
      return (error as Error).message;
    }
  };

  /** Whether what the task read is known, and is what is there. */
  const standsFor = async (fingerprint: Fingerprint, inputs: KeepOptions['inputs'], startedAt: number): Promise<boolean> => {
    if (fingerprint.moving !== undefined) return false;
    // All of it was looked at a moment ago.
    if (inputs.task.source.kind === 'shell') return [fingerprint.sources, fingerprint.inputs, fingerprint.upstream].every((part) => !Object.values<Digest>(part).some(isUnsettled));
    // What may have been another while the task ran is unsettled, which nothing equals.
    const now = await fingerprintTask({ ...inputs, last: fingerprint }, digests());
    return fingerprintDifference(fingerprint, now).length === 0 && !listingsMoved(fingerprint.listings ?? {}, startedAt - coarseClock, { folder, isOutput: inputs.isOutput }, digests());
  };

  /** `undefined` where an output is no plain file, or was not written since. */
  const listOutputs = async (task: Task, since: number, isOwn: (relative: string) => boolean): Promise<readonly KeptFile[] | undefined> => {
    const files = new Map<string, KeptFile>();
    for (const absolute of outputFiles(task)) {
      const relative = relativeTo(folder, absolute);
      const stats = statWithoutLinks(folder, relative);
      if (stats === undefined || Math.max(stats.mtimeMs, stats.ctimeMs) <= since) return undefined;
      const { mode } = stats;
      const found = await digests().ofFile(absolute);
      if (found === undefined) return undefined;
      files.set(relative, { path: relative, digest: found.digest, size: found.size, mode: mode & 0o777, ...(isOwn(relative) && { own: true }) });
    }
    return [...files.values()];
  };

  /** Files that are there now in outputs which are folders or globs. */
  const inFolders = (task: Task): readonly string[] =>
    task.outputs.filter((output) => isGlob(output) || statOf(path.join(folder, output))?.isDirectory() === true).flatMap((output) => filesOf(folder, output));

  /** Those of the files that came in an execution that is kept, and that are as they were; `own`: in any of them. */
  const filesMade = async (task: Task, files: readonly string[]): Promise<ReadonlyMap<string, KeptFile>> => {
    const made = new Map<string, KeptFile>();
    if (files.length === 0) return made;
    const keptFiles = entries.of(task.id).flatMap(({ entry }) => entry.files);
    const known = new Map<string, KeptFile>(keptFiles.map((file) => [`${file.path}\0${file.digest}`, file] as const));
    const own = new Set(keptFiles.filter((file) => file.own).map((file) => file.path));
    for (const absolute of files) {
      const relative = relativeTo(folder, absolute);
      const file = known.get(`${relative}\0${(await digests().ofFile(absolute))?.digest ?? ''}`);
      if (file === undefined || isOfOther(task, relative) || !isWithoutLinks(folder, relative) || !objects.has(file.digest, file.size)) continue;
      made.set(absolute, own.has(relative) ? { ...file, own: true } : file);
    }
    return made;
  };

  const clear: KeptResults['clear'] = async (task, { runId, tell }) => {
    if (limit === 0 || !canBeKept(task)) return { putBack: () => Promise.resolve(), settle: () => new Set() };
    const made = await filesMade(task, inFolders(task)).catch(() => new Map<string, KeptFile>());
    const removed: [string, KeptFile][] = [];
    /** Names, and the places that the files have now; absolute. */
    const aside: [string, string][] = [];
    const tellOf = (left: readonly (readonly [string, string])[]): void => {
      if (left.length > 0) tell(asideMessage(task.id, folder, left));
    };
    const putBack = async (): Promise<void> => {
      for (const [absolute, file] of removed) {
        if (existsSync(absolute)) continue;
        try {
          const temporary = await objects.take(file.digest, file.size, file.mode);
          if (temporary === undefined) continue;
          mkdirSync(path.dirname(absolute), { recursive: true });
          renameSync(temporary, absolute);
        } catch {
          // The disk refuses; the task runs again in any case.
        }
      }
      tellOf(
        aside.filter(([absolute, place]) => {
          try {
            if (!existsSync(absolute)) {
              mkdirSync(path.dirname(absolute), { recursive: true });
              moveFile(place, absolute);
            }
            removeAside(store, place);
            return false;
          } catch {
            return true;
          }
        }),
      );
    };
    const settle = (): ReadonlySet<string> => {
      const again = new Set([...removed, ...aside].map(([absolute]) => absolute).filter((absolute) => existsSync(absolute)));
      tellOf(aside.filter(([absolute]) => !again.has(absolute)));
      for (const [absolute, place] of aside) if (again.has(absolute)) removeAside(store, place);
      return new Set([...again].map((absolute) => relativeTo(folder, absolute)));
    };
    try {
      for (const [absolute, file] of made) {
        if (file.own !== true) aside.push([absolute, moveAside(store, runId, absolute, file.path)]);
        else {
          rmSync(absolute, { force: true });
          removed.push([absolute, file]);
        }
      }
    } catch {
      // It may not be removed: then it is overwritten or stays, and the result is not kept.
    }
    return { putBack, settle };
  };

  const outputFiles = (task: Task): readonly string[] =>
    task.outputs.flatMap((output) => {
      const absolute = path.resolve(folder, output);
      // A file, as its digest was made a moment ago.
      return digests().lastChange(absolute) === undefined ? filesOf(folder, output) : [absolute];
    });

  const wantedOf = (files: readonly KeptFile[]): ReadonlyMap<string, KeptFile> => new Map(files.map((file) => [path.join(folder, file.path), file]));

  /** Whether nothing is in the way that the task did not make: no link, and no other file in its folders and globs. */
  const canBePutBack = async (task: Task, { entry: { files } }: KeptResult): Promise<boolean> => {
    if (![...task.outputs.filter((output) => !isGlob(output)), ...files.map((file) => file.path)].every((name) => isInside(name) && isWithoutLinks(folder, name))) return false;
    const there = inFolders(task);
    const known = await filesMade(task, there);
    const wanted = wantedOf(files);
    for (const absolute of there) if (!known.has(absolute) && (await digests().ofFile(absolute))?.digest !== wanted.get(absolute)?.digest) return false;
    return true;
  };

  const restore: KeptResults['restore'] = async (task, found, { runId, tell }) => {
    const { files, result } = found.entry;
    const aside: [string, string][] = [];
    const staged: { readonly temporary: string; readonly target: string }[] = [];
    try {
      if (!(await canBePutBack(task, found))) return false;
      const wanted = wantedOf(files);
      const there = await filesMade(task, inFolders(task));
      const extra = [...there.keys()].filter((absolute) => !wanted.has(absolute));
      // All of it is there and sound before anything is touched.
      for (const [target, file] of wanted) {
        if ((await digests().ofFile(target))?.digest === file.digest) continue;
        const temporary = await objects.take(file.digest, file.size, file.mode);
        if (temporary === undefined) {
          removeEntries(kept, [found]);
          return false;
        }
        staged.push({ temporary, target });
      }
      const takeAway = (absolute: string): void => {
        const file = there.get(absolute);
        if (file !== undefined && file.own !== true) aside.push([absolute, moveAside(store, runId, absolute, file.path)]);
      };
      for (const absolute of extra) {
        takeAway(absolute);
        removeFile(absolute, folder);
      }
      for (const { temporary, target } of staged.splice(0)) {
        takeAway(target);
        mkdirSync(path.dirname(target), { recursive: true });
        renameSync(temporary, target);
      }
      for (const [target, file] of wanted) if ((statSync(target).mode & 0o777) !== file.mode) chmodSync(target, file.mode);
      for (const output of result.outputs) if ((await digests().ofPath(folder, output.path))?.digest !== output.digest) return false;
      entries.markUsed(found);
      return true;
    } catch {
      // Another file system, no right to write, a folder in a file's place: the task itself knows better what to do.
      return false;
    } finally {
      for (const { temporary } of staged) rmSync(temporary, { force: true });
      if (aside.length > 0) tell(asideMessage(task.id, folder, aside));
    }
  };

  const makeRoom = (): void => {
    entries.release();
    objects.release();
    if (added === 0) return;
    try {
      // What was replaced is not taken off the sum: it is never too small, and right again when all is counted.
      const sum = (isNewFolder ? 0 : readSum(kept)) + added;
      const left = sum <= limit ? sum : shrinkKept(kept, limit).left;
      const temporary = stagingFile(kept);
      writeFileSync(temporary, String(left));
      renameSync(temporary, sumFile(kept));
      added = 0;
      isNewFolder = false;
    } catch {
      // Tried again after the next run.
    }
  };
  return { find, keep, restore, clear, makeRoom };
}

/** Bytes of all that is kept, so that a run that keeps one result does not count thousands. */
function sumFile(kept: string): string {
  return path.join(kept, 'sum');
}

/** Unknown is too much: then all is counted. */
function readSum(kept: string): number {
  try {
    return Number.parseInt(readFileSync(sumFile(kept), 'utf8'), 10) || Infinity;
  } catch {
    return Infinity;
  }
}

/** Effects that can't be seen can't be restored, and `cache: false` says that the same inputs give something else. */
function canBeKept(task: Task): boolean {
  return task.keep && task.cache;
}

/** Without looking at files: most candidates differ in what is known already. `isOpen`: files and other tasks may be about to change. */
function mayMatch(kept: Fingerprint, current: Fingerprint, isOpen: boolean): boolean {
  const same = (a: unknown, b: unknown): boolean => canonicalJson(a as Json) === canonicalJson(b as Json);
  const noneDiffers = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => Object.entries(a).every(([name, digest]) => b[name] === undefined || b[name] === digest);
  const isOfFiles = (): boolean =>
    noneDiffers(kept.inputs, current.inputs) && noneDiffers(kept.sources, current.sources) && noneDiffers(kept.upstream, current.upstream) && same(kept.upstream, current.upstream);
  return (
    kept.definition === current.definition &&
    kept.interpreter === current.interpreter &&
    // What most differ in comes first, and what takes long last.
    (isOpen || isOfFiles()) &&
    same(kept.params, current.params) &&
    same(kept.env, current.env)
  );
}

function relativeTo(folder: string, absolute: string): string {
  return path.relative(folder, absolute).replaceAll(path.sep, '/');
}

function isInside(relative: string): boolean {
  return relative !== '.' && !path.isAbsolute(relative) && !relative.split('/').includes('..');
}

/** And the folders that it leaves empty. */
function removeFile(absolute: string, folder: string): void {
  rmSync(absolute, { force: true });
  for (let parent = path.dirname(absolute); parent.length > folder.length && readdirSync(parent).length === 0; parent = path.dirname(parent)) rmdirSync(parent);
}

export interface Shrunk {
  /** Bytes that are left. */
  readonly left: number;
  readonly freed: number;
  readonly entries: number;
  readonly objects: number;
}

/**
 * Removes entries, least recently used first, until what is left fits into `limit` bytes, and then the objects that no
 * entry names. An object that was written or asked for since this began stays: its entry may be newer than the list.
 */
export function shrinkKept(kept: string, limit: number, dryRun = false): Shrunk {
  const began = Date.now() - coarseClock;
  // The later of one moment stands behind in its file.
  const byUse = [...allEntries(kept)].reverse().sort((a, b) => b.entry.used - a.entry.used);
  const wanted = new Set<Digest>();
  const unused: FoundEntry[] = [];
  const shrunk = { left: 0, freed: 0, entries: 0, objects: 0 };
  let isFull = false;
  for (const found of byUse) {
    const needed = new Map(found.entry.files.flatMap((file) => (wanted.has(file.digest) ? [] : [[file.digest, file.size] as const])));
    const size = found.size + [...needed.values()].reduce((sum, each) => sum + each, 0);
    isFull ||= shrunk.left + size > limit;
    if (isFull) {
      unused.push(found);
      shrunk.freed += found.size;
      shrunk.entries += 1;
      continue;
    }
    shrunk.left += size;
    for (const digest of needed.keys()) wanted.add(digest);
  }
  if (!dryRun) {
    removeEntries(kept, unused);
    for (const file of abandonedFiles(kept)) rmSync(file, { force: true });
  }
  const { objects, freed } = removeObjects(kept, wanted, began, dryRun);
  shrunk.objects += objects;
  shrunk.freed += freed;
  return shrunk;
}
