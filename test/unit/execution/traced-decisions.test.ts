import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { decide, readOutputs, type DecisionContext } from '../../../src/execution/decide.ts';
import { createDecisionMemory, type DecisionMemory } from '../../../src/execution/decision-memory.ts';
import { followSettled, settledTasks } from '../../../src/execution/settled-tasks.ts';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import { versionIn } from '../../../src/fingerprint/installed-packages.ts';
import { lookAtStart } from '../../../src/fingerprint/held-still.ts';
import { filesUsed } from '../../../src/fingerprint/task-fingerprint.ts';
import { withObserved, type ObservedUse } from '../../../src/fingerprint/executed-fingerprint.ts';
import type { Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { randomFrom } from '../random.ts';
import { taskOf } from '../sketch.ts';

let folder = '';
let elsewhere = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-traced-')));
  elsewhere = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-traced-')));
});
afterEach(() => {
  for (const each of [folder, elsewhere]) rmSync(each, { recursive: true, force: true });
});

const at = (name: string): string => path.resolve(folder, name);
const id = (name: string): TaskId => name as TaskId;
/** All files are older than what their times can tell apart. */
const later = (): number => Date.now() + 10_000;
const noUse: ObservedUse = { modules: [], read: [], stamps: {}, packages: {}, lookups: {}, listed: {} };

let written = 0;
/** Of another inode each time, as two writes within a tick of the file system's clock have the same times. */
function write(name: string, content: string): void {
  written += 1;
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(path.join(elsewhere, `new-${written}`), content);
  renameSync(path.join(elsewhere, `new-${written}`), at(name));
}

/** `uses`: what a Python task was seen to use, by its id. */
function world(tasks: readonly Task[], uses: Readonly<Record<string, Partial<ObservedUse>>> = {}) {
  const pipeline: Pipeline = { name: 'p', file: at('runweave.yaml'), folder, params: {}, secrets: [], record: { env: [], inline: 65536 }, onFailure: 'stop', slots: {}, tasks };
  const results = new Map<TaskId, TaskResult>();
  const digests = createFileDigests();
  const plain: DecisionContext = { folder, digests, interpreter: { path: '/usr/bin/python3', version: '3.14.0', origin: 'path' }, result: (task) => results.get(task) };
  const scope = { wanted: new Set(tasks.map((task) => task.id)), forced: new Set<TaskId>() };
  /** As if the task had run on what is there now. */
  const succeed = async (task: Task, memory?: DecisionMemory): Promise<void> => {
    const decided = await decide(task, true, plain);
    const observation = { task, folder, startedAt: later(), last: results.get(task.id)?.fingerprint, isMade: () => false, isInput: () => false, atStart: lookAtStart({ folder, used: filesUsed(decided.fingerprint), startedAt: later(), digests }), movedUpstream: [], isCut: false, written: new Set<string>(), isOwnOutput: () => false };
    const fingerprint = await withObserved(decided.fingerprint, { ...noUse, ...uses[task.id] }, observation, digests);
    const { outputs } = await readOutputs(task, folder, digests);
    results.set(task.id, { runId: 'run-1' as RunId, traceId: 't' as TraceId, spanId: `span-${task.id}` as SpanId, outcome: 'success', fingerprint, outputs, returns: {}, duration: 1, end: '1' as UnixNano });
    memory?.resultChanged(task.id);
  };
  const memoryNow = (): DecisionMemory => {
    const memory = createDecisionMemory(pipeline, undefined, later);
    memory.trustEvents(true);
    return memory;
  };
  return { pipeline, results, plain, scope, succeed, memoryNow };
}

describe('decisions of which is known afterwards what they looked at', () => {
  it('are what a decision made anew is, after any edits that are told', async () => {
    const python = (n: number): Task => taskOf({ id: `p${n}`, source: { kind: 'python', script: `s${n}.py` }, inputs: [`in${n % 3}.txt`], outputs: [`out/p${n}`] });
    const tasks = [
      ...[0, 1, 2, 3].map(python),
      taskOf({ id: 'called', source: { kind: 'call', module: 'lib.tool', function: 'main' }, dependencies: [id('p0')] }),
      taskOf({ id: 'folder', source: { kind: 'python', script: 's0.py' }, inputs: ['data'] }),
      taskOf({ id: 'glob', source: { kind: 'shell', command: 'cat tool.sh' }, inputs: ['data/*.csv'], outputs: ['made/*'] }),
      taskOf({ id: 'deep', source: { kind: 'shell', command: 'cat' }, inputs: ['**/deep?.csv'] }),
      taskOf({ id: 'plain', source: { kind: 'shell', command: 'cat in0.txt' }, inputs: ['in0.txt'], outputs: ['out/plain'] }),
    ];
    const uses = {
      p0: { modules: ['lib/a.py'], lookups: { '.': 'a json', lib: 'a b other' } },
      p1: { modules: ['lib/a.py', 'lib/b.py'], read: ['data/a.csv', 'data/gone.csv'], lookups: { '.': 'lib other' } },
      p2: { modules: ['lib/b.py'], listed: { data: ['*', '*.csv'] } },
      p3: { modules: ['lib/b.py'], listed: { '.': ['data/*/x*', '**/x*'] } },
      called: { modules: ['lib/tool.py', 'lib/a.py'], lookups: { lib: 'a tool' } },
      folder: { read: ['data/sub/x.csv'] },
    };
    const { plain, scope, succeed, memoryNow, pipeline } = world(tasks, uses);
    const files = ['s0.py', 's1.py', 's2.py', 's3.py', 'in0.txt', 'in1.txt', 'in2.txt', 'lib/a.py', 'lib/b.py', 'lib/tool.py', 'data/a.csv', 'data/sub/x.csv', 'made/one', ...[0, 1, 2, 3].map((n) => `out/p${n}`), 'out/plain'];
    const others = ['json.py', 'other/__init__.py', 'lib/other.py', 'lib/__init__.py', 'lib/tool/__init__.py', 'data/gone.csv', 'data/b.csv', 'data/sub/deeper/x.txt', 'deep1.csv', 'data/deep2.csv', 'tool.sh', 'made/two', 'unrelated.txt', 'lib/unrelated.txt'];
    const names = [...files, ...others];
    const random = randomFrom(11);
    const code = (n: number): string => `import a\n\ndef main():\n    return ${n}\n`;
    for (const name of files) write(name, code(0));
    for (const task of tasks) await succeed(task);
    let memory = memoryNow();
    let settledNow = followSettled(pipeline, scope, memory);
    let held = 0;
    let stale = 0;
    for (let step = 0; step < 150; step += 1) {
      const name = names[random(names.length)] ?? '';
      const edit = random(8);
      if (edit === 0) rmSync(at(name), { force: true });
      else if (edit === 1) rmSync(at(path.dirname(name) === '.' ? name : path.dirname(name)), { recursive: true, force: true });
      else if (edit === 2) write(name, code(random(3)));
      else if (edit === 3) write(name, `# a comment of step ${step}\n${code(0)}`);
      else if (edit === 4) await succeed(tasks[random(tasks.length)] ?? assert.fail(), memory);
      else if (edit === 5) {
        for (const each of files) write(each, code(0));
        for (const task of tasks) await succeed(task, memory);
        memory.touch(files.map(at));
      } else if (edit === 6 && step % 5 === 0) {
        memory = memoryNow();
        settledNow = followSettled(pipeline, scope, memory);
      }
      // As a watch tells of it: the file, the folders that came or went with it, and files in those.
      const parents = [path.dirname(name), path.dirname(path.dirname(name)), path.dirname(path.dirname(path.dirname(name)))];
      memory.touch([...new Set([name, ...parents, ...(edit === 1 ? names.filter((each) => each.startsWith(`${path.dirname(name)}/`)) : [])])].map(at));
      const settled = settledNow();
      assert.deepEqual(settled.open, settledTasks(pipeline, scope, memory).open, `step ${step}`);
      for (const task of tasks) {
        const anew = await decide(task, false, plain);
        if (memory.holds(task) && task.id !== 'plain') held += 1;
        if (anew.reasons.length > 0) stale += 1;
        assert.deepEqual({ ...(await decide(task, false, { ...plain, memory })) }, anew, `step ${step}, ${task.id} after edit ${edit} of ${name}`);
        if (settled.has(task.id)) assert.deepEqual(anew.reasons, [], `step ${step}, ${task.id}`);
      }
    }
    assert.ok(held > 300 && stale > 200, `${held} held, ${stale} stale`);
  });

  it('hold as long as what changes is none of what they looked at', async () => {
    const tasks = [
      ...[0, 1].map((n) => taskOf({ id: `p${n}`, source: { kind: 'python', script: `tasks/s${n}.py` }, inputs: [`in${n}.txt`], outputs: [`p${n}.out`] })),
      taskOf({ id: 'called', source: { kind: 'call', module: 'tools.run', function: 'main' } }),
      taskOf({ id: 'folder', source: { kind: 'shell', command: 'cat' }, inputs: ['data'] }),
      taskOf({ id: 'glob', source: { kind: 'shell', command: 'cat' }, inputs: ['data/*/*.csv'] }),
    ];
    for (const name of ['data/sub/deep/a.csv', 'tools/run.py', 'tools/run/data.txt', 'tasks/package/data.txt', 'tasks/s0.py', 'tasks/s1.py', 'tasks/a.py', 'in0.txt', 'in1.txt', 'p0.out', 'p1.out']) write(name, 'x = 1\n');
    const { plain, succeed, memoryNow } = world(tasks, { p0: { modules: ['tasks/a.py'], lookups: { tasks: 'a json package' } }, p1: { modules: ['tasks/s1.py'], lookups: { tasks: 'json' } } });
    for (const task of tasks) await succeed(task);
    const memory = memoryNow();
    const decideAll = async (): Promise<void> => {
      for (const task of tasks) await decide(task, false, { ...plain, memory });
    };
    const held = (): readonly TaskId[] => tasks.filter(memory.holds).map((task) => task.id);
    const edits: readonly (readonly [name: string, stillHeld: readonly string[]])[] = [
      ['in1.txt', ['p0', 'called', 'folder', 'glob']],
      ['tasks/a.py', ['p1', 'called', 'folder', 'glob']],
      // An editor that saves by a rename: the folder is another, its names are not.
      ['tasks/s1.py', ['p0', 'called', 'folder', 'glob']],
      // A name that an import looked for.
      ['tasks/json.py', ['called', 'folder', 'glob']],
      // Folders that a module of their name hides as long as they are no packages.
      ['tasks/package/__init__.py', ['p1', 'called', 'folder', 'glob']],
      ['tools/run/__init__.py', ['p0', 'p1', 'folder', 'glob']],
      ['unrelated.txt', ['p0', 'p1', 'called', 'folder', 'glob']],
      ['data/sub/new.csv', ['p0', 'p1', 'called']],
      ['data/sub/deep/new.csv', ['p0', 'p1', 'called', 'glob']],
    ];
    for (const [name, stillHeld] of edits) {
      for (const each of ['in1.txt', 'tasks/a.py', 'tasks/s1.py']) write(each, 'x = 1\n');
      const added = ['tasks/json.py', 'tasks/package/__init__.py', 'tools/run/__init__.py', 'data/sub/new.csv', 'data/sub/deep/new.csv'];
      for (const each of added) rmSync(at(each), { force: true });
      memory.touch(['in1.txt', 'tasks/a.py', 'tasks/s1.py', ...added].map(at));
      await decideAll();
      assert.deepEqual(held(), tasks.map((task) => task.id), `before ${name}`);
      write(name, 'x = 2\n');
      memory.touch([at(name)]);
      assert.deepEqual(held(), stillHeld, name);
    }
  });

  it('are looked at again where nobody tells of changes: beyond the folder, behind links, in folders of tools', async () => {
    const places = ['link/linked.py', '.venv/lib/site-packages/tool.py', path.relative(folder, path.join(elsewhere, 'shared.py'))];
    const tasks = [taskOf({ id: 'p', source: { kind: 'python', script: 's.py' } }), taskOf({ id: 'other', source: { kind: 'python', script: 's.py' } })];
    symlinkSync(path.join(elsewhere, 'real'), at('link'));
    mkdirSync(path.join(elsewhere, 'real'));
    for (const name of ['s.py', ...places]) write(name, 'x = 1\n');
    const { plain, succeed, memoryNow } = world(tasks, { p: { modules: places } });
    const memory = memoryNow();
    const interpreter = 'Python 3.14';
    memory.lookBeyond(interpreter);
    for (const [step, name] of [...places, 'the interpreter'].entries()) {
      for (const task of tasks) {
        await succeed(task, memory);
        await decide(task, false, { ...plain, memory });
      }
      memory.lookBeyond(interpreter);
      assert.deepEqual(tasks.filter(memory.holds), tasks, name);
      if (name === 'the interpreter') memory.lookBeyond('Python 3.15');
      else {
        write(name, `x = ${step + 2}\n`);
        memory.lookBeyond(interpreter);
      }
      assert.deepEqual(tasks.filter(memory.holds), name === 'the interpreter' ? [] : tasks.slice(1), name);
    }
  });

  it('are not made while nobody tells of changes, nor of what changed, or got another result, while they were made', async () => {
    const tasks = [taskOf({ id: 'p', source: { kind: 'python', script: 's.py' }, inputs: ['in.txt'] })];
    const [task] = tasks;
    assert.ok(task);
    for (const name of ['s.py', 'in.txt']) write(name, 'x = 1\n');
    const { plain, succeed, memoryNow } = world(tasks);
    await succeed(task);
    const memory = memoryNow();
    const decideWhile = async (meanwhile: () => void): Promise<boolean> => {
      memory.touch();
      const deciding = decide(task, false, { ...plain, memory });
      meanwhile();
      assert.deepEqual((await deciding).reasons, []);
      return memory.holds(task);
    };
    assert.equal(await decideWhile(() => undefined), true);
    assert.equal(await decideWhile(() => memory.resultChanged(task.id)), false);
    assert.equal(await decideWhile(() => memory.touch([at('other.txt')])), true);
    const replaceSource = (): void => {
      write('s.py', 'x = 1\n');
      memory.touch([at('s.py')]);
    };
    assert.equal(await decideWhile(replaceSource), false, 'its source is another file');
    assert.equal(await decideWhile(() => undefined), true);
    memory.trustEvents(false);
    assert.equal(memory.holds(task), false);
    assert.equal(await decideWhile(() => undefined), false);
  });

  it('are found out by a look at all files when an event was lost', async () => {
    const tasks = [taskOf({ id: 'p', source: { kind: 'python', script: 's.py' }, inputs: ['data'] })];
    for (const name of ['s.py', 'data/a.csv']) write(name, 'x = 1\n');
    const { plain, succeed, memoryNow } = world(tasks);
    const memory = memoryNow();
    for (const name of ['s.py', 'data/a.csv', 'data/b.csv']) {
      for (const task of tasks) {
        await succeed(task, memory);
        await decide(task, false, { ...plain, memory });
      }
      write(name, 'x = 2\n');
      assert.deepEqual(tasks.filter(memory.holds), tasks);
      const found: string[] = [];
      for await (const file of memory.verify()) found.push(file);
      assert.ok(found.length > 0, name);
      assert.deepEqual(tasks.filter(memory.holds), [], name);
    }
  });

  it('of a package hold until another build of it is installed, which has the same names', async () => {
    const site = path.join(elsewhere, 'site-packages');
    let builds = 0;
    const install = (): void => {
      builds += 1;
      const built = path.join(elsewhere, `build-${builds}`);
      mkdirSync(built);
      writeFileSync(path.join(built, 'direct_url.json'), '{"url": "file:///src/foo", "dir_info": {}}');
      writeFileSync(path.join(built, 'RECORD'), `foo.py,sha256=${builds},\n`);
      rmSync(path.join(site, 'foo-1.0.dist-info'), { recursive: true, force: true });
      renameSync(built, path.join(site, 'foo-1.0.dist-info'));
    };
    mkdirSync(site);
    install();
    const task = taskOf({ id: 'p', source: { kind: 'python', script: 's.py' } });
    write('s.py', 'import foo\n');
    const { plain, succeed, memoryNow } = world([task], { p: { modules: ['s.py'], packages: { [site]: { foo: versionIn(site, 'foo', createFileDigests()) ?? '' } } } });
    await succeed(task);
    const memory = memoryNow();
    memory.lookBeyond('Python 3.14');
    await decide(task, false, { ...plain, memory });
    assert.equal(memory.holds(task), true);
    install();
    memory.lookBeyond('Python 3.14');
    assert.equal(memory.holds(task), false);
  });
});
