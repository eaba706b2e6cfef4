/**
 * The bytes of artifacts: small ones travel in the event, so that a record is one file; larger ones are kept once,
 * under their digest, in `.runweave/objects/sha256/ab/cdef…`.
 *
 * An object is written to a temporary name and renamed, and the digest is that of the bytes which were written: a file
 * that its task goes on writing to can't end up under a digest that it does not have. One that was written to since is
 * replaced (`stored-objects.ts`). It is flushed to disk when the
 * record that refers to it is made (`flushObjects`), not while tasks run.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Digest } from '../model/fingerprint.ts';
import type { ArtifactContent, EventOf } from '../model/run-event.ts';
import type { Masker } from '../model/masker.ts';
import { flush } from './flush.ts';
import { isText, isTextMediaType, mediaTypeOf } from './media-type.ts';
import { openPlainFile } from './plain-file.ts';
import { digestOf, mark, objectState, touchObject } from './stored-objects.ts';

const defaultInlineLimit = 64 * 1024;

export type StoredArtifact = Pick<EventOf<'artifact'>, 'name' | 'mediaType' | 'size' | 'digest' | 'content'>;

export interface ArtifactOptions {
  readonly name: string;
  /** Found from name and content when absent. */
  readonly mediaType?: string | undefined;
  /** Artifacts of fewer bytes go into the event; 64 KiB by default. */
  readonly inlineLimit?: number;
  /** Secrets are masked in text; bytes that are no text and hold one are refused, as they would be damaged. */
  readonly masker?: Masker | undefined;
}

/** Throws when it is no file, or can't be read, or the object can't be written. `folder` is `.runweave`. */
export async function storeArtifact(folder: string, bytes: Uint8Array | { readonly path: string }, options: ArtifactOptions): Promise<StoredArtifact> {
  if (bytes instanceof Uint8Array) return storeBytes(folder, [bytes], bytes.length, options);
  const { handle, size } = await openPlainFile(bytes.path);
  try {
    return await storeBytes(folder, read(handle, size === 0 ? (options.inlineLimit ?? defaultInlineLimit) : size), size, options);
  } finally {
    await handle.close();
  }
}

async function storeBytes(folder: string, source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, size: number, options: ArtifactOptions): Promise<StoredArtifact> {
  const { name, inlineLimit = defaultInlineLimit, masker } = options;
  if (size < inlineLimit) {
    const parts: Uint8Array[] = [];
    for await (const part of masked(source, masker)) parts.push(part);
    const content = Buffer.concat(parts);
    const mediaType = options.mediaType ?? mediaTypeOf(name, content.subarray(0, 4096));
    return { name, mediaType, size: content.length, digest: digestOf(content), content: inline(content, mediaType) };
  }
  const stored = await storeObject(folder, masked(source, masker));
  return { name, mediaType: options.mediaType ?? mediaTypeOf(name, stored.head), size: stored.size, digest: stored.digest, content: { type: 'reference' } };
}

/**
 * No more than it had when it was opened, though somebody may go on writing to it. (A file of /proc says that it is
 * empty, and is not.)
 */
async function* read(handle: FileHandle, limit: number): AsyncGenerator<Uint8Array> {
  for (let left = limit; left > 0; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(Math.min(left, 1024 * 1024)), 0, null, null);
    if (bytesRead === 0) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* masked(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, masker: Masker | undefined): AsyncGenerator<Uint8Array> {
  const stream = masker?.byteStream();
  let keepsBytes: boolean | undefined;
  for await (const bytes of source) {
    if (stream === undefined) {
      yield bytes;
      continue;
    }
    keepsBytes ??= !isText(bytes.subarray(0, 4096));
    const safe = stream.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
    if (keepsBytes && stream.found()) throw new Error('it is not text, and the value of a secret is in it');
    if (keepsBytes) yield bytes;
    else if (safe !== '') yield Buffer.from(safe, 'latin1');
  }
  const rest = stream?.end() ?? '';
  if (keepsBytes === true && stream?.found() === true) throw new Error('it is not text, and the value of a secret is in it');
  if (keepsBytes === false && rest !== '') yield Buffer.from(rest, 'latin1');
}

/** `undefined` when the bytes are not here: the object was collected, or damaged, or the record came from elsewhere without it. */
export async function readArtifact(folder: string, digest: Digest, content?: ArtifactContent): Promise<Uint8Array | undefined> {
  if (content?.type === 'utf8') return Buffer.from(content.text, 'utf8');
  if (content?.type === 'base64') return Buffer.from(content.data, 'base64');
  const file = objectPath(folder, digest);
  if (file === undefined) return undefined;
  try {
    const bytes = await readFile(file);
    return digestOf(bytes) === digest ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes from `start`, not including `end`, of an object; fewer at its end. `undefined` as for `readArtifact`. */
export async function readArtifactPart(folder: string, digest: Digest, { start, end }: { readonly start: number; readonly end: number }): Promise<Uint8Array | undefined> {
  const file = objectPath(folder, digest);
  if (file === undefined || !Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) return undefined;
  if ((await objectState(file)) !== 'sound') return undefined;
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, Math.min(end, size) - start)), 0, undefined, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** `undefined` for what is no digest: a record from elsewhere may hold anything, and this becomes a path. */
export function objectPath(folder: string, digest: string): string | undefined {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  return hex === undefined ? undefined : path.join(folder, 'objects', 'sha256', hex.slice(0, 2), hex.slice(2));
}

function inline(bytes: Uint8Array, mediaType: string): ArtifactContent {
  if (isTextMediaType(mediaType)) {
    try {
      return { type: 'utf8', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
    } catch {
      // Says that it is text, and is not: kept byte by byte.
    }
  }
  return { type: 'base64', data: Buffer.from(bytes).toString('base64') };
}

/** Absolute paths, of all folders. */
const unflushed = new Set<string>();

/** Objects that an earlier process has stored, by the digests in a text. */
export function flushLater(folder: string, text: string): void {
  for (const digest of text.match(/sha256:[0-9a-f]{64}/g) ?? []) unflushed.add(path.resolve(objectPath(folder, digest) ?? ''));
}

/** To be called before a record in `folder` gets its name: the objects that it may refer to outlast a power failure. */
export async function flushObjects(folder: string, flushOne: (file: string) => Promise<void> = flush): Promise<void> {
  const objects = path.resolve(folder, 'objects', 'sha256');
  const folders = new Set<string>();
  for (const file of unflushed) {
    if (path.dirname(path.dirname(file)) !== objects) continue;
    unflushed.delete(file);
    // A task may have removed it; and what the disk does not take is no reason to lose the record.
    await flushOne(file).catch(() => undefined);
    folders.add(path.dirname(file));
  }
  if (folders.size > 0) for (const each of [...folders, objects, path.dirname(objects), path.resolve(folder)]) await flushOne(each).catch(() => undefined);
}

const zeros = Buffer.alloc(1024 * 1024);

/** A file of a terabyte may have a megabyte on disk: what is not written of it takes no room here either. */
function isHole(bytes: Uint8Array): boolean {
  return bytes.length <= zeros.length && zeros.subarray(0, bytes.length).equals(bytes);
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}

/** Keeps bytes under their digest. */
export async function storeObject(
  folder: string,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<{ readonly digest: Digest; readonly size: number; readonly head: Uint8Array }> {
  const objects = path.join(folder, 'objects', 'sha256');
  await mkdir(objects, { recursive: true });
  const temporary = path.join(objects, `.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const hash = createHash('sha256');
    let size = 0;
    let head: Uint8Array = new Uint8Array();
    const handle = await open(temporary, 'wx');
    try {
      for await (const chunk of source) {
        if (head.length < 4096) head = Buffer.concat([head, chunk.subarray(0, 4096 - head.length)]);
        hash.update(chunk);
        if (!isHole(chunk)) await writeAt(handle, chunk, size);
        size += chunk.length;
      }
      await handle.truncate(size);
    } finally {
      await handle.close();
    }
    const digest = `sha256:${hash.digest('hex')}` as Digest;
    const file = objectPath(folder, digest) ?? '';
    await mkdir(path.dirname(file), { recursive: true });
    const kept = await stat(file).catch(() => undefined);
    if (kept?.size !== size || !(await touchObject(file))) {
      await mark(temporary, Date.now() / 1000);
      await rename(temporary, file);
    }
    unflushed.add(path.resolve(file));
    return { digest, size, head };
  } finally {
    await rm(temporary, { force: true });
  }
}
