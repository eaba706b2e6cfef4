/** What may stand at a place in a filter: fields, operators, values. */
import type { FieldValue } from './match.ts';
import { tokenize, type Token } from './tokens.ts';

export interface Completion {
  readonly text: string;
  readonly kind: 'field' | 'operator' | 'value' | 'word';
  /** What of the filter it takes the place of. */
  readonly from: number;
  readonly to: number;
}

export interface CompletionSource {
  readonly names: () => readonly string[];
  readonly valuesOf: (name: string, limit: number) => readonly FieldValue[];
}

const limit = 50;
const operators = ['=', '!=', '<', '<=', '>', '>=', '~', '!~', 'contains', 'in (', 'not in ('];
const connectives = ['and', 'or'];

/** For the place `offset` in `text`, best first; at most 50. */
export function completeFilter(text: string, offset: number, source: CompletionSource): readonly Completion[] {
  const before = tokenize(text.slice(0, offset));
  if (!before.ok) return [];
  const tokens = before.tokens.slice(0, -1);
  const last = tokens.at(-1);
  // What touches the cursor is being written.
  const written = last?.to === offset && isWritable(last) ? last : undefined;
  const context = written === undefined ? tokens : tokens.slice(0, -1);
  const from = written?.from ?? offset;
  const typed = text.slice(from, offset).toLowerCase();
  const make = (candidates: readonly string[], kind: Completion['kind']): readonly Completion[] =>
    matching(candidates, typed).map((candidate) => ({ text: candidate, kind, from, to: offset }));

  const place = placeAfter(context, text);
  switch (place.type) {
    case 'field':
      return [...make(source.names(), 'field'), ...make(['not'], 'word')].slice(0, limit);
    case 'operator':
      return [...make(operators, 'operator'), ...make(connectives, 'word')];
    case 'value':
      return make(source.valuesOf(place.field, 1000).map(literal), 'value').slice(0, limit);
    case 'connective':
      return [...make(connectives, 'word'), ...make(source.names(), 'field')].slice(0, limit);
    default:
      return place satisfies never;
  }
}

type Place = { readonly type: 'field' | 'operator' | 'connective' } | { readonly type: 'value'; readonly field: string };

/** What is expected after these tokens. */
function placeAfter(tokens: readonly Token[], text: string): Place {
  const last = tokens.at(-1);
  const fieldBefore = (count: number): Place => {
    const field = tokens.at(-count);
    return field?.type === 'word' ? { type: 'value', field: field.names.join('.') } : { type: 'field' };
  };
  switch (last?.type) {
    case undefined:
    case 'and':
    case 'or':
    case 'not':
      return { type: 'field' };
    case 'operator':
    case ':':
      return fieldBefore(2);
    case 'word':
      return tokens.at(-2)?.type === 'operator' || tokens.at(-2)?.type === ':' ? { type: 'connective' } : { type: 'operator' };
    case '(':
    case ',': {
      const list = tokens.findLastIndex((token) => token.type === 'in');
      const open = tokens.findLastIndex((token) => token.type === '(');
      if (list === -1 || open !== list + 1 || text.slice(tokens[open]?.to).includes(')')) return { type: 'field' };
      const field = tokens.slice(0, list).findLast((token) => token.type === 'word');
      return field?.type === 'word' ? { type: 'value', field: field.names.join('.') } : { type: 'field' };
    }
    default:
      return { type: 'connective' };
  }
}

function isWritable(token: Token): boolean {
  return token.type === 'word' || token.type === 'value' || token.type === 'and' || token.type === 'or' || token.type === 'in' || token.type === 'not';
}

/** Those that begin with what is typed, then those that hold it. */
function matching(candidates: readonly string[], typed: string): readonly string[] {
  const lower = candidates.map((candidate) => [candidate, candidate.toLowerCase()] as const);
  const beginning = lower.filter(([, candidate]) => candidate.startsWith(typed));
  const holding = lower.filter(([, candidate]) => !candidate.startsWith(typed) && candidate.includes(typed));
  return [...beginning, ...holding].map(([candidate]) => candidate).filter((candidate) => candidate.toLowerCase() !== typed);
}

/** A value as a filter writes it. */
function literal(value: FieldValue): string {
  if (typeof value !== 'string') return String(value);
  return /^[\p{L}_][\p{L}\p{N}_$./-]*$/u.test(value) && !/^(and|or|not|in|contains|true|false|null|none)$/i.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
