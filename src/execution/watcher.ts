/**
 * Changes of files, in batches.
 *
 *   quiet ──a file was written──▶ quiet (told at once)
 *   quiet ──any other event──▶ gathering ──nothing new for `quietTime`, or `longest` is over──▶ quiet (one batch)
 *                        │
 *                        └── git works, or nobody listened: goes on gathering ──┐
 *                        ◀─────────────────────────────────────────────────────┘
 *
 * One file that was saved after a while of silence is told at once. If others follow, or more of the same, they are a
 * batch of their own: who reads a file before it is whole reads it again. An empty file is told when something is in it:
 * that is how many programs begin to write.
 *
 * An editor that saves by renaming a new file over the old one is one change (chokidar's `atomic`). A git checkout
 * that writes hundreds of files holds `.git/index.lock` all the while, and is one batch. What it did is told long
 * after it is over, and with gaps, so silence takes longer then. Silence counts only while this process was awake: a
 * timer that fires late says nothing about events that wait behind it.
 *
 * chokidar tells a path's second change within 50 ms as no change at all, so what was told is looked at once more
 * a little later: a save right after a save is not lost.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { statOf } from '../fingerprint/stat-of.ts';
import { PatientWatcher } from './patient-watcher.ts';
import { isIgnored, isOutside } from './watched-files.ts';

const quietTime = 20;
/** After so much silence a change is taken for a save. */
const silence = 100;
const longest = 500;
const quietTimeForGit = 150;
/** An empty file is about to be written, but by a writer that may have to wait for its turn. */
const quietTimeForEmpty = 100;
const lookAtEmpty = 2;
const longestForGit = 10_000;
/** A timer that is later than this fired when the process had no time. */
const lateness = 10;
/** After a change that was told at once, what comes so soon belongs to it. */
const sameTime = 50;
/** More than chokidar's 50 ms. */
const secondLook = 100;

export interface Watcher {
  /** What counts as well: outside of the folder, or in a folder of a tool. Of a folder, what is in it, to so many folders deep. */
  readonly add: (file: string, depth?: number) => void;
  /** While git works on the files: resolves when it is done. */
  readonly gitDone: () => Promise<void> | undefined;
  /** Resolves when changes are seen from now on. */
  readonly ready: Promise<void>;
  /** Resolves when no change is known that is not told, and none is expected that belongs to the last one. */
  readonly settled: () => Promise<void>;
  /** Whether changes are known that are not told yet. */
  readonly isGathering: () => boolean;
  readonly close: () => Promise<void>;
}

export interface WatcherOptions {
  /** Absolute. */
  readonly folder: string;
  /** Absolute paths, each once. */
  readonly onChange: (files: readonly string[]) => void;
  readonly onError: (message: string) => void;
  /** The system has told of something, of which a change may come within moments. */
  readonly onStir?: () => void;
}

export function startWatcher({ folder, onChange, onError, onStir }: WatcherOptions): Watcher {
  /** Of each, how many names deep what is in it counts. */
  const roots = new Map([[folder, Infinity]]);
  const isOf = (root: string, depth: number, file: string): boolean => {
    const relative = path.relative(root, file);
    return !isIgnored(relative) && relative.split(path.sep).length <= depth;
  };
  /** Folders of tools that lead to them: where one is made anew, so may be what is in it. */
  const onTheWay = new Set<string>();
  const watcher = new PatientWatcher({
    ignoreInitial: true,
    atomic: true,
    ignorePermissionErrors: true,
    followSymlinks: false,
    ignored: (file) => {
      if (onTheWay.has(file)) return false;
      let isWithin = false;
      for (let root = file, below = ''; root !== below; below = root, root = path.dirname(root)) {
        const depth = roots.get(root);
        if (depth !== undefined && isOf(root, depth, file)) return false;
        isWithin ||= depth !== undefined;
      }
      return isWithin;
    },
  });
  watcher.add(folder);
  /** Handed on together: a folder of tools is read once for all that is in it. */
  const adding = new Set<string>();
  const addAll = (): void => {
    // chokidar would begin anew.
    if (!isClosed) watcher.add([...adding]);
    adding.clear();
  };
  const isTold = (file: string): boolean => !isOutside(path.relative(folder, file)) && !isIgnored(path.relative(folder, file));
  const gitLocks = indexLocks(folder);
  let batch = new Set<string>();
  let since = 0;
  let lastEvent = 0;
  let isOfGit = false;
  /** When a change was told without a wait for more. */
  let toldAtOnce = 0;
  /** Those who wait for the batch that is gathered. */
  const waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const gitWorks = (): boolean => gitLocks.some((lock) => existsSync(lock));

  /** A checkout may be over before the first of its changes is told. */
  const gitHasWorked = (): boolean => gitLocks.some((lock) => lastEvent - (statSync(lock.slice(0, -'.lock'.length), { throwIfNoEntry: false })?.mtimeMs ?? 0) < longest);

  const waitFor = (time: number): void => {
    clearTimeout(timer);
    const due = Date.now() + time;
    timer = setTimeout(() => {
      const waited = Date.now() - since;
      const isLate = Date.now() - due > lateness && waited < longest;
      if (isLate || (waited < longestForGit && gitWorks())) waitFor(time);
      else flush();
    }, time);
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const stamps = [...batch].map((file) => [file, stamp(file)] as const);
    batch = new Set();
    setTimeout(() => {
      for (const [file, before] of stamps) if (stamp(file) !== before) gather(file);
    }, secondLook).unref();
    onChange(stamps.map(([file]) => file));
    for (const resolve of waiting.splice(0)) resolve();
  };
  const gather = (file: string): void => {
    if (isClosed) return;
    if (batch.size === 0) {
      since = Date.now();
      isOfGit = gitWorks() || gitHasWorked();
    }
    batch.add(file);
    if (timer !== undefined && Date.now() - since > (isOfGit ? longestForGit : longest)) return;
    waitFor(isOfGit ? quietTimeForGit : isFilled(file) ? quietTime : quietTimeForEmpty);
  };
  /** Was emptied, and is about to be written. */
  let empty: { readonly file: string; readonly timer: NodeJS.Timeout } | undefined;
  /** Unless others come. */
  const tellAtOnce = (file: string): void => {
    clearTimeout(empty?.timer);
    empty = undefined;
    if (isClosed || isOfGit || batch.size !== 1 || !batch.has(file)) return;
    if (isFilled(file)) {
      toldAtOnce = Date.now();
      flush();
    } else if (Date.now() - since < quietTimeForEmpty) empty = { file, timer: setTimeout(tellAtOnce, lookAtEmpty, file).unref() };
  };
  const gitDone = async (): Promise<void> => {
    const start = Date.now();
    while (!isClosed && Date.now() - start < longestForGit && gitWorks()) await pause(quietTime);
  };
  watcher.on('all', (event, file) => {
    const isAlone = batch.size === 0 && Date.now() - lastEvent > silence;
    lastEvent = Date.now();
    gather(file);
    if (isAlone && event === 'change') tellAtOnce(file);
  });
  // chokidar tells nothing of what is written into a file right after it was emptied; the system does.
  watcher.on('raw', () => {
    onStir?.();
    if (empty !== undefined) tellAtOnce(empty.file);
  });
  watcher.on('error', (error) => onError(watchError(error as NodeJS.ErrnoException)));
  return {
    add: (file, depth = Infinity) => {
      if (isTold(file)) return;
      roots.set(file, Math.max(depth, roots.get(file) ?? 0));
      let top = file;
      if (!isOutside(path.relative(folder, file))) while (!isTold(path.dirname(top))) onTheWay.add((top = path.dirname(top)));
      adding.add(top);
      if (adding.size === 1) queueMicrotask(addAll);
    },
    gitDone: () => (gitWorks() ? gitDone() : undefined),
    ready: new Promise((resolve) => watcher.once('ready', resolve)),
    settled: async () => {
      const rest = toldAtOnce + sameTime - Date.now();
      if (rest > 0 && !isClosed) await pause(rest, undefined, { ref: false });
      if (batch.size > 0 && !isClosed) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    isGathering: () => batch.size > 0,
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      for (const resolve of waiting.splice(0)) resolve();
      await watcher.close();
    },
  };
}

/** Also what is not there: nothing comes after it. */
function isFilled(file: string): boolean {
  return statOf(file)?.size !== 0;
}

/** Changes whenever a file does: cheap, as it is asked for every file that changed. */
function stamp(file: string): string {
  try {
    const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? '' : `${stats.mtimeNs} ${stats.size} ${stats.ino}`;
  } catch {
    // A link to itself, or behind a folder that may not be entered.
    return '';
  }
}

/** Where git's lock may be: in this folder or one above it. */
function indexLocks(folder: string): readonly string[] {
  const locks: string[] = [];
  for (let current = folder; ; current = path.dirname(current)) {
    const git = path.join(current, '.git');
    if (existsSync(git)) locks.push(path.join(gitFolder(git), 'index.lock'));
    if (current === path.dirname(current)) return locks;
  }
}

/** In a worktree or submodule `.git` is a file that says where the folder is (gitrepository-layout(5)). */
function gitFolder(git: string): string {
  try {
    const target = /^gitdir: (.*)$/m.exec(readFileSync(git, 'utf8'))?.[1];
    return target === undefined ? git : path.resolve(path.dirname(git), target);
  } catch {
    return git;
  }
}

function watchError(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOSPC') return 'the system allows no more file watches: raise fs.inotify.max_user_watches (see `runweave doctor`)';
  if (error.code === 'EMFILE') return 'too many open files: raise the limit with `ulimit -n`';
  return `watching files: ${error.message}`;
}
