/**
 * One sequence: a random pipeline, then random edits. After each the workspace must hold what a clean build makes, and
 * only tasks may have been executed of which something that they depend on is another.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSession, type Session } from '../../src/app/session.ts';
import { unsettled, unsettledVersion } from '../../src/fingerprint/task-fingerprint.ts';
import type { Reason } from '../../src/model/fingerprint.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import { texts } from './world-text.ts';
import { boxes, expected, extras, idOf, indexesOf, inner, listedFolder, optionalFile, outputOf, signature, type Child, type Gets, type Kind, type ModelTask, type World } from './world.ts';

/** One session has all runs, as an editor; each has its own, as on the command line; or runs follow the edits. */
export type Mode = 'session' | 'process' | 'watch';

export interface SequenceOptions {
  readonly seed: number;
  readonly edits: number;
  /** Site-packages in which notebook tasks find what they need; absent: there are none. */
  readonly notebooks?: string;
  readonly children: readonly Child[];
  readonly mode?: Mode;
}

export interface Counts {
  edits: number;
  executed: number;
  restored: number;
  /** Executions without anything that is another. */
  needless: number;
  /** Executed once more, as a file changed within the clock's tick before a task that was not known to use it. */
  atTheTick: number;
  /** Of a watch: executed when a run was asked for, though all outputs were as they should. */
  late: number;
}

const tickFile = 'tick.txt';
const tickOutput = 'out/tick.txt';
/** Milliseconds until a watch must have taken up a change. */
const longestWait = 120_000;

/** Marsaglia's xorshift32: small, and the same everywhere. */
function random(start: number): (below: number) => number {
  let state = start === 0 ? 1 : start;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  // Small seeds that follow each other begin alike.
  for (let n = 0; n < 20; n += 1) next(1);
  return next;
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

/** Rejects with what is wrong, and with the seed. */
export async function runSequence({ seed, edits, notebooks, children, mode = 'session' }: SequenceOptions): Promise<Counts> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-oracle-'));
  const pick = random(seed);
  const oneOf = <T>(items: readonly T[]): T => items[pick(items.length)] ?? assert.fail('nothing to pick from');
  const chance = (of: number): boolean => pick(of) === 0;
  const counts: Counts = { edits: 0, executed: 0, restored: 0, needless: 0, atTheTick: 0, late: 0 };

  const python = path.join(folder, '.venv', 'bin', 'python');
  execFileSync('python3', ['-m', 'venv', '--without-pip', path.join(folder, '.venv')]);
  const site = globSync(path.join(folder, '.venv', 'lib', '*', 'site-packages'))[0] ?? assert.fail('no site-packages');
  if (notebooks !== undefined) writeFileSync(path.join(site, 'notebooks.pth'), `${notebooks}\n`);

  /** Outside of the workspace. */
  const flags = mkdtempSync(path.join(tmpdir(), 'runweave-oracle-flags-'));

  const realFiles = ['data/d0.txt', 'data/d1.txt', 'data/d2.txt', 'data/d3.txt'];
  const dataFiles = [...realFiles, 'data/link.txt', 'data/folder/file.txt'];
  let world: World = {
    files: Object.fromEntries([...realFiles, 'data/g/0.txt', 'data/g/1.txt', 'data/l/0.csv', 'data/l/sub/keep.txt', 'data/a/file.txt', 'data/b/file.txt', 'check.sh'].map((file) => [file, `: of ${file}`])),
    links: { 'data/link.txt': 'd0.txt', 'data/folder': 'a' },
    modules: Object.fromEntries(['modules/m0', 'modules/m1', 'modules/m2', boxes, inner, 'pkg/__init__'].map((name) => [name, { value: `module ${name}`, comment: '', docstring: '', unused: 0 }])),
    packages: { alpha: '1.0', beta: '1.0' },
    environment: 0,
    base: 0,
    unusedParam: 0,
    hasTick: mode === 'watch',
    tasks: [],
  };
  const moduleNames = (): readonly string[] => Object.keys(world.modules).flatMap((name) => (name.startsWith('modules/') && name !== boxes ? [name.slice('modules/'.length)] : []));
  let hasNotebook = false;
  const kind = (): Kind => {
    if (notebooks !== undefined && !hasNotebook && chance(4)) {
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
      needsBy: oneOf(['needs', 'needs', 'inputs'] as const),
      gets,
      isReturning: chance(2),
      takesBase: chance(4),
      matrix,
      key: chance(2) ? 'k' : `v${name}`,
      isFolder,
      isBroken: false,
      inputs: oneOf([['data/d0.txt'], ['data/d1.txt', 'data/d2.txt'], ['data/g/*.txt'], ['data/link.txt'], [listedFolder], []]),
      constant: pick(5),
      mode: 0,
      check: chance(4) ? 1 : 0,
      // One that is started again after a change may have no attempts left.
      isFlaky: is !== 'notebook' && chance(6) && mode !== 'watch',
      keep: isFolder || !chance(5),
      compare: chance(5) ? 'bytes' : 'meaning',
      isIpynb: chance(2),
      description: 'none',
      mayOpen: chance(3),
      importsFromPackage: chance(3),
      module: oneOf(moduleNames()),
      otherModule: oneOf(moduleNames()),
      undeclared: oneOf(dataFiles),
      child: is === 'notebook' ? oneOf(children.filter((child) => child !== 'spawn' && child !== 'forkserver')) : oneOf(children),
      childFile: oneOf(dataFiles),
      childModule: oneOf(moduleNames()),
      package: oneOf(['', '', 'alpha', 'beta']),
      lists: oneOf(['no', 'no', 'glob', 'pathlib', 'rglob', 'listdir', 'walk', 'child']),
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
  const anyModule = () => world.modules[oneOf(Object.keys(world.modules))] ?? assert.fail('no module');
  const history: World[] = [];
  const damaged = new Set<string>();
  const all: Readonly<Record<string, () => void>> = {
    data: () => void (world.files = { ...world.files, [oneOf([...realFiles, 'data/a/file.txt', 'data/b/file.txt'])]: `data ${100 + pick(900)}` }),
    'data of the same size and time': () => {
      const file = oneOf(realFiles);
      world.files = { ...world.files, [file]: `data ${100 + pick(900)}` };
      keepsTime = file;
    },
    'files that change places': () => {
      const [one, other] = [oneOf(realFiles), oneOf(realFiles)];
      if (one === other) return;
      const [first = '', second = ''] = [world.files[one], world.files[other]];
      for (const [from, to] of [[one, 'data/x'], [other, one], ['data/x', other]] as const) renameSync(path.join(folder, from), path.join(folder, to));
      world.files = { ...world.files, [one]: second, [other]: first };
      written = { ...written, [one]: second, [other]: first };
    },
    'link to another file': () => void (world.links = { ...world.links, 'data/link.txt': oneOf(['d0.txt', 'd1.txt', 'd2.txt']) }),
    'link to another folder': () => void (world.links = { ...world.links, 'data/folder': oneOf(['a', 'b']) }),
    'file that may be there': () => {
      world.files = world.files[optionalFile] === undefined ? { ...world.files, [optionalFile]: `there ${pick(10)}` } : without(world.files, optionalFile);
    },
    environment: () => void (world.environment = pick(3)),
    'environment of a task': () => void (anyTask().mode = pick(10)),
    'param of the pipeline': () => void (world.base = pick(1000)),
    'param that nobody uses': () => void (world.unusedParam = pick(1000)),
    check: () => void (anyTask().check = pick(3)),
    'script of checks': () => void (world.files = { ...world.files, 'check.sh': `: ${pick(1000)}` }),
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
      if (world.files[file] === undefined || chance(2)) world.files = { ...world.files, [file]: `glob ${pick(1000)}` };
      else world.files = without(world.files, file);
    },
    'renamed file of a glob': () => {
      const from = oneOf(['data/g/0.txt', 'data/g/1.txt']);
      const text = world.files[from];
      if (text === undefined) return;
      world.files = { ...without(world.files, from), [`data/g/${4 + pick(3)}.txt`]: text };
    },
    'file of a listed folder': () => {
      const file = `data/l/${oneOf(['', 'sub/'])}${pick(3)}${oneOf(['.csv', '.csv', '.txt'])}`;
      if (world.files[file] === undefined) world.files = { ...world.files, [file]: '' };
      else if (chance(3)) world.files = { ...world.files, [file]: `listed ${pick(1000)}` };
      else world.files = without(world.files, file);
    },
    module: () => void (anyModule().value = `module ${pick(1000)}`),
    extra: () => {
      const place = oneOf(extras);
      if (world.modules[place] === undefined) world.modules = { ...world.modules, [place]: { value: `extra ${pick(1000)}`, comment: '', docstring: '', unused: 0 } };
      else world.modules = without(world.modules, place);
    },
    package: () => void (world.packages = { ...world.packages, [oneOf(['alpha', 'beta'])]: `${pick(9)}.${pick(9)}` }),
    'optional package': () => {
      if (world.packages['extra'] === undefined) world.packages = { ...world.packages, extra: `${pick(9)}.0` };
      else world.packages = without(world.packages, 'extra');
    },
    constant: () => void (anyTask().constant = pick(1000)),
    param: () => void (anyTask().param = pick(1000)),
    'imported module': () => void (anyTask().module = oneOf(moduleNames())),
    'module of a child': () => void (anyTask().childModule = oneOf(moduleNames())),
    'undeclared file': () => void (anyTask().undeclared = oneOf(dataFiles)),
    'file of a child': () => void (anyTask().childFile = oneOf(dataFiles)),
    kind: () => {
      const task = anyTask();
      if (task.kind === 'python' || task.kind === 'call') task.kind = task.kind === 'python' ? 'call' : 'python';
    },
    'renamed module': () => {
      const from = oneOf(moduleNames());
      const to = from.endsWith('_renamed') ? from.replace('_renamed', '') : `${from}_renamed`;
      const module = world.modules[`modules/${from}`] ?? assert.fail(from);
      world.modules = { ...without(world.modules, `modules/${from}`), [`modules/${to}`]: module };
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
      if (history.length > 0) world = structuredClone(oneOf(history));
    },
    'deleted output': () => {
      const output = oneOf(outputs(anyTask()));
      damaged.add(output);
      damaged.add(path.posix.dirname(output));
      rmSync(path.join(folder, output), { force: true });
    },
    'changed output': () => {
      const output = oneOf(outputs(anyTask()));
      damaged.add(output);
      damaged.add(path.posix.dirname(output));
      writeFileSync(path.join(folder, output), 'damaged');
    },
    'module comment': () => void (anyModule().comment = `# ${pick(1000)}\n`),
    'module docstring': () => void (anyModule().docstring = String(pick(1000))),
    'script comment': () => void (anyTask().comment = `# ${pick(1000)}`),
    reformatting: () => {
      const task = anyTask();
      task.isLoose = !task.isLoose;
    },
    touch: () => utimesSync(path.join(folder, oneOf(realFiles)), new Date(), new Date()),
    'deleted cache': () => {
      if (mode === 'process') rmSync(path.join(folder, '.runweave', 'cache'), { recursive: true });
    },
    // And is corrected.
    'task that fails': () => undefined,
    nothing: () => undefined,
  };

  const linked = new Map<string, string>();
  let keepsTime = '';
  let written: Readonly<Record<string, string>> = {};
  let installed: Readonly<Record<string, string>> = {};
  /** How many files it wrote. */
  const writeAll = (): number => {
    let count = 0;
    const now = texts(world);
    for (const name of Object.keys(written)) {
      if (now[name] !== undefined) continue;
      count += 1;
      rmSync(path.join(folder, name), { force: true });
      if (name.endsWith('/extra/__init__.py')) rmSync(path.dirname(path.join(folder, name)), { recursive: true });
    }
    for (const [name, text] of Object.entries(now)) {
      if (written[name] === text) continue;
      count += 1;
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      const { atime, mtime } = keepsTime === name ? statSync(file) : { atime: 0, mtime: 0 };
      writeFileSync(file, text);
      if (keepsTime === name) utimesSync(file, atime, mtime);
    }
    keepsTime = '';
    written = now;
    for (const [link, target] of Object.entries(world.links)) {
      if (linked.get(link) === target) continue;
      rmSync(path.join(folder, link), { force: true });
      symlinkSync(target, path.join(folder, link));
      linked.set(link, target);
    }
    for (const name of new Set([...Object.keys(installed), ...Object.keys(world.packages)])) {
      const version = world.packages[name];
      if (installed[name] === version) continue;
      for (const old of [path.join(site, name), path.join(site, `${name}-${installed[name] ?? ''}.dist-info`)]) rmSync(old, { recursive: true, force: true });
      if (version === undefined) continue;
      mkdirSync(path.join(site, name));
      writeFileSync(path.join(site, name, '__init__.py'), `def text():\n    return '${version}'\n`);
      mkdirSync(path.join(site, `${name}-${version}.dist-info`));
      writeFileSync(path.join(site, `${name}-${version}.dist-info`, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
    }
    installed = { ...world.packages };
    return count;
  };

  let events: RunEvent[] = [];
  let isRunning = false;
  let told: () => void = () => undefined;
  process.env['ORACLE_FLAGS'] = flags;
  const open = (): Promise<Session> =>
    openSession({ file: path.join(folder, 'runweave.yaml'), python }, (message) => {
      if (message.type === 'event') events.push(message.event);
      if (message.type === 'status') isRunning = message.running;
      told();
    });
  let session = await open();
  let edit = 'first run';
  const where = (): string => `seed ${seed}, edit ${counts.edits} (${edit}) in ${folder}`;
  const run = async (outcome = 'success'): Promise<ReadonlyMap<string, readonly Reason[]>> => {
    events = [];
    if (mode === 'process') {
      await session.close();
      session = await open();
    }
    const result = await session.run({ tasks: [], force: false });
    const outputs = events.flatMap((event) => (event.type === 'output' ? [event.text] : []));
    assert.ok(!('code' in result) && result.outcome === outcome, `${where()}: ${JSON.stringify(result)} ${JSON.stringify(session.graph().diagnostics)} ${outputs.join('')}`);
    return executed();
  };
  const executed = (): ReadonlyMap<string, readonly Reason[]> => {
    const reasons = new Map<string, readonly Reason[]>();
    for (const event of events) if (event.type === 'task-stale') reasons.set(event.task, event.reasons);
    return new Map(events.flatMap((event) => (event.type === 'task-started' ? [[event.task as string, reasons.get(event.task) ?? []]] : [])));
  };
  const check = (): void => {
    const all = Object.assign({}, ...world.tasks.flatMap((task) => indexesOf(task).map((index) => expected(world, task, index)))) as Readonly<Record<string, string>>;
    for (const [output, text] of Object.entries(all)) {
      const file = path.join(folder, output);
      assert.equal(existsSync(file) ? readFileSync(file, 'utf8') : 'missing', text, `${where()}: ${output} is stale`);
    }
    for (const place of world.tasks.flatMap((task) => (task.isFolder ? outputs(task).map((output) => path.posix.dirname(output)) : []))) {
      for (const name of readdirSync(path.join(folder, place))) assert.ok(`${place}/${name}` in all, `${where()}: ${place}/${name} is left of another state`);
    }
  };

  let tick = 0;
  /** Resolves when a watch has taken up all that was written before; rejects if what it makes is not what it should be. */
  const followed = async (): Promise<ReadonlyMap<string, readonly Reason[]>> => {
    tick += 1;
    writeFileSync(path.join(folder, tickFile), String(tick));
    const made = path.join(folder, tickOutput);
    const start = performance.now();
    for (;;) {
      const isLast = performance.now() - start > longestWait;
      const message = new Promise<void>((resolve) => (told = resolve));
      if (!isRunning && readFileSync(made, 'utf8') === String(tick)) {
        try {
          check();
          break;
        } catch (error) {
          if (isLast) throw error;
        }
      } else assert.ok(!isLast, `${where()}: a change was not taken up`);
      const timer = setTimeout(told, longestWait);
      await message;
      clearTimeout(timer);
    }
    return new Map([...executed()].filter(([id]) => id !== 'tick'));
  };

  try {
    writeAll();
    if (mode === 'watch') writeFileSync(path.join(folder, tickFile), '');
    await run();
    check();
    const watch = mode === 'watch' ? await session.watch([]) : undefined;
    assert.ok(watch === undefined || !('code' in watch), where());
    const signatures = (): ReadonlyMap<string, string> => new Map(world.tasks.flatMap((task) => indexesOf(task).map((index) => [idOf(task, index), signature(world, task, index)])));
    let before = signatures();
    while (counts.edits < edits) {
      // What was kept is asked for by going back alone.
      edit = chance(6) ? 'revert' : oneOf(Object.keys(all));
      counts.edits += 1;
      events = [];
      all[edit]?.();
      if (edit === 'task that fails' && mode !== 'watch') {
        const task = anyTask();
        task.isBroken = true;
        writeAll();
        await run('failure');
        task.isBroken = false;
      }
      const isOneFile = writeAll() < 2;
      const ran = mode === 'watch' ? await followed() : await run();
      counts.executed += ran.size;
      counts.restored += events.filter((event) => event.type === 'task-skipped' && event.reason === 'restored').length;
      check();
      const now = signatures();
      for (const [id, reasons] of ran) {
        assert.ok(reasons.length > 0, `${where()}: ${id} ran without a reason`);
        const isDamaged = reasons.some((reason) => 'path' in reason && damaged.has(reason.path));
        // Objects are unpickled only on the word of the cache.
        const isLost = edit === 'deleted cache' && reasons.some((reason) => reason.type === 'never-ran') && world.tasks.some((task) => task.isReturning && task.kind !== 'shell' && indexesOf(task).some((index) => idOf(task, index) === id));
        const hasFailed = edit === 'task that fails' && reasons.some((reason) => reason.type === 'last-run-failed');
        // A watch may have seen a part of several files.
        if (before.get(id) !== now.get(id) || isDamaged || isLost || hasFailed || (mode === 'watch' && !isOneFile)) continue;
        counts.needless += 1;
        assert.fail(`${where()}: ${id} ran needlessly: ${JSON.stringify(reasons)}`);
      }
      before = now;
      damaged.clear();
      history.push(structuredClone(world));
      const again = await run();
      for (const [id, reasons] of again) {
        const isUnsettled = reasons.some((reason) => 'from' in reason && (reason.from === unsettled || reason.from === unsettledVersion)) || reasons.every((reason) => reason.type === 'upstream-changed');
        if (mode === 'watch' && !isUnsettled) counts.late += 1;
        else assert.ok(isUnsettled, `${where()}: a second run executes ${id}: ${JSON.stringify(reasons)}`);
      }
      counts.atTheTick += again.size;
      const further = again.size === 0 ? again : await run();
      assert.equal(further.size, 0, `${where()}: a further run executes ${[...further].map((each) => JSON.stringify(each)).join()}`);
    }
  } finally {
    await session.close();
  }
  rmSync(flags, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  return counts;
}
