/**
 * YAML text → a tree of values with their places in the text. Aliases and merge keys (`<<`) are resolved here, so that
 * nobody after this knows of them; what they may add is bounded, so that a small file can't become a large pipeline
 * ("YAML bomb"). Duplicate keys are mistakes; the first one counts.
 *
 * After a syntax error the parser guesses. Its guess is good enough to go on drawing a graph while someone types, but
 * mistakes found in it would be false ones: only the syntax errors are reported.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { ParsedNode, Scalar, YAMLError, YAMLMap } from 'yaml';
import { isJsonObject } from '../model/json.ts';
import type { Json } from '../model/json.ts';
import { float, isWholeFloat, keyFrom, numberOf, valueText, writtenKey } from '../model/whole-float.ts';
import { quoted } from './reporter.ts';
import type { Reporter, Span } from './reporter.ts';

interface NodeBase extends Span {
  /** Whether `${` occurs in it: a value without needs no resolving. */
  readonly hasReference: boolean;
  /** Number of nodes when every alias is written out. */
  readonly size: number;
}
export interface ScalarNode extends NodeBase {
  readonly type: 'scalar';
  readonly value: null | boolean | number | string;
  /** As written: `1.10` is still that. */
  readonly source: string;
}
export interface SequenceNode extends NodeBase {
  readonly type: 'sequence';
  readonly items: readonly YamlNode[];
}
export interface MappingNode extends NodeBase {
  readonly type: 'mapping';
  readonly entries: ReadonlyMap<string, Entry>;
}
export interface Entry {
  readonly key: Span;
  readonly value: YamlNode;
}
export type YamlNode = ScalarNode | SequenceNode | MappingNode;

export const largestFile = 1024 * 1024;
const mostNodesByAliases = 100_000;
const deepestNesting = 100;
const mostSyntaxErrors = 20;

/** The tree, as far as it could be read; `undefined` for a file without content. */
export function parseYaml(text: string, reporter: Reporter): YamlNode | undefined {
  if (text.length > largestFile) {
    reporter.report({ code: 'too-large', at: { start: 0, end: 0 }, message: 'the pipeline file is larger than 1 MiB', suggestion: 'use matrix for tasks that repeat' });
    return undefined;
  }
  const document = parseDocument(text, {
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // Checked below, in linear time.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) {
    reportSyntaxErrors(errors, text, reporter);
    reporter.mute();
  }
  return document.contents === null ? undefined : convert(document.contents, reporter);
}

const syntaxMessages: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'a tab cannot indent YAML',
  BLOCK_AS_IMPLICIT_KEY: 'a key inside a value on one line',
  MULTILINE_IMPLICIT_KEY: 'a key without ": " after it',
  MULTIPLE_DOCS: 'a second YAML document begins here; one file is one pipeline',
  RESOURCE_EXHAUSTION: 'nested too deeply',
};
const syntaxSuggestions: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BLOCK_AS_IMPLICIT_KEY: 'put the value in quotes, or the key on a line of its own',
  MULTILINE_IMPLICIT_KEY: 'put ": " between key and value',
  BAD_SCALAR_START: 'put the value in quotes',
  BAD_INDENT: 'begin all that belongs together in the same column',
  BLOCK_IN_FLOW: 'put a value with ": " in it in quotes',
  BAD_DQ_ESCAPE: "write \\\\ for a backslash, or use single quotes",
  TAG_RESOLVE_FAILED: 'leave the tag out',
  MULTIPLE_DOCS: 'remove the --- line',
};

function reportSyntaxErrors(errors: readonly YAMLError[], text: string, reporter: Reporter): void {
  // A mistake makes the parser stumble over the rest of its line too.
  let line = -1;
  let count = 0;
  for (const { code, pos, message } of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const start = Math.min(pos[0], text.length);
    const at = { start, end: Math.max(start, Math.min(pos[1], text.length)) };
    const { start: where } = reporter.range(at);
    if (where.line === line) continue;
    line = where.line;
    const unquotedReference = /(^|[^"'$\w])\$\{/.test(text.slice(start - where.character).split(/[\r\n]/, 1)[0] ?? '');
    reporter.report({
      code: code === 'RESOURCE_EXHAUSTION' ? 'too-large' : 'syntax',
      at,
      message: syntaxMessages[code] ?? message.replace(/^[A-Z]/, (letter) => letter.toLowerCase()).replace(/(closing) (["'])quote/, '$1 quote $2').replaceAll('\n', ' '),
      suggestion: unquotedReference ? 'put a value with ${…} in quotes' : syntaxSuggestions[code],
    });
    if (++count === mostSyntaxErrors) return;
  }
}

function convert(contents: ParsedNode, reporter: Reporter): YamlNode {
  /** `undefined` while the anchored node is being converted: an alias to it then contains itself. */
  const anchors = new Map<string, YamlNode | undefined>();
  let addedByAliases = 0;

  const spanOf = (node: ParsedNode): Span => ({ start: node.range[0], end: node.range[1] });
  const empty = (at: Span): ScalarNode => ({ type: 'scalar', value: null, source: '', hasReference: false, size: 1, ...at });

  const node = (parsed: ParsedNode | null, after: Span, depth: number): YamlNode => {
    if (parsed === null) return empty({ start: after.end, end: after.end });
    const at = spanOf(parsed);
    if (depth > deepestNesting) {
      reporter.report({ code: 'too-large', at, message: 'nested too deeply' });
      return empty(at);
    }
    if (isAlias(parsed)) return alias(parsed.source, at);
    if (parsed.anchor !== undefined) anchors.set(parsed.anchor, undefined);
    const converted = isMap(parsed) ? mapping(parsed, at, depth) : isSeq(parsed) ? sequence(parsed.items, at, depth) : scalar(parsed, at);
    if (parsed.anchor !== undefined) anchors.set(parsed.anchor, converted);
    return converted;
  };

  const alias = (name: string, at: Span): YamlNode => {
    const target = anchors.get(name);
    if (target === undefined) {
      if (anchors.has(name)) reporter.report({ code: 'syntax', at, message: `the alias *${name} is inside of what it stands for` });
      else reporter.report({ code: 'syntax', at, message: `no anchor &${name} before this alias`, suggestion: 'text that begins with * needs quotes' });
      reporter.mute();
      return empty(at);
    }
    addedByAliases += target.size;
    if (addedByAliases <= mostNodesByAliases) return target;
    reporter.report({ code: 'too-large', at, message: `aliases add more than ${mostNodesByAliases.toLocaleString('en')} values to the file`, suggestion: 'use matrix for tasks that repeat' });
    reporter.mute();
    return empty(at);
  };

  const scalar = (parsed: Scalar.Parsed, at: Span): ScalarNode => {
    const { value } = parsed;
    const known = value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' ? value : parsed.source;
    if (typeof known === 'number' && !Number.isFinite(known)) {
      reporter.report({ code: 'bad-value', at, message: `${parsed.source} is not a number that JSON knows`, suggestion: 'write it in quotes', replacement: JSON.stringify(parsed.source) });
    }
    if (typeof known === 'string' && known.includes('\0')) reporter.report({ code: 'bad-value', at, message: 'text cannot contain the character NUL' });
    return { type: 'scalar', value: known, source: parsed.source, hasReference: typeof known === 'string' && known.includes('${'), size: 1, start: at.start, end: at.end };
  };

  const sequence = (parsed: readonly (ParsedNode | null)[], at: Span, depth: number): SequenceNode => {
    const items = parsed.map((item) => node(item, at, depth + 1));
    let hasReference = false;
    let size = 1;
    for (const item of items) {
      hasReference ||= item.hasReference;
      size += item.size;
    }
    return { type: 'sequence', items, hasReference, size, start: at.start, end: at.end };
  };

  const mapping = (parsed: YAMLMap.Parsed, at: Span, depth: number): MappingNode => {
    const entries = new Map<string, Entry>();
    const merges: YamlNode[] = [];
    for (const { key: parsedKey, value: parsedValue } of parsed.items) {
      const key = spanOf(parsedKey);
      if (!isScalar(parsedKey) || parsedKey.value === null) {
        reporter.report({ code: 'syntax', at: key, message: 'a key must be text' });
        continue;
      }
      const value = node(parsedValue, key, depth + 1);
      if (parsedKey.type === 'PLAIN' && parsedKey.value === '<<') {
        merges.push(value);
        continue;
      }
      const name = typeof parsedKey.value === 'string' ? parsedKey.value : (parsedKey).source;
      const first = entries.get(name);
      if (first === undefined) entries.set(name, { key, value });
      else reporter.report({ code: 'duplicate-key', at: key, message: `${quoted(name)} is already in line ${reporter.range(first.key).start.line + 1}`, suggestion: 'remove or rename one of the two' });
    }
    for (const merge of merges) mergeInto(entries, merge);
    let hasReference = false;
    let size = 1;
    for (const { value } of entries.values()) {
      hasReference ||= value.hasReference;
      size += value.size;
    }
    return { type: 'mapping', entries, hasReference, size, start: at.start, end: at.end };
  };

  /** Keys of the mapping itself come before merged ones, earlier merges before later ones (yaml.org/type/merge.html). */
  const mergeInto = (entries: Map<string, Entry>, merge: YamlNode): void => {
    for (const source of merge.type === 'sequence' ? merge.items : [merge]) {
      if (source.type === 'mapping') {
        for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
      } else reporter.report({ code: 'wrong-type', at: source, message: '<< takes a mapping, or a list of mappings', suggestion: 'write <<: *anchor' });
    }
  };

  return node(contents, { start: 0, end: 0 }, 0);
}

/** With an object for each whole float (`model/whole-float.ts`). */
export function toJson(node: YamlNode): Json {
  switch (node.type) {
    case 'scalar':
      return typeof node.value === 'number' && isFloat.test(node.source) ? float(node.value) : node.value;
    case 'sequence':
      return node.items.map(toJson);
    case 'mapping':
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [keyFrom(key), toJson(value)]));
    default:
      return node satisfies never;
  }
}

/** With a point or an exponent; hexadecimal numbers have digits of the same letter (yaml.org/spec/1.2.2, 10.3.2). */
const isFloat = /^[-+]?[\d.]*[.e]/i;

/** A value that stands for what is at `at`: the result of a reference, or a param that was set from outside. It is never resolved again. */
export function fromJson(json: Json, at: Span): YamlNode {
  const base = { hasReference: false, size: 1, start: at.start, end: at.end };
  if (Array.isArray(json)) return { ...base, type: 'sequence', items: (json as readonly Json[]).map((item) => fromJson(item, at)) };
  if (isWholeFloat(json)) return { ...base, type: 'scalar', value: numberOf(json), source: valueText(json) };
  if (isJsonObject(json)) return { ...base, type: 'mapping', entries: new Map(Object.entries(json).map(([key, value]) => [writtenKey(key), { key: at, value: fromJson(value, at) }])) };
  const value = json as ScalarNode['value'];
  return { ...base, type: 'scalar', value, source: String(value) };
}
