/** A filter made into a test of one row, once for all rows: what a field means is looked up before the first. */
import type { Field, Filter, FilterMistake, Literal, Operator, Span } from './filter.ts';
import { nearName } from '../../model/near-name.ts';
import { textOf } from './parse.ts';

export type FieldValue = number | string | boolean;

/** `duration` and `time` are numbers of milliseconds, and compare with durations and dates. */
export type FieldKind = 'value' | 'duration' | 'time';

export interface FieldColumn {
  readonly kind: FieldKind;
  /** All values that the field has in that row; none where there is nothing. */
  readonly values: (row: number) => readonly FieldValue[];
  /** The same without an array, where there is one value and it is a number; `undefined` says to ask for `values`. */
  readonly number?: (row: number) => number | undefined;
  /** All values that there can be, each with what people read for it: either is meant by a filter. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface FieldSource {
  /** What a field stands for, or why it stands for nothing. */
  readonly column: (names: readonly string[]) => FieldColumn | { readonly message: string };
  /** Unix milliseconds: what `7d` ago counts from. */
  readonly now: number;
  /** Whether anything that is shown of the row holds `text` (lower case). */
  readonly holds: (row: number, text: string) => boolean;
}

export type RowTest = (row: number) => boolean;

export type CompiledFilter = { readonly ok: true; readonly test: RowTest } | { readonly ok: false; readonly mistake: FilterMistake };

class Mistake extends Error {
  readonly mistake: FilterMistake;
  constructor(message: string, { from, to }: Span) {
    super(message);
    this.mistake = { message, from, to };
  }
}

export function compileFilter(filter: Filter | undefined, source: FieldSource): CompiledFilter {
  if (filter === undefined) return { ok: true, test: () => true };
  try {
    return { ok: true, test: compile(filter, source) };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, mistake: error.mistake };
    throw error;
  }
}

function compile(filter: Filter, source: FieldSource): RowTest {
  switch (filter.type) {
    case 'and': {
      const tests = filter.parts.map((part) => compile(part, source));
      return (row) => tests.every((test) => test(row));
    }
    case 'or': {
      const tests = filter.parts.map((part) => compile(part, source));
      return (row) => tests.some((test) => test(row));
    }
    case 'not': {
      const test = compile(filter.part, source);
      return (row) => !test(row);
    }
    case 'text': {
      const text = filter.text.toLowerCase();
      return (row) => source.holds(row, text);
    }
    case 'has': {
      const { values } = columnOf(filter.field, source);
      return (row) => values(row).some((value) => value !== false && value !== 0 && value !== '');
    }
    case 'is': {
      const column = columnOf(filter.field, source);
      const equals = comparison('=', filter.value, column, source.now, filter.span);
      const text = textOf(filter.value).toLowerCase();
      const isText = filter.value.type === 'text';
      return (row) => column.values(row).some((value) => equals(value) || (isText && written(value, column).some((word) => word.toLowerCase().includes(text))));
    }
    case 'in': {
      const column = columnOf(filter.field, source);
      const tests = filter.values.map((value) => comparison('=', value, column, source.now, filter.span));
      const some: RowTest = (row) => column.values(row).some((value) => tests.some((test) => test(value)));
      return filter.negated ? (row) => !some(row) : some;
    }
    case 'compare': {
      const { operator, value, span } = filter;
      const column = columnOf(filter.field, source);
      if (value.type === 'null') {
        if (operator !== '=' && operator !== '!=') throw new Mistake('with null only = and != are possible', span);
        return operator === '=' ? (row) => column.values(row).length === 0 : (row) => column.values(row).length > 0;
      }
      const isNegated = operator === '!=' || operator === '!~';
      const test = comparison(operator === '!=' ? '=' : operator === '!~' ? '~' : operator, value, column, source.now, span);
      return isNegated ? (row) => !column.values(row).some(test) : (row) => column.values(row).some(test);
    }
    default:
      return filter satisfies never;
  }
}

function columnOf(field: Field, source: FieldSource): FieldColumn {
  const found = source.column(field.names);
  if ('message' in found) throw new Mistake(found.message, field.span);
  return found;
}

/** A value of text, and what people read for it. */
function written(value: FieldValue, { labels }: FieldColumn): readonly string[] {
  if (typeof value !== 'string') return [];
  const label = labels?.[value];
  return label === undefined ? [value] : [value, label];
}

/** A test of one value of a row against a literal; what can't be compared is not equal. */
function comparison(operator: Exclude<Operator, '!=' | '!~'>, literal: Literal, column: FieldColumn, now: number, span: Span): (value: FieldValue) => boolean {
  const test = plainComparison(operator, literal, column, now, span);
  if (column.labels === undefined) return test;
  if (operator === '=' && !Object.entries(column.labels).some((words) => words.some(test))) {
    const near = nearName(textOf(literal), Object.entries(column.labels).flat());
    throw new Mistake(`there is no ${textOf(literal)}${near === undefined ? '' : `; did you mean ${near}?`} It is one of: ${Object.keys(column.labels).join(', ')}`, span);
  }
  return (value) => written(value, column).some(test);
}

function plainComparison(operator: Exclude<Operator, '!=' | '!~'>, literal: Literal, { kind }: FieldColumn, now: number, span: Span): (value: FieldValue) => boolean {
  const text = textOf(literal);
  if (operator === '~') {
    const pattern = new RegExp(text, 'iu');
    return (value) => pattern.test(String(value));
  }
  if (operator === 'contains') {
    const lower = text.toLowerCase();
    return (value) => String(value).toLowerCase().includes(lower);
  }
  if (kind === 'time') return timeComparison(operator, literal, now, span);
  const number = literal.type === 'number' || literal.type === 'duration' ? (kind === 'duration' && literal.type === 'number' ? literal.value * 1000 : literal.value) : undefined;
  if (operator === '=') {
    const lower = text.toLowerCase();
    return (value) => {
      if (typeof value === 'number') return number !== undefined && (value === number || (Number.isNaN(value) && Number.isNaN(number)));
      return String(value).toLowerCase() === lower;
    };
  }
  const ordered = orders[operator];
  return (value) => {
    if (typeof value === 'number') return number !== undefined && ordered(value, number);
    // A number that was written as text, as MLflow's parameters are.
    const asNumber = typeof value === 'string' && number !== undefined && value.trim() !== '' ? Number(value) : NaN;
    if (!Number.isNaN(asNumber) && number !== undefined) return ordered(asNumber, number);
    return typeof value === 'string' && literal.type === 'text' && ordered(value.localeCompare(text), 0);
  };
}

const orders: Readonly<Record<'<' | '<=' | '>' | '>=', (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function timeComparison(operator: '=' | '<' | '<=' | '>' | '>=', literal: Literal, now: number, span: Span): (value: FieldValue) => boolean {
  if (literal.type === 'duration') {
    if (operator === '=') throw new Mistake('how long ago is compared with < or >', span);
    // `start < 7d`: less than seven days ago.
    return (value) => typeof value === 'number' && orders[operator](now - value, literal.value);
  }
  if (literal.type !== 'date') throw new Mistake('a time is compared with a date such as 2026-11-20, or with how long ago it was, such as 7d', span);
  const { from, to } = literal;
  const test = {
    '=': (value: number) => value >= from && value <= to,
    '<': (value: number) => value < from,
    '<=': (value: number) => value <= to,
    '>': (value: number) => value > to,
    '>=': (value: number) => value >= from,
  }[operator];
  return (value) => typeof value === 'number' && test(value);
}
