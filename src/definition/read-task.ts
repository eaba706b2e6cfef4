/** One declared task of the file → the tasks that run, with references filled in; edges between tasks come later. */
import { parseCondition, type Check } from '../model/check.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Compare, Retries, TaskKind, WatchMode } from '../model/pipeline.ts';
import { plainJson } from '../model/whole-float.ts';
import { checkShape } from './check-shape.ts';
import type { Disk } from './disk.ts';
import { parseDuration } from './duration.ts';
import type { DeclaredTask, Instance } from './matrix.ts';
import { checkPath, leadsOutside } from './paths.ts';
import { taskKinds, taskShape } from './pipeline-schema.ts';
import type { Key } from './pipeline-schema.ts';
import { envOf } from './pipeline-scope.ts';
import { reportUnknownName, resolve } from './references.ts';
import type { Reference, Scope } from './references.ts';
import { quoted } from './reporter.ts';
import type { Reporter, Span } from './reporter.ts';
import { readSource } from './task-source.ts';
import type { ReadSource } from './task-source.ts';
import { parseSize } from './size.ts';
import { fromJson, toJson } from './yaml-tree.ts';
import type { Entry, MappingNode, YamlNode } from './yaml-tree.ts';

export interface PathInFile {
  readonly path: string;
  readonly at: Span;
}

/** A task without its edges. */
export interface ReadTask extends Instance {
  readonly declared: DeclaredTask;
  readonly kind: TaskKind;
  readonly source: ReadSource;
  readonly params: JsonObject;
  readonly inputs: readonly PathInFile[];
  readonly outputs: readonly PathInFile[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly retries: Retries;
  readonly timeout?: number;
  readonly cpus: number;
  readonly gpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly watch: WatchMode;
  readonly cache: boolean;
  readonly keep: boolean;
  readonly compare: Compare;
  readonly checks: readonly Check[];
  readonly owner?: string;
  readonly description?: string;
  readonly tags: readonly string[];
}

export interface ReadTaskOptions {
  readonly folder: string;
  readonly disk: Disk;
  readonly reporter: Reporter;
  readonly defaults: MappingNode | undefined;
  readonly pipelineEnv: Readonly<Record<string, string>>;
  readonly pipelineScope: Scope;
  readonly lookUpReturns: (reference: Reference, task: DeclaredTask, instance: Instance) => string | undefined;
}

export function readTask(declared: DeclaredTask, options: ReadTaskOptions): readonly ReadTask[] {
  checkArgumentNames(declared, options.reporter);
  return declared.instances.map((instance) => readInstance(declared, instance, options));
}

type FieldName = keyof typeof taskShape.keys;

function readInstance(declared: DeclaredTask, instance: Instance, options: ReadTaskOptions): ReadTask {
  const { reporter, defaults } = options;
  const scope = taskScope(declared, instance, options);
  const entryOf = (name: FieldName): Entry | undefined => declared.node.entries.get(name) ?? defaults?.entries.get(name);

  /** The value as the table has it; checked again when it came out of a reference. For us, `4.0` is 4; for a task, it is not. */
  const field = (name: FieldName, fieldScope: Scope = scope): Json | undefined => {
    const entry = entryOf(name);
    const value = entry && valueOf(entry, taskShape.keys[name], name, fieldScope);
    return value === undefined || name === 'params' ? value : plainJson(value);
  };
  const text = (name: FieldName, fieldScope?: Scope): string | undefined => field(name, fieldScope) as string | undefined;
  const paths = (name: 'inputs' | 'outputs'): readonly PathInFile[] => {
    const entry = declared.node.entries.get(name);
    if (entry === undefined) return [];
    const items = entry.value.type === 'sequence' ? entry.value.items.map((value) => ({ key: entry.key, value })) : [entry];
    const seen = new Set<string>();
    return items.flatMap((item) => {
      const json = entry.value.type === 'sequence' ? valueOf(item, { value: taskShape.keys[name].value.of, description: '' }, `a value of ${name}`, scope) : valueOf(item, taskShape.keys[name], name, scope);
      const texts = (typeof json === 'string' ? [json] : (json ?? [])) as readonly string[];
      return texts.flatMap((path) => readPath(path, name, item.value, reporter) ?? []).filter(({ path }) => !seen.has(path) && seen.add(path));
    });
  };

  const kind = taskKinds.find((each) => declared.node.entries.has(each)) ?? 'shell';
  const timeout = field('timeout') as string | number | undefined;
  const [owner, description] = [text('owner'), text('description')];
  return {
    ...instance,
    declared,
    kind,
    source: sourceOf(kind, text(kind, { ...scope, shell: kind === 'shell' }), declared, options),
    params: (field('params', { ...scope, lookUp: (reference) => (reference.namespace === 'tasks' ? options.lookUpReturns(reference, declared, instance) : scope.lookUp(reference)) }) ?? {}) as JsonObject,
    inputs: paths('inputs'),
    outputs: paths('outputs'),
    env: { ...options.pipelineEnv, ...envOf(declared.node.entries.get('env')?.value, scope) },
    cwd: readCwd(text('cwd'), entryOf('cwd')?.value, reporter),
    retries: readRetries(field('retries')),
    ...(timeout === undefined ? {} : { timeout: parseDuration(timeout) ?? 0 }),
    cpus: (field('cpus') ?? taskShape.keys.cpus.default) as number,
    gpus: (field('gpus') ?? taskShape.keys.gpus.default) as number,
    memory: parseSize((field('memory') ?? taskShape.keys.memory.default) as number | string) ?? 0,
    watch: (field('watch') ?? taskShape.keys.watch.default) as WatchMode,
    cache: (field('cache') ?? taskShape.keys.cache.default) as boolean,
    keep: (field('keep') ?? taskShape.keys.keep.default) as boolean,
    compare: (field('compare') ?? taskShape.keys.compare.default) as Compare,
    checks: readChecks(field('checks'), entryOf('checks')?.value, reporter),
    ...(owner === undefined ? {} : { owner }),
    ...(description === undefined ? {} : { description }),
    tags: (field('tags') ?? []) as readonly string[],
  };
}

function valueOf({ key, value }: Entry, { value: type }: Key, label: string, scope: Scope): Json | undefined {
  if (!value.hasReference) return toJson(value);
  const resolved = resolve(value, scope);
  if (resolved === undefined || (type.type === 'text' && typeof resolved === 'string' && resolved !== '')) return resolved;
  const checked = checkShape(fromJson(resolved, value), type, { reporter: scope.reporter, label: quoted(label), key, references: false });
  return checked && toJson(checked);
}

/** What references mean inside of a task. Returns of other tasks are for its params alone. */
function taskScope(declared: DeclaredTask, { matrix }: Instance, { pipelineScope, reporter }: ReadTaskOptions): Scope {
  return {
    ...pipelineScope,
    lookUp(reference) {
      const { namespace, name, body, at } = reference;
      if (namespace === 'matrix' && name !== '') {
        if (Object.hasOwn(matrix, name)) return matrix[name];
        const message = declared.matrix.size === 0 ? `task ${quoted(declared.name)} has no matrix` : `the matrix of ${quoted(declared.name)} has no key ${quoted(name)}`;
        if (!declared.matrixIsBroken) reportUnknownName(reference, 'matrix.', name, declared.matrix.keys(), message, reporter);
        return undefined;
      }
      if (namespace === 'tasks') {
        reporter.report({ code: 'unknown-reference', at, message: `${quoted(`\${${body}}`)} can only be used in params`, suggestion: 'make it a param of this task and read the param' });
        return undefined;
      }
      return pipelineScope.lookUp(reference);
    },
  };
}

function sourceOf(kind: TaskKind, value: string | undefined, { node }: DeclaredTask, { folder, disk, reporter }: ReadTaskOptions): ReadSource {
  const entry = node.entries.get(kind);
  if (value === undefined || entry === undefined) return { label: '' };
  const source = readSource(kind, value, folder, disk);
  if (source.mistake !== undefined) {
    const { on, ...mistake } = source.mistake;
    reporter.report({ ...mistake, at: on === 'key' ? entry.key : entry.value });
  }
  return source;
}

function readPath(text: string, name: 'inputs' | 'outputs', at: YamlNode, reporter: Reporter): PathInFile | undefined {
  const checked = checkPath(text);
  if ('mistake' in checked) {
    // A fix for the whole text is right only where the text is all there is.
    const { replacement, ...mistake } = checked.mistake;
    reporter.report({ ...mistake, at, replacement: at.hasReference ? undefined : replacement });
    return undefined;
  }
  const { path } = checked;
  if (name === 'inputs') return { path, at };
  if (leadsOutside(path)) {
    reporter.report({ code: 'path-outside', at, message: `the output ${quoted(path)} is outside of the pipeline's folder`, suggestion: 'write a path relative to the pipeline file, without ..' });
    return undefined;
  }
  if (path === '.' || path === '.runweave' || path.startsWith('.runweave/')) {
    reporter.report({ code: 'bad-value', at, message: `${quoted(path)} cannot be an output: runs are recorded in it`, suggestion: 'write to a folder of its own, such as build' });
    return undefined;
  }
  return { path, at };
}

function readCwd(text: string | undefined, at: YamlNode | undefined, reporter: Reporter): string {
  if (text === undefined || at === undefined) return taskShape.keys.cwd.default;
  const checked = checkPath(text);
  if ('path' in checked) return checked.path;
  reporter.report({ ...checked.mistake, at });
  return taskShape.keys.cwd.default;
}

function readRetries(json: Json | undefined): Retries {
  if (typeof json === 'number') return { max: json, delay: 0, backoff: 1 };
  const { max = 0, delay = 0, backoff = 1 } = (json ?? {}) as { max?: number; delay?: string | number; backoff?: number };
  return { max, delay: parseDuration(delay) ?? 0, backoff };
}

function readChecks(json: Json | undefined, at: YamlNode | undefined, reporter: Reporter): readonly Check[] {
  return ((json ?? []) as readonly (string | { readonly before?: string; readonly after?: string })[]).flatMap((check, number): readonly Check[] => {
    if (typeof check !== 'string') return check.before !== undefined ? [{ type: 'before', command: check.before }] : check.after !== undefined ? [{ type: 'after', command: check.after }] : [];
    const condition = parseCondition(check);
    if (condition !== undefined) return [condition];
    const item = at?.type === 'sequence' ? at.items[number] : at;
    if (item !== undefined) reporter.report({ code: 'bad-value', at: item, message: `${quoted(check)} is no condition`, suggestion: 'write one as roc_auc >= 0.95, or a command as {after: …}' });
    return [];
  });
}

const pythonIdentifier = /^[\p{ID_Start}_]\p{ID_Continue}*$/u;
const pythonKeywords = new Set('False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(' '));

/** The params and matrix values of a `call` task become keyword arguments. */
function checkArgumentNames({ node }: DeclaredTask, reporter: Reporter): void {
  if (!node.entries.has('call')) return;
  for (const field of ['params', 'matrix']) {
    const value = node.entries.get(field)?.value;
    if (value?.type !== 'mapping') continue;
    for (const [name, { key }] of value.entries) {
      if (pythonIdentifier.test(name) && !pythonKeywords.has(name)) continue;
      const fixed = name.replaceAll(/\W+/g, '_');
      const fix = pythonIdentifier.test(fixed) && !pythonKeywords.has(fixed) ? { suggestion: `write ${fixed}`, replacement: fixed } : {};
      reporter.report({ code: 'bad-name', at: key, message: `${quoted(name)} cannot be the name of a Python argument`, ...fix });
    }
  }
}
