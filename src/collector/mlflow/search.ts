/** Applies a filter and an order to what can be searched. Semantics of `SearchUtils` in `mlflow/utils/search_utils.py`. */
import type { Attributes, Clause, Identifier, Order } from './filter.ts';
import { parseFilter, parseOrder } from './filter.ts';

export interface Searchable {
  readonly metric: (key: string) => number | undefined;
  readonly param: (key: string) => string | undefined;
  readonly tag: (key: string) => string | undefined;
  readonly attribute: (key: string) => string | number | undefined;
  readonly datasets: () => readonly { readonly name: string; readonly digest: string; readonly context?: string | undefined }[];
}

export interface Search {
  readonly filter: string | undefined;
  readonly order: readonly string[];
  readonly attributes: Attributes;
}

/** Those that match, in order; `candidates` come in the order that holds among equals. */
export function search<T>(candidates: readonly T[], view: (item: T) => Searchable, { filter, order, attributes }: Search): readonly T[] {
  const clauses = parseFilter(filter, attributes);
  const orders = order.map((each) => parseOrder(each, attributes));
  const views = new Map(candidates.map((item) => [item, view(item)]));
  const viewOf = (item: T): Searchable => views.get(item) ?? view(item);
  const found = candidates.filter((item) => clauses.every((clause) => matches(viewOf(item), clause)));
  if (orders.length === 0) return found;
  return found.sort((a, b) => {
    for (const each of orders) {
      const difference = compare(valueOf(viewOf(a), each), valueOf(viewOf(b), each), each);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

function valueOf(item: Searchable, { type, key }: Identifier): string | number | undefined {
  switch (type) {
    case 'metric':
      return item.metric(key);
    case 'param':
      return item.param(key);
    case 'tag':
      return item.tag(key);
    case 'attribute':
      return item.attribute(key);
    case 'dataset':
      return undefined;
    default:
      return type satisfies never;
  }
}

function matches(item: Searchable, clause: Clause): boolean {
  if (clause.type === 'dataset') {
    return item.datasets().some((dataset) => {
      const value = clause.key === 'name' ? dataset.name : clause.key === 'digest' ? dataset.digest : dataset.context;
      return holds(value, clause);
    });
  }
  return holds(valueOf(item, clause), clause);
}

function holds(value: string | number | undefined, clause: Clause): boolean {
  // What is not there matches nothing else, not even `!=`.
  if (value === undefined) return clause.comparator === 'IS NULL';
  switch (clause.comparator) {
    case 'IS NULL':
      return false;
    case 'IS NOT NULL':
      return true;
    case 'IN':
      return clause.values.includes(String(value));
    case 'NOT IN':
      return !clause.values.includes(String(value));
    case '=':
      return value === clause.value;
    case '!=':
      return value !== clause.value;
    case '>':
      return value > clause.value;
    case '>=':
      return value >= clause.value;
    case '<':
      return value < clause.value;
    case '<=':
      return value <= clause.value;
    case 'LIKE':
      return isLike(String(value), String(clause.value));
    case 'ILIKE':
      return isLike(String(value).toLowerCase(), String(clause.value).toLowerCase());
    default:
      return clause satisfies never;
  }
}

/** Absent values and NaN come last, whatever the direction. */
function compare(a: string | number | undefined, b: string | number | undefined, { ascending }: Order): number {
  const ranks = rank(a) - rank(b);
  if (ranks !== 0) return ranks;
  if (a === undefined || b === undefined || a === b) return 0;
  return (a < b ? -1 : a > b ? 1 : 0) * (ascending ? 1 : -1);
}

function rank(value: string | number | undefined): number {
  if (value === undefined) return 2;
  return Number.isNaN(value) ? 1 : 0;
}

/**
 * SQL's LIKE: `%` is any text, `_` any character. Not by a regular expression: one made of many `%` can take forever on
 * a long text.
 */
export function isLike(text: string, pattern: string): boolean {
  let at = 0;
  let inPattern = 0;
  let lastPercent = -1;
  let resumeAt = 0;
  while (at < text.length) {
    if (pattern[inPattern] === '%') {
      lastPercent = inPattern++;
      resumeAt = at;
    } else if (inPattern < pattern.length && (pattern[inPattern] === '_' || pattern[inPattern] === text[at])) {
      inPattern += 1;
      at += 1;
    } else if (lastPercent >= 0) {
      inPattern = lastPercent + 1;
      at = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === '%') inPattern += 1;
  return inPattern === pattern.length;
}
