/**
 * A floating-point number that is whole, `1.0`: for Python another value than `1`, for JavaScript the same number, and
 * JSON that JavaScript writes says `1`. So where values are on their way to a task (params, matrix values, returns,
 * fingerprints) an object stands for it, `{"runweave.float": 1}`, which is JSON like any other: copied, compared,
 * digested, masked and cached by everything as it is. What a task gets is written with `jsonText`, what people and other
 * tools get (events, records, views) is made with `plainJson`. A user's own key `runweave.float` is `runweave.float~` in
 * all of them but what is written with `jsonText`. See docs/decisions/0043.
 */
import { isJsonObject, type Json, type JsonObject } from './json.ts';

const mark = 'runweave.float';

/** `-0` as a text: JSON has no such number that JavaScript would write. */
export interface WholeFloat extends JsonObject {
  readonly [mark]: number | '-0';
}

/** A key of a map that somebody wrote, which is none of ours though it may look like it. */
export function keyFrom(written: string): string {
  return written.startsWith(mark) && /^~*$/.test(written.slice(mark.length)) ? `${written}~` : written;
}

/** As somebody wrote it. */
export function writtenKey(key: string): string {
  return key.startsWith(mark) && /^~+$/.test(key.slice(mark.length)) ? key.slice(0, -1) : key;
}

/** A number that was written as a float. It stands for itself where its JSON says so: `0.5`, `1e+21`. */
export function float(value: number): number | WholeFloat {
  if (!Number.isInteger(value) || String(value).includes('e')) return value;
  return { [mark]: Object.is(value, -0) ? '-0' : value };
}

export function isWholeFloat(value: Json | undefined): value is WholeFloat {
  if (!isJsonObject(value)) return false;
  const number = value[mark];
  return (number === '-0' || (typeof number === 'number' && Number.isInteger(number))) && Object.keys(value).length === 1;
}

/** The number as JavaScript has it. */
export function numberOf({ [mark]: value }: WholeFloat): number {
  return Number(value);
}

/** With plain numbers in the place of whole floats; the same value where there is none. */
export function plainJson<T extends Json>(value: T): T;
export function plainJson(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (isWholeFloat(value)) return numberOf(value);
  if (Array.isArray(value)) {
    const given = value as readonly Json[];
    const items = given.map((item) => plainJson(item));
    return items.every((item, index) => Object.is(item, given[index])) ? given : items;
  }
  const entries = Object.entries(value as JsonObject).map(([name, item]) => [name, plainJson(item)] as const);
  return entries.every(([name, item]) => Object.is(item, (value as JsonObject)[name])) ? value : Object.fromEntries(entries);
}

/** Those entries that are other than in `plainJson`: what puts the floats back where that alone was recorded. `undefined`: none. */
export function floatsAmong(values: JsonObject): JsonObject | undefined {
  const entries = Object.entries(values).filter(([, value]) => plainJson(value) !== value);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** JSON as Python would write it: `1.0`, `1e+16`. */
export function jsonText(value: unknown, indent?: number): string {
  return withFloatsAsWritten(JSON.stringify(value, undefined, indent));
}

/** A text of JSON with whole floats as Python writes them in the place of the objects that stand for them. */
export function withFloatsAsWritten(json: string): string {
  const text = json.replaceAll(marked, (_, number: string) => pythonText(Number(JSON.parse(number))));
  return text.includes(`"${mark}~`) ? text.replaceAll(anyKey, (_, key: string) => JSON.stringify(writtenKey(key))) : text;
}
/** Never a part of a string: there, quotes are escaped. */
const anyKey = /"(runweave\.float~*)"(?=\s*:)/g;
const marked = /\{\s*"runweave\.float":\s*("-0"|-?\d+)\s*\}/g;

/** A value within a text: a text as it is, everything else as JSON. */
export function valueText(value: Json): string {
  return typeof value === 'string' ? value : jsonText(value);
}

/** As `repr` in Python, which has exponents from 1e16 on. */
function pythonText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return Math.abs(value) < 1e16 ? `${value}.0` : value.toExponential();
}

/** A text of JSON with its whole floats as the objects that stand for them, for `JSON.parse`; with our keys. */
export function withWholeFloats(json: string): string {
  const text = json.includes(`"${mark}`) ? json.replaceAll(anyKey, (_, key: string) => JSON.stringify(keyFrom(key))) : json;
  if (!mayHaveFloat.test(text)) return text;
  return text.replaceAll(stringOrNumber, (token) => (/^-?\d+[.eE]/.test(token) && Number.isInteger(Number(token)) ? JSON.stringify(float(Number(token))) : token));
}

const mayHaveFloat = /\d(?:\.0|[eE])/;
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** What `yaml` has read with `intAsBigInt`, so that `1.0` is no `1`; what is no number of JSON is `null`. */
export function jsonOfYaml(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? float(value) : null;
  if (Array.isArray(value)) return value.map(jsonOfYaml);
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([name, each]) => [keyFrom(name), jsonOfYaml(each)]));
  return (value ?? null) as Json;
}
