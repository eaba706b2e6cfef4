/** What has to outlast a power failure. */
import { open } from 'node:fs/promises';

/** Some file systems (network mounts, FUSE) can't flush a folder. */
const refusals: ReadonlySet<string | undefined> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EACCES', 'EISDIR', 'EBADF', 'ENOSYS']);

/** Flushes the bytes of a file, or the names in a folder where that can be done. Throws where the disk fails. */
export async function flush(file: string, openFile: (file: string) => Promise<{ readonly sync: () => Promise<void>; readonly close: () => Promise<void> }> = (name) => open(name, 'r')): Promise<void> {
  // Windows can't open a folder, has no need to, and flushes only what is open for writing.
  if (process.platform === 'win32') return;
  try {
    const handle = await openFile(file);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!refusals.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}
