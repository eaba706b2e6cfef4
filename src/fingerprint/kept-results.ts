/**
 * Results of tasks that can be had again without running them: what to keep, what matches, and how it is restored.
 *
 * Nothing wrong may ever be kept, as it would come back long after anybody remembers. So a result is kept only if all
 * that the task was made from is after it still what it was before it, unchanged in between, and its outputs are plain
 * files below the pipeline's folder, all of them written meanwhile: what was there before is left from another state,
 * or is somebody's own file that a glob matches. And nothing may be lost: a file in a folder or glob that has to go, or
 * to be replaced, must be one that came while the task ran, and is kept; otherwise the task runs.
 *
 * Who wrote what came meanwhile is mostly not known (`output-makers.ts`): what may be somebody's, or another task's, is not
 * removed but set aside (`set-aside.ts`).
 */
import { existsSync, readFileSync, renameSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isUnsettled, unsettled, type Digest, type Fingerprint, type Reason } from '../model/fingerprint.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { clearOutputs, nothingCleared, type Cleared, type ResultBefore } from './clear-outputs.ts';
import { filesOf, type FileDigests } from './file-digests.ts';
import { abandonedFiles, allEntries, openKeptEntries, removeEntries, type FoundEntry, type KeptFile } from './kept-entries.ts';
import { keptFolder, stagingFile } from './kept-folder.ts';
import { openKeptObjects, removeObjects, statWithoutLinks } from './kept-objects.ts';
import { coarseClock } from './held-still.ts';
import { listingsMoved } from './listings.ts';
import { createOutputMakers } from './output-makers.ts';
import { folderModes } from './restored-folders.ts';
import { placeFor, restoreOutputs } from './restore-outputs.ts';
import type { SetAside } from './set-aside.ts';
import { fingerprintDifference } from './staleness.ts';
import { fingerprintTask, type FingerprintInputs } from './task-fingerprint.ts';

export type KeptResult = FoundEntry;
export type CompleteResult = TaskResult & { readonly fingerprint: Fingerprint };


/** Files beside the outputs that are named one by one. */
const mostBeside = 100;

export interface KeepOptions {
  readonly inputs: Omit<FingerprintInputs, 'last'>;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** No output of a task before it moved while it ran. */
  readonly isCertain: boolean;
  /** Files that Python was seen to write for the task, relative to the pipeline's folder. */
  readonly written: ReadonlySet<string>;
  /** Those of them in which something may be left of what they held before. */
  readonly continued: ReadonlySet<string>;
  /** What `clear` left in its folders and globs. */
  readonly stayed: ReadonlySet<string>;
}

export interface KeptResults {
  /**
   * The newest result that was made from what is there now. `current` is the fingerprint by what counted last. `isOpen`: of
   * these differences nobody knows yet whether they stay; what is found then may fit later, and not now.
   */
  readonly find: (inputs: Omit<FingerprintInputs, 'last'>, current: Fingerprint, options?: { readonly isOpen?: ((reason: Reason) => boolean) | undefined; readonly left?: TaskResult['left'] }) => Promise<KeptResult | undefined>;
  /** Puts the outputs back as they were. `left`: of the execution before. `false`: that could not be done, and the task has to run. */
  readonly restore: (task: Task, kept: KeptResult, aside: SetAside, left?: TaskResult['left']) => Promise<boolean>;
  /**
   * Before a task runs: takes away what it made in earlier states into its folders and globs, so that it does not stay
   * as if it were made now. `before`: the execution before.
   */
  readonly clear: (task: Task, aside: SetAside, before: ResultBefore) => Promise<Cleared>;
  /** Never rejects: what can't be kept is not. Resolves with what the disk said. */
  readonly keep: (task: Task, result: CompleteResult, options: KeepOptions) => Promise<string | undefined>;
  /** What its results that are kept were made from. */
  readonly fingerprints: (task: TaskId) => readonly Fingerprint[];
  /** While nothing runs: what `find` looks at for this task. */
  readonly prepare: (task: TaskId) => void;
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
  /** Bytes that are free where a folder is. */
  readonly free?: (folder: string) => number;
}

export function openKeptResults({ store, pipelineFile, limit, digests, free = freeBytes }: KeptResultsOptions): KeptResults {
  const kept = keptFolder(store);
  const entries = openKeptEntries(kept, pipelineFile);
  const objects = openKeptObjects(kept);
  const folder = path.dirname(pipelineFile);
  /** Bytes since the sum was written last. */
  let added = 0;
  /** Nothing else was ever kept. */
  let isNewFolder = false;
  const makers = createOutputMakers({ folder, entriesOf: entries.of, objects, digests });
  const outputs = { store, folder, entries, objects, makers, digests, removeEntry: (found: FoundEntry) => removeEntries(kept, [found]) };

  const find: KeptResults['find'] = async (inputs, current, { isOpen, left } = {}) => {
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
      if ((await placeFor(inputs.task, candidate, left, outputs).catch(() => undefined)) !== undefined) return candidate;
    }
    return undefined;
  };

  const keep: KeptResults['keep'] = async (task, result, { inputs, startedAt, isCertain, written, continued, stayed }) => {
    makers.wrote(task.id, written);
    if (limit === 0 || !canBeKept(task) || result.outcome !== 'success' || (result.outputs.length === 0 && Object.keys(result.returns).length === 0)) return undefined;
    let entry: FoundEntry | undefined;
    try {
      const isKnown = isCertain && (await standsFor(result.fingerprint, inputs, startedAt));
      // What it left in a folder is remembered all the same, so that the next execution finds the folder without it.
      if (!isKnown && makers.inFolders(task).length === 0) return undefined;
      const found = await listOutputs(task, startedAt - coarseClock, (file) => {
        const isSeen = written.has(file) && !continued.has(file);
        return { ...(isSeen && { seen: true }), ...(!isSeen && stayed.has(file) && { before: true }) };
      });
      if (found === undefined) return undefined;
      const files = found.filter(({ path: file }) => !makers.isOfOther(task.id, file));
      const isWhole = isKnown && files.length === found.length;
      const size = files.reduce((sum, file) => sum + file.size, 0);
      if (size > limit) return undefined;
      const lack = lackOfRoom(task, files);
      if (lack !== undefined) return lack;
      isNewFolder ||= !existsSync(kept);
      entry = entries.write({ task: task.id, result: isWhole ? result : { ...result, fingerprint: { ...result.fingerprint, definition: unsettled } }, files, folders: folderModes(folder, files.map((file) => file.path)), beside: besides(written, found) });
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

  /** A cache must not be what fills a disk: at most half of what is free goes into it at a time. */
  const lackOfRoom = (task: Task, files: readonly KeptFile[]): string | undefined => {
    const room = free(store) / 2;
    if (files.reduce((sum, { size }) => sum + size, 0) <= room) return undefined;
    const missing = new Map(files.flatMap((file) => (objects.has(file.digest, file.size) ? [] : [[file.digest, bytesOnDisk(path.join(folder, file.path))] as const])));
    const needed = [...missing.values()].reduce((sum, bytes) => sum + bytes, 0);
    return needed <= room ? undefined : `those of ${task.id} take ${megabytes(needed)}, and ${megabytes(2 * room)} are free, of which a result gets half at most`;
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
  const listOutputs = async (task: Task, since: number, whose: (relative: string) => Pick<KeptFile, 'seen' | 'before'>): Promise<readonly KeptFile[] | undefined> => {
    const files = new Map<string, KeptFile>();
    for (const absolute of outputFiles(task)) {
      const relative = relativeTo(folder, absolute);
      const stats = statWithoutLinks(folder, relative);
      if (stats === undefined || Math.max(stats.mtimeMs, stats.ctimeMs) <= since) return undefined;
      const { mode } = stats;
      const found = await digests().ofFile(absolute);
      if (found === undefined) return undefined;
      files.set(relative, { path: relative, digest: found.digest, size: found.size, mode: mode & 0o777, ...whose(relative) });
    }
    return [...files.values()];
  };

  const outputFiles = (task: Task): readonly string[] =>
    task.outputs.flatMap((output) => {
      const absolute = path.resolve(folder, output);
      // A file, as its digest was made a moment ago.
      return digests().lastChange(absolute) === undefined ? filesOf(folder, output) : [absolute];
    });

  const restore: KeptResults['restore'] = (task, found, aside, left) => restoreOutputs(task, found, aside, left, outputs);

  const clear: KeptResults['clear'] = async (task, aside, before) => (limit === 0 || !canBeKept(task) ? nothingCleared : clearOutputs(task, aside, before, outputs));

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
  return { find, keep, restore, clear, fingerprints: (task) => entries.of(task).map(({ entry }) => entry.result.fingerprint), prepare: (task) => void entries.of(task), makeRoom };
}

function freeBytes(folder: string): number {
  try {
    const { blocks, bavail, bsize } = statfsSync(folder);
    return blocks === 0 ? Infinity : bavail * bsize;
  } catch {
    // Some network mounts do not say.
    return Infinity;
  }
}

/** Of one with holes, less than its size. */
function bytesOnDisk(file: string): number {
  const { size, blocks } = statSync(file);
  return Math.min(size, blocks * 512);
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

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** What was written and is none of these outputs. */
function besides(written: ReadonlySet<string>, outputs: readonly KeptFile[]): readonly string[] {
  const own = new Set(outputs.map((file) => file.path));
  const files = [...written].filter((file) => !own.has(file));
  return files.length <= mostBeside ? files : [...new Set(files.map((file) => `${path.posix.dirname(file)}/`))];
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
