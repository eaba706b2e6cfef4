/**
 * Files that a task named. Under the name may be anything: a pipe that nobody writes to, a device that has no end, a
 * folder. To look at it must come to an end all the same.
 */
import { constants, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';

/** Open for reading; `size` in bytes. Throws for what is no file, with what it is instead. */
export async function openPlainFile(file: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  // Looked at before it is opened, as that is an act on a device; and after, as it may be another one by then.
  refuseOthers(file, await stat(file));
  // (There is no O_NONBLOCK on Windows, and nothing to wait for.)
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    refuseOthers(file, stats);
    return { handle, size: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** All of a file. Throws as `openPlainFile`. */
export async function readPlainFile(file: string): Promise<Buffer> {
  const { handle } = await openPlainFile(file);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function refuseOthers(file: string, stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new Error(`${file} is a folder: name the files in it`);
  const what = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device';
  throw new Error(`${file} is ${what}: write what comes from it to a file, and name that`);
}
