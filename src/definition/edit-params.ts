/**
 * Parameters of a recorded run, written into the text of a pipeline file: only the values that differ are replaced, so
 * that comments, order and style stay. Nothing is taken out: a parameter that the run did not have stays as it is.
 */
import { isAlias, isMap, isScalar, parseDocument, stringify, type Pair, type ParsedNode, type YAMLMap } from 'yaml';
import { aliasInItself } from '../model/alias-in-itself.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { jsonOfYaml, jsonText } from '../model/whole-float.ts';

/** Of the text as it is: from `start`, `length` characters become `text`. */
export interface TextEdit {
  readonly start: number;
  readonly length: number;
  readonly text: string;
}

export interface ParamChange {
  readonly name: string;
  /** Absent where the file did not have it. */
  readonly from?: Json;
  readonly to: Json;
}

export type ParamEdits =
  /** Edits in the order of the text; none overlaps another. */
  | { readonly type: 'edits'; readonly edits: readonly TextEdit[]; readonly changes: readonly ParamChange[] }
  | { readonly type: 'refused'; readonly message: string };

type ParsedMap = YAMLMap.Parsed;

/** A value on one line, which is the same inside `{ }` and outside. */
function flow(value: Json): string {
  // JSON is YAML, and `yaml` would write 1.0 as 1.
  const json = jsonText(value);
  if (json !== JSON.stringify(value)) return json;
  // A line break of the text would end the line that it stands on.
  const text = typeof value === 'string' && /[\n\r\t\u0085\u2028\u2029]/.test(value) ? JSON.stringify(value) : stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
  return typeof value === 'string' && /[,[\]{}#]/.test(text) && !/^["']/.test(text) ? JSON.stringify(value) : text;
}

/** `current` are the parameters as the file is understood now: a reference that comes to the value stays a reference. */
export function editParams(text: string, params: JsonObject, current: JsonObject): ParamEdits {
  const document = parseDocument(text, { schema: 'core', uniqueKeys: false, intAsBigInt: true, logLevel: 'error' });
  if (document.errors.length > 0 || aliasInItself(document) !== undefined) return { type: 'refused', message: 'the pipeline file has mistakes; correct them first' };
  const root = document.contents;
  if (!isMap(root)) return { type: 'refused', message: 'the pipeline file has no tasks' };
  const section = pairOf(root, 'params');
  const value = section?.value ?? undefined;
  if (value !== undefined && !isMap(value) && !(isScalar(value) && value.value === null)) return { type: 'refused', message: 'params of the pipeline file is no mapping of its own; write the values there by hand' };
  const known = isMap(value) ? (value) : undefined;
  const changes: ParamChange[] = [];
  const edits: TextEdit[] = [];
  const added: [string, Json][] = [];
  for (const [name, to] of Object.entries(params)) {
    if (Object.hasOwn(current, name) && isSame(current[name], to) && !isAlias(known === undefined ? undefined : pairOf(known, name)?.value)) continue;
    const pair = known === undefined ? undefined : pairOf(known, name);
    if (pair === undefined) {
      added.push([name, escaped(to)]);
      changes.push({ name, to });
      continue;
    }
    const from = jsonOfYaml(pair.value?.toJS(document));
    if (isSame(from, to) && !isAlias(pair.value)) continue;
    if (!isSame(current[name] ?? from, to)) changes.push({ name, from: current[name] ?? from, to });
    edits.push(replacement(text, pair, flow(escaped(to))));
  }
  if (added.length > 0) edits.push(addition(text, root, section, known, added));
  edits.sort((a, b) => a.start - b.start);
  // An alias of a value that is unchanged itself is written out only where something else is.
  if (changes.length === 0) return { type: 'edits', edits: [], changes };
  return saysSo(applyEdits(text, edits), params) ? { type: 'edits', edits, changes } : { type: 'refused', message: 'params of the pipeline file are written in a way that can’t be edited; write the values there by hand' };
}

/** Also in the order of keys, which a task sees. */
function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Anchors and merge keys may have an edit reach further than meant. */
function saysSo(text: string, params: JsonObject): boolean {
  const document = parseDocument(text, { schema: 'core', intAsBigInt: true, logLevel: 'error' });
  const said = document.errors.length > 0 ? undefined : jsonOfYaml(document.toJS());
  const own = isJsonObject(said) && isJsonObject(said['params']) ? said['params'] : {};
  // What was left as a reference is not compared.
  return Object.entries(params).every(([name, value]) => isSame(own[name], escaped(value)) || JSON.stringify(own[name] ?? null).includes('${'));
}

/** `${` as the pipeline file writes these characters where they are no reference. */
function escaped(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return (value as readonly Json[]).map(escaped);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, escaped(each)])) : value;
}

/** As an editor would apply them. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  return [...edits].reverse().reduce((result, { start, length, text: part }) => result.slice(0, start) + part + result.slice(start + length), text);
}

function pairOf(map: ParsedMap, name: string): Pair<ParsedNode, ParsedNode | null> | undefined {
  return map.items.find(({ key }) => isScalar(key) && String(key.value) === name);
}

function replacement(text: string, { key, value }: Pair<ParsedNode, ParsedNode | null>, to: string): TextEdit {
  const [start, end] = value?.range ?? [key.range[1], key.range[1]];
  if (start !== end) {
    // A block's range ends with its last line break, which is the next key's.
    const length = text.slice(start, end).trimEnd().length;
    const lineStart = text.lastIndexOf('\n', start - 1) + 1;
    // A block map or list begins on a line of its own, below its key.
    const isBelow = text.slice(lineStart, start).trim() === '' && lineStart > key.range[1];
    const from = isBelow ? text.indexOf(':', key.range[1]) + 1 : start;
    return { start: from, length: start + length - from, text: isBelow ? ` ${to}` : to };
  }
  const colon = text.indexOf(':', key.range[1]);
  return { start: colon + 1, length: 0, text: ` ${to}` };
}

function addition(text: string, root: ParsedMap, section: Pair<ParsedNode, ParsedNode | null> | undefined, known: ParsedMap | undefined, added: readonly (readonly [string, Json])[]): TextEdit {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const entry = ([name, value]: readonly [string, Json]): string => `${flow(name)}: ${flow(value)}`;
  const inline = added.map(entry).join(', ');
  if (known?.flow === true) {
    const last = known.items.at(-1);
    const close = known.range[1] - 1;
    const end = last === undefined ? undefined : (last.value?.range[1] ?? last.key.range[1]);
    return end === undefined ? { start: close, length: 0, text: inline } : { start: end, length: 0, text: `, ${inline}` };
  }
  const first = known?.items[0];
  if (known !== undefined && first !== undefined) {
    const indent = text.slice(text.lastIndexOf('\n', first.key.range[0] - 1) + 1, first.key.range[0]);
    return { start: first.key.range[0], length: 0, text: added.map((each) => `${entry(each)}${newline}${indent}`).join('') };
  }
  if (section !== undefined) return replacement(text, section, `{${inline}}`);
  if (root.flow === true) return { start: root.range[0] + 1, length: 0, text: `params: {${inline}}, ` };
  const tasks = pairOf(root, 'tasks') ?? root.items[0];
  const start = tasks?.key.range[0] ?? root.range[0];
  return { start, length: 0, text: `params: {${inline}}${newline}` };
}
