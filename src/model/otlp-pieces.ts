/**
 * The documents of an OTLP/JSON file, one after the other, whatever the file's size: JSON Lines by their lines, which
 * costs nothing beside parsing them; one document, several, and lines too long to be parsed at once by `otlp-splitter`.
 * Which of the two a file is, its first line says: it is a whole document, or it is not.
 */
import { createSplitter, type Piece, type PieceProblem, type SplitOptions, type Splitter } from './otlp-splitter.ts';

export type Found = Piece | PieceProblem;

export interface PieceReader {
  /** The next bytes of the file, which may be reused afterwards. */
  readonly push: (bytes: Uint8Array) => readonly Found[];
  readonly end: () => readonly Found[];
}

/** Bytes. */
const defaultLineLimit = 4 * 1024 * 1024;
/** Bytes of the beginning of a file that is no JSON. */
const excerpt = 1000;
const newline = 0x0a;
const blank = /^\s*$/;

export interface PieceOptions extends SplitOptions {
  /** Bytes of a line that is given whole. */
  readonly lineLimit?: number;
}

export function createPieceReader(options: PieceOptions = {}): PieceReader {
  const { lineLimit = defaultLineLimit } = options;
  let line = 1;
  let mode: 'unknown' | 'lines' | 'documents' = 'unknown';
  let splitter: Splitter | undefined;
  /** How a file of documents begins: told when there is none in it, so that who parses it can say what is wrong. */
  let beginning: Piece | undefined;
  /** The beginning of a line whose end is still to come. */
  let held = Buffer.allocUnsafe(64 * 1024);
  let length = 0;

  const hold = (bytes: Uint8Array): void => {
    if (length + bytes.length > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(length + bytes.length, held.length * 2));
      held.copy(larger, 0, 0, length);
      held = larger;
    }
    held.set(bytes, length);
    length += bytes.length;
  };
  const take = (): Buffer => {
    const bytes = held.subarray(0, length);
    length = 0;
    return bytes;
  };

  /** Of a file of documents: all of it. Of one of lines: a long one. */
  const split = (bytes: Uint8Array, found: Found[]): void => {
    splitter ??= createSplitter(line, options);
    splitter.push(bytes, found);
    if (found.length > 0) beginning = undefined;
  };
  const endSplit = (found: Found[]): void => {
    splitter?.end(found);
    splitter = undefined;
    if (found.length > 0) beginning = undefined;
    if (beginning !== undefined) found.push(beginning);
  };

  const begin = (found: Found[]): void => {
    beginning = { type: 'piece', text: held.toString('utf8', 0, Math.min(length, excerpt)), line };
    split(take(), found);
  };

  /** The line that began with what is held and ends with `bytes`. */
  const endLine = (bytes: Uint8Array, found: Found[]): void => {
    if (splitter !== undefined) {
      split(bytes, found);
      endSplit(found);
    } else {
      let text: string;
      if (length > 0) {
        hold(bytes);
        text = take().toString('utf8');
      } else text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
      if (!blank.test(text.slice(0, 100)) || !blank.test(text)) found.push({ type: 'piece', text, line });
    }
  };

  /** Whether the line that is held is a document; `undefined` where it is nothing at all. */
  const isDocument = (): boolean | undefined => {
    const text = held.toString('utf8', 0, length);
    if (blank.test(text)) return undefined;
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  const lines = (bytes: Uint8Array, found: Found[]): void => {
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      endLine(bytes.subarray(start, end), found);
      line += 1;
      start = end + 1;
    }
    const rest = bytes.subarray(start);
    if (splitter === undefined && length + rest.length <= lineLimit) hold(rest);
    else {
      if (splitter === undefined) split(take(), found);
      split(rest, found);
    }
  };

  return {
    push: (bytes) => {
      const found: Found[] = [];
      let rest = bytes;
      while (mode === 'unknown' && rest.length > 0) {
        const end = rest.indexOf(newline);
        hold(end === -1 ? rest : rest.subarray(0, end));
        if (end === -1 && length <= lineLimit) return found;
        rest = end === -1 ? rest.subarray(rest.length) : rest.subarray(end);
        const known = end === -1 ? false : isDocument();
        if (known === undefined) {
          length = 0;
          line += 1;
          rest = rest.subarray(1);
        } else mode = known ? 'lines' : 'documents';
      }
      if (mode === 'documents') {
        if (length > 0) begin(found);
        split(rest, found);
      } else if (mode === 'lines') lines(rest, found);
      return found;
    },
    end: () => {
      const found: Found[] = [];
      if (mode === 'unknown') mode = isDocument() === false ? 'documents' : 'lines';
      if (mode === 'documents') {
        if (length > 0) begin(found);
        endSplit(found);
      } else endLine(new Uint8Array(), found);
      return found;
    },
  };
}
