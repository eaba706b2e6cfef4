/** The pipeline's own params and environment, with what was set from outside, and how references to them resolve. */
import { isSecretName } from '../model/credential-names.ts';
import { isJsonObject } from '../model/json.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { valueText } from '../model/whole-float.ts';
import { reportUnknownName, reportUnknownNamespace, resolve, textBudget, wholeReference } from './references.ts';
import type { Reference, Scope } from './references.ts';
import { quoted } from './reporter.ts';
import type { Reporter, Span } from './reporter.ts';
import { fromJson } from './yaml-tree.ts';
import type { Entry, MappingNode, YamlNode } from './yaml-tree.ts';

export interface PipelineScope {
  readonly params: JsonObject;
  readonly env: Readonly<Record<string, string>>;
  /** `${params.x}` and `${env.X}`, as tasks see them; reports any other reference as unknown. */
  readonly scope: Scope;
}

export interface PipelineScopeOptions {
  readonly root: MappingNode;
  readonly text: string;
  readonly reporter: Reporter;
  readonly set: JsonObject;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly secrets: readonly string[];
}

export function pipelineScope({ root, text, reporter, set, environment, secrets }: PipelineScopeOptions): PipelineScope {
  const section = (name: string): Entry | undefined => root.entries.get(name);
  const params = withValuesSet(mappingOf(section('params')), set, section('params')?.key ?? { start: 0, end: 0 }, reporter);

  const lookUpEnv = (reference: Reference, declared: Readonly<Record<string, string>>): string | undefined => {
    const { name, at } = reference;
    if (isSecretName(name, secrets)) {
      const isListed = secrets.includes(name);
      reporter.report({
        code: 'bad-value',
        at,
        message: `${quoted(name)} ${isListed ? 'is a secret' : 'looks like a secret'} and would be recorded here`,
        suggestion: `read it from the environment in the task${isListed ? '' : `, or add "!${name}" to secrets if it is none`}`,
      });
      return undefined;
    }
    if (Object.hasOwn(declared, name)) return declared[name];
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value === undefined) reportUnknownName(reference, 'env.', name, Object.keys(declared), `the environment variable ${quoted(name)} is not set`, reporter);
    return value;
  };

  const resolved = new Map<YamlNode, Json | undefined>();
  const resolving = new Map<YamlNode, string>();
  const lookUpParam = (reference: Reference): Json | undefined => {
    const path = reference.name.split('.');
    let found: YamlNode | undefined = params;
    let json: Json | undefined;
    let isJson = false;
    for (const [index, key] of path.entries()) {
      // A param that is one whole reference to another has that one's keys.
      if (found?.type === 'scalar' && wholeReference(found, text) !== undefined) {
        json = resolveParam(found, path.slice(0, index).join('.'), reference.at);
        if (json === undefined) return undefined;
        isJson = true;
        found = undefined;
      }
      const known: readonly string[] = isJson ? (isJsonObject(json) ? Object.keys(json) : []) : found?.type === 'mapping' ? [...found.entries.keys()] : [];
      if (!known.includes(key)) {
        const prefix = ['params', ...path.slice(0, index), ''].join('.');
        reportUnknownName(reference, prefix, key, known, index === 0 ? `unknown param ${quoted(key)}` : `${quoted(path.slice(0, index).join('.'))} has no key ${quoted(key)}`, reporter);
        return undefined;
      }
      if (isJson) json = (json as JsonObject)[key];
      else found = (found as MappingNode).entries.get(key)?.value;
    }
    return isJson ? json : found && resolveParam(found, reference.name, reference.at);
  };
  const resolveParam = (node: YamlNode, name: string, at: Span): Json | undefined => {
    if (resolved.has(node)) return resolved.get(node);
    if (resolving.has(node)) {
      const names = [...resolving.values()];
      const cycle = [...names.slice([...resolving.keys()].indexOf(node)), name];
      reporter.report({ code: 'cycle', at, message: `params refer to each other: ${shortened(cycle).join(' → ')}` });
      return undefined;
    }
    if (resolving.size >= deepestReferences) {
      reporter.report({ code: 'too-large', at, message: `params refer to each other more than ${deepestReferences} deep` });
      return undefined;
    }
    resolving.set(node, name);
    const value = resolve(node, paramScope);
    resolving.delete(node);
    resolved.set(node, value);
    return value;
  };

  const budget = { left: textBudget };
  const scopeWith = (declared: Readonly<Record<string, string>>): Scope => ({
    text,
    reporter,
    budget,
    lookUp(reference) {
      if (reference.namespace === 'params' && reference.name !== '') return lookUpParam(reference);
      if (reference.namespace === 'env' && reference.name !== '') return lookUpEnv(reference, declared);
      if (reference.namespace === 'matrix' || reference.namespace === 'tasks') {
        reporter.report({ code: 'unknown-reference', at: reference.at, message: `${quoted(`\${${reference.body}}`)} is known only inside of a task`, suggestion: 'move it into the params of a task' });
      } else reportUnknownNamespace(reference, reporter);
      return undefined;
    },
  });
  /** In `params` and `env` themselves, `${env.X}` is the variable from outside: `PATH: "bin:${env.PATH}"`. */
  const paramScope = scopeWith({});

  const values: [string, Json][] = [];
  for (const [name, { key, value }] of params.entries) {
    const json = resolveParam(value, name, key);
    if (json !== undefined) values.push([name, json]);
  }
  const env = envOf(section('env')?.value, paramScope);
  return { params: Object.fromEntries(values), env, scope: scopeWith(env) };
}

const deepestReferences = 100;

/** Environment variables as declared: every value as text, as it was written. */
export function envOf(node: YamlNode | undefined, scope: Scope): Readonly<Record<string, string>> {
  if (node?.type !== 'mapping') return {};
  const variables: [string, string][] = [];
  for (const [name, { value }] of node.entries) {
    if (value.type !== 'scalar') continue;
    const json = value.hasReference ? resolve(value, scope) : value.value;
    if (json === undefined) continue;
    variables.push([name, typeof value.value === 'string' ? valueText(json) : value.source]);
  }
  return Object.fromEntries(variables);
}

function mappingOf(entry: Entry | undefined): MappingNode {
  if (entry?.value.type === 'mapping') return entry.value;
  return { type: 'mapping', entries: new Map(), hasReference: false, size: 1, start: 0, end: 0 };
}

/** `set` replaces params of the file, also inside of one: `{"model.depth": 3}`. Values are taken as they are. */
function withValuesSet(params: MappingNode, set: JsonObject, at: Span, reporter: Reporter): MappingNode {
  let result = params;
  for (const [name, value] of Object.entries(set)) {
    const path = params.entries.has(name) ? [name] : name.split('.');
    const replaced = replaceAt(result, path, value);
    if (replaced !== undefined) result = replaced;
    else {
      const known = paramPaths(params);
      const near = reporter.near(name, known);
      const suggestion = near === undefined ? `${known.length === 0 ? 'it has none' : `it has ${shortList(known)}`}; new ones are declared under params: in the file` : `did you mean ${quoted(near)}?`;
      reporter.report({ code: 'unknown-param', at, message: `--set ${name}: the pipeline has no such param`, suggestion });
    }
  }
  return result;
}

function replaceAt(node: YamlNode, [key, ...rest]: readonly string[], value: Json): MappingNode | undefined {
  if (node.type !== 'mapping' || key === undefined) return undefined;
  const entry = node.entries.get(key);
  if (entry === undefined) return undefined;
  const replaced = rest.length === 0 ? fromJson(value, entry.value) : replaceAt(entry.value, rest, value);
  if (replaced === undefined) return undefined;
  const entries = new Map(node.entries).set(key, { key: entry.key, value: replaced });
  return { ...node, entries, hasReference: [...entries.values()].some((each) => each.value.hasReference) };
}

function paramPaths(params: MappingNode): readonly string[] {
  return [...params.entries].flatMap(([name, { value }]) => [name, ...(value.type === 'mapping' ? paramPaths(value).map((path) => `${name}.${path}`) : [])]);
}

function shortList(names: readonly string[]): string {
  const most = 8;
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** A → b → c → … → a: a cycle of hundreds is named by its ends. */
export function shortened(cycle: readonly string[]): readonly string[] {
  return cycle.length <= 12 ? cycle : [...cycle.slice(0, 8), '…', ...cycle.slice(-3)];
}
