/**
 * The model of the oracle: what the workspace holds, the text of each file, and what each task has to make of it.
 * Plain data, so that an earlier state can be had again.
 */
import assert from 'node:assert/strict';

export type Kind = 'python' | 'call' | 'notebook' | 'shell';
export type Child = 'none' | 'subprocess' | 'os.fork' | 'fork' | 'spawn' | 'forkserver';

/** How a task lists `data/l`. */
export type Lists = 'no' | 'glob' | 'pathlib' | 'rglob' | 'listdir' | 'walk' | 'child';

export interface ModelTask {
  readonly name: string;
  kind: Kind;
  needs: string[];
  param: number;
  /** Values of a matrix; empty: none. */
  readonly matrix: readonly number[];
  /** Declared: files and globs. */
  inputs: string[];
  /** Stands in the script or command. */
  constant: number;
  /** From here on Python only. A module that is imported inside of a function, and a file that is not declared. */
  module: string;
  undeclared: string;
  /** Reads `childFile` and imports `childModule` in another process. */
  readonly child: Child;
  childFile: string;
  childModule: string;
  /** An installed package that it imports. */
  readonly package: string;
  readonly lists: Lists;
  /** Imports `extra` if it is there: from `first`, from `second`, or installed. */
  readonly isOptimistic: boolean;
  /** What says nothing; of a function that is called, also one beside it that it does not use. */
  comment: string;
  isLoose: boolean;
  unused: number;
}

export interface Module {
  value: string;
  comment: string;
  docstring: string;
}

export interface World {
  /** Data files: path → text. */
  files: Readonly<Record<string, string>>;
  /** Path without `.py` → what the module says. */
  modules: Readonly<Record<string, Module>>;
  /** Installed packages → version. */
  packages: Readonly<Record<string, string>>;
  tasks: ModelTask[];
}

/** Where `extra` may be, in the order in which Python looks. */
export const extras = ['first/extra/__init__', 'first/extra', 'second/extra/__init__', 'second/extra'];

export function outputsOf(task: ModelTask): readonly string[] {
  return task.matrix.length === 0 ? [`out/${task.name}.txt`] : task.matrix.map((value) => `out/${task.name}-${value}.txt`);
}

function taskNamed(world: World, name: string): ModelTask {
  return world.tasks.find((task) => task.name === name) ?? assert.fail(name);
}

/** Files that the task reads because it declares them or a task that makes them, in the order in which it reads them. */
function declared(world: World, task: ModelTask): readonly string[] {
  const inputs = task.inputs.flatMap((input) => (input.includes('*') ? Object.keys(world.files).filter((file) => file.startsWith(input.replace('*.txt', ''))).sort() : [input]));
  return [...inputs, ...task.needs.flatMap((need) => outputsOf(taskNamed(world, need)))];
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

const listingCode: Readonly<Record<Lists, readonly string[]>> = {
  no: [],
  glob: ['    import glob', "    names = [name[7:] for name in glob.glob('data/l/*.csv')]"],
  pathlib: ['    import pathlib', "    names = [path.name for path in pathlib.Path('data/l').glob('*.csv')]"],
  rglob: ['    import pathlib', "    names = [path.as_posix()[7:] for path in pathlib.Path('data', 'l').rglob('*.csv')]"],
  listdir: ["    names = os.listdir('data/l')"],
  walk: ["    names = [os.path.join(top, name)[7:] for top, _, names in os.walk('data/l') for name in names]"],
  child: ['    import subprocess', "    code = 'import os; print(*os.listdir(), sep=chr(10))'", "    names = subprocess.run([sys.executable, '-c', code], cwd='data/l', check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout.split()"],
};

function extraOf(world: World): readonly [place: string, value: string] {
  const place = extras.find((each) => world.modules[each] !== undefined);
  if (place !== undefined) return [place, world.modules[place]?.value ?? ''];
  const version = world.packages['extra'];
  return version === undefined ? ['', 'no extra'] : ['package', version];
}

/** What a clean build writes into the outputs of a task: path → text. */
export function expected(world: World, task: ModelTask): Readonly<Record<string, string>> {
  const read = (file: string): string => {
    const maker = world.tasks.find((other) => outputsOf(other).includes(file));
    return maker === undefined ? (world.files[file] ?? '') : (expected(world, maker)[file] ?? '');
  };
  const texts = declared(world, task).map(read);
  const value = (module: string): string => world.modules[`modules/${module}`]?.value ?? '';
  return Object.fromEntries(
    outputsOf(task).map((output, index) => {
      const own = [String(task.constant), String(task.param), String(task.matrix[index] ?? '')];
      if (task.kind === 'shell') return [output, [...own, ...texts].join('|')];
      const parts = [...own, value(task.module), read(task.undeclared)];
      if (task.package !== '') parts.push(world.packages[task.package] ?? '');
      if (task.isOptimistic) parts.push(extraOf(world)[1]);
      if (task.lists !== 'no') parts.push(listed(world, task).join());
      if (task.child !== 'none') parts.push(value(task.childModule), read(task.childFile));
      return [output, [...parts, ...texts].join('|')];
    }),
  );
}

/** All that a task's result depends on: if it is the same as before, the task has no reason to run. */
export function signature(world: World, task: ModelTask): string {
  const { name, kind, needs, param, matrix, inputs, constant, module, undeclared, child, childFile, childModule } = task;
  const inShell = { name, kind, needs, param, matrix, inputs, constant, read: declared(world, task).map((file) => [file, world.files[file]]), upstream: needs.map((need) => expected(world, taskNamed(world, need))) };
  if (kind === 'shell') return JSON.stringify(inShell);
  // A package that is not known may read the docstrings of its users, and so may what imports by computed names.
  const mayReadDocstrings = task.package !== '' || task.isOptimistic || child !== 'none' || task.lists === 'child';
  // What is used is known of functions only, and only of what can't find others by a name.
  const mayUseAll = kind !== 'call' || mayReadDocstrings;
  const said = (path: string): unknown => [path, world.modules[path]?.value, mayReadDocstrings ? world.modules[path]?.docstring : ''];
  const used = [
    mayUseAll ? task.unused : '',
    said(`modules/${module}`),
    [undeclared, world.files[undeclared]],
    [task.package, world.packages[task.package]],
    [task.lists, listed(world, task)],
    task.isOptimistic ? [extraOf(world), said(extraOf(world)[0])] : [],
    child === 'none' ? [] : [child, childFile, world.files[childFile], said(`modules/${childModule}`)],
  ];
  return JSON.stringify({ ...inShell, used });
}

/** Every file of the workspace but outputs and packages: path → text. */
export function texts(world: World): Readonly<Record<string, string>> {
  const all: Record<string, string> = { ...world.files, 'modules/__init__.py': '', 'modules/childwork.py': childWork, 'child.py': childScript, 'runweave.yaml': pipelineText(world) };
  for (const [path, { value, comment, docstring }] of Object.entries(world.modules)) {
    all[`${path}.py`] = `${comment}def text():\n${docstring === '' ? '' : `    """${docstring}"""\n`}    return '${value}'\n`;
  }
  for (const task of world.tasks) if (task.kind !== 'shell') all[sourceOf(task)] = codeOf(world, task);
  return all;
}

const childWork = `import importlib

def use(file, module):
    with open(file) as stream:
        return importlib.import_module('modules.' + module).text() + '|' + stream.read()
`;
const childScript = `import sys
from modules.childwork import use
sys.stdout.write(use(*sys.argv[1:]))
`;

function sourceOf(task: ModelTask): string {
  return task.kind === 'call' ? `calls/${task.name}.py` : `scripts/${task.name}.py`;
}

function codeOf(world: World, task: ModelTask): string {
  const list = (items: readonly string[]): string => `[${items.map((item) => `'${item}'`).join(task.isLoose ? ',\n        ' : ', ')}]`;
  const call = `'${task.childFile}', '${task.childModule}'`;
  const child: Readonly<Record<Exclude<Child, 'fork' | 'spawn' | 'forkserver'>, readonly string[]>> = {
    none: [],
    subprocess: ['    import subprocess', `    parts.append(subprocess.run([sys.executable, '-m', 'child', ${call}], check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout)`],
    'os.fork': [
      '    from modules.childwork import use',
      '    read, write = os.pipe()',
      '    if os.fork() == 0:',
      `        os.write(write, use(${call}).encode())`,
      '        os._exit(0)',
      '    os.wait()',
      '    os.close(write)',
      '    parts.append(os.read(read, 100000).decode())',
    ],
  };
  const pool = ['    import multiprocessing', '    from modules.childwork import use', `    with multiprocessing.get_context('${task.child}').Pool(1) as pool:`, `        parts += pool.starmap(use, [(${call})])`];
  const body = [
    `import os, sys  ${task.comment}`,
    "sys.path[:0] = [os.getcwd(), os.path.abspath('first'), os.path.abspath('second')]",
    'def beside():',
    `    return ${task.unused}`,
    `CONSTANT = ${task.isLoose ? '\\\n    ' : ''}${task.constant}${task.isLoose ? '\n\n' : ''}`,
    'def work(p, **matrix):',
    "    v = ''.join(map(str, matrix.values()))",
    `    from modules import ${task.module} as module`,
    '    parts = [str(CONSTANT), str(p), str(v), module.text()]',
    `    with open('${task.undeclared}') as stream:`,
    '        parts.append(stream.read())',
    ...(task.package === '' ? [] : [`    import ${task.package}`, `    parts.append(${task.package}.text())`]),
    ...(task.isOptimistic ? ['    try:', '        import extra', '        parts.append(extra.text())', '    except ImportError:', "        parts.append('no extra')"] : []),
    ...listingCode[task.lists],
    ...(task.lists === 'no' ? [] : ["    parts.append(','.join(sorted(names)))"]),
    ...(task.child === 'none' || task.child === 'subprocess' || task.child === 'os.fork' ? child[task.child] : pool),
    `    for pattern in ${list([...task.inputs, ...task.needs.flatMap((need) => outputsOf(taskNamed(world, need)))])}:`,
    '        import glob',
    "        for file in sorted(glob.glob(pattern)) if '*' in pattern else [pattern]:",
    '            with open(file) as stream:',
    '                parts.append(stream.read())',
    `    with open('out/${task.name}' + (f'-{v}' if v else '') + '.txt', 'w') as stream:`,
    "        stream.write('|'.join(parts))",
  ];
  if (task.kind === 'call') return [...body, ''].join('\n');
  if (task.kind === 'notebook') return ['# %%', ...body, '', '# %%', 'import runweave', 'work(**runweave.params)', ''].join('\n');
  return [...body, "if __name__ == '__main__':", '    import runweave', '    work(**runweave.params)', ''].join('\n');
}

function commandOf(world: World, task: ModelTask): string {
  const output = task.matrix.length === 0 ? `out/${task.name}.txt` : `out/${task.name}-$RUNWEAVE_PARAM_V${task.name.toUpperCase()}.txt`;
  const read = [...task.inputs, ...task.needs.flatMap((need) => outputsOf(taskNamed(world, need)))];
  return `printf '%s' '${task.constant}|'"$RUNWEAVE_PARAM_P|${task.matrix.length === 0 ? '' : `$RUNWEAVE_PARAM_V${task.name.toUpperCase()}`}" > ${output}; for f in ${read.join(' ')}; do [ -e "$f" ] || continue; printf '|' >> ${output}; cat $f >> ${output}; done`;
}

function pipelineText(world: World): string {
  const tasks = world.tasks.map((task) => {
    const what = task.kind === 'shell' ? { shell: commandOf(world, task) } : task.kind === 'call' ? { call: `calls.${task.name}:work` } : { [task.kind]: sourceOf(task) };
    // Two matrices of one key would be paired.
    const matrix = task.matrix.length === 0 ? {} : { matrix: { [`v${task.name}`]: task.matrix } };
    const output = task.matrix.length === 0 ? `out/${task.name}.txt` : `out/${task.name}-\${matrix.v${task.name}}.txt`;
    return [task.name, { ...what, ...matrix, needs: task.needs, inputs: task.inputs, outputs: [output], params: { p: task.param } }] as const;
  });
  return JSON.stringify({ name: 'oracle', tasks: Object.fromEntries(tasks) });
}
