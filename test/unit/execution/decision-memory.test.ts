import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { decide, readOutputs, type DecisionContext } from '../../../src/execution/decide.ts';
import { createDecisionMemory, type DecisionMemory } from '../../../src/execution/decision-memory.ts';
import type { SavedDecisions } from '../../../src/execution/saved-decisions.ts';
import { settledTasks } from '../../../src/execution/settled-tasks.ts';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import type { Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { randomFrom } from '../random.ts';
import { taskOf } from '../sketch.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-memory-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const id = (name: string): TaskId => name as TaskId;
/** All files are older than what their times can tell apart. */
const later = (): number => Date.now() + 10_000;

let written = 0;
/** Of another size and inode each time, as two writes within a tick of the file system's clock have the same times. */
function write(name: string, content: string): void {
  written += 1;
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(`new-${written}`), content);
  renameSync(at(`new-${written}`), at(name));
}

const shell = (name: string, command: string, inputs: readonly string[], outputs: readonly string[], needs: readonly string[] = []): Task =>
  taskOf({ id: name, source: { kind: 'shell', command }, inputs, outputs, dependencies: needs.map(id) });

function world(tasks: readonly Task[]) {
  const pipeline: Pipeline = { name: 'p', file: at('runweave.yaml'), folder, params: {}, secrets: [], record: { env: [], inline: 65536 }, onFailure: 'stop', slots: {}, tasks };
  const results = new Map<TaskId, TaskResult>();
  const digests = createFileDigests();
  const plain: DecisionContext = { folder, digests, interpreter: undefined, result: (task) => results.get(task) };
  const scope = { wanted: new Set(tasks.map((task) => task.id)), forced: new Set<TaskId>() };
  /** As if the task had run on what is there now. */
  const succeed = async (task: Task, memory?: DecisionMemory): Promise<void> => {
    const { fingerprint } = await decide(task, true, plain);
    const { outputs } = await readOutputs(task, folder, digests);
    results.set(task.id, { runId: `run-${written % 3}` as RunId, traceId: 't' as TraceId, spanId: `span-${task.id}` as SpanId, outcome: 'success', fingerprint, outputs, returns: {}, duration: 1, end: '1' as UnixNano });
    memory?.resultChanged(task.id);
  };
  return { pipeline, results, plain, scope, succeed };
}

describe('remembered decisions', () => {
  it('are what a decision made anew is, after any edits, in this process and in the next', async () => {
    const random = randomFrom(7);
    const tasks = Array.from({ length: 12 }, (_, n) => {
      const needs = n < 4 ? [] : [`t${n - 4}`, `t${n - 3}`];
      return shell(`t${n}`, n % 3 === 0 ? `tool${n}.sh in.txt` : 'cat in.txt', [`in${n % 5}.txt`, ...needs.map((need) => `out/${need}`)], [`out/t${n}`], needs);
    });
    const { pipeline, results, plain, scope, succeed } = world(tasks);
    const names = [...Array.from({ length: 5 }, (_, n) => `in${n}.txt`), ...tasks.map((task) => `out/${task.id}`), 'tool0.sh', 'tool3.sh', 'unrelated.txt'];
    for (const name of names.slice(0, -2)) write(name, name);
    for (const task of tasks) await succeed(task);
    let memory = createDecisionMemory(pipeline, undefined, later);
    let held = 0;
    let stale = 0;
    for (let step = 0; step < 300; step += 1) {
      const name = names[random(names.length)] ?? '';
      const edit = random(7);
      if (edit === 0) rmSync(at(name), { force: true });
      else if (edit === 1) write(name, name);
      else if (edit === 2) write(name, 'x'.repeat(step));
      else if (edit === 3) await succeed(tasks[random(tasks.length)] ?? assert.fail(), memory);
      else if (edit === 4) memory = createDecisionMemory(pipeline, JSON.parse(JSON.stringify(memory.export())) as SavedDecisions, later);
      else if (edit === 5) for (const task of tasks) await succeed(task, memory);
      // With a watcher, only what changed is told; without one, any file may have.
      if (random(2) === 0) memory.touch([at(name)]);
      else memory.touch();
      const settled = settledTasks(pipeline, scope, memory);
      for (const task of tasks) {
        const anew = await decide(task, false, plain);
        if (memory.holds(task)) {
          held += 1;
          const { runId, traceId, spanId } = results.get(task.id) ?? assert.fail();
          assert.deepEqual(memory.madeBy(task.id), { runId, traceId, spanId });
        }
        if (anew.reasons.length > 0) stale += 1;
        assert.deepEqual({ ...(await decide(task, false, { ...plain, memory })) }, anew, `step ${step}, ${task.id}`);
        if (settled.has(task.id)) assert.deepEqual(anew.reasons, [], `step ${step}, ${task.id}`);
      }
    }
    assert.ok(held > 500 && stale > 500, `${held} held, ${stale} stale`);
  });

  it('are not made of files that could change again without a trace, nor of what is only known later', async () => {
    const tasks = [shell('young', 'cat a.txt', ['a.txt'], ['young.out']), shell('folder', 'cat', ['data'], []), shell('glob', 'cat', ['*.txt'], []), taskOf({ id: 'python', source: { kind: 'python', script: 'a.py' }, inputs: ['a.txt'] })];
    for (const name of ['a.txt', 'young.out', 'data/b.txt', 'a.py']) write(name, name);
    const { pipeline, plain, succeed } = world(tasks);
    for (const task of tasks) await succeed(task);
    const now = Date.now();
    utimesSync(at('young.out'), now / 1000, now / 1000);
    for (const clock of [() => now, later]) {
      const memory = createDecisionMemory(pipeline, undefined, clock);
      for (const task of tasks) assert.deepEqual((await decide(task, false, { ...plain, memory })).reasons, []);
      assert.deepEqual(tasks.filter(memory.holds).map((task) => task.id), clock === later ? ['young'] : []);
    }
  });

  it('hold until a change is told, and are found out by a look at all files when it is not', async () => {
    const [a, b] = [shell('a', 'cat a.txt', ['a.txt'], ['a.out']), shell('b', 'cat a.out', ['a.out'], ['b.out'], ['a'])];
    for (const name of ['a.txt', 'a.out', 'b.out']) write(name, name);
    const { pipeline, plain, scope, succeed } = world([a, b]);
    for (const task of [a, b]) await succeed(task);
    const memory = createDecisionMemory(pipeline, undefined, later);
    for (const task of [a, b]) await decide(task, false, { ...plain, memory });
    memory.trustEvents(true);
    write('a.txt', 'another');
    assert.deepEqual(settledTasks(pipeline, scope, memory).open, []);
    assert.deepEqual(memory.verifyOf([at('a.out'), at('unknown.txt')]), []);
    const missed: string[] = [];
    for await (const file of memory.verify()) missed.push(file);
    assert.deepEqual(missed, [at('a.txt')]);
    assert.deepEqual(memory.verifyOf([at('a.out'), at('a.txt')]), [at('a.txt')]);
    assert.deepEqual(settledTasks(pipeline, scope, memory).open, [a, b], 'nor does what depends on it');
    assert.equal(memory.holds(b), true);
    memory.resultChanged(a.id);
    assert.equal(memory.holds(b), false);
  });

  it('hold no longer when a file changes that a link on the way leads to, or such a link does', async () => {
    const tasks = [shell('file', 'cat latest.csv', ['latest.csv'], ['file.out']), shell('folder', 'cat current/x.csv', ['current/x.csv'], ['folder.out'])];
    for (const name of ['data/1.csv', 'data/2.csv', 'v1/x.csv', 'v2/x.csv', 'file.out', 'folder.out']) write(name, name);
    const link = (target: string, name: string): void => {
      rmSync(at(name), { force: true });
      symlinkSync(target, at(name));
    };
    link('data/1.csv', 'first.csv');
    link('first.csv', 'latest.csv');
    link('v1', 'current');
    const { pipeline, plain, succeed } = world(tasks);
    const memory = createDecisionMemory(pipeline, undefined, later);
    memory.trustEvents(true);
    /** Tasks that hold no longer, once it is told of a change of that place alone. */
    const doubted = async (place: string, change: () => void): Promise<readonly string[]> => {
      for (const task of tasks) await succeed(task, memory);
      for (const task of tasks) await decide(task, false, { ...plain, memory });
      assert.equal(tasks.every(memory.holds), true);
      change();
      memory.touch([at(place)]);
      return tasks.filter((task) => !memory.holds(task)).map(({ id }) => id);
    };
    assert.deepEqual(await doubted('data/1.csv', () => write('data/1.csv', 'another')), ['file']);
    assert.deepEqual(await doubted('data/2.csv', () => write('data/2.csv', 'another')), []);
    assert.deepEqual(await doubted('first.csv', () => link('data/2.csv', 'first.csv')), ['file']);
    assert.deepEqual(await doubted('data/2.csv', () => write('data/2.csv', 'one more')), ['file']);
    assert.deepEqual(memory.verifyOf([at('data/2.csv')]), [at('data/2.csv')], 'of which nothing is known any more');
    assert.deepEqual(await doubted('v1/x.csv', () => write('v1/x.csv', 'another')), ['folder']);
    assert.deepEqual(await doubted('current', () => link('v2', 'current')), ['folder']);
    assert.deepEqual(await doubted('v2/x.csv', () => rmSync(at('v2/x.csv'))), ['folder']);
    link('nowhere.csv', 'latest.csv');
    assert.deepEqual(await doubted('nowhere.csv', () => write('nowhere.csv', 'there')), ['file']);
  });

  it('of another version, and those that are damaged, count as none', async () => {
    const a = shell('a', 'cat a.txt', ['a.txt'], ['a.out']);
    for (const name of ['a.txt', 'a.out']) write(name, name);
    const { pipeline, plain, succeed } = world([a]);
    await succeed(a);
    const memory = createDecisionMemory(pipeline, undefined, later);
    await decide(a, false, { ...plain, memory });
    const whole = memory.export();
    assert.equal(createDecisionMemory(pipeline, whole, later).holds(a), true);
    for (const part of [{ version: 1 }, { stamps: whole.stamps.slice(0, 40) }, { uses: '' }, { uses: whole.uses.slice(0, 8) }, { runs: [] }, { files: [] }, { makers: [] }, { files: undefined }, { stamps: null }, { runs: null }]) {
      assert.equal(createDecisionMemory(pipeline, { ...whole, ...part } as SavedDecisions, later).holds(a), false, JSON.stringify(part));
    }
  });

  it('that were being made while a change was told are looked at again', async () => {
    const a = shell('a', 'cat a.txt', ['a.txt'], ['a.out']);
    for (const name of ['a.txt', 'a.out']) write(name, name);
    const { pipeline, succeed } = world([a]);
    await succeed(a);
    const memory = createDecisionMemory(pipeline, undefined, later);
    const remember = memory.observe(a);
    write('a.txt', 'another');
    memory.touch([at('a.txt')]);
    remember?.({ runId: 'run-1' as RunId, traceId: 't' as TraceId, spanId: 'span-a' as SpanId });
    assert.equal(memory.holds(a), false);
  });

  it('that were made with a result which is another by now are not remembered', async () => {
    const a = shell('a', 'cat a.txt', ['a.txt'], ['a.out']);
    const b = shell('b', 'cat b.txt', ['b.txt'], ['b.out'], ['a']);
    for (const name of ['a.txt', 'a.out', 'b.txt', 'b.out']) write(name, name);
    const { pipeline, succeed } = world([a, b]);
    for (const task of [a, b]) await succeed(task);
    const memory = createDecisionMemory(pipeline, undefined, later);
    const made = { runId: 'run-1' as RunId, traceId: 't' as TraceId, spanId: 'span-b' as SpanId };
    const remember = memory.observe(b);
    memory.resultChanged(a.id);
    remember?.(made);
    assert.equal(memory.holds(b), false);
    memory.observe(b)?.(made);
    assert.equal(memory.holds(b), true);
  });
});
