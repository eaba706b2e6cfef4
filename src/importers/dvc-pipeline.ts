/** `dvc.yaml` as a pipeline file: what DVC and Runweave both have, and a comment for what has to be looked at. */
import { Scalar, stringify } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { isWholeFloat, numberOf, plainJson, valueText, writtenKey } from '../model/whole-float.ts';
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
  const own = new Set(stages.map(({ base }) => base).filter((base) => wordOf(base) === base));
  /** A stage whose name is one here too keeps it. */
  const free = (wanted: string, stage: string): string => {
    const word = wordOf(wanted);
    if (stage === word) return word;
    let name = word;
    for (let count = 2; Object.hasOwn(tasks, name) || own.has(name); count++) name = `${word}-${count}`;
    if (name !== word) notes.add(`${stage} is the task ${name}: there is another ${word}`);
    return name;
  };
  for (const base of new Set(stages.map((stage) => stage.base))) {
    const all = stages.filter((stage) => stage.base === base);
    const [first] = all;
    if (first === undefined) continue;
    const matrix = matrixOf(all.map((stage) => stage.matrix));
    // A matrix is of plain values, which are part of the ids of tasks; what stands for several at once is a task of its own.
    const isMatrix = Object.values(matrix).every((list) => listOf(list).every((item) => !isCompound(item) && !(typeof item === 'string' && /[[\]{},\n]/.test(item)))) && !Object.hasOwn(matrix, 'key');
    if (isMatrix) tasks[free(base, base)] = taskOf(first, matrix, { values, params, notes });
    else for (const stage of all) tasks[free(stage.name.replace('@', '-'), stage.name)] = taskOf(stage, {}, { values, params, notes });
  }
  const copied = Object.keys(params);
  if (copied.length > 0) notes.add(`params ${copied.join(', ')} ${copied.length === 1 ? 'was' : 'were'} copied: what reads params.yaml itself still does`);
  const pipeline = { ...(wordOf(name) === name && { name }), ...(copied.length > 0 && { params: { ...params } }), tasks: { ...tasks } };
  // A line break within a note would end the comment.
  const head = [...notes].map((note) => `# ${note.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, ' ')}\n`).join('');
  return { text: `${head}${stringify(withFloats(pipeline), { lineWidth: 0 })}`, notes: [...notes] };
}

interface Conversion {
  readonly values: JsonObject;
  /** Those that were referred to, by the first part of their names. */
  readonly params: Record<string, Json>;
  readonly notes: Set<string>;
}

/** A piece of a converted text. */
type Part =
  | { readonly type: 'text'; readonly text: string }
  /** `value`: of a param, what it is now. `whole`: of DVC, what refers to nothing. */
  | { readonly type: 'reference'; readonly whole: string; readonly value?: Json };

const text = (value: string): Part => ({ type: 'text', text: value });

function taskOf(stage: DvcStage, matrix: JsonObject, { values, params, notes }: Conversion): JsonObject {
  const { definition, base } = stage;
  const wdir = textOf(definition['wdir']);
  /** `a.b` of the values as a reference to a param; a part of a list has no name there. */
  const param = (reference: string, value: Json): Part => {
    const [first = ''] = reference.split('.');
    if (!/^[A-Za-z_][\w-]*(\.[\w-]+)*$/.test(reference) || !isNamed(values, reference)) return text(valueText(value));
    params[first] = escaped(values[first] ?? null);
    return { type: 'reference', whole: `\${params.${reference}}`, value };
  };
  const option = (reference: string, name: string, value: Json, isParam: boolean): Part => {
    if (typeof value === 'string' ? isPlainWord(value) : value !== null) return isParam ? param(`${reference}.${name}`, value) : text(valueText(value));
    if (isParam) notes.add(`${base}: --${name} is written as DVC writes its value now, and does not follow the param ${reference}.${name}`);
    return text(pythonWord(value));
  };
  const written = (whole: string, reference: string, value: Json | undefined, isParam: boolean, isCommand: boolean): readonly Part[] => {
    if (value !== undefined && !isCompound(value)) return [isParam ? param(reference, value) : text(valueText(value))];
    const unpacked = isCommand && isJsonObject(value) ? optionsOf(value, (name, each) => option(reference, name, each, isParam)) : undefined;
    if (unpacked === undefined) notes.add(`${base}: ${whole} could not be resolved`);
    return unpacked ?? [{ type: 'reference', whole }];
  };
  const partsOf = (whole: string, inner: string, isCommand: boolean): readonly Part[] => {
    if (whole.startsWith('\\')) return [text(whole.slice(1))];
    const reference = inner.trim();
    const [first = '', ...rest] = reference.split('.');
    if (first !== 'item' && first !== 'key') return written(whole, reference, valueAt(values, reference), true, isCommand);
    // Of a matrix, DVC says `${item.name}`.
    const axis = Object.hasOwn(matrix, reference) ? reference : rest.join('.');
    if (Object.hasOwn(matrix, axis)) return [{ type: 'reference', whole: `\${matrix.${axis}}` }];
    const value = first === 'key' || !Object.hasOwn(stage.matrix, 'item') ? valueAt(stage.matrix, first === 'key' ? 'key' : axis) : valueAt(stage.matrix, reference);
    const { itemAt } = stage;
    return first === 'item' && itemAt !== undefined ? written(whole, [itemAt, ...rest].join('.'), value, true, isCommand) : written(whole, reference, value, false, isCommand);
  };
  const resolve = (given: string, isCommand = false): string => {
    let result = '';
    let literal = '';
    const add = (part: Part): void => {
      if (part.type === 'text') literal += part.text;
      // `$${` would be the characters `${`.
      else if (literal.endsWith('$') && part.value !== undefined) {
        notes.add(`${base}: $${part.whole} is written with the value as it is now: $\${ stands for the characters \${ here`);
        literal += valueText(part.value);
      } else {
        if (literal.endsWith('$')) notes.add(`${base}: $${part.whole} stands for the characters ${part.whole} here; write it in another way`);
        result += escapedText(literal) + part.whole;
        literal = '';
      }
    };
    let copied = 0;
    for (const match of given.matchAll(/\\?\$\{([^}]+)\}/g)) {
      add(text(given.slice(copied, match.index)));
      for (const part of partsOf(match[0], match[1] ?? '', isCommand)) add(part);
      copied = match.index + match[0].length;
    }
    literal += given.slice(copied);
    return result + escapedText(literal);
  };
  const place = (path: string): string => resolve(wdir === undefined || path.startsWith('/') ? path : `${wdir}/${path}`);
  const commands = Array.isArray(definition['cmd']) ? listOf(definition['cmd']).map(valueText) : [textOf(definition['cmd']) ?? ''];
  // Edges come from files.
  const inputs = [...entriesOf(stage, 'deps').map(({ path }) => place(path)), ...paramFiles(definition).map(place)];
  const outputs = ['outs', 'metrics', 'plots'].flatMap((field) => entriesOf(stage, field).map(({ path }) => place(path)));
  const description = textOf(definition['desc']);
  if (commands.every((command) => command.trim() === '')) notes.add(`${base}: there is no command`);
  if (definition['wdir'] !== undefined && wdir === undefined) notes.add(`${base}: wdir is no text, and was left out`);
  return {
    shell: oneAfterAnother(commands.map((command) => resolve(command, true))),
    ...(description !== undefined && { description: escapedText(description) }),
    ...(wdir !== undefined && { cwd: resolve(wdir) }),
    ...(inputs.length > 0 && { inputs: [...new Set(inputs)] }),
    ...(outputs.length > 0 && { outputs: [...new Set(outputs)] }),
    ...(Object.keys(matrix).length > 0 && { matrix: escaped(matrix) }),
    ...(definition['frozen'] === true && { watch: 'manual' }),
    ...(definition['always_changed'] === true && { cache: false }),
  };
}

/** DVC starts a shell for each: `cd`, comments and `;` of one are no matter of the next. */
function oneAfterAnother(given: readonly string[]): string {
  if (given.length === 1) return given[0] ?? '';
  const commands = given.map((command) => command.trim()).filter((command) => command !== '');
  return commands.map((command) => (ofItself.test(command) ? command : `(\n${command}\n)`)).join(' && ');
}

/** A program with its arguments, which leaves nothing behind in its shell. */
const ofItself = /^(?!(cd|export|set|unset|source|\.|alias|umask|exit|exec|trap|eval|pushd|popd|if|for|while|until|case|!)(\s|$)|\w+=)[^\n#;&|<(\\`]*$/;

/** `--depth 3 --verbose`, as DVC writes a map within a command (`to_str` in dvc/parsing/interpolate.py); `undefined` for what it refuses. */
function optionsOf(values: JsonObject, write: (name: string, value: Json) => Part): readonly Part[] | undefined {
  const all: Part[][] = [];
  const add = (given: JsonObject, prefix: string): boolean =>
    Object.entries(given).every(([key, value]) => {
      const name = `${prefix}${key}`;
      const option = text(shellWord(`--${name}`));
      if (value === true) all.push([option]);
      else if (Array.isArray(value)) {
        const items = value as readonly Json[];
        if (items.some(isCompound)) return false;
        if (items.length > 0) all.push([option, ...items.map((item) => text(` ${pythonWord(item)}`))]);
      } else if (isCompound(value)) return add(value as JsonObject, `${name}.`);
      else if (value !== false) all.push([option, text(' '), write(name, value)]);
      return true;
    });
  return add(values, '') ? all.flatMap((parts, index) => (index === 0 ? parts : [text(' '), ...parts])) : undefined;
}

/** A value as Python writes it, and a shell reads it as one word. */
function pythonWord(value: Json): string {
  if (typeof value === 'string') return shellWord(value);
  return value === true ? 'True' : value === false ? 'False' : value === null ? 'None' : valueText(value);
}

/** As `shlex.quote` in Python: for a POSIX shell. */
function shellWord(value: string): string {
  return isPlainWord(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`;
}

function isPlainWord(value: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(value);
}

/** Whether every part of `a.b` is a name in a map. */
function isNamed(values: JsonObject, reference: string): boolean {
  let at: Json = values;
  for (const part of reference.split('.')) {
    if (!isJsonObject(at) || !Object.hasOwn(at, part)) return false;
    at = at[part] ?? null;
  }
  return true;
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

function escapedText(value: string): string {
  return value.replaceAll('${', () => '$${');
}

/** Texts of params refer to nothing. */
function escaped(value: Json): Json {
  if (typeof value === 'string') return escapedText(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(escaped);
  return isJsonObject(value) && !isWholeFloat(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, escaped(each)])) : value;
}

/** For `yaml`, which would write 1.0 as 1. */
function withFloats(value: Json): unknown {
  if (isWholeFloat(value)) return Object.assign(new Scalar(numberOf(value)), { minFractionDigits: 1 });
  if (Array.isArray(value)) return (value as readonly Json[]).map(withFloats);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [writtenKey(name), withFloats(each)])) : value;
}
