/** Permissions of the folders in which kept outputs were, and how they come back. */
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
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
 * more, so each gets the permissions that it had, and the owner all; the returned function gives it those that it had,
 * when all is in it. One that is there is as its user wants it. Both throw when the disk refuses.
 */
export function makeFolders(folder: string, files: readonly string[], modes: FolderModes): () => void {
  const made: { readonly absolute: string; readonly mode: number }[] = [];
  for (const relative of foldersOf(files)) {
    const mode = Object.hasOwn(modes, relative) ? modes[relative] : undefined;
    if (mode === undefined) continue;
    const absolute = path.join(folder, relative);
    if (existsSync(absolute)) continue;
    mkdirSync(absolute, { recursive: true, mode: mode | ownersOwn });
    made.push({ absolute, mode });
  }
  return () => {
    // Below first: its folder may come to let nobody in.
    for (const { absolute, mode } of made.reverse()) chmodSync(absolute, mode);
  };
}

/** Above first. */
function foldersOf(files: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const file of files) for (let each = path.posix.dirname(file); each !== '.' && !found.has(each); each = path.posix.dirname(each)) found.add(each);
  return [...found].sort();
}
