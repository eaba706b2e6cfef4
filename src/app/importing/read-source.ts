/**
 * The files of what is imported: a folder's, a zip's, or one. Links are not followed, names that lead out of their
 * place are refused, and what is read into memory has limits, unpacked as well: a zip says what it likes of its sizes.
 */
import { readFile, readdir, stat, lstat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import type { ImportProblem, SourceFile } from '../../importers/source.ts';
import { bytesOnDisk, unpacked as unpackedBytes } from '../../store/read-pieces.ts';

const gunzipped = promisify(gunzip);

/** Bytes of one file in memory: longer text than a string of V8 holds can't be parsed. */
const fileLimit = 512 * 1024 * 1024 - 64;
/** Bytes of all that is unpacked from one zip. */
const zipLimit = 2 * 1024 * 1024 * 1024;
const countLimit = 200_000;

export interface ReadSource {
  readonly files: readonly SourceFile[];
  readonly problems: readonly ImportProblem[];
}

/** A folder that is read as if it lay in the one that is imported. */
export interface PlacedFolder {
  /** Absolute. */
  readonly folder: string;
  /** Where it would be, relative to what is imported, with `/`. */
  readonly at: string;
}

/**
 * `name`: as the user wrote it; `store`: the `.runweave` that is written to, which is not looked into. Throws, with what
 * is wrong, when there is nothing of that name.
 */
export async function readSource(absolute: string, name: string, store?: string, most = countLimit, placed: readonly PlacedFolder[] = []): Promise<ReadSource> {
  const base = path.basename(absolute);
  const { isDirectory } = await stat(absolute).then(
    (found) => ({ isDirectory: found.isDirectory() }),
    (error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(code === 'ENOENT' ? 'there is no such file or folder' : message);
    },
  );
  if (!isDirectory) return unpacked([await fileOnDisk(absolute, base)], name);
  const files: SourceFile[] = [];
  const problems: ImportProblem[] = [];
  const pending: PlacedFolder[] = [...placed, { folder: absolute, at: '' }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { folder, at } = next;
    if (store !== undefined && folder === path.resolve(store)) continue;
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (folder === absolute) throw error;
      problems.push({ file: `${name}/${at}`, message: `the folder can't be read: ${(error as Error).message}` });
      return [];
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inside = at === '' ? entry.name : `${at}/${entry.name}`;
      const disk = path.join(folder, entry.name);
      if (entry.isSymbolicLink()) problems.push({ file: `${name}/${inside}`, message: 'it is a link, and was not followed' });
      else if (entry.isDirectory()) {
        const isOfStore = path.basename(folder) === '.runweave' && ['cache', 'live', 'trash'].includes(entry.name);
        if (!isOfStore && !['.git', 'node_modules', '.venv'].includes(entry.name)) pending.push({ folder: disk, at: inside });
      }
      else if (entry.isFile()) {
        // A training may remove it meanwhile.
        const file = await fileOnDisk(disk, `${base}/${inside}`).catch((error: unknown) => void problems.push({ file: `${name}/${inside}`, message: `it can't be read: ${(error as Error).message}` }));
        if (file !== undefined) files.push(file);
      }
      if (files.length > most) throw new Error(`there are more than ${most} files in it`);
    }
  }
  const read = await unpacked(files, name);
  return { files: read.files, problems: [...problems, ...read.problems] };
}

async function fileOnDisk(disk: string, name: string): Promise<SourceFile> {
  const { size } = await lstat(disk);
  return {
    path: name,
    size,
    disk,
    read: async () => {
      if (size > fileLimit) throw new Error(`it has ${size} bytes, and more than ${fileLimit} are not read at once; as JSON Lines it opens without importing`);
      return readFile(disk);
    },
    stream: () => bytesOnDisk(disk),
  };
}

/** With the content of gzip files and zips in their place; of a zip in a zip not. */
async function unpacked(files: readonly SourceFile[], name: string): Promise<ReadSource> {
  const all: SourceFile[] = [];
  const problems: ImportProblem[] = [];
  for (const file of files) {
    if (/\.gz$/i.test(file.path)) {
      all.push({ path: file.path, size: file.size, stream: () => unpackedBytes(Readable.from(copies(file.stream()))), read: async () => gunzipped(await file.read(), { maxOutputLength: fileLimit }).catch((error: unknown) => Promise.reject(new Error((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? `unpacked it has more than ${fileLimit} bytes` : `it can't be unpacked: ${(error as Error).message}`))) });
    } else if (/\.zip$/i.test(file.path) || (files.length === 1 && (await isZip(file)))) {
      try {
        const zip = await unzip(file);
        all.push(...zip.files);
        problems.push(...zip.problems);
      } catch (error) {
        problems.push({ file: files.length === 1 ? name : file.path, message: `it can't be unpacked: ${(error as Error).message}` });
      }
    } else all.push(file);
  }
  return { files: all, problems };
}

async function isZip(file: SourceFile): Promise<boolean> {
  if (file.size > fileLimit || file.size < 22) return false;
  for await (const head of file.stream()) return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
  return false;
}

async function unzip(file: SourceFile): Promise<ReadSource> {
  const bytes = Buffer.from(await file.read());
  const zip = await new Promise<ZipFile>((resolve, reject) => fromBuffer(bytes, { lazyEntries: true, validateEntrySizes: true, strictFileNames: true }, (error, opened) => (error === null ? resolve(opened) : reject(error))));
  const files: SourceFile[] = [];
  const problems: ImportProblem[] = [];
  let total = 0;
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', resolve);
    zip.on('entry', (entry: Entry) => {
      const isLink = ((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000;
      if (isLink) problems.push({ file: `${file.path}/${entry.fileName}`, message: 'it is a link, and was not followed' });
      else if (!entry.fileName.endsWith('/')) {
        total += entry.uncompressedSize;
        if (total > zipLimit || files.length >= countLimit) {
          reject(new Error(`it unpacks to more than ${zipLimit} bytes or ${countLimit} files`));
          return;
        }
        // The zip stands for a folder.
        files.push({ path: `${file.path.replace(/\.zip$/i, '')}/${entry.fileName}`, size: entry.uncompressedSize, read: () => contentOf(zip, entry), stream: () => bytesOf(zip, entry) });
      }
      zip.readEntry();
    });
    zip.readEntry();
  });
  return { files, problems };
}

/** For who holds several parts at once. */
async function* copies(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) yield Uint8Array.from(part);
}

async function contentOf(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  if (entry.uncompressedSize > fileLimit) throw new Error(`unpacked it has ${entry.uncompressedSize} bytes, more than ${fileLimit}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(zip, entry)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* bytesOf(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  const stream = await new Promise<Readable>((resolve, reject) => zip.openReadStream(entry, (error, opened) => (error === null ? resolve(opened) : reject(error))));
  for await (const chunk of stream) yield chunk as Uint8Array;
}
