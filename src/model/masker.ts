/**
 * Finds secrets in text and puts `***` in their place, whatever form they were given on the way: as they are, in
 * base64 (at any of the three alignments), percent-encoded, or escaped for JSON or HTML. Also in text that arrives in
 * pieces, where a secret may be split between two.
 *
 * All forms of all secrets are one regular expression of literal alternatives, longest first: V8 skips through text
 * with it at less than a nanosecond a byte, where a search for each of 32 forms takes three to five.
 */
import type { Json } from './json.ts';

export const mask = '***';

/** Below this, base64 of a secret is so short that it is found in any picture. */
const shortestEncoded = 8;
/** Lines of a secret of several lines are looked for one by one from this length: a log may indent them. */
const shortestLine = 16;
/** Up to this many characters of what may become a secret are handed on when nothing follows them for a while. */
const shownEarly = 3;
/** Ids, digests and times of ours: a short secret may occur in them by chance, and masked they would be none any more. */
const opaque = /^(?:\d{16,20}|[0-9a-f]{16}|[0-9a-f]{32}|sha256:[0-9a-f]{64}|\d{8}T\d{6}Z-[\w-]+)$/;

export interface Masker {
  readonly text: (text: string) => string;
  /** Of an event: all of its strings, also the keys within them; not its type and the names of its fields. The same object when there is nothing to mask. */
  readonly event: <T>(event: T) => T;
  readonly stream: () => MaskedStream;
  /** Of bytes, each as the character of its number (`latin1`). */
  readonly byteStream: () => MaskedStream;
}

/** Masks what arrives in pieces. */
export interface MaskedStream {
  /** What of it can be handed on: all but an end that may be the beginning of a secret. */
  readonly push: (text: string) => string;
  /** Nothing came for a while: hands on what is held if it is no more than the first three characters. They are masked no more; the rest of the secret is. */
  readonly idle: () => string;
  /** Nothing comes any more. */
  readonly end: () => string;
  /** Whether anything was masked so far. */
  readonly found: () => boolean;
}

/** `undefined` when there are no secrets. */
export function createMasker(secrets: readonly string[]): Masker | undefined {
  if (secrets.length === 0) return undefined;
  const forms = [...new Set(secrets.flatMap(formsOf))];
  const search = searchFor(forms);
  const exact = new Set(secrets);
  const bytes = searchFor(forms.map((form) => latin1(new TextEncoder().encode(form))));
  const isMasked = (text: string): boolean => search.isIn(text) && (!opaque.test(text) || exact.has(text));
  const text = (input: string): string => (isMasked(input) ? input.replace(search.all, mask) : input);
  const holds = (value: Json): boolean => {
    if (typeof value === 'string') return isMasked(value);
    if (value === null || typeof value !== 'object') return false;
    if (Array.isArray(value)) return (value as readonly Json[]).some(holds);
    for (const [key, item] of Object.entries(value)) if (holds(item) || isMasked(key)) return true;
    return false;
  };
  const walk = (value: Json): Json => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return (value as readonly Json[]).map(walk);
    if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), walk(item)]));
    return value;
  };
  return {
    text,
    event: (event) => {
      const fields = Object.entries(event as Readonly<Record<string, Json>>);
      if (!fields.some(([name, value]) => name !== 'type' && holds(value))) return event;
      return Object.fromEntries(fields.map(([name, value]) => [name, name === 'type' ? value : walk(value)])) as typeof event;
    },
    stream: () => maskStream(search),
    byteStream: () => maskStream(bytes),
  };
}

interface Search {
  readonly all: RegExp;
  readonly isIn: (text: string) => boolean;
  /** From where on, at or after `from`, the end of `text` is the beginning of a form; its length when it is of none. */
  readonly beginning: (text: string, from: number) => number;
}

function searchFor(forms: readonly string[]): Search {
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  const source = longestFirst.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|');
  const [all, once] = [new RegExp(source, 'g'), new RegExp(source)];
  const longest = longestFirst[0]?.length ?? 0;
  const byFirst = new Map<string, string[]>();
  for (const form of longestFirst) {
    const first = form.charAt(0);
    byFirst.set(first, [...(byFirst.get(first) ?? []), form]);
  }
  return {
    all,
    isIn: (text) => once.test(text),
    beginning: (text, from) => {
      for (let at = Math.max(from, text.length - longest + 1); at < text.length; at += 1) {
        const candidates = byFirst.get(text.charAt(at));
        if (candidates === undefined) continue;
        const end = text.slice(at);
        if (candidates.some((form) => form.length > end.length && form.startsWith(end))) return at;
      }
      return text.length;
    },
  };
}

function maskStream(search: Search): MaskedStream {
  /** The beginning of what may be a secret; its first `shown` characters were handed on already. */
  let held = '';
  let shown = 0;
  let found = false;
  const take = (text: string, isEnd: boolean): string => {
    let result = '';
    let position = 0;
    let hold = isEnd ? text.length : search.beginning(text, 0);
    search.all.lastIndex = 0;
    for (let match = search.all.exec(text); match !== null && match.index < hold; match = search.all.exec(text)) {
      found = true;
      result += text.slice(Math.max(position, shown), match.index) + mask;
      position = search.all.lastIndex;
      if (!isEnd && position > hold) hold = search.beginning(text, position);
    }
    result += text.slice(Math.max(position, shown), hold);
    held = text.slice(hold);
    shown = Math.max(0, shown - hold);
    return result;
  };
  return {
    push: (text) => take(held + text, false),
    idle: () => {
      if (held.length > shownEarly) return '';
      const early = held.slice(shown);
      shown = held.length;
      return early;
    },
    end: () => take(held, true),
    found: () => found,
  };
}

/** Every text by which a secret is known again. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n|\\n/).map((line) => line.trim());
  const long = lines.length === 1 ? [] : lines.filter((line) => line.length >= shortestLine && !line.startsWith('-----'));
  const whole = [secret, ...(secret.includes('\n') ? [secret.replaceAll(/\r?\n/g, '\n'), secret.replaceAll(/\r?\n/g, '\r\n')] : [])];
  return [...whole, ...long].flatMap((text) => [text, ...escapedForms(text)]).concat(base64Forms(secret), ...long.map(base64Forms));
}

function escapedForms(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const percent = percentEncoded(text);
  return [
    json,
    json.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
    json.replaceAll('/', '\\/'),
    percent,
    percent.replaceAll('%20', '+'),
    percent.replaceAll('%20', '+').replaceAll('%2A', '*').replaceAll('~', '%7E'),
    percent.replaceAll('%2F', '/'),
    percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    percent.replaceAll(/%(21|27|28|29|2A)/g, (code) => decodeURIComponent(code)),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#x27;'),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
  ];
}

/** RFC 3986: all but letters, digits and `-._~`. A lone surrogate becomes U+FFFD, as it does in UTF-8. */
function percentEncoded(text: string): string {
  return encodeURIComponent(new TextDecoder().decode(new TextEncoder().encode(text))).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * What base64 of any bytes that hold the secret must contain: without the characters at both ends that depend on what
 * stands around it. Broken into lines, as `base64` and MIME do it, only where the secret is at the beginning.
 */
function base64Forms(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < shortestEncoded) return [];
  const forms: string[] = [];
  for (const before of [0, 1, 2]) {
    const standard = btoa('\0'.repeat(before) + latin1(bytes));
    const complete = Math.floor(((before + bytes.length) * 8) / 6);
    const core = standard.slice([0, 2, 3][before], complete);
    forms.push(core);
    if (before === 0) for (const width of [76, 64]) forms.push(...(core.match(new RegExp(`.{${shortestLine},${width}}`, 'g')) ?? []));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** Each byte as the character of its number. */
function latin1(bytes: Uint8Array): string {
  let result = '';
  for (const byte of bytes) result += String.fromCharCode(byte);
  return result;
}
