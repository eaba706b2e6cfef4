/**
 * `${params.x}`, `${matrix.x}`, `${env.X}` and `${tasks.ID.returns.NAME}` in the values of the file. A value that is
 * one whole reference keeps the type of what it refers to; `$${` stands for a literal `${`.
 *
 * In a shell command only these four are references: `${HOME}` and `${x:-y}` are the shell's own.
 */
import type { Json } from '../model/json.ts';
import { keyFrom, valueText } from '../model/whole-float.ts';
import type { Reporter, Span } from './reporter.ts';
import { quoted } from './reporter.ts';
import { toJson } from './yaml-tree.ts';
import type { ScalarNode, YamlNode } from './yaml-tree.ts';

export interface Reference {
  /** What stands between the braces: `params.x`. */
  readonly body: string;
  /** The part before the first dot: `params`. */
  readonly namespace: string;
  /** The rest: `x`. */
  readonly name: string;
  readonly at: Span;
}

export interface Scope {
  readonly text: string;
  readonly reporter: Reporter;
  readonly shell?: boolean;
  /** Characters that filled-in texts may still add, in all of the file: references to references double with each step. */
  readonly budget: { left: number };
  /** `undefined` for a mistake, which it has reported. */
  lookUp(reference: Reference): Json | undefined;
}

export const namespaces = ['params', 'matrix', 'env', 'tasks'] as const;

const occurrences = /\$\$\{|\$\{([^{}]*)\}/g;

export const textBudget = 32 * 1024 * 1024;
/** Of one value as JSON, in characters. */
const largestValue = 1024 * 1024;

/** The value with every reference filled in; without the parts that have mistakes, `undefined` if it is all of it. */
export function resolve(node: YamlNode, scope: Scope): Json | undefined {
  if (!node.hasReference) return toJson(node);
  switch (node.type) {
    case 'scalar':
      return typeof node.value === 'string' ? resolveText(node, node.value, scope) : toJson(node);
    case 'sequence':
      return bounded(node.items.map((item) => resolve(item, scope)).filter((item) => item !== undefined), node, scope);
    case 'mapping': {
      const resolved: [string, Json][] = [];
      for (const [key, { value }] of node.entries) {
        const json = resolve(value, scope);
        if (json !== undefined) resolved.push([keyFrom(key), json]);
      }
      return bounded(Object.fromEntries(resolved), node, scope);
    }
    default:
      return node satisfies never;
  }
}

function bounded(value: Json, node: YamlNode, { reporter }: Scope): Json | undefined {
  if (sizeOf(value) <= largestValue) return value;
  reportTooLarge(node, reporter);
  return undefined;
}

function reportTooLarge(at: Span, reporter: Reporter): void {
  reporter.report({ code: 'too-large', at, message: 'with its references filled in, this is larger than 1 MiB', suggestion: 'put large values into a file that the task reads' });
}

/** What references share is one object many times: each is looked into once. */
const knownSizes = new WeakMap<object, number>();
function sizeOf(value: Json): number {
  if (typeof value === 'string') return value.length + 2;
  if (value === null || typeof value !== 'object') return 5;
  let size = knownSizes.get(value);
  if (size === undefined) {
    size = Object.entries(value).reduce((sum, [key, item]: [string, Json]) => sum + key.length + 3 + sizeOf(item), 2);
    knownSizes.set(value, size);
  }
  return size;
}

/** The reference that a text is as a whole, if it is. */
export function wholeReference(node: ScalarNode, text: string): Reference | undefined {
  const match = typeof node.value === 'string' ? /^\$\{([^{}]*)\}$/.exec(node.value) : null;
  return match === null ? undefined : reference(match[1] ?? '', occurrenceSpan(node, match[0], 0, text));
}

function resolveText(node: ScalarNode, value: string, scope: Scope): Json | undefined {
  const whole = wholeReference(node, scope.text);
  if (whole !== undefined && isReference(whole, scope)) return scope.lookUp(whole);

  let result = '';
  let copied = 0;
  let failed = false;
  let searchFrom = 0;
  const literal = (end: number): void => {
    const piece = value.slice(copied, end);
    if (!scope.shell && piece.includes('${')) {
      failed = true;
      scope.reporter.report({ code: 'unknown-reference', at: node, message: 'a "${" is not closed with "}"', suggestion: 'write $${ for the characters ${' });
    }
    result += piece;
  };
  for (const match of value.matchAll(occurrences)) {
    const [text, body] = match;
    if (body === undefined) {
      literal(match.index);
      result += '${';
      copied = match.index + text.length;
      continue;
    }
    const at = occurrenceSpan(node, text, searchFrom, scope.text);
    if (at !== node) searchFrom = at.end - node.start;
    const found = reference(body, at);
    if (!isReference(found, scope)) continue;
    literal(match.index);
    copied = match.index + text.length;
    const json = scope.lookUp(found);
    if (json === undefined) failed = true;
    else if (json !== null) result += valueText(json);
    if (result.length > largestValue || result.length > scope.budget.left) {
      reportTooLarge(node, scope.reporter);
      return undefined;
    }
  }
  literal(value.length);
  scope.budget.left -= result.length;
  return failed ? undefined : result;
}

function reference(body: string, at: Span): Reference {
  const dot = body.indexOf('.');
  return dot === -1 ? { body, namespace: body, name: '', at } : { body, namespace: body.slice(0, dot), name: body.slice(dot + 1), at };
}

function isReference({ body }: Reference, { shell }: Scope): boolean {
  return !shell || /^\s*[A-Za-z_]\w*\./.test(body);
}

/** The reference alone where it stands in the text as it is in the value (no escapes in between), else the whole value. */
function occurrenceSpan(node: ScalarNode, reference: string, from: number, text: string): Span {
  const index = text.slice(node.start, node.end).indexOf(reference, from);
  return index === -1 ? node : { start: node.start + index, end: node.start + index + reference.length };
}

/** For a reference to nothing that is known: what was probably meant. */
export function reportUnknownNamespace({ body, namespace, name, at }: Reference, reporter: Reporter): void {
  if (reporter.hasReported(at)) return;
  const message = `unknown reference ${quoted(`\${${body}}`)}`;
  if (body !== body.replaceAll(/\s/g, '')) {
    const replacement = `\${${body.replaceAll(/\s/g, '')}}`;
    reporter.report({ code: 'unknown-reference', at, message, suggestion: `write ${replacement}`, replacement });
    return;
  }
  const near = name === '' ? undefined : reporter.near(namespace, namespaces);
  if (near !== undefined) {
    const replacement = `\${${near}.${name}}`;
    reporter.report({ code: 'unknown-reference', at, message, suggestion: `did you mean ${replacement}?`, replacement });
    return;
  }
  reporter.report({ code: 'unknown-reference', at, message, suggestion: 'write ${params.x}, ${matrix.x}, ${env.X} or ${tasks.ID.returns.NAME}; $${ for the characters ${' });
}

/** Reports that `name` is not there, with the nearest that is. */
export function reportUnknownName({ body, at }: Reference, prefix: string, name: string, known: Iterable<string>, message: string, reporter: Reporter): void {
  if (reporter.hasReported(at)) return;
  const near = reporter.near(name, known);
  const replacement = near === undefined ? undefined : `\${${prefix}${near}${body.slice(prefix.length + name.length)}}`;
  reporter.report({ code: 'unknown-reference', at, message, ...(replacement === undefined ? {} : { suggestion: `did you mean ${replacement}?`, replacement }) });
}
