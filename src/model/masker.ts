/**
 * Finds secrets in text and puts `***` in their place, whatever form they were given on the way: as they are, in
 * base64 (at any of the three alignments), percent-encoded, or escaped for JSON or HTML. Also in text that arrives in
 * pieces, where a secret may be split between two.
 *
 * All forms of all secrets are one regular expression of literal alternatives, longest first: V8 skips through text
 * with it at less than a nanosecond a byte, where a search for each of 32 forms takes three to five.
 */
export const mask = '***';

/** Below this, base64 of a secret is so short that it is found in any picture. */
const shortestEncoded = 8;
/** Lines of a secret of several lines are looked for one by one from this length: a log may indent them. */
const shortestLine = 16;
/** Up to this many characters of what may become a secret are handed on when nothing follows them for a while. */
const shownEarly = 3;
/** Characters of a number's text. `0001` as a number is 1, and to mask each of these would hide nothing and much. */
const shortestNumber = 4;

export interface Masker {
  readonly text: (text: string) => string;
  /** Whether a secret, read as a number, is this one, with whatever sign. */
  readonly isSecret: (number: number) => boolean;
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
  const bytes = searchFor(forms.map((form) => latin1(new TextEncoder().encode(form))));
  const numbers = secrets.map((secret) => Math.abs(Number(secret))).filter((number) => Number.isFinite(number) && String(number).length >= shortestNumber);
  return {
    text: (input) => (search.isIn(input) ? input.replace(search.all, mask) : input),
    isSecret: (number) => numbers.includes(Math.abs(number)),
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
