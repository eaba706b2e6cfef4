/** The oracle's world as files: sources, notebooks, and the pipeline file. */
import path from 'node:path';
import { boxes, declaredOutput, globOf, indexesOf, inner, isPaired, listedFolder, localFile, optionalFile, outputWith, sharedModule, taskNamed, type Child, type Lists, type ModelTask, type World } from './world.ts';

/** Every file of the workspace but outputs, links and packages: path → text. */
export function texts(world: World): Readonly<Record<string, string>> {
  const all: Record<string, string> = { ...world.files, 'modules/__init__.py': '', 'modules/childwork.py': childWork, 'child.py': childScript, 'runweave.yaml': pipelineText(world) };
  for (const [module, { value, comment, docstring, unused }] of Object.entries(world.modules)) {
    const says = docstring === '' ? '' : `    """${docstring}"""\n`;
    const aside = `def aside():\n    return ${unused}\n`;
    if (module === boxes) all[`${module}.py`] = `${comment}class Box:\n    def __init__(self, value):\n        self.value = value\n    def text(self):\n${says.replace(/^ {4}/, '        ')}        return self.value + ' ${value}'\n${aside}`;
    else if (module === 'pkg/__init__') all[`${module}.py`] = `${comment}${docstring === '' ? '' : `"""${docstring}"""\n`}from .${inner.slice('pkg/'.length)} import text as told\n`;
    else all[`${module}.py`] = `${comment}def text():\n${says}    return '${value}'\n${aside}`;
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
  return `${task.kind === 'call' ? 'calls' : 'scripts'}/${task.name}.${task.kind === 'notebook' && task.isIpynb ? 'ipynb' : 'py'}`;
}

/** From where the task runs to the pipeline's folder: `''` or `../`, once or more. */
function upOf(task: ModelTask): string {
  return task.cwd === '' ? '' : '../'.repeat(task.cwd.split('/').length);
}

function listingCode(task: ModelTask): readonly string[] {
  const up = upOf(task);
  const length = `${up}${listedFolder}/`.length;
  const code: Readonly<Record<Lists, readonly string[]>> = {
    no: [],
    glob: ['    import glob', `    names = [name[${length}:] for name in glob.glob('${up}data/l/*.csv')]`],
    pathlib: ['    import pathlib', `    names = [path.name for path in pathlib.Path('${up}data/l').glob('*.csv')]`],
    rglob: ['    import pathlib', `    names = [path.as_posix()[${length}:] for path in pathlib.Path('${up}data', 'l').rglob('*.csv')]`],
    listdir: [`    names = os.listdir('${up}data/l')`],
    walk: [`    names = [os.path.join(top, name)[${length}:] for top, _, names in os.walk('${up}data/l') for name in names]`],
    child: ['    import subprocess', "    code = 'import os; print(*os.listdir(), sep=chr(10))'", `    names = subprocess.run([sys.executable, '-c', code], cwd='${up}data/l', check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout.split()`],
  };
  return code[task.lists];
}

function childCode(task: ModelTask): readonly string[] {
  const inRoot = `'${task.childFile}', '${task.childModule}'`;
  const call = `'${upOf(task)}${task.childFile}', '${task.childModule}'`;
  const code: Readonly<Record<Exclude<Child, 'fork' | 'spawn' | 'forkserver'>, readonly string[]>> = {
    none: [],
    subprocess: ['    import subprocess', `    parts.append(subprocess.run([sys.executable, '-m', 'child', ${inRoot}], cwd='${upOf(task)}.', check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout)`],
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
  if (task.child === 'none' || task.child === 'subprocess' || task.child === 'os.fork') return code[task.child];
  return ['    import multiprocessing', '    from modules.childwork import use', `    with multiprocessing.get_context('${task.child}').Pool(1) as pool:`, `        parts += pool.starmap(use, [(${call})])`];
}

/** What it reads, in order: patterns, and outputs of others; `value` stands for the value of its matrix. */
function readBy(world: World, task: ModelTask, value: string): readonly string[] {
  return [...task.inputs, ...task.needs.flatMap((need) => outputsFor(task, taskNamed(world, need), value))];
}

function outputsFor(task: ModelTask, upstream: ModelTask, value: string): readonly string[] {
  return isPaired(task, upstream) ? [outputWith(upstream, value)] : indexesOf(upstream).map((index) => outputWith(upstream, String(upstream.matrix[index] ?? '')));
}

function codeOf(world: World, task: ModelTask): string {
  const up = upOf(task);
  const list = (items: readonly string[]): string => `[${items.map((item) => `f'${up}${item}'`).join(task.isLoose ? ',\n        ' : ', ')}]`;
  const taken = task.gets === undefined ? "''" : { text: 'got', list: 'json.dumps(got)', object: 'got.text()' }[task.gets.as];
  const returns = "text=result, list=[result, 1.5, None], object=boxes.Box(result)";
  const body = [
    `import json, os, sys  ${task.comment}`,
    `sys.path[:0] = [os.path.abspath(place) for place in ('${up}.', '${up}first', '${up}second'${task.importsShared ? `, '${up}../common'` : ''})]`,
    'def aside():',
    `    return ${task.unused}`,
    `CONSTANT = ${task.isLoose ? '\\\n    ' : ''}${task.constant}${task.isLoose ? '\n\n' : ''}`,
    "def work(p, b='', got=None, **matrix):",
    ...(task.isBroken ? ["    raise RuntimeError('broken')"] : []),
    `    if os.path.exists(os.environ['ORACLE_FLAGS'] + '/hang-${task.name}'): import time; time.sleep(1000)`,
    "    v = ''.join(map(str, matrix.values()))",
    '    if CONSTANT % 2 == 0:',
    `        from modules import ${task.module} as module`,
    '    else:',
    `        from modules import ${task.otherModule} as module`,
    `    parts = [str(CONSTANT), str(p), str(b), os.environ['MODE'] + '-' + os.environ['ALL'], v, ${taken}, module.text()]`,
    `    with open('${up}${task.undeclared}') as stream:`,
    '        parts.append(stream.read())',
    ...(task.isFlaky
      ? [`    flag = os.environ['ORACLE_FLAGS'] + '/${task.name}' + v`, '    if not os.path.exists(flag):', "        open(flag, 'w').close()", "        raise RuntimeError('once more')", '    os.remove(flag)']
      : []),
    ...(task.readsLocal ? [`    with open('${localFile}') as stream:`, '        parts.append(stream.read())'] : []),
    ...(task.importsShared ? [`    import ${sharedModule.slice('../common/'.length)}`, `    parts.append(${sharedModule.slice('../common/'.length)}.text())`] : []),
    ...(task.mayOpen ? ['    try:', `        with open('${up}${optionalFile}') as stream:`, '            parts.append(stream.read())', '    except FileNotFoundError:', "        parts.append('not there')"] : []),
    ...(task.importsFromPackage ? ['    from pkg import told', '    parts.append(told())'] : []),
    ...(task.package === '' ? [] : [`    import ${task.package}`, `    parts.append(${task.package}.text())`]),
    ...(task.isOptimistic ? ['    try:', '        import extra', '        parts.append(extra.text())', '    except ImportError:', "        parts.append('no extra')"] : []),
    ...listingCode(task),
    ...(task.lists === 'no' ? [] : ["    parts.append(','.join(sorted(names)))"]),
    ...childCode(task),
    '    parts.append(os.path.basename(sys.prefix))',
    `    for pattern in ${list(readBy(world, task, '{v}'))}:`,
    '        import glob',
    "        found = sorted(glob.glob(pattern)) if '*' in pattern else [pattern]",
    `        for file in [file for file in sorted(glob.glob('${up}${listedFolder}/**', recursive=True)) if os.path.isfile(file)] if pattern == '${up}${listedFolder}' else found:`,
    '            with open(file) as stream:',
    '                parts.append(stream.read())',
    `    output = f'${up}${outputWith(task, '{v}')}'`,
    '    os.makedirs(os.path.dirname(output), exist_ok=True)',
    "    with open(output, 'w') as stream:",
    "        stream.write('|'.join(parts))",
    ...(task.isFolder ? ["    with open(f'{os.path.dirname(output)}/n{CONSTANT % 3}.txt', 'w') as stream:", "        stream.write('beside')"] : []),
    `    flag = os.environ['ORACLE_FLAGS'] + '/hold-${task.name}'`,
    '    while os.path.exists(flag):',
    '        import time',
    "        open(flag + '-read', 'w').close()",
    '        time.sleep(0.01)',
    ...(task.isReturning ? ['    from modules import boxes', "    result = f'returns {CONSTANT % 3} {module.text()}'", `    return dict(${returns})`] : ['    return {}']),
  ];
  if (task.kind === 'call') return [...body, ''].join('\n');
  const start = ['import runweave', 'runweave.returns(**work(**runweave.params))', ''];
  if (task.kind === 'python') return [...body, "if __name__ == '__main__':", ...start.map((line) => `    ${line}`), ''].join('\n');
  if (!task.isIpynb) return ['# %%', ...body, '', '# %%', ...start].join('\n');
  const cells = [
    { cell_type: 'markdown', id: 'text', metadata: {}, source: task.comment },
    ...[body, start].map((lines, index) => ({ cell_type: 'code', id: `code${index}`, metadata: {}, execution_count: task.comment.length, outputs: [{ output_type: 'stream', name: 'stdout', text: task.comment }], source: lines.join('\n') })),
  ];
  return JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' }, language_info: { name: 'python', version: task.comment } }, cells });
}

function commandOf(world: World, task: ModelTask): string {
  const value = `$RUNWEAVE_PARAM_${task.key.toUpperCase()}`;
  const up = upOf(task);
  const output = `${up}${outputWith(task, value)}`;
  const own = [`'${task.constant}|'"$RUNWEAVE_PARAM_P`, task.takesBase ? '$RUNWEAVE_PARAM_B' : '', '$MODE-$ALL', task.matrix.length === 0 ? '' : value, `${task.gets === undefined ? '' : '$RUNWEAVE_PARAM_GOT'}"`];
  const read = readBy(world, task, value).map((item) => (item === listedFolder ? `$(find ${up}${item} -type f | LC_ALL=C sort)` : `${up}${item}`));
  return [
    ...(task.isBroken ? ['exit 1'] : []),
    `[ ! -e "$ORACLE_FLAGS/hang-${task.name}" ] || sleep 1000`,
    `mkdir -p ${path.posix.dirname(output)}`,
    `printf '%s' ${own.join('|')} > ${output}`,
    ...(task.isFlaky ? [`flag="$ORACLE_FLAGS/${task.name}${task.matrix.length === 0 ? '' : value}"`, 'if [ ! -e "$flag" ]; then : > "$flag"; exit 1; fi', 'rm "$flag"'] : []),
    ...(task.isFolder ? [`printf beside > ${path.posix.dirname(output)}/n${task.constant % 3}.txt`] : []),
    ...(task.isReturning ? [`echo 'return text="returns ${task.constant}"' >> "$RUNWEAVE_LOG"`] : []),
    `for f in ${read.join(' ')}; do [ -e "$f" ] || continue; printf '|' >> ${output}; cat $f >> ${output}; done`,
    `while [ -e "$ORACLE_FLAGS/hold-${task.name}" ]; do : > "$ORACLE_FLAGS/hold-${task.name}-read"; sleep 0.01; done`,
  ].join('; ');
}

function pipelineText(world: World): string {
  const tasks = world.tasks.map((task) => {
    const what = task.kind === 'shell' ? { shell: commandOf(world, task) } : task.kind === 'call' ? { call: `calls.${task.name}:work` } : { [task.kind]: sourceOf(task) };
    const value = `\${matrix.${task.key}}`;
    const upstream = task.needs.map((need) => taskNamed(world, need)).flatMap((need) => (task.needsBy === 'globs' && !isPaired(task, need) ? [globOf(need)] : outputsFor(task, need, value)));
    return [
      task.name,
      {
        ...what,
        ...(task.matrix.length > 0 && { matrix: { [task.key]: task.matrix } }),
        ...(task.needsBy === 'needs' ? { needs: task.needs, inputs: task.inputs } : { inputs: [...task.inputs, ...upstream] }),
        outputs: [declaredOutput(task, value)],
        params: { p: task.param, ...(task.takesBase && { b: '${params.base}' }), ...(task.gets !== undefined && { got: `\${tasks.${returnsReference(world, task, task.gets.from)}.returns.${task.gets.as}}` }) },
        env: { MODE: String(task.mode) },
        ...(task.check > 0 && { checks: [{ after: `sh ${upOf(task)}check.sh ${task.check}` }] }),
        ...(task.cwd !== '' && { cwd: task.cwd }),
        ...(task.watch !== 'auto' && { watch: task.watch }),
        ...(task.setting > 0 && { timeout: `${600 + task.setting}s`, owner: `owner ${task.setting}`, tags: [`tag${task.setting}`] }),
        ...(task.hangs && { timeout: '300ms' }),
        ...(task.isFlaky && { retries: 1 }),
        keep: task.keep,
        compare: task.compare,
        description: task.description,
      },
    ] as const;
  });
  return JSON.stringify({ name: 'oracle', on_failure: world.hasTick ? 'continue' : 'stop', params: { base: world.base, unused: world.unusedParam }, env: { ALL: String(world.environment) }, tasks: { ...Object.fromEntries(tasks), ...(world.hasTick && { tick: { shell: 'cat tick.txt > out/tick.txt', inputs: ['tick.txt'], outputs: ['out/tick.txt'] } }) } });
}

function returnsReference(world: World, task: ModelTask, from: string): string {
  const upstream = taskNamed(world, from);
  return upstream.matrix.length === 0 || isPaired(task, upstream) ? from : `${from}[${upstream.key}=${upstream.matrix[0] ?? ''}]`;
}
