/**
 * Where an export is written. A file is written under another name and gets its own when it is whole, so that nobody
 * sees half of one, also when the disk is full or the export is cancelled; and nothing is overwritten unasked.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ExportError } from './export-error.ts';

export interface OutputFile {
  /** Resolves when the next part may come. */
  readonly write: (part: string | Uint8Array) => Promise<void>;
}

export interface Destination {
  /** The one file; with a name, a file of the folder, where `/` leads into folders below it. Fails when it is there already. */
  readonly file: (name?: string) => Promise<OutputFile>;
  /** A new folder of the folder, for an exporter that writes files itself: it gets its name with `finish`. */
  readonly folder: (name: string) => Promise<string>;
  /** Gives everything its name; absolute paths of the files and folders that are now there. */
  readonly finish: () => Promise<readonly string[]>;
  /** Leaves nothing behind that was not finished. */
  readonly discard: () => Promise<void>;
}

/** Parts are gathered to about this many characters: a line a write would be slow. */
const bufferSize = 256 * 1024;

/** `output`: absolute. Absent: the one file goes to `write`. */
export function createDestination(output: string | undefined, { force, write }: { readonly force: boolean; readonly write: (text: string) => void }): Destination {
  if (output === undefined) {
    return {
      file: (name) => {
        if (name !== undefined) throw new ExportError('several files are written: name a folder with --output');
        return Promise.resolve({
          write: (part) => {
            write(typeof part === 'string' ? part : Buffer.from(part).toString('utf8'));
            return Promise.resolve();
          },
        });
      },
      folder: () => {
        throw new ExportError('several files are written: name a folder with --output');
      },
      finish: () => Promise.resolve([]),
      discard: () => Promise.resolve(),
    };
  }
  const pending: Pending[] = [];
  const claim = async (target: string): Promise<string> => {
    if (!force && (await exists(target))) throw new ExportError(`${target} is there already; --force overwrites it`);
    await mkdir(path.dirname(target), { recursive: true });
    return path.join(path.dirname(target), `.${path.basename(target).slice(0, 100)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  };
  return {
    file: async (name) => {
      const target = name === undefined ? output : path.join(output, name);
      if (await isDevice(target)) return deviceFile(target, pending);
      const temporary = await claim(target);
      const handle = await open(temporary, 'wx');
      const file = buffered(handle);
      pending.push({ target, temporary, close: file.close, isFolder: false });
      return file;
    },
    folder: async (name) => {
      const target = path.join(output, name);
      const temporary = await claim(target);
      await mkdir(temporary);
      pending.push({ target, temporary, close: () => Promise.resolve(), isFolder: true });
      return temporary;
    },
    finish: async () => {
      const finished: string[] = [];
      // One after the other, and forgotten when it is done: what fails leaves the others to `discard`.
      for (let next = pending[0]; next !== undefined; next = pending[0]) {
        await next.close();
        if (next.temporary !== undefined) await publish(next.temporary, next, force);
        pending.shift();
        finished.push(next.target);
      }
      return finished;
    },
    discard: async () => {
      for (const { temporary, close } of pending.splice(0)) {
        await close().catch(() => undefined);
        if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
      }
    },
  };
}

interface Pending {
  readonly target: string;
  /** Absent: it is written where it is, being no file that could be replaced. */
  readonly temporary?: string;
  readonly close: () => Promise<void>;
  readonly isFolder: boolean;
}

function buffered(handle: FileHandle): OutputFile & { readonly close: () => Promise<void> } {
  let parts: (string | Uint8Array)[] = [];
  let size = 0;
  let closed = false;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)));
    parts = [];
    size = 0;
    await handle.writeFile(bytes);
  };
  return {
    write: (part) => {
      parts.push(part);
      size += part.length;
      return size < bufferSize ? Promise.resolve() : flush();
    },
    close: async () => {
      if (closed) return;
      closed = true;
      try {
        if (size > 0) await flush();
      } finally {
        await handle.close();
      }
    },
  };
}

/** A pipe, `/dev/stdout`: written as it is. */
async function deviceFile(target: string, pending: Pending[]): Promise<OutputFile> {
  const file = buffered(await open(target, 'w'));
  pending.push({ target, close: file.close, isFolder: false });
  return file;
}

async function publish(temporary: string, { target, isFolder }: Pending, force: boolean): Promise<void> {
  if (force) {
    // A folder is not replaced by a rename where it holds something.
    if (isFolder) await rm(target, { recursive: true, force: true });
    await rename(temporary, target);
    return;
  }
  const there = (): ExportError => new ExportError(`${target} is there already; --force overwrites it`);
  if (isFolder) {
    if (await exists(target)) throw there();
    await rename(temporary, target);
    return;
  }
  try {
    // Unlike a rename, it fails where somebody else was faster.
    await link(temporary, target);
    await rm(temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || (await exists(target))) throw there();
    // A file system without hard links.
    await rename(temporary, target);
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

async function isDevice(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}
