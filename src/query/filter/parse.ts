import type { Field, Filter, FilterMistake, Literal, ParsedFilter, Span } from './filter.ts';
import { tokenize, type Token } from './tokens.ts';

/** Deeper nesting is nobody's question. */
const depthLimit = 100;

class Mistake extends Error {
  readonly mistake: FilterMistake;
  constructor(message: string, { from, to }: Span) {
    super(message);
    this.mistake = { message, from, to };
  }
}

/** Never throws. The grammar is in `filter.ts`. */
export function parseFilter(text: string): ParsedFilter {
  const tokenized = tokenize(text);
  if (!tokenized.ok) return tokenized;
  try {
    return { ok: true, filter: parseTokens(tokenized.tokens) };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, mistake: error.mistake };
    throw error;
  }
}

function parseTokens(tokens: readonly Token[]): Filter | undefined {
  let at = 0;
  const length = tokens.at(-1)?.to ?? 0;
  const end: Token = { type: 'end', from: length, to: length };
  const peek = (): Token => tokens[at] ?? end;
  const next = (): Token => tokens[at++] ?? end;
  const expect = (type: ')' | '(', message: string): void => {
    if (peek().type !== type) throw new Mistake(message, peek());
    next();
  };

  const disjunction = (depth: number): Filter => {
    if (depth > depthLimit) throw new Mistake('too many brackets inside each other', peek());
    const parts = [conjunction(depth)];
    while (peek().type === 'or') {
      next();
      parts.push(conjunction(depth));
    }
    return joined('or', parts);
  };

  const conjunction = (depth: number): Filter => {
    const parts = [part(depth)];
    for (;;) {
      if (peek().type === 'and') next();
      else if (!begins(peek())) break;
      parts.push(part(depth));
    }
    return joined('and', parts);
  };

  const part = (depth: number): Filter => {
    if (depth > depthLimit) throw new Mistake('too many brackets inside each other', peek());
    const token = next();
    switch (token.type) {
      case 'not':
        return { type: 'not', part: part(depth + 1) };
      case '(': {
        const inner = disjunction(depth + 1);
        expect(')', 'a closing bracket is missing');
        return inner;
      }
      case 'word':
        return test({ names: token.names, span: { from: token.from, to: token.to } });
      case 'value':
        return { type: 'text', text: textOf(token.value), span: { from: token.from, to: token.to } };
      case 'end':
        throw new Mistake('something is missing here: a condition such as status = failure', token);
      default:
        throw new Mistake(`a condition begins with a field, such as metrics.loss`, token);
    }
  };

  const test = (field: Field): Filter => {
    const token = peek();
    const spanTo = (last: Span): Span => ({ from: field.span.from, to: last.to });
    switch (token.type) {
      case 'operator': {
        next();
        const value = literal();
        if (token.operator === '~' || token.operator === '!~') checkPattern(value);
        return { type: 'compare', field, operator: token.operator, value: value.value, span: spanTo(value.span) };
      }
      case ':': {
        next();
        const value = literal();
        return { type: 'is', field, value: value.value, span: spanTo(value.span) };
      }
      case 'not':
      case 'in': {
        const negated = token.type === 'not';
        if (negated && tokens[at + 1]?.type !== 'in') break;
        at += negated ? 2 : 1;
        const values = list();
        return { type: 'in', field, negated, values: values.values, span: spanTo(values.span) };
      }
      default:
    }
    return { type: 'has', field, span: field.span };
  };

  const literal = (): { readonly value: Literal; readonly span: Span } => {
    const token = next();
    if (token.type === 'value') return { value: token.value, span: token };
    if (token.type === 'word') return { value: { type: 'text', value: token.quoted ? token.names.join('.') : token.text }, span: token };
    throw new Mistake('a value is missing here', token);
  };

  const list = (): { readonly values: readonly Literal[]; readonly span: Span } => {
    expect('(', 'the values after in stand in brackets: in (400, 500)');
    const values = [literal().value];
    while (peek().type === ',') {
      next();
      values.push(literal().value);
    }
    const close = peek();
    expect(')', 'a comma or a closing bracket is missing');
    return { values, span: close };
  };

  if (peek().type === 'end') return undefined;
  const filter = disjunction(0);
  const rest = peek();
  if (rest.type !== 'end') throw new Mistake(rest.type === ')' ? 'a closing bracket without an opening one' : 'and, or, or nothing was expected here', rest);
  return filter;
}

function begins({ type }: Token): boolean {
  return type === 'word' || type === 'value' || type === 'not' || type === '(';
}

function joined(type: 'and' | 'or', parts: readonly Filter[]): Filter {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { type, parts };
}

function checkPattern({ value, span }: { readonly value: Literal; readonly span: Span }): void {
  try {
    new RegExp(textOf(value), 'iu');
  } catch (error) {
    throw new Mistake(`not a regular expression: ${(error as Error).message.replace(/^Invalid regular expression: /, '')}`, span);
  }
}

/** A value as it was written. */
export function textOf(value: Literal): string {
  switch (value.type) {
    case 'text':
      return value.value;
    case 'boolean':
      return String(value.value);
    case 'null':
      return 'null';
    case 'number':
    case 'duration':
    case 'date':
      return value.text;
    default:
      return value satisfies never;
  }
}
