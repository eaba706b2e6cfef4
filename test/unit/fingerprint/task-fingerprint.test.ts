import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createFileDigests, digestOf } from '../../../src/fingerprint/file-digests.ts';
import { fingerprintDifference } from '../../../src/fingerprint/staleness.ts';
import { unsettledVersion, withObserved, type ObservedUse } from '../../../src/fingerprint/executed-fingerprint.ts';
import { lookAtStart, type StartLook } from '../../../src/fingerprint/held-still.ts';
import { filesUsed, fingerprintTask, observedKey, resultDigest, sourceFiles, type FingerprintInputs } from '../../../src/fingerprint/task-fingerprint.ts';
import { absent, type Fingerprint } from '../../../src/model/fingerprint.ts';
import type { Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { taskOf as anyTask } from '../sketch.ts';

/** Digests here are those of bytes, unless meaning is what is tested. */
const taskOf: typeof anyTask = (fields) => anyTask({ compare: 'bytes', ...fields });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-fingerprint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes files that were there long before any task started. */
function files(contents: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(contents)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

const script = (name: string): Task['source'] => ({ kind: 'python', script: name });
const shell = (command: string): Task['source'] => ({ kind: 'shell', command });

function result(fields: Partial<TaskResult> = {}): TaskResult {
  return { runId: 'run' as RunId, traceId: 'trace' as TraceId, spanId: 'span' as SpanId, outcome: 'success', outputs: [], returns: {}, duration: 1, end: '1' as UnixNano, ...fields };
}

async function fingerprintOf(task: Task, more: Partial<FingerprintInputs> = {}): Promise<Fingerprint> {
  return fingerprintTask({ task, folder, params: {}, interpreter: undefined, upstream: () => undefined, last: undefined, ...more }, createFileDigests());
}

interface Observation extends Partial<Pick<ObservedUse, 'packages' | 'lookups'>> {
  readonly startedAt?: number;
  /** Absent: all was looked at just now. */
  readonly atStart?: StartLook;
  readonly last?: Fingerprint;
  readonly inputs?: readonly string[];
  readonly task?: Task;
  readonly isOwn?: (file: string) => boolean;
}

/** What a success stands for that was seen to use `modules` and `read`; it starts a minute from now unless said otherwise. */
async function observed(fingerprint: Fingerprint, modules: readonly string[], read: readonly string[], { startedAt = Date.now() + 60_000, atStart = looked(fingerprint), last, inputs = [], task = taskOf({ source: script('a.py'), compare: 'bytes' }), isOwn = () => false, ...more }: Observation = {}): Promise<Fingerprint> {
  const seen = { modules, read, stamps: {}, packages: {}, lookups: {}, listed: {}, ...more };
  return withObserved(fingerprint, seen, { task, folder, written: new Set(), startedAt, last, isInput: (file) => inputs.includes(file), isMade: () => false, atStart, movedUpstream: [], isCut: false, isOwnOutput: isOwn }, createFileDigests());
}

function looked(fingerprint: Fingerprint): StartLook {
  return lookAtStart({ folder, used: filesUsed(fingerprint), startedAt: Date.now() + 60_000, digests: createFileDigests() });
}

describe('scripts of checks', () => {
  const task = anyTask({ source: script('a.py'), compare: 'meaning', checks: [{ type: 'after', command: 'sh check.sh' }, { type: 'after', command: 'python validate.py' }] });
  const contents = { 'a.py': 'import lib # 1', 'lib.py': '', 'check.sh': ': 1', 'validate.py': 'pass # 1' };

  it('count after an execution as before it', async () => {
    files(contents);
    const last = await observed(await fingerprintOf(task), ['a.py', 'lib.py'], [], { task });
    assert.deepEqual(Object.keys(last.sources), ['a.py', 'check.sh', 'validate.py', 'lib.py']);
    assert.deepEqual(fingerprintDifference(last, await fingerprintOf(task, { last })), []);
  });

  it('count with every byte, and the sources of the task by their meaning all the same', async () => {
    files(contents);
    const last = await observed(await fingerprintOf(task), ['a.py', 'lib.py'], [], { task });
    files({ ...contents, 'a.py': 'import lib # 2' });
    assert.deepEqual(fingerprintDifference(last, await fingerprintOf(task, { last })), []);
    files({ ...contents, 'check.sh': ': 2', 'validate.py': 'pass # 2' });
    assert.deepEqual(fingerprintDifference(last, await fingerprintOf(task, { last })).map((reason) => reason.type === 'source-changed' && reason.path), ['check.sh', 'validate.py']);
  });
});

describe('packages and lookups', () => {
  it('are followed from one execution to the next', async () => {
    files({ 'a.py': '', 'lib.py': '', 'site-packages/alpha-1.0.dist-info/METADATA': '' });
    const site = path.join(folder, 'site-packages');
    const task = taskOf({ source: script('a.py'), compare: 'bytes' });
    const last = await observed(await fingerprintOf(task), ['a.py', 'lib.py'], [], { packages: { [site]: { alpha: '1.0' } }, lookups: { '.': 'json lib', 'site-packages': 'beta' } });
    assert.deepEqual(last.packages, { [site]: { alpha: '1.0' } });
    assert.deepEqual(fingerprintDifference(last, await fingerprintOf(task, { last })), []);
    files({ 'json.py': '', 'site-packages/beta-2.0.dist-info/METADATA': '', 'site-packages/beta.py': '' });
    renameSync(path.join(site, 'alpha-1.0.dist-info'), path.join(site, 'alpha-1.1.dist-info'));
    assert.deepEqual(fingerprintDifference(last, await fingerprintOf(task, { last })), [
      { type: 'source-changed', path: 'json.py', to: digestOf('') },
      { type: 'package-changed', name: 'alpha', from: '1.0', to: '1.1' },
      { type: 'package-changed', name: 'beta', to: '2.0' },
    ]);
  });

  it('a package that was installed meanwhile counts as it was at the start', async () => {
    files({ 'a.py': '', 'site-packages/alpha-1.0.dist-info/METADATA': '' });
    const site = path.join(folder, 'site-packages');
    const options = { packages: { [site]: { alpha: '1.0' } }, startedAt: Date.now() - 1000 };
    const fingerprint = await fingerprintOf(taskOf({ source: script('a.py') }));
    const first = await observed(fingerprint, ['a.py'], [], options);
    assert.deepEqual(first.packages, { [site]: { alpha: unsettledVersion } });
    assert.deepEqual((await observed(fingerprint, ['a.py'], [], { ...options, last: first })).packages, options.packages, 'one that the task installs itself, each time');
    const known = { ...fingerprint, packages: { [site]: { alpha: '0.9' } } };
    assert.deepEqual((await observed(known, ['a.py'], [], options)).packages, known.packages);
  });

  it('a module that the task makes itself is not looked for', async () => {
    files({ 'a.py': '', 'made.py': '', 'there.py': '' });
    const task = taskOf({ source: script('a.py'), compare: 'bytes' });
    const last = await observed(await fingerprintOf(task), ['a.py', 'made.py'], [], { lookups: { '.': 'made there' }, isOwn: (file) => file === 'made.py' });
    assert.deepEqual(Object.keys(last.sources), ['a.py', 'there.py']);
    assert.deepEqual(last.lookups, { '.': 'there' });
    assert.deepEqual(fingerprintDifference(last, await fingerprintOf(task, { last })), []);
  });
});

describe('the fingerprint of a task', () => {
  it('has every component', async () => {
    files({ 'a.py': 'print()', 'data.csv': '1' });
    const upstream = result({ outputs: [{ path: 'x', digest: digestOf('x'), size: 1 }] });
    const task = taskOf({ source: script('a.py'), inputs: ['data.csv', 'missing'], outputs: ['out'], dependencies: ['before' as TaskId, 'never' as TaskId], env: { MODE: 'fast' } });
    const fingerprint = await fingerprintOf(task, { params: { rate: 1 }, interpreter: 'CPython', upstream: (id) => (id === 'before' ? upstream : undefined) });
    assert.deepEqual(fingerprint, {
      definition: fingerprint.definition,
      definitionParts: { python: 'a.py', cwd: '.', outputs: ['out'] },
      params: { rate: 1 },
      sources: { 'a.py': digestOf('print()') },
      inputs: { 'data.csv': digestOf('1'), missing: absent },
      upstream: { before: resultDigest(upstream), never: absent },
      env: { MODE: 'fast' },
      interpreter: 'CPython',
    });
  });

  it('leaves out what says only when, how often and for whom', async () => {
    const task = taskOf({ source: shell('true') });
    const same = { ...task, retries: { max: 3, delay: 1, backoff: 2 }, timeout: 5, cpus: 4, watch: 'manual', cache: false, owner: 'me', tags: ['x'], description: 'y' } as const;
    assert.deepEqual(await fingerprintOf(same), await fingerprintOf(task));
  });

  it('differs by kind, command, cwd and outputs', async () => {
    const task = taskOf({ source: shell('echo 1') });
    const definitions = await Promise.all([
      fingerprintOf(task),
      fingerprintOf({ ...task, source: shell('echo 2') }),
      fingerprintOf({ ...task, cwd: 'sub' }),
      fingerprintOf({ ...task, outputs: ['x'] }),
      fingerprintOf({ ...task, source: script('echo 1') }),
      fingerprintOf({ ...task, source: { kind: 'notebook', notebook: 'echo 1' } }),
      fingerprintOf({ ...task, source: { kind: 'call', module: 'a', function: 'b' } }),
    ]);
    assert.equal(new Set(definitions.map(({ definition }) => definition)).size, 7);
  });

  it('counts what the last execution was seen to import and read', async () => {
    files({ 'a.py': '', 'lib.py': '1', 'read.txt': '1', 'declared.txt': '1' });
    const task = taskOf({ source: script('a.py') });
    const last: Fingerprint = { ...(await fingerprintOf(task)), sources: { 'a.py': digestOf(''), 'lib.py': digestOf('0') }, inputs: { [observedKey('read.txt')]: digestOf('0'), 'declared.txt': digestOf('1') } };
    const now = await fingerprintOf(task, { last });
    assert.deepEqual(now.sources, { 'a.py': digestOf(''), 'lib.py': digestOf('1') });
    assert.deepEqual(now.inputs, { [observedKey('read.txt')]: digestOf('1') }, 'an input that is declared no longer is left out');
  });
});

describe('source files', () => {
  it('are named by the definition', () => {
    files({ 'tasks/package/__init__.py': '', 'tasks/module.py': '' });
    assert.deepEqual(sourceFiles(taskOf({ source: script('tasks/a.py') }), folder), ['tasks/a.py']);
    assert.deepEqual(sourceFiles(taskOf({ source: { kind: 'notebook', notebook: 'n.ipynb' } }), folder), ['n.ipynb']);
    assert.deepEqual(sourceFiles(taskOf({ source: { kind: 'call', module: 'tasks.module', function: 'f' } }), folder), ['tasks/module.py']);
    assert.deepEqual(sourceFiles(taskOf({ source: { kind: 'call', module: 'tasks.package', function: 'f' } }), folder), ['tasks/package/__init__.py']);
  });

  const commands: readonly (readonly [command: string, expected: readonly string[]])[] = [
    ['./run', ['run']],
    ['bash -e scripts/a.sh x', ['scripts/a.sh']],
    ['python train.py --epochs 3', ['train.py']],
    ['python3.12 train.py', ['train.py']],
    ['MODE=fast python "train.py"', ['train.py']],
    ['uv run train.py && python train.py', ['train.py']],
    ['cat data.csv | python train.py', ['train.py']],
    ['bash scripts/a.sh; python train.py', ['scripts/a.sh', 'train.py']],
    ['bash made.sh', []],
    ['echo train', []],
    ['../outside.py', []],
    ['python -m train', ['train.py']],
    ['python -m json.tool data.csv', []],
    ['', []],
  ];
  for (const [command, expected] of commands) {
    it(`of \`${command}\` are ${expected.join(', ') || 'none'}`, () => {
      files({ run: '', 'scripts/a.sh': '', 'train.py': '', 'data.csv': '', 'made.sh': '' });
      assert.deepEqual(sourceFiles(taskOf({ source: shell(command), outputs: ['made.sh'] }), folder), expected);
    });
  }

  it('of a shell command are looked for in its working directory', () => {
    files({ 'sub/a.sh': '', 'b.sh': '' });
    assert.deepEqual(sourceFiles(taskOf({ source: shell('sh a.sh && sh b.sh && sh ../b.sh'), cwd: 'sub' }), folder), ['sub/a.sh', 'b.sh']);
  });

  it('of a shell command are not what it compiles, makes as an output, or takes from elsewhere', () => {
    files({ compiled: '\u007fELF\u0002\0\0', 'build/tool': '', '..a/gen.sh': '', 'one.json': '', two: '' });
    const command = 'cc -o compiled x.c && ./compiled && build/tool && sh ../gen.sh; ./two; cd ..; sh gen.sh; sh ..a/gen.sh; cd ..; cd ..a; sh gen.sh';
    assert.deepEqual(sourceFiles(taskOf({ source: shell(command), outputs: ['build'] }), folder), ['two']);
    assert.deepEqual(sourceFiles(taskOf({ source: shell('./compiled; cd ..a; sh gen.sh'), outputs: ['build/*'] }), folder), ['compiled', '..a/gen.sh']);
  });

  it('of a shell command that names others now do not linger', async () => {
    files({ 'a.sh': '1', 'b.sh': '1' });
    const last = await fingerprintOf(taskOf({ source: shell('sh a.sh; sh b.sh') }));
    assert.deepEqual(Object.keys(last.sources), ['a.sh', 'b.sh']);
    assert.deepEqual((await observed(last, [], [])).sources, last.sources, 'an execution keeps them all');
    assert.deepEqual(Object.keys((await fingerprintOf(taskOf({ source: shell('sh b.sh') }), { last })).sources), ['b.sh']);
  });

  it('of a shell command that are gone are a difference', async () => {
    files({ 'a.sh': '1' });
    const task = taskOf({ source: shell('sh a.sh') });
    const last = await fingerprintOf(task);
    rmSync(path.join(folder, 'a.sh'));
    assert.deepEqual(fingerprintDifference(last, await fingerprintOf(task, { last })), [{ type: 'source-changed', path: 'a.sh', from: digestOf('1') }]);
  });
});

describe('what a task was seen to use', () => {
  const task = taskOf({ source: script('a.py'), inputs: ['declared.txt'] });

  it('is part of what its success stands for', async () => {
    files({ 'a.py': '1', 'lib.py': '2', 'read.txt': '3', 'declared.txt': '4' });
    const success = await observed(await fingerprintOf(task), ['a.py', 'lib.py'], ['read.txt', 'declared.txt'], { inputs: ['declared.txt'] });
    assert.deepEqual(success.sources, { 'a.py': digestOf('1'), 'lib.py': digestOf('2') });
    assert.deepEqual(success.inputs, { 'declared.txt': digestOf('4'), [observedKey('read.txt')]: digestOf('3') });
    assert.deepEqual(fingerprintDifference(success, await fingerprintOf(task, { last: success })), [], 'and nothing is stale after it');
  });

  it('is dropped when it is used no more, except for what the definition names', async () => {
    files({ 'a.py': '1', 'lib.py': '2', 'other.py': '3', 'read.txt': '4' });
    const first = await observed(await fingerprintOf(task), ['a.py', 'lib.py'], ['read.txt']);
    const second = await observed(await fingerprintOf(task, { last: first }), ['other.py'], []);
    assert.deepEqual(Object.keys(second.sources), ['a.py', 'other.py']);
    assert.deepEqual(Object.keys(second.inputs), ['declared.txt']);
  });

  it('stays known when a task was killed before it could say anything', async () => {
    files({ 'a.py': '1', 'lib.py': '2', 'read.txt': '3' });
    const first = await observed(await fingerprintOf(task), ['a.py', 'lib.py'], ['read.txt']);
    const killed = await observed(await fingerprintOf(task, { last: first }), [], []);
    files({ 'lib.py': 'no longer hangs' });
    assert.deepEqual(
      fingerprintDifference(killed, await fingerprintOf(task, { last: killed })).map((reason) => reason.type === 'source-changed' && reason.path),
      ['lib.py'],
    );
  });

  it('counts as changed when it was seen first and changed after the task started', async () => {
    files({ 'a.py': '1', 'lib.py': '1', 'read.txt': '1' });
    const success = await observed(await fingerprintOf(task), ['a.py', 'lib.py'], ['read.txt'], { startedAt: Date.now() - 1000 });
    const types = fingerprintDifference(success, await fingerprintOf(task, { last: success })).map((reason) => reason.type);
    assert.deepEqual(types, ['source-changed', 'input-changed']);
  });

  it('counts as changed when an older file was moved there after the task started', async () => {
    files({ 'a.py': '1', 'older.txt': 'older' });
    utimesSync(path.join(folder, 'older.txt'), 1000, 1000);
    renameSync(path.join(folder, 'older.txt'), path.join(folder, 'read.txt'));
    const success = await observed(await fingerprintOf(task), ['a.py'], ['read.txt'], { startedAt: Date.now() - 1000 });
    assert.equal(fingerprintDifference(success, await fingerprintOf(task, { last: success })).length, 1);
  });

  it('that is gone afterwards counts as absent', async () => {
    files({ 'a.py': '1' });
    const success = await observed(await fingerprintOf(task), ['a.py'], ['gone.txt']);
    assert.equal(success.inputs[observedKey('gone.txt')], absent);
    files({ 'gone.txt': 'back' });
    assert.equal(fingerprintDifference(success, await fingerprintOf(task, { last: success })).length, 1);
  });
});

describe('what a result gives', () => {
  const output = { path: 'out', digest: digestOf('1'), size: 1 };

  it('is its outputs and returns, whoever made them and when', () => {
    assert.equal(resultDigest(result({ outputs: [output] })), resultDigest(result({ outputs: [output], spanId: 'other' as SpanId, end: '9' as UnixNano })));
    assert.equal(resultDigest(result({ returns: { a: 1, b: 2 } })), resultDigest(result({ returns: { b: 2, a: 1 } })));
    const all = [result({ outputs: [output] }), result({ outputs: [{ ...output, digest: digestOf('2') }] }), result({ returns: { a: 1 } }), result({ returns: { a: 2 } }), result({ outputs: [output], returns: { a: 1 } })];
    assert.equal(new Set(all.map(resultDigest)).size, all.length);
  });

  it('is another at each execution when nothing of it can be seen', () => {
    assert.notEqual(resultDigest(result()), resultDigest(result({ spanId: 'other' as SpanId })));
    assert.equal(resultDigest(result()), resultDigest(result()));
  });
});

describe('what of Python sources counts', () => {
  const python = (fields: Partial<Omit<Task, 'id'>> = {}): Task => anyTask({ source: script('a.py'), ...fields });
  /** Whether another text of `a.py` makes another fingerprint. */
  const isChange = async (task: Task, before: string, after: string, modules: Readonly<Record<string, string>> = {}): Promise<boolean> => {
    files({ 'a.py': before, ...modules });
    const last = await observed(await fingerprintOf(task), ['a.py', ...Object.keys(modules)], [], { task });
    files({ 'a.py': after });
    return fingerprintDifference(last, await fingerprintOf(task, { last })).length > 0;
  };

  it('is what it means', async () => {
    assert.equal(await isChange(python(), 'x = 1\n', '# why\nx=1\n'), false);
    assert.equal(await isChange(python(), 'x = 1\n', 'x = 2\n'), true);
    assert.equal(await isChange(python(), '"a"\nx = 1\n', '"b"\nx = 1\n'), false);
  });

  it('is every byte with `compare: bytes`, and where it is not understood', async () => {
    assert.equal(await isChange(python({ compare: 'bytes' }), 'x = 1\n', 'x=1\n'), true);
    assert.equal(await isChange(python(), 'x = (\n', 'x =  (\n'), true);
  });

  it('includes docstrings and bytes that a module which was seen later can read', async () => {
    assert.equal(await isChange(python(), 'import lib\n"a"\n', 'import lib # c\n"a"\n', { 'lib.py': 'x = 1\n' }), false);
    assert.equal(await isChange(python(), '"a"\nimport lib\n', '"b"\nimport lib\n', { 'lib.py': 'x = 1\n' }), false);
    assert.equal(await isChange(python(), '"a"\nimport lib\n', '"b"\nimport lib\n', { 'lib.py': 'print(x.__doc__)\n' }), true);
    assert.equal(await isChange(python(), '"a"\nimport lib\n', '"a"\nimport lib # c\n', { 'lib.py': 'print(x.__doc__)\n' }), false);
    assert.equal(await isChange(python(), 'import lib\n', 'import lib # c\n', { 'lib.py': 'import inspect\ninspect.getsource(x)\n' }), true);
  });

  it('leaves shell commands to bytes', async () => {
    const task = anyTask({ source: shell('python a.py') });
    files({ 'a.py': 'x = 1\n' });
    assert.deepEqual((await fingerprintOf(task)).sources, { 'a.py': digestOf('x = 1\n') });
  });

  it('names the cells of a notebook that changed', () => {
    const cells = (...sources: readonly string[]): string => JSON.stringify({ nbformat: 4, metadata: {}, cells: sources.map((source) => ({ cell_type: 'code', source, metadata: {} })) });
    const digests = createFileDigests();
    const digest = (text: string) => {
      files({ 'n.ipynb': text });
      return digests.meaningOf(path.join(folder, 'n.ipynb'), 'notebook')?.code ?? assert.fail();
    };
    const before = digest(cells('a', 'b', 'c', 'd'));
    assert.deepEqual(digests.changedCells(before, digest(cells('a', 'B', 'c', 'D'))), [2, 4]);
    assert.deepEqual(digests.changedCells(before, digest(cells('a', 'b', 'new', 'c', 'd'))), [3]);
    assert.deepEqual(digests.changedCells(before, digest(cells('a', 'b', 'd'))), []);
    assert.equal(digests.changedCells(before, digestOf('unknown')), undefined);
  });
});
