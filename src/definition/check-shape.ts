/**
 * Checks a value against the table of `pipeline-schema.ts`. What comes back fits the table: what does not is reported
 * and left out, so that the rest of the file can still be understood.
 */
import { longestDuration, nearDuration, parseDuration } from './duration.ts';
import { parseSize } from './size.ts';
import { wholeReferencePattern } from './pipeline-schema.ts';
import type { Key, ObjectType, ValueType } from './pipeline-schema.ts';
import { didYouMean, quoted, yamlText } from './reporter.ts';
import type { Mistake, Reporter, Span } from './reporter.ts';
import { checkWholeNumbers } from './whole-numbers.ts';
import type { Entry, MappingNode, ScalarNode, SequenceNode, YamlNode } from './yaml-tree.ts';

export interface ShapeContext {
  readonly reporter: Reporter;
  /** What the value is called in messages: `"timeout"`. */
  readonly label: string;
  /** Where to point for a value that has no text of its own. */
  readonly key: Span;
  /** Whether `${…}` may stand for values that are no text. */
  readonly references: boolean;
  /** Keys that belong into another mapping of the file, by name: `"needs"` → `a task`. */
  readonly homes?: ReadonlyMap<string, string>;
}

const wholeReference = new RegExp(wholeReferencePattern);

/** The value without what does not fit; `undefined` when nothing of it does. */
export function checkShape(node: YamlNode, type: ValueType, context: ShapeContext): YamlNode | undefined {
  const textOrEntries = type.type === 'text' || type.type === 'map' || type.type === 'object';
  if (context.references && !textOrEntries && node.type === 'scalar' && typeof node.value === 'string' && wholeReference.test(node.value)) return node;
  switch (type.type) {
    case 'any':
      checkWholeNumbers(node, context.reporter);
      return node;
    case 'list':
      return node.type === 'sequence' ? checkList(node, type, context) : wrongType(node, type, context);
    case 'map':
      return node.type === 'mapping' ? checkMap(node, type, context) : wrongType(node, type, context);
    case 'object':
      return node.type === 'mapping' ? checkObject(node, type, context) : wrongType(node, type, context);
    case 'either':
      if (node.type === 'mapping') return checkObject(node, type.long, context);
      return node.type === 'sequence' ? wrongType(node, type, context) : checkShape(node, type.short, context);
    case 'text':
    case 'boolean':
    case 'number':
    case 'duration':
    case 'size':
    case 'choice':
    case 'scalar':
      return node.type === 'scalar' && node.value !== null ? checkScalar(node, type, context) : wrongType(node, type, context);
    default:
      return type satisfies never;
  }
}

function checkScalar(node: ScalarNode, type: ValueType, context: ShapeContext): YamlNode | undefined {
  const { value } = node;
  const bad = (message: string, rest: Pick<Mistake, 'suggestion' | 'replacement'> = {}): YamlNode | undefined => {
    context.reporter.report({ code: 'bad-value', at: spot(node, context), message: `${context.label} ${message}`, ...rest });
    return undefined;
  };
  const write = (replacement: string): Pick<Mistake, 'suggestion' | 'replacement'> => ({ suggestion: `write ${replacement}`, replacement });
  switch (type.type) {
    case 'text':
      if (typeof value !== 'string') return wrongType(node, type, context);
      if (value === '') return bad('is empty');
      if (type.pattern === undefined || new RegExp(type.pattern).test(value)) return node;
      context.reporter.report(badName(value, type.allowed ?? '', node));
      return undefined;
    case 'boolean':
      return typeof value === 'boolean' ? node : wrongType(node, type, context);
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return wrongType(node, type, context);
      if (type.whole && !Number.isInteger(value)) return bad('must be a whole number');
      if (type.atLeast !== undefined && value < type.atLeast) return bad(`must be ${type.atLeast} or more`);
      if (type.moreThan !== undefined && value <= type.moreThan) return bad(`must be more than ${type.moreThan}`);
      return node;
    case 'duration': {
      if (typeof value === 'boolean' || value === null) return wrongType(node, type, context);
      const duration = parseDuration(value);
      if (duration === undefined) {
        const near = typeof value === 'string' ? nearDuration(value) : undefined;
        return bad(`is no duration: ${quoted(node.source)}`, near === undefined ? { suggestion: 'write a time such as 500ms, 30s, 10m or 2h' } : write(near));
      }
      if (type.moreThan !== undefined && duration <= type.moreThan) return bad(`must be more than ${type.moreThan}`);
      return duration <= longestDuration ? node : bad('must be 576h (24 days) or less');
    }
    case 'size':
      if (typeof value === 'boolean' || value === null) return wrongType(node, type, context);
      return parseSize(value) === undefined ? bad(`is no size: ${quoted(node.source)}`, { suggestion: 'write a size such as 512MB, 16GB or 1.5GiB' }) : node;
    case 'choice': {
      const choices = Object.keys(type.choices);
      if (typeof value === 'string' && choices.includes(value)) return node;
      const near = didYouMean(context.reporter.near(node.source, choices));
      return bad(`must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}, not ${quoted(node.source)}`, near);
    }
    default:
      return node;
  }
}

function checkList(node: SequenceNode, type: Extract<ValueType, { type: 'list' }>, context: ShapeContext): YamlNode | undefined {
  if (type.notEmpty && node.items.length === 0) {
    context.reporter.report({ code: 'bad-value', at: node, message: `${context.label} is an empty list`, suggestion: 'give at least one value' });
    return undefined;
  }
  const inside = { ...context, label: `a value of ${context.label}`, key: node };
  const items = node.items.map((item) => checkShape(item, type.of, inside));
  return items.every((item, index) => item === node.items[index]) ? node : { ...node, items: items.filter((item) => item !== undefined) };
}

function checkMap(node: MappingNode, type: Extract<ValueType, { type: 'map' }>, context: ShapeContext): YamlNode | undefined {
  if (type.notEmpty && node.entries.size === 0) {
    context.reporter.report({ code: 'bad-value', at: node, message: `${context.label} is empty`, suggestion: 'give at least one entry' });
    return undefined;
  }
  const pattern = type.names === undefined ? undefined : new RegExp(type.names.pattern);
  const entries = new Map<string, Entry>();
  for (const [name, entry] of node.entries) {
    if (pattern?.test(name) === false) context.reporter.report(badName(name, type.names?.allowed ?? '', entry.key));
    const inside = { ...context, label: quoted(name), key: entry.key };
    if (type.of.type === 'object' && Object.hasOwn(type.of.keys, name) && entry.value.type !== 'mapping') {
      // `shell:` beside the name of its task instead of below it.
      context.reporter.report({ code: 'wrong-type', at: entry.key, message: `${quoted(name)} is a key of a task, and stands where the tasks do`, suggestion: 'indent it below the name of its task' });
      continue;
    }
    const value = checkShape(entry.value, type.of, inside);
    if (value === entry.value) entries.set(name, entry);
    else if (value !== undefined) entries.set(name, { key: entry.key, value });
  }
  return { ...node, entries };
}

function checkObject(node: MappingNode, type: ObjectType, context: ShapeContext): YamlNode {
  const entries = new Map<string, Entry>();
  const meant = new Set<string>();
  for (const [name, entry] of node.entries) {
    const key = Object.hasOwn(type.keys, name) ? type.keys[name] : undefined;
    if (key === undefined) {
      const mistake = unknownKey(name, entry, type, context);
      if (mistake.replacement !== undefined) meant.add(mistake.replacement);
      context.reporter.report(mistake);
      continue;
    }
    const inside = { ...context, label: quoted(name), key: entry.key, references: key.references ?? context.references };
    const value = checkShape(entry.value, key.value, inside);
    if (value === entry.value) entries.set(name, entry);
    else if (value !== undefined) entries.set(name, { key: entry.key, value });
    // A wrong value is one mistake; that the key is missing would be a second one that is not true.
    meant.add(name);
  }
  const isMeant = (key: string): boolean => meant.has(key);
  for (const key of type.required ?? []) {
    if (!isMeant(key)) context.reporter.report({ code: 'missing-key', at: context.key, message: `${context.label} needs the key ${quoted(key)}`, suggestion: `add ${key}:` });
  }
  if (type.exactlyOneOf !== undefined) checkKinds(node, type.exactlyOneOf, isMeant, context);
  return { ...node, entries };
}

function checkKinds(node: MappingNode, kinds: readonly string[], isMeant: (key: string) => boolean, { reporter, label, key }: ShapeContext): void {
  const [first, second] = [...node.entries.keys()].filter((name) => kinds.includes(name));
  if (first !== undefined && second !== undefined) {
    reporter.report({ code: 'several-kinds', at: node.entries.get(second)?.key ?? key, message: `task ${label} has both ${quoted(first)} and ${quoted(second)}`, suggestion: 'keep one of them, or make two tasks' });
  } else if (first === undefined && !kinds.some(isMeant)) {
    reporter.report({ code: 'no-kind', at: key, message: `task ${label} does not say what to run`, suggestion: `add one of ${kinds.join(', ')}` });
  }
}

function unknownKey(name: string, { key: at, value }: Entry, type: ObjectType, { reporter, homes }: ShapeContext): Mistake {
  const base = { code: 'unknown-key', at, message: `unknown key ${quoted(name)}` } as const;
  const keys = Object.entries(type.keys) as readonly [string, Key][];
  /** Every name that a key goes by, here or in other tools → the key. */
  const calledSo = (namesOf: (key: Key, name: string) => readonly string[]): (readonly [string, string])[] => keys.flatMap(([name, key]) => namesOf(key, name).map((each) => [each, name] as const));
  const ofFiles = listsFiles(value) ? calledSo(({ elsewhereOfFiles = [] }) => elsewhereOfFiles) : [];
  const names = new Map([...ofFiles, ...calledSo(({ elsewhere = [] }, own) => [own, ...elsewhere])].reverse());
  const exact = names.get(name.toLowerCase());
  if (exact !== undefined) return { ...base, ...didYouMean(exact) };
  const home = homes?.get(name);
  if (home !== undefined) return { ...base, suggestion: `it belongs to ${home}` };
  return { ...base, ...didYouMean(names.get(reporter.near(name, names.keys()) ?? '')) };
}

/** By their looks: `data/raw.csv`, and not `prepare`. */
function listsFiles(value: YamlNode): boolean {
  const items = value.type === 'sequence' ? value.items : [value];
  return items.some((item) => item.type === 'scalar' && typeof item.value === 'string' && /[/.*]/.test(item.value));
}

function badName(name: string, allowed: string, at: Span): Mistake {
  // `größe` is near `grosse`.
  const plain = name.trim().replaceAll('ß', 'ss').normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const fixed = plain.replaceAll(/[^A-Za-z0-9_.-]+/g, '_');
  const letters = /\P{ASCII}/u.test(name) ? '; letters are a to z' : '';
  return { code: 'bad-name', at, message: `the name ${quoted(name)} must be of ${allowed}${letters}`, ...(/^[A-Za-z]\w*$/.test(fixed) ? { suggestion: `write ${fixed}`, replacement: fixed } : {}) };
}

/** Reports it; `undefined` is what is left of the value. */
function wrongType(node: YamlNode, type: ValueType, context: ShapeContext): YamlNode | undefined {
  const { reporter, label } = context;
  const at = spot(node, context);
  if (node.type === 'scalar' && node.value === null) {
    reporter.report({ code: 'wrong-type', at, message: `${label} has no value`, suggestion: `give ${inWords(type)}, or remove it` });
    return undefined;
  }
  const fix = node.type === 'scalar' ? asType(node, type) : undefined;
  const isUnnamed = node.type === 'sequence' && (type.type === 'map' || type.type === 'object');
  const suggestion = fix !== undefined ? { suggestion: `write ${fix}`, replacement: fix } : isUnnamed ? { suggestion: 'write each item as NAME: …, without a -' } : {};
  reporter.report({ code: 'wrong-type', at, message: `${label} must be ${inWords(type)}, not ${found(node)}`, ...suggestion });
  return undefined;
}

function spot(node: YamlNode, { key }: ShapeContext): Span {
  return node.type === 'scalar' && node.end > node.start ? node : key;
}

function found(node: YamlNode): string {
  if (node.type === 'sequence') return 'a list';
  if (node.type === 'mapping') return 'keys and values';
  return typeof node.value === 'string' ? `the text ${quoted(node.value)}` : quoted(node.source).slice(1, -1);
}

function inWords(type: ValueType): string {
  switch (type.type) {
    case 'text':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'number':
      return type.whole ? 'a whole number' : 'a number';
    case 'duration':
      return 'a time such as 30s or 10m';
    case 'size':
      return 'a size such as 16GB';
    case 'choice':
      return Object.keys(type.choices).join(' or ');
    case 'scalar':
      return 'text, a number, true or false';
    case 'any':
      return 'a value';
    case 'list':
      return 'a list';
    case 'map':
    case 'object':
      return 'keys and values';
    case 'either':
      return `${inWords(type.short)} or {${Object.keys(type.long.keys).join(', ')}}`;
    default:
      return type satisfies never;
  }
}

/** The value in the type that was expected, where there is no doubt about it. */
function asType({ value, source }: Pick<ScalarNode, 'value' | 'source'>, type: ValueType): string | undefined {
  switch (type.type) {
    case 'text':
      return value === null ? undefined : JSON.stringify(source);
    case 'boolean':
      if (/^(yes|on|true|1)$/i.test(source)) return 'true';
      return /^(no|off|false|0)$/i.test(source) ? 'false' : undefined;
    case 'number':
      return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? String(Number(value)) : undefined;
    case 'either':
      return asType({ value, source }, type.short);
    case 'list':
      if (type.of.type === 'scalar') return `[${typeof value === 'string' ? yamlText(value) : source}]`;
      return type.of.type === 'text' && typeof value === 'string' ? `[${yamlText(value)}]` : undefined;
    default:
      return undefined;
  }
}
