/** Permissions of the folders in which kept outputs were, and how they come back. */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** By paths relative to the pipeline's folder, with `/`; of setgid and the sticky bit, too, which say something of folders. */
export type FolderModes = Readonly<Record<string, number>>;

const modeBits = 0o7777;
const ownersOwn = 0o700;

/** Of all folders of these files (relative), below the pipeline's. Throws when one is gone. */
export function folderModes(folder: string, files: readonly string[]): FolderModes {
  // Windows has others.
  if (process.platform === 'win32') return {};
  return Object.fromEntries(foldersOf(files).map((relative) => [relative, statSync(path.join(folder, relative)).mode & modeBits]));
}

/**
 * Before the files are put into their folders: makes those that are not there. One that was private is never open to
 * more, so each gets the permissions that it has now and had then; the returned function gives it those that it had then,
 * when all is in it. `isOutput`: whether one that is there is the task's to change. Both throw when the disk refuses.
 */
export function makeFolders(folder: string, files: readonly string[], modes: FolderModes, isOutput: (relative: string) => boolean): () => void {
  const changed: { readonly absolute: string; readonly mode: number }[] = [];
  for (const relative of foldersOf(files)) {
    const mode = Object.hasOwn(modes, relative) ? modes[relative] : undefined;
    if (mode === undefined) continue;
    const absolute = path.join(folder, relative);
    const now = statSync(absolute, { throwIfNoEntry: false })?.mode;
    if (now === undefined) mkdirSync(absolute, { recursive: true, mode: mode | ownersOwn });
    else if (!isOutput(relative) || (now & modeBits) === mode) continue;
    else chmodSync(absolute, (now & mode) | ownersOwn);
    changed.push({ absolute, mode });
  }
  return () => {
    // Below first: its folder may come to let nobody in.
    for (const { absolute, mode } of changed.reverse()) chmodSync(absolute, mode);
  };
}

/** Above first. */
function foldersOf(files: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const file of files) for (let each = path.posix.dirname(file); each !== '.' && !found.has(each); each = path.posix.dirname(each)) found.add(each);
  return [...found].sort();
}
