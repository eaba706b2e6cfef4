/** The documents of a file in OTLP/JSON, also of one that is packed with gzip, in memory that does not grow with it. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createPieceReader, type Found, type PieceOptions } from '../model/otlp-pieces.ts';

export interface Reading {
  /** Bytes of the file, as it lies on disk. */
  readonly onProgress?: (read: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The first read is small: often little of a file is wanted. */
const firstChunk = 32 * 1024;
const chunk = 256 * 1024;
/** Bytes in which there is a document, or the file is of another kind: a packed file can unpack to a thousand times its size. */
const patience = 512 * 1024 * 1024;

/** What is found in each part of the file. Throws when it can't be read or unpacked, after all that could be. */
export async function* readPieces(file: string, { onProgress, signal }: Reading = {}): AsyncGenerator<readonly Found[]> {
  const { size } = await stat(file);
  yield* piecesOf(bytesOf(file, (read) => onProgress?.(read, size), signal));
}

/** The same of any bytes; each part may be reused after it was given. */
export async function* piecesOf(bytes: AsyncIterable<Uint8Array>, options: PieceOptions = {}): AsyncGenerator<readonly Found[]> {
  const reader = createPieceReader(options);
  let isFound = false;
  let read = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const part of bytes) {
      const found = reader.push(part);
      isFound ||= found.length > 0;
      read += part.length;
      if (found.length > 0) yield found;
      else if (!isFound && read > patience) {
        yield [{ type: 'problem', line: 1, message: `there is no document in its first ${patience / 1024 / 1024} MiB` }];
        return;
      }
    }
  } catch (error) {
    failure = { error };
  }
  // Where the file could not be read further, that its last document does not end is no news.
  const last = reader.end().filter((found) => failure === undefined || found.type === 'piece');
  if (last.length > 0) yield last;
  if (failure !== undefined) throw failure.error;
}

/** Unpacked where it is packed. */
async function* bytesOf(file: string, onRead: (bytes: number) => void, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  let read = 0;
  let isPacked = false;
  for await (const part of bytesOnDisk(file)) {
    signal?.throwIfAborted();
    isPacked = read === 0 && isGzip(part);
    if (isPacked) break;
    read += part.length;
    onRead(read);
    yield part;
  }
  if (!isPacked) return;
  const packed = createReadStream(file, { ...(signal !== undefined && { signal }) });
  packed.on('data', (part) => onRead((read += part.length)));
  yield* unpacked(packed);
}

/** The file as it is, in parts that are reused. Not a stream: that takes new memory for each part. */
export async function* bytesOnDisk(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(chunk);
    for (let wanted = firstChunk; ; wanted = chunk) {
      const { bytesRead } = await handle.read(buffer, 0, wanted, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** Throws, with what is wrong with it. */
export async function* unpacked(packed: Readable): AsyncGenerator<Uint8Array> {
  const unzip = createGunzip({ chunkSize: 256 * 1024 });
  packed.on('error', (error: Error) => unzip.destroy(error));
  try {
    for await (const part of packed.pipe(unzip)) yield part as Buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') === true ? new Error(`it can't be unpacked further: ${message}`, { cause: error }) : error;
  } finally {
    unzip.destroy();
    packed.destroy();
  }
}
