/**
 * Cuts OTLP/JSON of any size into small documents that say the same, so that nothing of the size of the file is ever in
 * memory: a document of 500 MB takes 1.4 GB when it is parsed at once, and a longer one does not fit into a string.
 *
 * Only the way to the items is followed (document → `resourceSpans` → `scopeSpans` → `spans`, and the same of logs and
 * metrics); of everything else only quotes and brackets are looked at. After enough items the piece is closed, and the
 * next one opened with the same resource and scope:
 *
 *   {"resourceSpans":[{"resource":R,"scopeSpans":[{"scope":S,"spans":[a,b   ]}]}]}      ← closed
 *   {"resourceSpans":[{"resource":R,"scopeSpans":[{"scope":S,"spans":[      c,d]}]}]}   ← opened again
 *
 * Whether a piece is JSON finds out who parses it. A resource that comes after its list counts for what follows it alone.
 */

/** The text of a small document. */
export interface Piece {
  readonly type: 'piece';
  readonly text: string;
  /** Where in the file it begins, from 1. */
  readonly line: number;
}

export interface PieceProblem {
  readonly type: 'problem';
  readonly line: number;
  readonly message: string;
}

export interface Splitter {
  /** The next bytes of the file. They may be reused afterwards. */
  readonly push: (bytes: Uint8Array, found: (Piece | PieceProblem)[]) => void;
  /** The file ends here: what is whole of the last document. */
  readonly end: (found: (Piece | PieceProblem)[]) => void;
  /** Lines before what comes next. */
  readonly line: () => number;
}

/** Bytes of a piece: small enough to be garbage soon, large enough that parsing it is not all overhead. */
const defaultPieceSize = 64 * 1024;
/** Bytes of one item, or of what stands between items: no longer text is parsed. */
const defaultItemLimit = 256 * 1024 * 1024;

/** By depth. */
const lists: readonly (readonly string[])[] = [
  ['resourceSpans', 'resourceLogs', 'resourceMetrics'],
  ['scopeSpans', 'scopeLogs', 'scopeMetrics'],
  ['spans', 'logRecords', 'metrics'],
];
/** What all items of a list have in common. */
const shared: readonly string[] = ['resource', 'scope', 'schemaUrl'];
/** A longer key is none of these. */
const keyLimit = 32;

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket, colon, comma, newline] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x3a, 0x2c, 0x0a] as const;

/** Which bytes mean something outside of strings and off the way: 1 opens, 2 closes, 3 a quote, 4 a line's end. */
const meaning = new Uint8Array(256);
meaning[openBrace] = meaning[openBracket] = 1;
meaning[closeBrace] = meaning[closeBracket] = 2;
meaning[quote] = 3;
meaning[newline] = 4;

/** An object on the way to the items, and the list in it that is being read. */
interface Level {
  /** Members that the next piece needs too: their text by their name. */
  readonly members: Map<string, string>;
  key: string;
  /** Whether what comes is a key, else a value. */
  isKey: boolean;
  /** Whether its list is open. */
  inList: boolean;
}

export interface SplitOptions {
  /** Bytes, each with a default. */
  readonly pieceSize?: number;
  readonly itemLimit?: number;
}

/** `line`: the number of the first that is pushed. */
export function createSplitter(line: number, { pieceSize = defaultPieceSize, itemLimit: limit = defaultItemLimit }: SplitOptions = {}): Splitter {
  let startLine = line;
  const levels: Level[] = [];
  /** The piece so far. */
  let piece = Buffer.allocUnsafe(2 * pieceSize);
  let length = 0;
  /** Bytes of it that open it. */
  let opening = 0;
  /** Of a value that is not on the way, or of a string. */
  const nested: Nested = { depth: 0, inString: false, lines: line };
  /** Bytes of the next chunk that an escape covers. */
  let carry = 0;
  /** What is read is a key of `levels.at(-1)`. */
  let inKey = false;
  let key = '';
  /** Where the value that is read begins in the piece. */
  let valueStart = 0;
  /** The value is longer than the limit, and left out. */
  let dropping = false;
  /** A piece was closed: the comma after its last item is left out. */
  let isCut = false;
  /** Where in the piece the last whole item ends, and how many lists are open there. */
  let wholeEnd = 0;
  let wholeDepth = 0;

  const append = (bytes: Uint8Array, from: number, to: number): void => {
    if (dropping || to <= from) return;
    const needed = length + to - from;
    if (needed > piece.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, piece.length * 2));
      piece.copy(larger, 0, 0, length);
      piece = larger;
    }
    piece.set(bytes.subarray(from, to), length);
    length = needed;
  };

  const take = (found: (Piece | PieceProblem)[], end: number, closed: string): void => {
    found.push({ type: 'piece', text: piece.toString('utf8', 0, end) + closed, line: startLine });
    startLine = nested.lines;
    length = 0;
    opening = 0;
    wholeEnd = 0;
    if (piece.length > 8 * pieceSize) piece = Buffer.allocUnsafe(2 * pieceSize);
  };

  const cut = (found: (Piece | PieceProblem)[]): void => {
    take(found, length, ']}'.repeat(levels.length));
    const text = Buffer.from(levels.map(({ members, key: list }) => `{${[...members].map(([name, value]) => `"${name}":${value},`).join('')}"${list}":[`).join(''));
    append(text, 0, text.length);
    opening = length;
    isCut = true;
  };

  const push: Splitter['push'] = (bytes, found) => {
    const size = bytes.length;
    let at = carry;
    /** First byte that is not in the piece yet. */
    let from = 0;
    carry = 0;

    const valueEnded = (): void => {
      append(bytes, from, at);
      from = at;
      if (dropping) {
        dropping = false;
        const nothing = Buffer.from('null');
        append(nothing, 0, nothing.length);
      }
      const level = levels.at(-1);
      if (level === undefined) return;
      if (!level.inList) {
        if (shared.includes(level.key)) level.members.set(level.key, piece.toString('utf8', valueStart, length));
        return;
      }
      wholeEnd = length;
      wholeDepth = levels.length;
      // With a large resource the pieces are large as well: it is not to be repeated more often than it is worth.
      if (length - opening >= Math.max(pieceSize, opening)) cut(found);
    };

    while (at < size) {
      if (nested.depth > 0) {
        at = skipNested(bytes, at, nested);
        if (nested.depth === 0) valueEnded();
        continue;
      }
      if (nested.inString) {
        const end = stringEnd(bytes, at);
        if (inKey && key.length <= keyLimit) key += Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(Math.max(0, Math.min(end, size) - at), keyLimit + 1)).toString('latin1');
        at = end;
        if (at >= size) break;
        at += 1;
        nested.inString = false;
        const level = levels.at(-1);
        if (!inKey) valueEnded();
        else if (level !== undefined) level.key = key;
        continue;
      }

      const level = levels.at(-1);
      if (level === undefined) {
        const next = bytes.indexOf(openBrace, at);
        const end = next === -1 ? size : next;
        for (; at < end; at += 1) if (bytes[at] === newline) nested.lines += 1;
        at = end + 1;
        if (next === -1) break;
        from = next;
        startLine = nested.lines;
        levels.push({ members: new Map(), key: '', isKey: true, inList: false });
        continue;
      }
      const byte = bytes[at];
      if (byte === newline) nested.lines += 1;
      switch (byte) {
        case quote:
          nested.inString = true;
          inKey = !level.inList && level.isKey;
          key = '';
          if (!inKey) startValue(bytes, from, at);
          from = inKey ? from : at;
          break;
        case openBrace:
        case openBracket:
          if (byte === openBracket && !level.inList && !level.isKey && lists[levels.length - 1]?.includes(level.key) === true) level.inList = true;
          else if (byte === openBrace && level.inList && levels.length < lists.length) levels.push({ members: new Map(), key: '', isKey: true, inList: false });
          else {
            startValue(bytes, from, at);
            from = at;
            nested.depth = 1;
          }
          break;
        case colon:
          level.isKey = false;
          break;
        case comma:
          if (isCut) from = at + 1;
          isCut = false;
          level.isKey = true;
          break;
        case closeBracket:
          isCut = false;
          if (level.inList) {
            level.inList = false;
            level.key = '';
          }
          break;
        case closeBrace:
          at += 1;
          levels.pop();
          isCut = false;
          if (levels.length > 0) valueEnded();
          else {
            append(bytes, from, at);
            take(found, length, '');
          }
          continue;
        default:
      }
      at += 1;
    }
    if (levels.length === 0) return;
    carry = Math.max(0, at - size);
    append(bytes, from, size);
    if (length <= limit || dropping) return;
    if (nested.depth === 0 && !nested.inString) throw new Error(`line ${nested.lines}: more than ${Math.round(limit / 1024 / 1024)} MiB without a value that ends`);
    found.push({ type: 'problem', line: nested.lines, message: `a value of more than ${Math.round(limit / 1024 / 1024)} MiB was left out` });
    length = valueStart;
    dropping = true;
  };

  const startValue = (bytes: Uint8Array, from: number, at: number): void => {
    append(bytes, from, at);
    valueStart = length;
  };

  return {
    push,
    line: () => nested.lines,
    end: (found) => {
      if (levels.length > 0) {
        const began = startLine;
        if (wholeEnd > 0) take(found, wholeEnd, ']}'.repeat(wholeDepth));
        found.push({ type: 'problem', line: began, message: 'the document does not end' });
      }
      levels.length = 0;
      length = nested.depth = carry = wholeEnd = opening = 0;
      nested.inString = inKey = dropping = isCut = false;
    },
  };
}

interface Nested {
  /** Open brackets. */
  depth: number;
  inString: boolean;
  lines: number;
}

/**
 * To the end of a value, or of the bytes and, by an escape, one further. By itself, with nothing but local variables:
 * here is where the time goes.
 */
function skipNested(bytes: Uint8Array, from: number, nested: Nested): number {
  const size = bytes.length;
  let { depth, lines } = nested;
  let at = from;
  if (nested.inString) {
    at = stringEnd(bytes, at);
    if (at >= size) return at;
    at += 1;
    nested.inString = false;
  }
  while (at < size) {
    const kind = meaning[bytes[at] ?? 0];
    at += 1;
    if (kind === 0) continue;
    if (kind === 3) {
      at = stringEnd(bytes, at);
      if (at >= size) {
        nested.inString = true;
        break;
      }
      at += 1;
    } else if (kind === 1) depth += 1;
    else if (kind === 4) lines += 1;
    else {
      depth -= 1;
      if (depth === 0) break;
    }
  }
  nested.depth = depth;
  nested.lines = lines;
  return at;
}

/** Where the quote is that ends it. */
function stringEnd(bytes: Uint8Array, from: number): number {
  const size = bytes.length;
  let at = from;
  while (at < size) {
    const byte = bytes[at];
    if (byte === quote) break;
    at += byte === backslash ? 2 : 1;
  }
  return at;
}
