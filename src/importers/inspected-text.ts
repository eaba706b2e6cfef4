/**
 * Objects as Node's `util.inspect` prints them, which is what the console exporter for JavaScript writes: keys without
 * quotes, strings in one of three quotes, `undefined`, comments, and `[Object]` where it went no deeper. Never evaluated.
 */
import type { Json } from '../model/json.ts';

export interface InspectedObject {
  readonly value: Json;
  /** Where it begins, from 1. */
  readonly line: number;
}

const depthLimit = 64;

/** The objects in a text, one after the other; what stands between them is skipped. `broken`: the line of one that can't be read. */
export function inspectedObjects(text: string): { readonly objects: readonly InspectedObject[]; readonly broken?: number } {
  const objects: InspectedObject[] = [];
  let at = 0;
  let line = 1;
  let counted = 0;
  const lineAt = (place: number): number => {
    for (; counted < place; counted += 1) if (text[counted] === '\n') line += 1;
    return line;
  };
  for (;;) {
    at = text.indexOf('{', at);
    if (at === -1) return { objects };
    const start = lineAt(at);
    const read = readValue(text, at, 0);
    if (read === undefined) return { objects, broken: start };
    objects.push({ value: read.value ?? null, line: start });
    at = read.end;
  }
}

interface Read {
  /** `undefined` where the text says so. */
  readonly value: Json | undefined;
  readonly end: number;
}

interface ReadText extends Read {
  readonly value: string;
}

const blank = /(?:\s|\/\/[^\n]*|,)*/y;
const word = /-?(?:\d[\w.+-]*|Infinity)|[A-Za-z_$][\w$]*/y;
const elided = /\[[A-Z][^\]\n]{0,100}\]|\.\.\. \d+ more [a-z ]+/y;

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function readValue(text: string, from: number, depth: number): Read | undefined {
  if (depth > depthLimit) return undefined;
  const at = from + match(blank, text, from).length;
  const character = text[at];
  if (character === '{') return readObject(text, at + 1, depth);
  if (character === "'" || character === '"' || character === '`') return readString(text, at);
  const cut = match(elided, text, at);
  if (cut !== '') return { value: cut, end: at + cut.length };
  if (character === '[') return readList(text, at + 1, depth);
  const found = match(word, text, at);
  if (found === '') return undefined;
  const end = at + found.length;
  switch (found) {
    case 'true':
      return { value: true, end };
    case 'false':
      return { value: false, end };
    case 'null':
      return { value: null, end };
    case 'undefined':
      return { value: undefined, end };
    default: {
      const number = Number(found.replace(/n$/, ''));
      return { value: Number.isFinite(number) ? number : found, end };
    }
  }
}

function readObject(text: string, from: number, depth: number): Read | undefined {
  const entries: [string, Json][] = [];
  let at = from;
  for (;;) {
    at += match(blank, text, at).length;
    if (text[at] === '}') return { value: Object.fromEntries(entries), end: at + 1 };
    const quoted = text[at] === "'" || text[at] === '"' ? readString(text, at) : undefined;
    const key = quoted === undefined ? match(word, text, at) : quoted.value;
    if (key === '' && quoted === undefined) return undefined;
    at = quoted?.end ?? at + key.length;
    at += match(blank, text, at).length;
    if (text[at] !== ':') return undefined;
    const read = readValue(text, at + 1, depth + 1);
    if (read === undefined) return undefined;
    if (read.value !== undefined) entries.push([key, read.value]);
    at = read.end;
  }
}

function readList(text: string, from: number, depth: number): Read | undefined {
  const values: Json[] = [];
  let at = from;
  for (;;) {
    at += match(blank, text, at).length;
    if (text[at] === ']') return { value: values, end: at + 1 };
    const read = readValue(text, at, depth + 1);
    if (read === undefined) return undefined;
    values.push(read.value ?? null);
    at = read.end;
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v' };

/** A long string is several, each on its line, with `+` between them. */
function readString(text: string, from: number): ReadText | undefined {
  const parts: string[] = [];
  for (let at = from; ; ) {
    const part = readPart(text, at);
    if (part === undefined) return undefined;
    parts.push(part.value);
    const joined = match(/\s*\+\s*(?=['"`])/y, text, part.end);
    if (joined === '') return { value: parts.join(''), end: part.end };
    at = part.end + joined.length;
  }
}

function readPart(text: string, from: number): ReadText | undefined {
  const quote = text[from];
  let value = '';
  for (let at = from + 1; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === quote) return { value, end: at + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    at += 1;
    const code = match(/x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})/y, text, at);
    value += code === '' ? (escapes[text[at] ?? ''] ?? text[at] ?? '') : String.fromCharCode(Number.parseInt(code.slice(1), 16));
    at += Math.max(0, code.length - 1);
  }
  return undefined;
}
