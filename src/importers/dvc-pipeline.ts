/** `dvc.yaml` as a pipeline file: what DVC and Runweave both have, and a comment for what has to be looked at. */
import { parse, stringify } from 'yaml';
import type { Json, JsonObject } from '../model/json.ts';
import { dvcStages, entriesOf, makerOf, makersOf, type DvcStage } from './dvc.ts';
import { listOf, objectOf, textOf } from './json-value.ts';
import type { SourceFile } from './source.ts';

export interface ConvertedPipeline {
  /** Of a `runweave.yaml` beside the `dvc.yaml`. */
  readonly text: string;
  /** What could not be converted, by stage. */
  readonly notes: readonly string[];
}

/** `fileAt`: by a path relative to the folder of `dvc.yaml`. Throws, with what is wrong, where a file is not YAML. */
export async function pipelineOfDvc(name: string, file: SourceFile, fileAt: (path: string) => SourceFile | undefined): Promise<ConvertedPipeline> {
  const document = objectOf(parse(await textOfFile(file)));
  const values = await valuesOf(document, fileAt);
  const notes: string[] = [];
  const tasks: Record<string, Json> = {};
  const stages = await dvcStages({ file, lock: undefined });
  const makers = makersOf(stages);
  for (const stage of stages) {
    if (tasks[stage.base] !== undefined) continue;
    const values_ = stages.filter((other) => other.base === stage.base).map((other) => other.matrix);
    tasks[stage.base] = taskOf(stage, matrixOf(values_), values, makers, notes);
  }
  const text = stringify({ name, tasks }, { lineWidth: 0 });
  return { text: `${notes.map((note) => `# ${note}\n`).join('')}${text}`, notes };
}

function taskOf(stage: DvcStage, matrix: JsonObject, values: JsonObject, makers: ReadonlyMap<string, string>, notes: string[]): JsonObject {
  const { definition, base } = stage;
  const wdir = textOf(definition['wdir']);
  const resolve = (text: string): string =>
    text.replaceAll(/\$\{([^}]+)\}/g, (whole, inner: string) => {
      const reference = inner.trim();
      if (/^(item|key)(\.|$)/.test(reference) && Object.hasOwn(matrix, reference)) return `\${matrix.${reference}}`;
      // Of a matrix, DVC says `${item.name}`.
      if (reference.startsWith('item.') && Object.hasOwn(matrix, reference.slice(5))) return `\${matrix.${reference.slice(5)}}`;
      const value = reference.split(/[.[\]]+/).filter((part) => part !== '').reduce<Json | undefined>((at, part) => (Array.isArray(at) ? (at as readonly Json[])[Number(part)] : objectOf(at)[part]), values);
      if (value !== undefined && (typeof value !== 'object' || value === null)) return String(value);
      notes.push(`${base}: ${whole} could not be resolved`);
      return whole;
    });
  const place = (path: string): string => resolve(wdir === undefined ? path : `${wdir}/${path}`);
  const commands = Array.isArray(definition['cmd']) ? listOf(definition['cmd']).map(String) : [textOf(definition['cmd']) ?? ''];
  const inputs = [...entriesOf(stage, 'deps').map(({ path }) => place(path)), ...paramFiles(definition).map(place)];
  const outputs = ['outs', 'metrics', 'plots'].flatMap((field) => entriesOf(stage, field).map(({ path }) => place(path)));
  // Edges come from files; where a reference hides them, they are said.
  const needs = entriesOf(stage, 'deps').flatMap(({ path }) => makerOf(path, makers) ?? []).map((maker) => maker.split('@')[0] ?? maker).filter((maker) => maker !== base);
  if (definition['wdir'] !== undefined && wdir === undefined) notes.push(`${base}: wdir is no text, and was left out`);
  return {
    shell: resolve(commands.join(' && ')),
    ...(textOf(definition['desc']) !== undefined && { description: definition['desc'] ?? '' }),
    ...(wdir !== undefined && { cwd: wdir }),
    ...(needs.length > 0 && { needs: [...new Set(needs)] }),
    ...(inputs.length > 0 && { inputs: [...new Set(inputs)] }),
    ...(outputs.length > 0 && { outputs: [...new Set(outputs)] }),
    ...(Object.keys(matrix).length > 0 && { matrix }),
    ...(definition['frozen'] === true && { watch: 'manual' }),
    ...(definition['always_changed'] === true && { cache: false }),
  };
}

/** What distinguishes the stages of one name, as lists. */
function matrixOf(rows: readonly JsonObject[]): JsonObject {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries([...names].map((name) => [name, [...new Map(rows.map((row) => [JSON.stringify(row[name]), row[name] ?? null])).values()]]));
}

function paramFiles(definition: JsonObject): readonly string[] {
  return [...new Set(listOf(definition['params']).flatMap((entry) => (typeof entry === 'string' ? ['params.yaml'] : Object.keys(objectOf(entry)))))];
}

/** What `${…}` refers to: `params.yaml`, then `vars`. */
async function valuesOf(document: JsonObject, fileAt: (path: string) => SourceFile | undefined): Promise<JsonObject> {
  let values: JsonObject = {};
  for (const entry of ['params.yaml', ...listOf(document['vars'])]) {
    const file = typeof entry === 'string' ? fileAt(entry) : undefined;
    values = { ...values, ...objectOf(file === undefined ? entry : parse(await textOfFile(file))) };
  }
  return values;
}

async function textOfFile(file: SourceFile): Promise<string> {
  return Buffer.from(await file.read()).toString('utf8');
}
