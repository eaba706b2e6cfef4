/** Copies of large files, of which the digest is known when they are made. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, open, type FileHandle } from 'node:fs/promises';
import type { Digest } from '../model/fingerprint.ts';
import { digestOfFile } from './file-digests.ts';

const zeros = Buffer.alloc(1024 * 1024);

/**
 * By the file system's copy-on-write where it has that. Elsewhere the digest is that of the bytes on their way, and what
 * is not written of the source (a file of a terabyte may have a megabyte on disk) takes no room in the copy either.
 * `target` must not be there; it gets `mode` at most. Throws when one can't be read, or the other not be written.
 */
export async function copyLarge(source: string, target: string, mode: number): Promise<Digest> {
  const isCloned = await copyFile(source, target, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL).then(
    () => true,
    () => false,
  );
  return isCloned ? digestOfFile(target) : copyBytes(source, target, mode);
}

async function copyBytes(source: string, target: string, mode: number): Promise<Digest> {
  const from = await open(source, 'r');
  try {
    const to = await open(target, 'wx', mode);
    try {
      return await copyBetween(from, to);
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function copyBetween(from: FileHandle, to: FileHandle): Promise<Digest> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(zeros.length);
  let size = 0;
  for (;;) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    hash.update(bytes);
    if (!zeros.subarray(0, bytesRead).equals(bytes)) {
      for (let written = 0; written < bytesRead; ) written += (await to.write(bytes, written, bytesRead - written, size + written)).bytesWritten;
    }
    size += bytesRead;
  }
  await to.truncate(size);
  return `sha256:${hash.digest('hex')}` as Digest;
}
