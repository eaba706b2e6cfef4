/**
 * DVC: `dvc.yaml` and `dvc.lock` as a run to view. A stage with an entry in the lock file is a task that succeeded (the
 * lock has no times); one without has not run. Metrics and plots files lie beside it, as they are now.
 */
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { UnixNano } from '../model/time.ts';
import { jsonOfYaml, plainJson, valueText } from '../model/whole-float.ts';
import { asText, listOf, metricOf, objectOf, present, textOf, without } from './json-value.ts';
import { hash, importedRun, type TaskDraft, type Told } from './run-draft.ts';
import type { Imported, SourceFile } from './source.ts';
import { valueOfYaml } from './yaml-text.ts';

export interface DvcFiles {
  /** `dvc.yaml`. */
  readonly file: SourceFile;
  readonly lock: SourceFile | undefined;
  /** A file by its path relative to the folder of `dvc.yaml`. */
  readonly fileAt: (path: string) => SourceFile | undefined;
  /** When the lock file (or `dvc.yaml`) was last written. */
  readonly time: UnixNano;
}

/** What is wrong, with line and column, and in which file. */
export class NotYaml extends Error {
  readonly file: string;
  constructor(file: string, message: string) {
    super(message);
    this.file = file;
  }
}

export interface DvcStage {
  readonly name: string;
  /** Of `foreach` and `matrix`: where it comes from. */
  readonly base: string;
  readonly matrix: JsonObject;
  /** Of a `foreach` over what `${…}` refers to: where its item is among the values, `models.small`. */
  readonly itemAt?: string;
  readonly definition: JsonObject;
  readonly locked: JsonObject | undefined;
}

/** Numbers in what is not locked are as they were written: `1.0` is no `1`. Throws, with what is wrong, where a file is not YAML. */
export async function dvcStages(files: Pick<DvcFiles, 'file' | 'lock' | 'fileAt'>): Promise<readonly DvcStage[]> {
  const pipeline = objectOf(await yamlOfFile(files.file));
  const values = await dvcValues(files);
  const locked = files.lock === undefined ? {} : objectOf(await contentOf(files.lock));
  // Before version 2 of the schema, the stages were the whole document.
  const locks = objectOf(locked['stages'] ?? locked);
  return Object.entries(objectOf(pipeline['stages'])).flatMap(([name, value]): readonly DvcStage[] => {
    const stage = objectOf(value);
    const of = (suffix: string, matrix: JsonObject, itemAt?: string): DvcStage => {
      const full = suffix === '' ? name : `${name}@${suffix}`;
      const lock = locks[full];
      const body = stage['do'] === undefined ? without(stage, ['matrix']) : objectOf(stage['do']);
      return { name: full, base: name, matrix, ...(itemAt !== undefined && { itemAt }), definition: body, locked: lock === undefined ? undefined : objectOf(lock) };
    };
    const isScalar = (item: Json): boolean => typeof plainJson(item) !== 'object' || item === null;
    const foreach = referredTo(stage['foreach'], values);
    const matrix = referredTo(stage['matrix'], values);
    if (Array.isArray(foreach.value)) return listOf(foreach.value).map((item, index) => of(isScalar(item) ? valueText(item) : String(index), { item }));
    if (isJsonObject(foreach.value)) return Object.entries(foreach.value).map(([key, item]) => of(key, { key, item }, foreach.at === undefined ? undefined : `${foreach.at}.${key}`));
    if (isJsonObject(matrix.value)) {
      const axes = Object.fromEntries(Object.entries(matrix.value).map(([axis, list]) => [axis, referredTo(list, values).value ?? null]));
      return product(axes).map((row) => of(Object.entries(row).map(([axis, item]) => (isScalar(item) ? valueText(item) : `${axis}${listOf(axes[axis]).indexOf(item)}`)).join('-'), row));
    }
    return [of('', {})];
  });
}

/** What `${…}` refers to: `params.yaml`, then `vars`. */
export async function dvcValues({ file, fileAt }: Pick<DvcFiles, 'file' | 'fileAt'>): Promise<JsonObject> {
  let values: JsonObject = {};
  for (const entry of ['params.yaml', ...listOf(objectOf(await yamlOfFile(file))['vars'])]) {
    // `params.yaml:a,b` are some of its values.
    const [, name = '', keys] = typeof entry === 'string' ? (/^(.+?)(?::([\w.,-]+))?$/.exec(entry) ?? []) : [];
    const given = fileAt(name);
    const found = objectOf(given === undefined ? entry : await yamlOfFile(given));
    const chosen = keys?.split(',');
    values = { ...values, ...Object.fromEntries(Object.entries(found).filter(([key]) => chosen?.includes(key) ?? true)) };
  }
  return values;
}

/** What `a.b[0]` is among the values. */
export function valueAt(values: JsonObject, reference: string): Json | undefined {
  return reference.split(/[.[\]]+/).filter((part) => part !== '').reduce<Json | undefined>((at, part) => {
    const known = Array.isArray(at) ? (at as readonly Json[]) : objectOf(at);
    return Object.hasOwn(known, part) ? (known as Readonly<Record<string, Json>>)[part] : undefined;
  }, values);
}

/** A value of `dvc.yaml`, or what it refers to as a whole. */
function referredTo(value: Json | undefined, values: JsonObject): { readonly value: Json | undefined; readonly at?: string } {
  const reference = typeof value === 'string' ? referred(value) : undefined;
  return reference === undefined ? { value: value === undefined ? undefined : filledIn(value, values) } : { value: valueAt(values, reference), at: reference };
}

/** With values in the place of `${…}`, as DVC has it in the items of `foreach` and `matrix`; what refers to nothing stays. */
function filledIn(value: Json, values: JsonObject): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => filledIn(item, values));
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filledIn(item, values)]));
  if (typeof value !== 'string') return value;
  const whole = referred(value);
  if (whole !== undefined) return valueAt(values, whole) ?? value;
  return value.replaceAll(/\\?\$\{([^}]+)\}/g, (text, inner: string) => {
    if (text.startsWith('\\')) return text.slice(1);
    const found = valueAt(values, inner.trim());
    return found === undefined ? text : valueText(found);
  });
}

function referred(text: string): string | undefined {
  return /^\$\{\s*([^}]+?)\s*\}$/.exec(text)?.[1];
}

export async function runOfDvc(files: DvcFiles): Promise<Imported> {
  const { file, lock, time } = files;
  let stages: readonly DvcStage[];
  let document: JsonObject;
  try {
    stages = await dvcStages(files);
    document = objectOf(await contentOf(file));
  } catch (error) {
    const { message } = error as Error;
    const line = /at line (\d+)/.exec(message)?.[1];
    return { runs: [], problems: [{ file: error instanceof NotYaml ? error.file : file.path, ...(line !== undefined && { line: Number(line) }), message: `not YAML: ${message}` }] };
  }
  if (stages.length === 0) return { runs: [], problems: [{ file: file.path, at: '$.stages', message: 'there are no stages' }] };
  const makers = makersOf(stages);
  const tasks: TaskDraft[] = [];
  for (const stage of stages) tasks.push(await taskOf(stage, makers, files));
  const text = (await textOfFile(file)) + (lock === undefined ? '' : await textOfFile(lock));
  const folder = file.path.split('/').at(-2) ?? 'dvc';
  const ran = stages.every((stage) => stage.locked !== undefined);
  const run = importedRun({
    format: 'dvc',
    source: file.path,
    identity: hash(text, 32),
    pipeline: folder,
    start: time,
    end: time,
    outcome: ran ? 'success' : 'cancellation',
    params: paramsOf(stages),
    resource: Object.fromEntries(Object.entries(without(document, ['stages'])).map(([name, value]) => [`dvc.${name}`, value])),
    tasks,
  });
  return { runs: [run], problems: lock === undefined ? [{ file: file.path, message: 'there is no dvc.lock beside it: no stage is known to have run' }] : [] };
}

/** Path of an output → the stage that makes it. */
export function makersOf(stages: readonly DvcStage[]): ReadonlyMap<string, string> {
  return new Map(stages.flatMap((stage) => ['outs', 'metrics', 'plots'].flatMap((field) => entriesOf(stage, field).map(({ path }) => [path, stage.name] as const))));
}

async function taskOf({ definition, matrix, ...given }: DvcStage, makers: ReadonlyMap<string, string>, files: DvcFiles): Promise<TaskDraft> {
  const stage: DvcStage = { ...given, definition: plainJson(definition), matrix: plainJson(matrix) };
  const deps = entriesOf(stage, 'deps');
  const outs = [...entriesOf(stage, 'outs'), ...entriesOf(stage, 'metrics'), ...entriesOf(stage, 'plots')];
  const command = stage.locked?.['cmd'] ?? stage.definition['cmd'];
  const { time } = files;
  const params = Object.assign({}, ...Object.values(objectOf(stage.locked?.['params'])).map(objectOf)) as JsonObject;
  const description = textOf(stage.definition['desc']);
  const told: Told[] = [
    ...deps.map((entry): Told => datasetTold(entry, 'dependency', time)),
    ...entriesOf({ ...stage, definition: {} }, 'outs').map((entry): Told => datasetTold(entry, 'output', time)),
    ...['metrics', 'plots'].flatMap((field) => entriesOf({ ...stage, locked: undefined }, field)).flatMap(({ path }): readonly Told[] => {
      const file = files.fileAt(path);
      return file === undefined ? [] : [{ type: 'file', time, name: path, content: file }];
    }),
    ...(await metricsTold(stage, files)),
    ...Object.entries(without(present(stage.definition), ['cmd', 'deps', 'outs', 'metrics', 'plots', 'params', 'desc'])).map(([name, value]): Told => ({ type: 'tag', time, name, value: asText(value) })),
  ];
  return {
    key: stage.name,
    name: stage.base,
    matrix: stage.matrix,
    source: Array.isArray(command) ? listOf(command).map(asText).join('\n') : (textOf(command) ?? ''),
    needs: deps.flatMap(({ path }) => makerOf(path, makers) ?? []),
    outputs: [...new Set(outs.map(({ path }) => path))],
    params,
    ...(description !== undefined && { description }),
    attempts: stage.locked === undefined ? [] : [{ start: time, end: time, outcome: 'success', told }],
  };
}

async function metricsTold(stage: DvcStage, { fileAt, time }: DvcFiles): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const { path } of entriesOf({ ...stage, locked: undefined }, 'metrics')) {
    const file = fileAt(path);
    if (file === undefined || !/\.(json|ya?ml)$/i.test(path)) continue;
    try {
      for (const [name, value] of metricsIn((await contentOf(file)) as Json)) told.push({ type: 'metric', time, name: name === '' ? path : name, value });
    } catch {
      // It is an artifact all the same.
    }
  }
  return told;
}

interface Entry {
  readonly path: string;
  readonly fields: JsonObject;
}

/** Of the lock file where the stage is in it (there, references are resolved); else of `dvc.yaml`. */
export function entriesOf(stage: DvcStage, field: string): readonly Entry[] {
  return listOf(stage.locked?.[field] ?? stage.definition[field]).flatMap((entry): readonly Entry[] => {
    if (typeof entry === 'string') return [{ path: entry, fields: {} }];
    const fields = objectOf(entry);
    const path = textOf(fields['path']);
    if (path !== undefined) return [{ path, fields }];
    const [name] = Object.keys(fields);
    return name === undefined ? [] : [{ path: name, fields: objectOf(fields[name]) }];
  });
}

/** The stage that makes a path, or a folder above it. */
export function makerOf(path: string, makers: ReadonlyMap<string, string>): string | undefined {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const maker = makers.get(at) ?? makers.get(`${at}/`);
    if (maker !== undefined || !at.includes('/')) return maker;
  }
}

function datasetTold({ path, fields }: Entry, context: string, time: UnixNano): Told {
  const algorithm = textOf(fields['hash']) ?? 'md5';
  return { type: 'dataset', time, dataset: { name: path, digest: textOf(fields[algorithm]) ?? '', context, sourceType: 'dvc', ...(Object.keys(fields).length > 0 && { source: fields }) } };
}

function paramsOf(stages: readonly DvcStage[]): JsonObject {
  return Object.assign({}, ...stages.flatMap((stage) => Object.values(objectOf(stage.locked?.['params'])).map(objectOf))) as JsonObject;
}

function product(matrix: JsonObject): readonly JsonObject[] {
  return Object.entries(matrix).reduce<readonly JsonObject[]>((rows, [name, values]) => rows.flatMap((row) => listOf(values).slice(0, 1000).map((value) => ({ ...row, [name]: value }))).slice(0, 10_000), [{}]);
}

/** The numbers in a metrics file, by their dotted names. */
export function metricsIn(document: Json, prefix = '', depth = 0): readonly (readonly [string, number | 'NaN' | 'Infinity' | '-Infinity'])[] {
  const metric = metricOf(document);
  if (metric !== undefined) return [[prefix, metric]];
  if (depth > 16) return [];
  return Object.entries(objectOf(document)).flatMap(([name, value]) => metricsIn(value, prefix === '' ? name : `${prefix}.${name}`, depth + 1));
}

async function yamlOfFile(file: SourceFile): Promise<Json> {
  return jsonOfYaml(await contentOf(file, { intAsBigInt: true }));
}

async function contentOf(file: SourceFile, options: { readonly intAsBigInt?: boolean } = {}): Promise<unknown> {
  const text = await textOfFile(file);
  try {
    return valueOfYaml(text, options);
  } catch (error) {
    throw new NotYaml(file.path, (error as Error).message.split('\n')[0] ?? '');
  }
}

async function textOfFile(file: SourceFile): Promise<string> {
  return Buffer.from(await file.read()).toString('utf8');
}
