/**
 * The fields of a request, read the way protobuf's JSON mapping reads them: a number may be a string, and the
 * non-finite ones are. They come from the body, the query or the path; MLflow uses one message for all three.
 */
import type { Json, JsonObject } from '../../model/json.ts';
import { isJsonObject } from '../../model/json.ts';
import { invalid } from './refusal.ts';

/** Of 64 bits with a sign; past 2⁵³ the last digits are lost. */
const maxInteger = 2 ** 63;

export interface Fields {
  readonly has: (name: string) => boolean;
  /** Refuses when absent or empty. */
  readonly string: (name: string) => string;
  readonly optionalString: (name: string) => string | undefined;
  readonly integer: (name: string) => number;
  readonly optionalInteger: (name: string) => number | undefined;
  readonly boolean: (name: string) => boolean;
  /** With NaN and infinities. */
  readonly double: (name: string) => number;
  /** Empty when absent. */
  readonly strings: (name: string) => readonly string[];
  readonly objects: (name: string) => readonly Fields[];
  readonly object: (name: string) => Fields | undefined;
  /** As it was sent. */
  readonly raw: JsonObject;
}

export function fieldsOf(raw: JsonObject, path = ''): Fields {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const wrong = (name: string, value: Json, expected: string) => invalid(`Invalid value ${shown(value)} for parameter '${at(name)}' supplied: ${expected}`);
  const value = (name: string): Json => (Object.hasOwn(raw, name) ? (raw[name] ?? null) : null);
  const required = (name: string): Json => {
    const found = value(name);
    if (found === null) throw invalid(`Missing value for required parameter '${at(name)}'. See the API docs for more information about request parameters.`);
    return found;
  };
  const text = (name: string, found: Json): string => {
    if (typeof found === 'string') return found;
    // An id or a value that looks like a number: other clients than Python's send it as one.
    if (typeof found === 'number' || typeof found === 'boolean') return String(found);
    throw wrong(name, found, 'Value was not a string.');
  };
  const integer = (name: string, found: Json): number => {
    const number = typeof found === 'string' && /^-?\d+$/.test(found) ? Number(found) : found;
    if (typeof number !== 'number' || !Number.isInteger(number) || Math.abs(number) > maxInteger) throw wrong(name, found, 'Value was not an integer.');
    return number;
  };
  const list = (name: string): readonly Json[] => {
    const found = value(name);
    if (found === null) return [];
    // One value of a repeated parameter in a query.
    return Array.isArray(found) ? (found as readonly Json[]) : [found];
  };

  return {
    raw,
    has: (name) => value(name) !== null,
    string: (name) => {
      const found = text(name, required(name));
      if (found === '') throw invalid(`Missing value for required parameter '${at(name)}'. See the API docs for more information about request parameters.`);
      return found;
    },
    optionalString: (name) => (value(name) === null ? undefined : text(name, value(name))),
    integer: (name) => integer(name, required(name)),
    optionalInteger: (name) => (value(name) === null ? undefined : integer(name, value(name))),
    boolean: (name) => value(name) === true || value(name) === 'true',
    double: (name) => {
      const found = required(name);
      const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
      if (typeof number !== 'number' || (Number.isNaN(number) && found !== 'NaN')) throw wrong(name, found, 'Please specify value as a valid double (64-bit floating point)');
      return number;
    },
    strings: (name) => list(name).map((each, index) => text(`${name}[${index}]`, each)),
    objects: (name) =>
      list(name).map((each, index) => {
        if (!isJsonObject(each)) throw wrong(`${name}[${index}]`, each, 'Value was not an object.');
        return fieldsOf(each, at(`${name}[${index}]`));
      }),
    object: (name) => {
      const found = value(name);
      if (found === null) return undefined;
      if (!isJsonObject(found)) throw wrong(name, found, 'Value was not an object.');
      return fieldsOf(found, at(name));
    },
  };
}

/** A double as protobuf's JSON mapping writes it. */
export function protoDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A value in a message: long ones are cut, and what has parts is only named. */
function shown(value: Json): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}';
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
