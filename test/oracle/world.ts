/**
 * The model of the oracle: what the workspace holds, and what each task has to make of it. Plain data, so that an earlier
 * state can be had again. The text of each file is in `world-text.ts`.
 */
import assert from 'node:assert/strict';
import path from 'node:path';

export type Kind = 'python' | 'call' | 'notebook' | 'shell';
export type Child = 'none' | 'subprocess' | 'os.fork' | 'fork' | 'spawn' | 'forkserver';

/** How a task lists `data/l`. */
export type Lists = 'no' | 'glob' | 'pathlib' | 'rglob' | 'listdir' | 'walk' | 'child';

/** What it takes of another task's returns: text, a list, or an object that is no JSON. */
export interface Gets {
  readonly from: string;
  readonly as: 'text' | 'list' | 'object';
}

/** What a task made when it was brought up to date last. */
export interface Made {
  readonly files: Readonly<Record<string, string>>;
  readonly returned: string;
}

export interface ModelTask {
  readonly name: string;
  kind: Kind;
  needs: string[];
  /** How the pipeline file says so: by name, or by the outputs as inputs, or by globs that have files with them in common. */
  readonly needsBy: 'needs' | 'inputs' | 'globs';
  /** The output, if it is one file, is declared as a glob. */
  readonly isOutputGlob: boolean;
  gets: Gets | undefined;
  /** Returns text; if it is Python also a list and an object. */
  readonly isReturning: boolean;
  param: number;
  /** Has `${params.base}` as a parameter too. */
  readonly takesBase: boolean;
  /** Values of a matrix; empty: none. */
  readonly matrix: readonly number[];
  /** Its key: of this task alone, or one that pairs it with others. */
  readonly key: string;
  /** The output is a folder, in which one file's name depends on `constant`. */
  readonly isFolder: boolean;
  /** Fails whatever it finds. */
  isBroken: boolean;
  /** Declared: files, a folder and globs. */
  inputs: string[];
  /** Stands in the script or command. */
  constant: number;
  /** Of its environment. */
  mode: number;
  /** A command that has to succeed after it, with this number in it; 0: none. */
  check: number;
  /** The first attempt of each execution fails. */
  readonly isFlaky: boolean;
  keep: boolean;
  /** Its working directory: `''` or one of `folders`. */
  cwd: string;
  /** What a change does: run it, or leave it stale. */
  watch: 'auto' | 'lazy' | 'manual';
  /** Of what the definition says and the result does not depend on: timeout, owner, tags. */
  setting: number;
  /** Has a timeout that is soon over. */
  hangs: boolean;
  /** From here on Python only. A module that is imported inside of a function, another where `constant` is odd, and a file that is not declared. */
  module: string;
  otherModule: string;
  undeclared: string;
  /** Opens `local.txt` of its working directory. */
  readonly readsLocal: boolean;
  /** Imports a module of the checkout that is not below the pipeline's folder. */
  readonly importsShared: boolean;
  /** Opens a file that may not be there. */
  readonly mayOpen: boolean;
  /** Imports a function that the package `pkg` has from its module `inner`. */
  readonly importsFromPackage: boolean;
  /** Reads `childFile` and imports `childModule` in another process. */
  readonly child: Child;
  childFile: string;
  childModule: string;
  /** An installed package that it imports. */
  readonly package: string;
  readonly lists: Lists;
  /** Imports `extra` if it is there: from `first`, from `second`, or installed. */
  readonly isOptimistic: boolean;
  compare: 'meaning' | 'bytes';
  readonly isIpynb: boolean;
  /** What says nothing; of a function that is called, also one beside it that it does not use. */
  comment: string;
  isLoose: boolean;
  unused: number;
  description: string;
}

export interface Module {
  value: string;
  comment: string;
  docstring: string;
  /** Returned by a function that nobody calls. */
  unused: number;
}

export interface World {
  /** Data files: path → text. */
  files: Readonly<Record<string, string>>;
  /** Links: path → target, relative to the link's folder. */
  links: Readonly<Record<string, string>>;
  /** Path without `.py` → what the module says. */
  modules: Readonly<Record<string, Module>>;
  /** Installed packages → version. */
  packages: Readonly<Record<string, string>>;
  /** Of all tasks: a variable, and params, of which the last is used by none. */
  environment: number;
  base: number;
  unusedParam: number;
  /** Python is looked for, and there is another virtual environment that comes first. */
  readonly findsPython: boolean;
  readonly hasNewEnvironment: boolean;
  /** Has a task beside the others that copies a file, which is written last. */
  readonly hasTick: boolean;
  tasks: ModelTask[];
  /** By id, of those that are not brought up to date now: what others find of them. */
  held: Readonly<Record<string, Made>>;
}

/** Working directories beside the pipeline's folder: of one depth, so that a task says the same in each. */
export const folders = ['work/a', 'work/b'];
/** Is read by its name alone from where the task runs. */
export const localFile = 'local.txt';
/** In the checkout, but not below the pipeline's folder. */
export const sharedModule = '../common/shared';
/** Neither in the checkout nor below the pipeline's folder. */
export function isOutside(file: string): boolean {
  return file.startsWith('../../');
}

/** Where `extra` may be, in the order in which Python looks. */
export const extras = ['first/extra/__init__', 'first/extra', 'second/extra/__init__', 'second/extra'];
/** Opened by tasks whether it is there or not. */
export const optionalFile = 'data/maybe.txt';
/** Has the class of the objects that tasks return. */
export const boxes = 'modules/boxes';
export const inner = 'pkg/inner';
/** Listed by tasks, and declared as a whole. */
export const listedFolder = 'data/l';

export function taskNamed(world: World, name: string): ModelTask {
  return world.tasks.find((task) => task.name === name) ?? assert.fail(name);
}

/** One for each task that its matrix makes. */
export function indexesOf(task: ModelTask): readonly number[] {
  return task.matrix.length === 0 ? [0] : task.matrix.map((_, index) => index);
}

export function idOf(task: ModelTask, index: number): string {
  return task.matrix.length === 0 ? task.name : `${task.name}[${task.key}=${task.matrix[index] ?? ''}]`;
}

/** `value` may be a reference in the file, or a variable in code. */
export function outputWith(task: ModelTask, value: string): string {
  return `out/${task.name}${task.matrix.length === 0 ? '' : `-${value}`}${task.isFolder ? '/main' : ''}.txt`;
}

/** As the pipeline file has it. */
export function declaredOutput(task: ModelTask, value: string): string {
  if (task.isFolder) return path.posix.dirname(outputWith(task, value));
  return task.isOutputGlob && task.matrix.length === 0 ? `out/${task.name}*.txt` : outputWith(task, value);
}

/** What finds all that others read of it, and neither is matched by what is declared nor matches it. */
export function globOf({ name, isFolder, matrix }: ModelTask): string {
  if (isFolder) return `out/${name}*/main.txt`;
  return matrix.length === 0 ? `out/[${name.slice(0, 1)}]${name.slice(1)}.*` : `out/${name}-?.txt`;
}

/** Virtual environments: that which is there from the beginning, and the one that comes before it. */
export const environments = ['venv', '.venv'] as const;

/** What others read. */
export function outputOf(task: ModelTask, index: number): string {
  return outputWith(task, String(task.matrix[index] ?? ''));
}

export function isPaired(task: ModelTask, upstream: ModelTask): boolean {
  return task.matrix.length > 0 && upstream.matrix.length > 0 && task.key === upstream.key;
}

/** Which of the upstream task's outputs it reads. */
function indexesFor(task: ModelTask, index: number, upstream: ModelTask): readonly number[] {
  return isPaired(task, upstream) ? [index] : indexesOf(upstream);
}

/** The one whose returns it takes. */
function indexOfReturns(task: ModelTask, index: number, upstream: ModelTask): number {
  return isPaired(task, upstream) ? index : 0;
}

/** Through links. */
function textOf(world: World, file: string): string {
  for (const [link, target] of Object.entries(world.links)) {
    if (file === link || file.startsWith(`${link}/`)) return world.files[path.posix.join('data', target, file.slice(link.length))] ?? '';
  }
  return world.files[file] ?? '';
}

/** Declared files, as they are found, in the order in which they are read. */
function declared(world: World, task: ModelTask): readonly string[] {
  return task.inputs.flatMap((input) => {
    const start = input === listedFolder ? `${input}/` : input.includes('*') ? input.replace('*.txt', '') : undefined;
    return start === undefined ? [input] : Object.keys(world.files).filter((file) => file.startsWith(start)).sort();
  });
}

/** What a task finds in `data/l` and in `data/l/sub`, which is always there. */
function listed(world: World, task: ModelTask): readonly string[] {
  const all = Object.keys(world.files).flatMap((file) => (file.startsWith('data/l/') ? [file.slice('data/l/'.length)] : [])).sort();
  const here = all.filter((file) => !file.includes('/'));
  switch (task.lists) {
    case 'no':
      return [];
    case 'glob':
    case 'pathlib':
      return here.filter((file) => file.endsWith('.csv'));
    case 'rglob':
      return all.filter((file) => file.endsWith('.csv'));
    case 'walk':
      return all;
    case 'listdir':
    case 'child':
      return [...here, 'sub'].sort();
    default:
      return task.lists satisfies never;
  }
}

function extraOf(world: World): readonly [place: string, value: string] {
  const place = extras.find((each) => world.modules[each] !== undefined);
  if (place !== undefined) return [place, world.modules[place]?.value ?? ''];
  const version = world.packages['extra'];
  return version === undefined ? ['', 'no extra'] : ['package', version];
}

function usedModule(task: ModelTask): string {
  return task.constant % 2 === 0 ? task.module : task.otherModule;
}

/** What a task returns as text; `index` is which of its matrix. */
function returned(world: World, task: ModelTask, index: number): string {
  return world.held[idOf(task, index)]?.returned ?? returnedNow(world, task);
}

function returnedNow(world: World, task: ModelTask): string {
  return task.kind === 'shell' ? `returns ${task.constant}` : `returns ${task.constant % 3} ${world.modules[`modules/${usedModule(task)}`]?.value ?? ''}`;
}

/** What stands in the output for what it got of another. */
function got(world: World, task: ModelTask, index: number): string {
  const { gets } = task;
  if (gets === undefined) return '';
  const giver = taskNamed(world, gets.from);
  const text = returned(world, giver, indexOfReturns(task, index, giver));
  if (gets.as === 'list') return `["${text}", 1.5, null]`;
  return gets.as === 'object' ? `${text} ${world.modules[boxes]?.value ?? ''}` : text;
}

/** What a clean build writes for one of its matrix: path → text. */
export function expected(world: World, task: ModelTask, index: number): Readonly<Record<string, string>> {
  const held = world.held[idOf(task, index)];
  if (held !== undefined) return held.files;
  const value = (module: string): string => world.modules[`modules/${module}`]?.value ?? '';
  const own = [String(task.constant), String(task.param), task.takesBase ? String(world.base) : '', `${task.mode}-${world.environment}`, String(task.matrix[index] ?? ''), got(world, task, index)];
  const texts = [...declared(world, task).map((file) => textOf(world, file)), ...task.needs.flatMap((need) => textsFor(world, task, index, taskNamed(world, need)))];
  const parts = task.kind === 'shell' ? [] : [value(usedModule(task)), textOf(world, task.undeclared)];
  if (task.kind !== 'shell') {
    if (task.readsLocal) parts.push(world.files[localOf(task)] ?? '');
    if (task.importsShared) parts.push(world.modules[sharedModule]?.value ?? '');
    if (task.mayOpen) parts.push(world.files[optionalFile] ?? 'not there');
    if (task.importsFromPackage) parts.push(world.modules[inner]?.value ?? '');
    if (task.package !== '') parts.push(world.packages[task.package] ?? '');
    if (task.isOptimistic) parts.push(extraOf(world)[1]);
    if (task.lists !== 'no') parts.push(listed(world, task).join());
    if (task.child !== 'none') parts.push(value(task.childModule), textOf(world, task.childFile));
    parts.push(environments[world.hasNewEnvironment ? 1 : 0]);
  }
  const main = outputOf(task, index);
  return { [main]: [...own, ...parts, ...texts].join('|'), ...(task.isFolder && { [main.replace('main.txt', `n${task.constant % 3}.txt`)]: 'beside' }) };
}

/** The tasks, and which of their matrix, that it can't run without. */
export function dependenciesOf(world: World, task: ModelTask, index: number): readonly (readonly [ModelTask, number])[] {
  const needed = task.needs.map((name) => taskNamed(world, name)).flatMap((upstream) => indexesFor(task, index, upstream).map((each) => [upstream, each] as const));
  if (task.gets === undefined) return needed;
  const giver = taskNamed(world, task.gets.from);
  return [...needed, [giver, indexOfReturns(task, index, giver)]];
}

function localOf(task: ModelTask): string {
  return path.posix.join(task.cwd, localFile);
}

/** To be found again when it is held. */
export function made(world: World, task: ModelTask, index: number): Made {
  return { files: expected(world, task, index), returned: returned(world, task, index) };
}

function textsFor(world: World, task: ModelTask, index: number, upstream: ModelTask): readonly string[] {
  return indexesFor(task, index, upstream).map((each) => expected(world, upstream, each)[outputOf(upstream, each)] ?? '');
}

/** All that a task's result depends on: if it is the same as before, the task has no reason to run. */
export function signature(world: World, task: ModelTask, index: number): string {
  const { name, kind, needs, needsBy, gets, param, takesBase, matrix, inputs, constant, mode, check, isBroken, module, otherModule, undeclared, mayOpen, importsFromPackage, child, childFile, childModule, compare, cwd } = task;
  const upstream = (other: ModelTask, indexes: readonly number[]): unknown => [indexes, indexes.map((each) => made(world, other, each))];
  const inShell = {
    ...{ name, kind, needs, needsBy, gets, param, constant, mode, check, isBroken, inputs, cwd },
    base: takesBase ? world.base : '',
    environment: world.environment,
    checked: check === 0 ? '' : world.files['check.sh'],
    value: matrix[index],
    read: declared(world, task).map((file) => [file, textOf(world, file)]),
    upstream: needs.map((need) => upstream(taskNamed(world, need), indexesFor(task, index, taskNamed(world, need)))),
    returns: gets === undefined ? '' : upstream(taskNamed(world, gets.from), [indexOfReturns(task, index, taskNamed(world, gets.from))]),
  };
  if (kind === 'shell') return JSON.stringify(inShell);
  const isByBytes = compare === 'bytes';
  // A package that is not known may read the docstrings of its users, and so may what imports by computed names.
  const mayReadDocstrings = isByBytes || task.package !== '' || task.isOptimistic || child !== 'none' || task.lists === 'child';
  // What is used is known of functions only, and only of what can't find others by a name, nor gets objects with methods.
  const mayUseAll = kind !== 'call' || mayReadDocstrings || gets?.as === 'object';
  const said = (path: string): unknown => {
    const found = world.modules[path];
    return [path, found?.value, mayReadDocstrings ? found?.docstring : '', mayUseAll ? found?.unused : '', isByBytes ? found?.comment : ''];
  };
  const used = [
    world.hasNewEnvironment,
    mayUseAll ? task.unused : '',
    isByBytes ? [compare, task.comment, task.isLoose] : [],
    said(`modules/${usedModule(task)}`),
    // They stand in the source.
    [module, otherModule],
    [undeclared, textOf(world, undeclared)],
    task.readsLocal ? [world.files[localOf(task)]] : [],
    task.importsShared ? [said(sharedModule)] : [],
    mayOpen ? [world.files[optionalFile]] : [],
    importsFromPackage ? [said(inner), said('pkg/__init__')] : [],
    task.isReturning || gets?.as === 'object' ? said(boxes) : [],
    [task.package, world.packages[task.package]],
    [task.lists, listed(world, task)],
    task.isOptimistic ? [extraOf(world), said(extraOf(world)[0])] : [],
    child === 'none' ? [] : [child, childFile, textOf(world, childFile), said(`modules/${childModule}`)],
  ];
  return JSON.stringify({ ...inShell, used });
}
