/** `dvc.yaml` as a pipeline file: what DVC and Runweave both have, and a comment for what has to be looked at. */
import { Scalar, stringify } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { isWholeFloat, numberOf, plainJson, valueText } from '../model/whole-float.ts';
import { dvcStages, dvcValues, entriesOf, valueAt, type DvcStage } from './dvc.ts';
import { listOf, objectOf, textOf } from './json-value.ts';
import type { SourceFile } from './source.ts';

export interface ConvertedPipeline {
  /** Of a `runweave.yaml` beside the `dvc.yaml`. */
  readonly text: string;
  /** What could not be converted, by stage, and what there is to know of the rest. */
  readonly notes: readonly string[];
}

/** `fileAt`: by a path relative to the folder of `dvc.yaml`. Throws, with what is wrong, where a file is not YAML. */
export async function pipelineOfDvc(name: string, file: SourceFile, fileAt: (path: string) => SourceFile | undefined): Promise<ConvertedPipeline> {
  const values = await dvcValues({ file, fileAt });
  const stages = await dvcStages({ file, lock: undefined, fileAt });
  const notes = new Set<string>();
  const params = Object.create(null) as Record<string, Json>;
  const tasks = Object.create(null) as Record<string, Json>;
  for (const base of new Set(stages.map((stage) => stage.base))) {
    const all = stages.filter((stage) => stage.base === base);
    const [first] = all;
    if (first === undefined) continue;
    const matrix = matrixOf(all.map((stage) => stage.matrix));
    // A matrix is of plain values; what stands for several at once is a task of its own.
    const isMatrix = Object.values(matrix).every((list) => listOf(list).every((item) => !isCompound(item))) && !Object.hasOwn(matrix, 'key');
    if (isMatrix) tasks[wordOf(base)] = taskOf(first, matrix, { values, params, notes });
    else for (const stage of all) tasks[wordOf(stage.name.replace('@', '-'))] = taskOf(stage, {}, { values, params, notes });
  }
  const copied = Object.keys(params);
  if (copied.length > 0) notes.add(`params ${copied.join(', ')} ${copied.length === 1 ? 'was' : 'were'} copied: what reads params.yaml itself still does`);
  const pipeline = { ...(wordOf(name) === name && { name }), ...(copied.length > 0 && { params: { ...params } }), tasks: { ...tasks } };
  const head = [...notes].map((note) => `# ${note}\n`).join('');
  return { text: `${head}${stringify(withFloats(pipeline), { lineWidth: 0 })}`, notes: [...notes] };
}

interface Conversion {
  readonly values: JsonObject;
  /** Those that were referred to, by the first part of their names. */
  readonly params: Record<string, Json>;
  readonly notes: Set<string>;
}

function taskOf(stage: DvcStage, matrix: JsonObject, { values, params, notes }: Conversion): JsonObject {
  const { definition, base } = stage;
  const wdir = textOf(definition['wdir']);
  /** `a.b` of the values as a reference to a param; a part of a list has no name there. */
  const param = (reference: string, value: Json): string => {
    const [first = ''] = reference.split('.');
    if (!/^[A-Za-z_][\w-]*(\.[\w-]+)*$/.test(reference)) return valueText(value);
    params[first] = escaped(values[first] ?? null);
    return `\${params.${reference}}`;
  };
  const written = (whole: string, reference: string, value: Json | undefined, isParam: boolean, isCommand: boolean): string => {
    if (value !== undefined && !isCompound(value)) return isParam ? param(reference, value) : valueText(value);
    const unpacked = isCommand && isJsonObject(value) ? optionsOf(value, (name, each) => (isParam ? param(`${reference}.${name}`, each) : valueText(each))) : undefined;
    if (unpacked === undefined) notes.add(`${base}: ${whole} could not be resolved`);
    return unpacked ?? whole;
  };
  const resolve = (text: string, isCommand = false): string =>
    text.replaceAll(/\\?\$\{([^}]+)\}/g, (whole, inner: string) => {
      if (whole.startsWith('\\')) return `$${whole.slice(1)}`;
      const reference = inner.trim();
      const [first = '', ...rest] = reference.split('.');
      if (first !== 'item' && first !== 'key') return written(whole, reference, valueAt(values, reference), true, isCommand);
      // Of a matrix, DVC says `${item.name}`.
      const axis = Object.hasOwn(matrix, reference) ? reference : rest.join('.');
      if (Object.hasOwn(matrix, axis)) return `\${matrix.${axis}}`;
      const value = first === 'key' || !Object.hasOwn(stage.matrix, 'item') ? valueAt(stage.matrix, first === 'key' ? 'key' : axis) : valueAt(stage.matrix, reference);
      const { itemAt } = stage;
      return first === 'item' && itemAt !== undefined ? written(whole, [itemAt, ...rest].join('.'), value, true, isCommand) : written(whole, reference, value, false, isCommand);
    });
  const place = (path: string): string => resolve(wdir === undefined ? path : `${wdir}/${path}`);
  const commands = Array.isArray(definition['cmd']) ? listOf(definition['cmd']).map(valueText) : [textOf(definition['cmd']) ?? ''];
  // Edges come from files.
  const inputs = [...entriesOf(stage, 'deps').map(({ path }) => place(path)), ...paramFiles(definition).map(place)];
  const outputs = ['outs', 'metrics', 'plots'].flatMap((field) => entriesOf(stage, field).map(({ path }) => place(path)));
  if (definition['wdir'] !== undefined && wdir === undefined) notes.add(`${base}: wdir is no text, and was left out`);
  return {
    shell: commands.map((command) => resolve(command, true)).join(' && '),
    ...(textOf(definition['desc']) !== undefined && { description: definition['desc'] ?? '' }),
    ...(wdir !== undefined && { cwd: resolve(wdir) }),
    ...(inputs.length > 0 && { inputs: [...new Set(inputs)] }),
    ...(outputs.length > 0 && { outputs: [...new Set(outputs)] }),
    ...(Object.keys(matrix).length > 0 && { matrix }),
    ...(definition['frozen'] === true && { watch: 'manual' }),
    ...(definition['always_changed'] === true && { cache: false }),
  };
}

/** `--depth 3 --verbose`, as DVC writes a map within a command; `undefined` for what it refuses. */
function optionsOf(values: JsonObject, write: (name: string, value: Json) => string, prefix = ''): string | undefined {
  const options = Object.entries(values).map(([key, value]): string | undefined => {
    const name = `${prefix}${key}`;
    if (value === true) return `--${name}`;
    if (value === false) return '';
    if (Array.isArray(value)) return (value as readonly Json[]).some(isCompound) ? undefined : `--${name} ${(value as readonly Json[]).map(valueText).join(' ')}`;
    return isCompound(value) ? optionsOf(value as JsonObject, write, `${name}.`) : `--${name} ${write(name, value)}`;
  });
  return options.includes(undefined) ? undefined : options.filter((option) => option !== '').join(' ');
}

function isCompound(value: Json): boolean {
  return typeof plainJson(value) === 'object' && value !== null;
}

/** What distinguishes the stages of one name, as lists. */
function matrixOf(rows: readonly JsonObject[]): JsonObject {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries([...names].map((name) => [name, [...new Map(rows.map((row) => [JSON.stringify(row[name]), row[name] ?? null])).values()]]));
}

function paramFiles(definition: JsonObject): readonly string[] {
  return [...new Set(listOf(definition['params']).flatMap((entry) => (typeof entry === 'string' ? ['params.yaml'] : Object.keys(objectOf(entry)))))];
}

/** A name as a pipeline file has it. */
function wordOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').replace(/^[.-]+/, '') || '_';
}

/** Texts of params refer to nothing. */
function escaped(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return (value as readonly Json[]).map(escaped);
  return isJsonObject(value) && !isWholeFloat(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, escaped(each)])) : value;
}

/** For `yaml`, which would write 1.0 as 1. */
function withFloats(value: Json): unknown {
  if (isWholeFloat(value)) return Object.assign(new Scalar(numberOf(value)), { minFractionDigits: 1 });
  if (Array.isArray(value)) return (value as readonly Json[]).map(withFloats);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withFloats(each)])) : value;
}
