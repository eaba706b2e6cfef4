import { isScalar } from 'yaml';
import { aliasInItself } from '../model/alias-in-itself.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { NestedTooDeeply, parseNested } from '../model/nested-json.ts';
import { jsonOfYaml } from '../model/whole-float.ts';
import { keepsDigits } from '../model/whole-number.ts';
import { yamlDocument } from '../model/yaml-document.ts';

type MutableJson = Record<string, Json>;

/**
 * `--set KEY=VALUE`, all of them, by their keys; a key with dots names a value inside of an object. A value is read as YAML 1.2 reads a
 * scalar (`0.8`, `true`, `null`), as a list or an object when it begins with a bracket, and otherwise as text: also
 * text that YAML would read as something else (`a: b`, `x # y`), which nobody means on a command line.
 */
export function parseSetOptions(given: readonly string[]): { readonly type: 'set'; readonly values: JsonObject } | { readonly type: 'error'; readonly message: string } {
  // Keys come from outside: without a prototype, `__proto__` is a name like any other.
  const values = Object.create(null) as MutableJson;
  for (const text of given) {
    const equals = text.indexOf('=');
    const key = equals === -1 ? text : text.slice(0, equals);
    if (equals === -1) return { type: 'error', message: `--set ${text}: write KEY=VALUE` };
    if (!key.split('.').every((part) => /^[A-Za-z_][\w-]*$/.test(part))) return { type: 'error', message: `--set ${text}: "${key}" is not the name of a parameter` };
    const value = parseValue(text.slice(equals + 1));
    if (value.type === 'error') return { type: 'error', message: `--set ${key}: ${value.message}` };
    values[key] = value.value;
  }
  return { type: 'set', values };
}

type Parsed = { readonly type: 'value'; readonly value: Json } | { readonly type: 'error'; readonly message: string };

function parseValue(text: string): Parsed {
  const trimmed = text.trim();
  if (trimmed === '') return { type: 'value', value: text };
  const document = yamlDocument(trimmed, { schema: 'core', version: '1.2', intAsBigInt: true });
  if (/^[[{"']/.test(trimmed)) {
    const error = document.errors[0];
    if (error !== undefined) return { type: 'error', message: `can't be read: ${error.message.split('\n')[0] ?? ''}` };
    if ((trimmed.includes('*') && /[[,:{]\s*\*/.test(trimmed)) || aliasInItself(document) !== undefined) return { type: 'error', message: 'aliases are not read here' };
    return jsonOf(document.toJS());
  }
  const { contents } = document;
  const isPlain = document.errors.length === 0 && isScalar(contents) && contents.source === trimmed && contents.anchor === undefined && contents.tag === undefined;
  // JSON has no infinity, and a parameter is JSON.
  const isJson = isPlain && (typeof contents.value !== 'number' || Number.isFinite(contents.value));
  return isJson ? jsonOf(contents.value) : { type: 'value', value: text };
}

/** Of what has whole numbers as `bigint`. */
function jsonOf(value: unknown): Parsed {
  let lost: bigint | undefined;
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'bigint') return each;
    if (!keepsDigits(String(each))) lost ??= each;
    return null;
  });
  if (lost !== undefined) return { type: 'error', message: `${lost} has more digits than a number keeps: it would be ${Number(lost)}; write it as text, '"${lost}"'` };
  try {
    parseNested(text);
  } catch (error) {
    if (error instanceof NestedTooDeeply) return { type: 'error', message: `it is ${error.message}` };
    throw error;
  }
  return { type: 'value', value: jsonOfYaml(value) };
}
