/**
 * MLflow's search language, read once for runs, experiments, logged models and the registry:
 *
 *   filter      clause { AND clause }
 *   clause      identifier comparator value | identifier [NOT] IN (string, …) | identifier IS [NOT] NULL
 *   identifier  [entity .] key            entity: metrics, params, tags, attributes, datasets and their other spellings;
 *                                         without one it is an attribute; a key in backticks or quotes may hold anything
 *   value       'string' | "string" | number
 *   order       identifier [ASC | DESC]
 *
 * Reference: https://mlflow.org/docs/latest/ml/search/search-runs and `mlflow/utils/search_utils.py`.
 */
import { invalid } from './refusal.ts';

export type EntityType = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset';

export interface Identifier {
  readonly type: EntityType;
  readonly key: string;
}

export type Comparator = '=' | '!=' | '>' | '>=' | '<' | '<=' | 'LIKE' | 'ILIKE';

export type Clause = Identifier &
  (
    | { readonly comparator: Comparator; readonly value: string | number }
    | { readonly comparator: 'IN' | 'NOT IN'; readonly values: readonly string[] }
    | { readonly comparator: 'IS NULL' | 'IS NOT NULL' }
  );

export interface Order extends Identifier {
  readonly ascending: boolean;
}

/** Which attributes there are, and which of them are numbers. */
export interface Attributes {
  readonly strings: readonly string[];
  readonly numbers: readonly string[];
}

const maxLength = 64 * 1024;
const entities: Readonly<Record<string, EntityType>> = {
  metric: 'metric',
  metrics: 'metric',
  parameter: 'param',
  parameters: 'param',
  param: 'param',
  params: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  dataset: 'dataset',
  datasets: 'dataset',
};
const datasetKeys = ['name', 'digest', 'context'];
const otherNames: Readonly<Record<string, string>> = { created: 'start_time', Created: 'start_time', 'run name': 'run_name', 'Run name': 'run_name', 'Run Name': 'run_name' };

type Token =
  | { readonly type: 'name'; readonly text: string; /** In quotes or backticks. */ readonly quoted: '' | '`' | '"' | "'" }
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'sign'; readonly text: string };

// In order: space, quoted, number, comparator or punctuation, and a name as far as none of these can begin.
const tokenPattern = /\s+|'((?:[^']|'')*)'|"([^"]*)"|`([^`]*)`|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(>=|<=|!=|<>|==|[=<>(),.])|([\p{L}_][\p{L}\p{N}_/:-]*|[\p{N}][\p{L}\p{N}_/:-]*)/uy;

/** The clauses, all of which have to hold; empty for an empty filter. */
export function parseFilter(filter: string | undefined, attributes: Attributes): readonly Clause[] {
  if (filter === undefined || filter.trim() === '') return [];
  const reader = createReader(filter, 'filter');
  const clauses = [readClause(reader, attributes)];
  while (!reader.atEnd()) {
    if (!reader.takeWord('AND')) throw invalid(`Invalid clause(s) in filter string: ${reader.rest()}. Clauses are joined with AND.`);
    clauses.push(readClause(reader, attributes));
  }
  return clauses;
}

export function parseOrder(order: string, attributes: Attributes): Order {
  const reader = createReader(order, 'order_by clause');
  const identifier = readIdentifier(reader, attributes);
  const descending = reader.takeWord('DESC');
  if (!descending) reader.takeWord('ASC');
  if (!reader.atEnd()) throw invalid(`Invalid order_by clause '${order}'. Could not be parsed at ${reader.rest()}.`);
  return { ...identifier, ascending: !descending };
}

function readClause(reader: Reader, attributes: Attributes): Clause {
  const identifier = readIdentifier(reader, attributes);
  const { type, key } = identifier;
  const isNumber = type === 'metric' || (type === 'attribute' && attributes.numbers.includes(key));
  if (reader.takeWord('IS')) {
    const comparator = reader.takeWord('NOT') ? 'IS NOT NULL' : 'IS NULL';
    if (!reader.takeWord('NULL')) throw invalid(`Invalid comparison clause. Expected NULL, found ${reader.rest()}`);
    if (type !== 'tag' && type !== 'param') throw invalid(`IS NULL / IS NOT NULL is only supported for tags and params, not for '${type}' '${key}'`);
    return { ...identifier, comparator };
  }
  const isNot = reader.takeWord('NOT');
  if (reader.takeWord('IN')) {
    if (isNumber || type === 'tag' || type === 'param') throw invalid(`Invalid comparator 'IN' for ${type} '${key}': it is for attributes that are strings`);
    return { ...identifier, comparator: isNot ? 'NOT IN' : 'IN', values: readList(reader) };
  }
  if (isNot) throw invalid(`Invalid comparison clause. Expected IN after NOT, found ${reader.rest()}`);
  const comparator = readComparator(reader);
  const isOrdering = comparator === '<' || comparator === '<=' || comparator === '>' || comparator === '>=';
  if (isNumber ? comparator === 'LIKE' || comparator === 'ILIKE' : isOrdering) throw invalid(`Invalid comparator '${comparator}' for ${type} '${key}'`);
  const value = reader.next();
  if (isNumber) {
    if (value?.type !== 'number') throw invalid(`Expected numeric value type for ${type}: ${key}. Found ${value?.text ?? 'nothing'}`);
    return { ...identifier, comparator, value: Number(value.text) };
  }
  if (value?.type !== 'name' || (value.quoted !== "'" && value.quoted !== '"')) throw invalid(`Expected a quoted string value for ${type} (e.g. 'my-value'). Got value ${value?.text ?? 'nothing'}`);
  return { ...identifier, comparator, value: value.text };
}

function readIdentifier(reader: Reader, attributes: Attributes): Identifier {
  const first = reader.next();
  if (first?.type !== 'name' || first.quoted === "'") throw invalid(`Invalid ${reader.what} '${reader.text}': expected an identifier such as metrics.accuracy, found ${first?.text ?? 'nothing'}`);
  let type: EntityType = 'attribute';
  let key = first.text;
  if (reader.takeSign('.')) {
    const entity = Object.hasOwn(entities, first.text) ? entities[first.text] : undefined;
    if (entity === undefined) throw invalid(`Invalid entity type '${first.text}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`);
    type = entity;
    key = readKey(reader);
  }
  if (type === 'attribute') {
    const name = Object.hasOwn(otherNames, key) ? (otherNames[key] ?? key) : key;
    const valid = [...attributes.strings, ...attributes.numbers];
    if (!valid.includes(name)) throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${valid.join("', '")}'`);
    return { type, key: name };
  }
  if (type === 'dataset' && !datasetKeys.includes(key)) throw invalid(`Invalid dataset key '${key}' specified. Valid keys are '${datasetKeys.join("', '")}'`);
  return { type, key };
}

/** `mlflow.parentRunId`, or one quoted name. */
function readKey(reader: Reader): string {
  const parts: string[] = [];
  do {
    const part = reader.next();
    if (part === undefined || part.type === 'sign') throw invalid(`Invalid ${reader.what} '${reader.text}': a key is missing after '.'`);
    parts.push(part.text);
    if (part.type === 'name' && part.quoted !== '') break;
  } while (reader.takeSign('.'));
  return parts.join('.');
}

function readComparator(reader: Reader): Comparator {
  if (reader.takeWord('LIKE')) return 'LIKE';
  if (reader.takeWord('ILIKE')) return 'ILIKE';
  const token = reader.next();
  switch (token?.type === 'sign' ? token.text : '') {
    case '=':
    case '!=':
    case '>':
    case '>=':
    case '<':
    case '<=':
      return token?.text as Comparator;
    default:
      throw invalid(`Invalid comparator '${token?.text ?? ''}' in ${reader.what} '${reader.text}'`);
  }
}

function readList(reader: Reader): readonly string[] {
  const values: string[] = [];
  if (!reader.takeSign('(')) throw invalid(`Invalid ${reader.what} '${reader.text}': expected a list in parentheses after IN`);
  do {
    const value = reader.next();
    if (value?.type !== 'name' || (value.quoted !== "'" && value.quoted !== '"')) throw invalid(`While parsing a list in the query, expected a non-empty list of string values, but got ${value?.text ?? 'nothing'}`);
    values.push(value.text);
  } while (reader.takeSign(','));
  if (!reader.takeSign(')')) throw invalid(`Invalid ${reader.what} '${reader.text}': expected ) at ${reader.rest()}`);
  return values;
}

interface Reader {
  readonly what: string;
  readonly text: string;
  readonly next: () => Token | undefined;
  readonly takeWord: (word: string) => boolean;
  readonly takeSign: (sign: string) => boolean;
  readonly atEnd: () => boolean;
  /** What was not read, for a message. */
  readonly rest: () => string;
}

function createReader(text: string, what: string): Reader {
  if (text.length > maxLength) throw invalid(`The ${what} is longer than ${maxLength} characters`);
  const tokens = tokenize(text, what);
  let at = 0;
  return {
    what,
    text,
    next: () => tokens[at++],
    takeWord: (word) => {
      const token = tokens[at];
      const found = token?.type === 'name' && token.quoted === '' && token.text.toUpperCase() === word;
      if (found) at += 1;
      return found;
    },
    takeSign: (sign) => {
      const token = tokens[at];
      const found = token?.type === 'sign' && token.text === sign;
      if (found) at += 1;
      return found;
    },
    atEnd: () => at >= tokens.length,
    rest: () => `'${tokens.slice(at).map((token) => token.text).join(' ').slice(0, 200)}'`,
  };
}

function tokenize(text: string, what: string): readonly Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let at = 0; at < text.length; at = tokenPattern.lastIndex) {
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(text);
    if (match === null) throw invalid(`Invalid ${what} '${text.slice(0, 200)}': not understood at '${text.slice(at, at + 20)}'`);
    const [, single, double, backtick, number, sign, name] = match;
    if (single !== undefined) tokens.push({ type: 'name', text: single.replaceAll("''", "'"), quoted: "'" });
    else if (double !== undefined) tokens.push({ type: 'name', text: double, quoted: '"' });
    else if (backtick !== undefined) tokens.push({ type: 'name', text: backtick, quoted: '`' });
    else if (number !== undefined) tokens.push({ type: 'number', text: number });
    else if (sign !== undefined) tokens.push({ type: 'sign', text: sign });
    else if (name !== undefined) tokens.push({ type: 'name', text: name, quoted: '' });
  }
  return tokens;
}
