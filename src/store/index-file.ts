/**
 * The file of the run index, `cache/runs.index`. Layout, version 3:
 *
 *   the line `runweave run index 3 LE` (or BE: numbers are as this machine has them)
 *   chunks, each: bytes of its JSON, count of its numbers, CRC-32 of both parts (each 4 bytes, little-endian), then
 *     the JSON, `ChunkHead`
 *     64-bit numbers: of each record (those with a summary first) its mtime in ms, size and ending; then the block's
 *
 * A chunk is appended with one write, so that processes that do so at the same time lose nothing. Of a record that
 * stands in several the last one holds. What does not fit its checksum, and all after it, is not read.
 *
 * Rejected: one JSON line a run, as version 2 was, of which parsing takes 2 s at 100,000 runs; SQLite, which answers
 * a question in 100 ms and more where arrays take 4, and makes an object of each row as well.
 */
import { crc32 } from 'node:zlib';
import { endianness } from 'node:os';
import { openBlock, type OpenBlock, type RunBlock } from '../model/run-block.ts';

export const fileHeader = Buffer.from(`runweave run index 3 ${endianness()}\n`);
const chunkHeader = 12;
/** Numbers of a record that are not its run's. */
const statsLength = 3;

export interface RecordStats {
  readonly mtimeMs: number;
  readonly size: number;
  /** Its name ends in `.otlp.json`, not in `.otlp.jsonl`. */
  readonly isDocument: boolean;
}

/** Stats of the block's runs, and of the records that can't be read. */
export interface Chunk<Block> {
  readonly block: Block;
  readonly unreadable: readonly { readonly key: string; readonly message: string }[];
  readonly stats: readonly RecordStats[];
}

type ChunkHead = Omit<RunBlock, 'numbers'> & Pick<Chunk<RunBlock>, 'unreadable'>;

export function encodeChunk({ block: { numbers, ...block }, unreadable, stats }: Chunk<RunBlock>): Buffer {
  const json = Buffer.from(JSON.stringify({ ...block, unreadable } satisfies ChunkHead));
  const all = new Float64Array(stats.length * statsLength + numbers.length);
  for (const [at, { mtimeMs, size, isDocument }] of stats.entries()) all.set([mtimeMs, size, Number(isDocument)], at * statsLength);
  all.set(numbers, stats.length * statsLength);
  const bytes = Buffer.from(all.buffer);
  const header = Buffer.alloc(chunkHeader);
  header.writeUInt32LE(json.length, 0);
  header.writeUInt32LE(all.length, 4);
  header.writeUInt32LE(crc32(bytes, crc32(json)), 8);
  return Buffer.concat([header, json, bytes]);
}

/** The next chunk, and where the one after it begins; `undefined` where there is none that is whole. */
export function decodeChunk(file: Buffer, from: number): { readonly chunk: Chunk<OpenBlock>; readonly end: number } | undefined {
  if (from + chunkHeader > file.length) return undefined;
  const jsonFrom = from + chunkHeader;
  const numbersFrom = jsonFrom + file.readUInt32LE(from);
  const end = numbersFrom + file.readUInt32LE(from + 4) * Float64Array.BYTES_PER_ELEMENT;
  if (end > file.length || crc32(file.subarray(jsonFrom, end)) !== file.readUInt32LE(from + 8)) return undefined;
  const { unreadable, ...head } = JSON.parse(file.toString('utf8', jsonFrom, numbersFrom)) as ChunkHead;
  // Copied: numbers begin anywhere in the file, and a chunk that is held must not hold all of it.
  const all = new Float64Array((end - numbersFrom) / Float64Array.BYTES_PER_ELEMENT);
  new Uint8Array(all.buffer).set(file.subarray(numbersFrom, end));
  const count = head.count + unreadable.length;
  const block = openBlock({ ...head, numbers: all.slice(count * statsLength) });
  if (block === undefined) return undefined;
  const stats = Array.from({ length: count }, (_, at): RecordStats => ({ mtimeMs: all[at * statsLength] ?? NaN, size: all[at * statsLength + 1] ?? NaN, isDocument: all[at * statsLength + 2] === 1 }));
  return { chunk: { block, unreadable, stats }, end };
}
