/**
 * Changes of files, in batches.
 *
 *   quiet ──event──▶ gathering ──nothing new for `quietTime`, or `longest` is over──▶ quiet (one batch)
 *                        │
 *                        └── git holds its index lock: goes on gathering ──┐
 *                        ◀────────────────────────────────────────────────┘
 *
 * An editor that saves by renaming a new file over the old one is one change (chokidar's `atomic`). A git checkout
 * that writes hundreds of files holds `.git/index.lock` all the while, and is one batch.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { watch as watchFiles } from 'chokidar';

const quietTime = 20;
const longest = 500;
const longestForGit = 10_000;

const ignoredFolders = new Set(['.git', '.runweave', '.hg', '.svn', 'node_modules', '__pycache__', '.venv', 'venv', '.ipynb_checkpoints', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.tox', '.vscode-test', '.DS_Store']);

export interface Watcher {
  /** Files outside the folder that count as well. */
  readonly add: (files: readonly string[]) => void;
  /** Resolves when changes are seen from now on. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

export interface WatcherOptions {
  /** Absolute. */
  readonly folder: string;
  /** Absolute paths, each once. */
  readonly onChange: (files: readonly string[]) => void;
  readonly onError: (message: string) => void;
}

export function startWatcher({ folder, onChange, onError }: WatcherOptions): Watcher {
  const watcher = watchFiles(folder, {
    ignoreInitial: true,
    atomic: true,
    ignorePermissionErrors: true,
    followSymlinks: false,
    ignored: (file) => isIgnored(path.relative(folder, file)),
  });
  const gitLocks = indexLocks(folder);
  let batch = new Set<string>();
  let since = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    const waited = Date.now() - since;
    if (waited < longestForGit && gitLocks.some((lock) => existsSync(lock))) {
      timer = setTimeout(flush, quietTime);
      return;
    }
    timer = undefined;
    const files = [...batch];
    batch = new Set();
    onChange(files);
  };
  watcher.on('all', (_event, file) => {
    if (batch.size === 0) since = Date.now();
    batch.add(file);
    if (timer !== undefined && Date.now() - since > longest) return;
    clearTimeout(timer);
    timer = setTimeout(flush, quietTime);
  });
  watcher.on('error', (error) => onError(watchError(error as NodeJS.ErrnoException)));
  return {
    add: (files) => {
      const outside = files.filter((file) => path.relative(folder, file).startsWith('..'));
      if (outside.length > 0) watcher.add(outside);
    },
    ready: new Promise((resolve) => watcher.once('ready', resolve)),
    close: async () => {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}

function isIgnored(relative: string): boolean {
  return !relative.startsWith('..') && relative.split(path.sep).some((part) => ignoredFolders.has(part));
}

/** Where git's lock may be: in this folder or one above it. */
function indexLocks(folder: string): readonly string[] {
  const locks: string[] = [];
  for (let current = folder; ; current = path.dirname(current)) {
    if (existsSync(path.join(current, '.git'))) locks.push(path.join(current, '.git', 'index.lock'));
    if (current === path.dirname(current)) return locks;
  }
}

function watchError(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOSPC') return 'the system allows no more file watches: raise fs.inotify.max_user_watches (see `runweave doctor`)';
  if (error.code === 'EMFILE') return 'too many open files: raise the limit with `ulimit -n`';
  return `watching files: ${error.message}`;
}
