/** Random tasks, and what a person may do to a workspace between two runs. */
import assert from 'node:assert/strict';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Random } from './random.ts';
import type { Workspace } from './workspace.ts';
import { boxes, declaredOutput, extras, folders, globOf, indexesOf, inner, listedFolder, localFile, optionalFile, outputOf, sharedModule, type Child, type Gets, type Kind, type ModelTask, type Module, type World } from './world.ts';

export interface EditOptions {
  readonly random: Random;
  readonly workspace: Workspace;
  readonly children: readonly Child[];
  readonly hasNotebooks: boolean;
  readonly isWatch: boolean;
  /** Each run is of a session of its own. */
  readonly isProcess: boolean;
  readonly findsPython: boolean;
  /** git has the outputs, too. */
  readonly tracksOutputs: boolean;
  /** Names of edits, and no others; absent: all. */
  readonly only?: readonly string[] | undefined;
}

export interface Edits {
  /** Does it, and says which one it was. */
  readonly next: () => string;
  readonly world: () => World;
  readonly setFile: (file: string, text: string) => void;
  /** To be written as if it had not been. */
  readonly keepsTime: () => string;
  /** Outputs, and the folders that they are in, that the last edit changed behind everybody's back. */
  readonly damaged: ReadonlySet<string>;
  /** This output is changed behind everybody's back. */
  readonly damage: (output: string) => void;
  /** The state is one that can be gone back to. */
  readonly remember: () => void;
  /** That many files were changed in one step which nobody sees a part of. */
  readonly isOneStep: () => boolean;
}

export const failing = 'task that fails';
export const hanging = 'task that hangs';
export const meddling = 'edit while a task runs';
export const deletedCache = 'deleted cache';

const realFiles = ['data/d0.txt', 'data/d1.txt', 'data/d2.txt', 'data/d3.txt'];
const besideFiles = ['../common/c0.txt', '../common/c1.txt'];
const outsideFiles = ['../../outside/o0.txt', '../../outside/o1.txt'];
const localFiles = ['', ...folders].map((place) => path.posix.join(place, localFile));

function newModule(value: string): Module {
  return { value, comment: '', docstring: '', unused: 0 };
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

export function createEdits({ random, workspace, children, hasNotebooks, isWatch, isProcess, findsPython, tracksOutputs, only }: EditOptions): Edits {
  const { pick, oneOf, chance } = random;
  const { folder, git } = workspace;
  // An import of the folder that a checkout leaves, with nothing but what Python compiled, succeeds.
  const placesOfExtra = git === undefined ? extras : extras.filter((place) => !place.endsWith('__init__'));
  const files = [...realFiles, 'data/g/0.txt', 'data/g/1.txt', 'data/l/0.csv', 'data/l/sub/keep.txt', 'data/a/file.txt', 'data/b/file.txt', 'check.sh', ...besideFiles, ...outsideFiles, ...localFiles];
  const readable = [...realFiles, 'data/link.txt', 'data/folder/file.txt', 'data/outside.txt', ...(git === undefined ? [] : besideFiles)];
  let world: World = {
    files: Object.fromEntries(files.map((file) => [file, `: of ${file}`])),
    links: { 'data/link.txt': 'd0.txt', 'data/folder': 'a', 'data/outside.txt': '../../../outside/o1.txt' },
    modules: Object.fromEntries(['modules/m0', 'modules/m1', 'modules/m2', boxes, inner, 'pkg/__init__', sharedModule].map((name) => [name, newModule(`module ${path.posix.basename(name)}`)])),
    packages: { alpha: '1.0', beta: '1.0' },
    environment: 0,
    base: 0,
    unusedParam: 0,
    findsPython,
    hasNewEnvironment: false,
    hasTick: isWatch,
    tasks: [],
    held: {},
  };
  const history: World[] = [];
  const damaged = new Set<string>();
  let keepsTime = '';
  let isOneStep = false;

  const moduleNames = (): readonly string[] => Object.keys(world.modules).flatMap((name) => (name.startsWith('modules/') && name !== boxes ? [name.slice('modules/'.length)] : []));
  let hasNotebook = false;
  const kind = (): Kind => {
    if (hasNotebooks && !hasNotebook && chance(4)) {
      hasNotebook = true;
      return 'notebook';
    }
    return oneOf(['python', 'python', 'call', 'shell', 'shell'] as const);
  };
  let named = 0;
  const addTask = (): void => {
    const name = `t${named}`;
    named += 1;
    const is = kind();
    const upstream = world.tasks.map((task) => task.name).filter(() => chance(3));
    const matrix = is !== 'notebook' && chance(3) ? [1, 2] : [];
    const isFolder = chance(5);
    const giver = world.tasks.length > 0 && chance(2) ? oneOf(world.tasks) : undefined;
    const gets: Gets | undefined = giver?.isReturning === true ? { from: giver.name, as: is === 'shell' || giver.kind === 'shell' ? 'text' : oneOf(['text', 'list', 'object'] as const) } : undefined;
    world.tasks.push({
      name,
      kind: is,
      needs: upstream.slice(0, 3),
      param: pick(3),
      needsBy: oneOf(['needs', 'needs', 'inputs', 'globs', 'globs'] as const),
      isOutputGlob: chance(3),
      gets,
      isReturning: chance(2),
      takesBase: chance(4),
      matrix,
      key: chance(2) ? 'k' : `v${name}`,
      isFolder,
      isBroken: false,
      inputs: oneOf([['data/d0.txt'], ['data/d1.txt', 'data/d2.txt'], ['data/g/*.txt'], ['data/link.txt'], ['data/folder/file.txt', 'data/link.txt'], [listedFolder], ['../../outside/o0.txt'], ['../common/*.txt'], []]),
      constant: pick(5),
      mode: 0,
      check: chance(6) ? 1 : 0,
      // One that is started again after a change may have no attempts left.
      isFlaky: is !== 'notebook' && chance(6) && !isWatch,
      keep: isFolder || !chance(5),
      cwd: oneOf(['', ...folders]),
      // It is switched, so that each has been made once.
      watch: 'auto',
      setting: 0,
      hangs: false,
      compare: chance(5) ? 'bytes' : 'meaning',
      isIpynb: chance(2),
      description: 'none',
      readsLocal: chance(3),
      importsShared: git !== undefined && chance(3),
      mayOpen: chance(3),
      importsFromPackage: chance(3),
      module: oneOf(moduleNames()),
      otherModule: oneOf(moduleNames()),
      undeclared: oneOf(readable),
      child: is === 'notebook' ? oneOf(children.filter((child) => child !== 'spawn' && child !== 'forkserver')) : oneOf(children),
      childFile: oneOf(readable),
      childModule: oneOf(moduleNames()),
      package: oneOf(['', '', 'alpha', 'beta']),
      lists: oneOf(['no', 'no', 'glob', 'pathlib', 'rglob', 'listdir', 'walk', ...(children.length > 1 ? (['child'] as const) : [])]),
      isOptimistic: chance(3),
      comment: '',
      isLoose: false,
      unused: 0,
    });
  };
  const size = 3 + pick(5);
  for (let n = 0; n < size; n += 1) addTask();

  const outputs = (task: ModelTask): readonly string[] => indexesOf(task).map((index) => outputOf(task, index));
  const anyTask = (): ModelTask => oneOf(world.tasks);
  const anyModule = (): Module => world.modules[oneOf(Object.keys(world.modules))] ?? assert.fail('no module');
  const damage = (output: string): string => {
    damaged.add(output);
    for (const task of world.tasks) if (outputs(task).includes(output)) for (const each of [declaredOutput(task, ''), globOf(task)]) damaged.add(each);
    damaged.add(path.posix.dirname(output));
    return path.join(folder, output);
  };
  /** Nobody brings those of a task that waits back. */
  const anyOutput = (): string | undefined => {
    const task = anyTask();
    return task.watch === 'auto' ? oneOf(outputs(task)) : undefined;
  };
  const write = (file: string, text: string | undefined): void => void (world = { ...world, files: text === undefined ? without(world.files, file) : { ...world.files, [file]: text } });
  const toggle = (file: string, text: string): void => write(file, world.files[file] === undefined ? text : undefined);
  const switchWatch = (task: ModelTask): void => {
    // What git brings of an output stays if its task waits.
    if (!tracksOutputs) task.watch = oneOf(['auto', 'lazy', 'manual']);
  };
  const withGit = (work: (to: NonNullable<Workspace['git']>) => World | undefined): void => {
    if (git === undefined) return;
    world = work(git) ?? world;
    isOneStep = true;
    if (tracksOutputs) for (const task of world.tasks) for (const output of outputs(task)) damage(output);
  };

  const all: Readonly<Record<string, () => void>> = {
    data: () => write(oneOf([...realFiles, 'data/a/file.txt', 'data/b/file.txt']), `data ${100 + pick(900)}`),
    'data of the same size and time': () => {
      keepsTime = oneOf(realFiles);
      write(keepsTime, `data ${100 + pick(900)}`);
    },
    'files that change places': () => {
      const [one, other] = [oneOf(realFiles), oneOf(realFiles)];
      if (one !== other) world = workspace.swap(world, one, other);
    },
    'file beside the pipeline': () => {
      if (chance(2)) write(oneOf(besideFiles), `beside ${pick(1000)}`);
      else toggle('../common/c2.txt', `beside ${pick(1000)}`);
    },
    'file outside': () => write(oneOf(outsideFiles), `outside ${pick(1000)}`),
    'file of a working directory': () => write(oneOf(localFiles), `local ${pick(1000)}`),
    'working directory': () => void (anyTask().cwd = oneOf(['', ...folders, ...folders])),
    'when it runs': () => switchWatch(anyTask()),
    setting: () => void (anyTask().setting = pick(1000)),
    'link to another file': () => void (world.links = { ...world.links, 'data/link.txt': oneOf(['d0.txt', 'd1.txt', 'd2.txt']) }),
    'link to another folder': () => void (world.links = { ...world.links, 'data/folder': oneOf(['a', 'b']) }),
    'file that may be there': () => toggle(optionalFile, `there ${pick(10)}`),
    environment: () => void (world.environment = pick(3)),
    'environment of a task': () => void (anyTask().mode = pick(10)),
    'param of the pipeline': () => void (world.base = pick(1000)),
    'param that nobody uses': () => void (world.unusedParam = pick(1000)),
    check: () => void (anyTask().check = pick(3)),
    'script of checks': () => write('check.sh', `: ${pick(1000)}`),
    keep: () => {
      const task = anyTask();
      task.keep = task.isFolder || !task.keep;
    },
    description: () => void (anyTask().description = String(pick(1000))),
    compare: () => {
      const task = anyTask();
      task.compare = task.compare === 'bytes' ? 'meaning' : 'bytes';
    },
    'module for odd numbers': () => void (anyTask().otherModule = oneOf(moduleNames())),
    'what is taken of returns': () => {
      const task = anyTask();
      if (task.gets === undefined) return;
      const giver = world.tasks.find((each) => each.name === task.gets?.from) ?? assert.fail(task.gets.from);
      task.gets = { from: giver.name, as: task.kind === 'shell' || giver.kind === 'shell' ? 'text' : oneOf(['text', 'list', 'object'] as const) };
    },
    'unused function of a module': () => void (anyModule().unused = pick(1000)),
    'file of a glob': () => {
      const file = `data/g/${pick(4)}.txt`;
      write(file, world.files[file] === undefined || chance(2) ? `glob ${pick(1000)}` : undefined);
    },
    'renamed file of a glob': () => {
      const from = oneOf(['data/g/0.txt', 'data/g/1.txt']);
      const text = world.files[from];
      if (text === undefined) return;
      write(from, undefined);
      write(`data/g/${4 + pick(3)}.txt`, text);
    },
    'file of a listed folder': () => {
      const file = `data/l/${oneOf(['', 'sub/'])}${pick(3)}${oneOf(['.csv', '.csv', '.txt'])}`;
      if (world.files[file] === undefined) write(file, '');
      else write(file, chance(3) ? `listed ${pick(1000)}` : undefined);
    },
    module: () => void (anyModule().value = `module ${pick(1000)}`),
    extra: () => {
      const place = oneOf(placesOfExtra);
      world = { ...world, modules: world.modules[place] === undefined ? { ...world.modules, [place]: newModule(`extra ${pick(1000)}`) } : without(world.modules, place) };
    },
    'virtual environment': () => void (world = { ...world, hasNewEnvironment: findsPython && !world.hasNewEnvironment }),
    package: () => void (world.packages = { ...world.packages, [oneOf(['alpha', 'beta'])]: `${pick(9)}.${pick(9)}` }),
    'optional package': () => void (world.packages = world.packages['extra'] === undefined ? { ...world.packages, extra: `${pick(9)}.0` } : without(world.packages, 'extra')),
    constant: () => void (anyTask().constant = pick(1000)),
    param: () => void (anyTask().param = pick(1000)),
    'imported module': () => void (anyTask().module = oneOf(moduleNames())),
    'module of a child': () => void (anyTask().childModule = oneOf(moduleNames())),
    'undeclared file': () => void (anyTask().undeclared = oneOf(readable)),
    'file of a child': () => void (anyTask().childFile = oneOf(readable)),
    kind: () => {
      const task = anyTask();
      if (task.kind === 'python' || task.kind === 'call') task.kind = task.kind === 'python' ? 'call' : 'python';
    },
    'renamed module': () => {
      const from = oneOf(moduleNames());
      const to = from.endsWith('_renamed') ? from.replace('_renamed', '') : `${from}_renamed`;
      const module = world.modules[`modules/${from}`] ?? assert.fail(from);
      world = { ...world, modules: { ...without(world.modules, `modules/${from}`), [`modules/${to}`]: module } };
      for (const task of world.tasks) {
        if (task.module === from) task.module = to;
        if (task.otherModule === from) task.otherModule = to;
        if (task.childModule === from) task.childModule = to;
      }
    },
    'unused function': () => void (anyTask().unused = pick(1000)),
    need: () => {
      const at = 1 + pick(world.tasks.length - 1);
      const task = world.tasks[at] ?? assert.fail();
      const upstream = oneOf(world.tasks.slice(0, at)).name;
      task.needs = task.needs.includes(upstream) ? task.needs.filter((need) => need !== upstream) : [...task.needs, upstream];
    },
    'new task': () => {
      if (world.tasks.length < 9) addTask();
    },
    revert: () => {
      const before = new Set(world.tasks.map(({ name }) => name));
      if (history.length > 0) world = structuredClone(oneOf(history));
      // While they were no tasks, git may have taken their outputs.
      if (tracksOutputs) for (const task of world.tasks) if (!before.has(task.name)) for (const output of outputs(task)) damage(output);
    },
    'deleted output': () => {
      const output = anyOutput();
      if (output !== undefined) rmSync(damage(output), { force: true });
    },
    'changed output': () => {
      const output = anyOutput();
      if (output !== undefined) writeFileSync(damage(output), 'damaged');
    },
    'module comment': () => void (anyModule().comment = `# ${pick(1000)}\n`),
    'module docstring': () => void (anyModule().docstring = String(pick(1000))),
    'script comment': () => void (anyTask().comment = `# ${pick(1000)}`),
    reformatting: () => {
      const task = anyTask();
      task.isLoose = !task.isLoose;
    },
    touch: () => utimesSync(path.join(folder, oneOf(realFiles)), new Date(), new Date()),
    [deletedCache]: () => {
      // Objects are unpickled only on the word of the cache: a task that waits would have nothing to give.
      if (isProcess && world.tasks.every((task) => task.watch === 'auto' || !task.isReturning)) rmSync(path.join(folder, '.runweave', 'cache'), { recursive: true });
    },
    'git: commit': () =>
      withGit((to) => {
        to.commit(world);
        return world;
      }),
    'git: checkout': () => withGit((to) => to.switchTo(world, oneOf(['main', 'one', 'other']))),
    'git: there and back': () =>
      withGit((to) => {
        to.thereAndBack(world);
        return world;
      }),
    'git: revert': () => withGit((to) => to.revert(world)),
    'git: stash': () => withGit((to) => to.stash(world)),
    // And is corrected.
    [failing]: () => undefined,
    [hanging]: () => undefined,
    [meddling]: () => undefined,
    nothing: () => undefined,
  };
  const names = Object.keys(all).filter((name) => (git !== undefined || !name.startsWith('git: ')) && only?.includes(name) !== false);
  const ofGit = names.filter((name) => name.startsWith('git: '));
  return {
    next: () => {
      keepsTime = '';
      isOneStep = false;
      damaged.clear();
      // What was kept is asked for by going back alone.
      const isFirst = history.length === 0;
      const edit = names.length === 0 ? 'nothing' : only === undefined && chance(6) ? (git !== undefined && chance(2) ? oneOf(ofGit) : 'revert') : oneOf(names);
      // git takes over only what is written.
      if (isFirst && !ofGit.includes(edit)) for (const task of world.tasks) if (chance(4)) switchWatch(task);
      all[edit]?.();
      return edit;
    },
    world: () => world,
    setFile: write,
    keepsTime: () => keepsTime,
    damaged,
    damage: (output) => void damage(output),
    remember: () => void history.push(structuredClone(world)),
    isOneStep: () => isOneStep,
  };
}
