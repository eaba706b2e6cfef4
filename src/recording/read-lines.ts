/**
 * Lines of a file, one at a time. Not `node:readline`, which also splits at U+2028 and U+2029: these may stand in JSON
 * text unescaped.
 */
import { open } from 'node:fs/promises';

/** A longer line does not fit into a string. */
export const lineLimit = 256 * 1024 * 1024;
/** The first is small: often only the first line is wanted. */
const firstChunk = 32 * 1024;
const chunk = 256 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end; bytes that are no UTF-8 become U+FFFD. */
  readonly text: string;
}

/** Throws when the file can't be read, or has a line of more than 256 MiB. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const handle = await open(file, 'r');
  try {
    let number = 1;
    let parts: Buffer[] = [];
    let length = 0;
    const take = (end: Buffer): Line => {
      const line = parts.length === 0 ? end : Buffer.concat([...parts, end]);
      parts = [];
      length = 0;
      return { number: number++, text: line.toString('utf8', 0, line.at(-1) === 0x0d ? line.length - 1 : line.length) };
    };
    for (let size = firstChunk; ; size = chunk) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(size), 0, size);
      if (bytesRead === 0) break;
      let start = 0;
      for (let end = buffer.indexOf(0x0a); end !== -1 && end < bytesRead; end = buffer.indexOf(0x0a, start)) {
        yield take(buffer.subarray(start, end));
        start = end + 1;
      }
      if (start === bytesRead) continue;
      parts.push(buffer.subarray(start, bytesRead));
      length += bytesRead - start;
      if (length > lineLimit) throw new Error(`line ${number} is longer than ${lineLimit / 1024 / 1024} MiB`);
    }
    if (parts.length > 0) yield take(Buffer.alloc(0));
  } finally {
    await handle.close();
  }
}
