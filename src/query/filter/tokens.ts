import type { FilterMistake, Literal, Operator, Span } from './filter.ts';

export type Token = Span &
  (
    | { readonly type: 'word'; readonly names: readonly string[]; readonly quoted: boolean; readonly text: string }
    | { readonly type: 'value'; readonly value: Literal }
    | { readonly type: 'operator'; readonly operator: Operator }
    | { readonly type: ':' | '(' | ')' | ',' }
    | { readonly type: 'and' | 'or' | 'not' | 'in' }
    | { readonly type: 'end' }
  );

const operators: readonly (readonly [text: string, operator: Operator])[] = [
  ['==', '='],
  ['!=', '!='],
  ['<=', '<='],
  ['>=', '>='],
  ['!~', '!~'],
  ['=', '='],
  ['<', '<'],
  ['>', '>'],
  ['~', '~'],
];

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

const numberPattern = /[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y;
const durationPattern = /(\d+(?:\.\d+)?)(ms|s|min|m|h|d|w)(?!\w)/y;
const datePattern = /\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\w)/y;
const infinityPattern = /[+-]?(?:inf(?:inity)?|nan)(?![\w.:])/iy;
/** A name; matrix values in brackets belong to it: `train[nr_train_images=400]`. Stars stand for anything. */
const namePattern = /(?:[\p{L}\p{N}_$%@*/-]|\[[^\]\n]*\])+/uy;

/** The last token is `end`. */
export function tokenize(text: string): { readonly ok: true; readonly tokens: readonly Token[] } | { readonly ok: false; readonly mistake: FilterMistake } {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const mistake = (message: string, to = at + 1): { readonly ok: false; readonly mistake: FilterMistake } => ({ ok: false, mistake: { message, from: at, to: Math.min(to, text.length) } });

  while (at < text.length) {
    const character = text[at] ?? '';
    if (/\s/.test(character)) {
      at += 1;
      continue;
    }
    if (character === '(' || character === ')' || character === ',' || character === ':') {
      tokens.push({ type: character, from: at, to: at + 1 });
      at += 1;
      continue;
    }
    if (character === '"' || character === "'") {
      const end = closingQuote(text, at);
      if (end === undefined) return mistake(`the text that begins with ${character} does not end`, text.length);
      tokens.push({ type: 'value', value: { type: 'text', value: text.slice(at + 1, end).replaceAll(/\\(["'\\])/g, '$1') }, from: at, to: end + 1 });
      at = end + 1;
      continue;
    }
    const operator = operators.find(([sign]) => text.startsWith(sign, at));
    if (operator !== undefined) {
      tokens.push({ type: 'operator', operator: operator[1], from: at, to: at + operator[0].length });
      at += operator[0].length;
      continue;
    }
    const literal = date(match(datePattern)) ?? duration(match(durationPattern)) ?? number(match(numberPattern) ?? match(infinityPattern));
    if (literal !== undefined) {
      tokens.push({ type: 'value', value: literal.value, from: at, to: at + literal.length });
      at += literal.length;
      continue;
    }
    const word = readWord(text, at);
    if (word === undefined) return mistake(`${character} means nothing here`);
    if (word === 'unclosed') return mistake('the name that begins with ` does not end', text.length);
    tokens.push(tokenOf(word));
    at = word.to;
  }
  return { ok: true, tokens: [...tokens, { type: 'end', from: text.length, to: text.length }] };
}

type Word = Extract<Token, { readonly type: 'word' }>;

function tokenOf(word: Word): Token {
  const { from, to } = word;
  if (word.quoted) return word;
  switch (word.text.toLowerCase()) {
    case 'and':
    case 'or':
    case 'not':
    case 'in':
      return { type: word.text.toLowerCase() as 'and', from, to };
    case 'contains':
      return { type: 'operator', operator: 'contains', from, to };
    case 'true':
    case 'false':
      return { type: 'value', value: { type: 'boolean', value: word.text.toLowerCase() === 'true' }, from, to };
    case 'null':
    case 'none':
      return { type: 'value', value: { type: 'null' }, from, to };
    default:
      return word;
  }
}

function readWord(text: string, from: number): Word | 'unclosed' | undefined {
  const names: string[] = [];
  let at = from;
  let quoted = false;
  for (;;) {
    if (text[at] === '`') {
      const end = text.indexOf('`', at + 1);
      if (end === -1) return 'unclosed';
      names.push(text.slice(at + 1, end));
      quoted = true;
      at = end + 1;
    } else {
      namePattern.lastIndex = at;
      const found = namePattern.exec(text);
      if (found === null) break;
      names.push(found[0]);
      at += found[0].length;
    }
    if (text[at] !== '.') break;
    at += 1;
  }
  return names.length === 0 ? undefined : { type: 'word', names, quoted, text: text.slice(from, at), from, to: at };
}

function closingQuote(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[from]) return at;
  }
  return undefined;
}

type Found = { readonly value: Literal; readonly length: number } | undefined;

function date(found: RegExpExecArray | null): Found {
  if (found === null) return undefined;
  const text = found[0];
  const isDay = text.length === 10;
  // A day alone would be read as UTC; people mean their own.
  const start = new Date(isDay ? `${text}T00:00` : text.replace(' ', 'T'));
  const from = start.getTime();
  if (Number.isNaN(from)) return undefined;
  const next = isDay ? new Date(start.getFullYear(), start.getMonth(), start.getDate() + 1).getTime() : from + (text.length <= 16 ? 60_000 : 1000);
  return { value: { type: 'date', from, to: next - 1, text }, length: text.length };
}

function duration(found: RegExpExecArray | null): Found {
  const factor = milliseconds[found?.[2] ?? ''];
  if (found === null || factor === undefined) return undefined;
  return { value: { type: 'duration', value: Number(found[1]) * factor, text: found[0] }, length: found[0].length };
}

function number(found: RegExpExecArray | null): Found {
  if (found === null) return undefined;
  const text = found[0];
  const lower = text.toLowerCase();
  const value = lower.includes('inf') ? (lower.startsWith('-') ? -Infinity : Infinity) : lower.includes('nan') ? NaN : Number(text.replaceAll('_', ''));
  return { value: { type: 'number', value, text }, length: text.length };
}
