import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AttemptResult } from '../../../src/execution/attempt.ts';
import { createDecisionMemory, type DecisionMemory } from '../../../src/execution/decision-memory.ts';
import { startRun, type RunningPipeline } from '../../../src/execution/scheduler.ts';
import { createFileDigests, type FileDigests } from '../../../src/fingerprint/file-digests.ts';
import type { Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { randomFrom } from '../random.ts';
import { taskOf } from '../sketch.ts';

let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-changes-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const id = (name: string): TaskId => name as TaskId;
/** All files are older than what their times can tell apart. */
const later = (): number => Date.now() + 10_000;
const noUse: AttemptResult['observed'] = { modules: [], read: [], stamps: {}, written: [], packages: {}, lookups: {}, listed: {} };

/** A folder in which runs go on, with attempts that the test ends; with a memory of decisions, or without one. */
function createWorld(name: string, tasks: readonly Task[], { isRemembering, jobs, onLook }: { readonly isRemembering: boolean; readonly jobs: number; readonly onLook?: (file: string) => void }) {
  const folder = path.join(root, name);
  const pipeline: Pipeline = { name: 'p', file: path.join(folder, 'runweave.yaml'), folder, params: {}, secrets: [], record: { env: [], inline: 65536 }, onFailure: 'continue', slots: {}, tasks };
  const results = new Map<TaskId, TaskResult>();
  const attempts: { readonly task: TaskId; readonly end: (outcome: AttemptResult['outcome'], output: string) => void; isOver: boolean }[] = [];
  let events: RunEvent[] = [];
  let written = 0;
  let time = 1n;
  const real = createFileDigests();
  const digests: FileDigests = {
    ...real,
    ofPath: (from, relative) => {
      onLook?.(relative);
      return real.ofPath(from, relative);
    },
  };
  let memory: DecisionMemory | undefined;
  if (isRemembering) {
    memory = createDecisionMemory(pipeline, undefined, later);
    memory.trustEvents(true);
  }
  const write = (file: string, content: string): void => {
    const absolute = path.join(folder, file);
    written += 1;
    for (const parent of [path.dirname(absolute), `${folder}-staging`]) mkdirSync(parent, { recursive: true });
    // Another inode, as two writes within a tick of the file system's clock have the same times.
    const temporary = path.join(`${folder}-staging`, String(written));
    writeFileSync(temporary, content);
    renameSync(temporary, absolute);
  };
  const start = (): RunningPipeline =>
    startRun(
      { pipeline, scope: { wanted: new Set(tasks.map((task) => task.id)), named: new Set(), forced: new Set(), unasked: false }, onFailure: 'continue' },
      {
        decision: { folder, digests, interpreter: undefined, result: (task) => results.get(task), ...(memory !== undefined && { memory }) },
        results: {
          get: (task) => results.get(task),
          started: (task, { time: end, ...started }) => {
            results.set(task, { ...started, outcome: 'error', outputs: [], returns: {}, duration: 0, end });
            memory?.resultChanged(task);
          },
          ended: (task, result) => {
            results.set(task, result);
            memory?.resultChanged(task);
          },
          close: () => undefined,
          prepare: () => undefined,
        },
        clock: { now: () => String(time++) as UnixNano },
        emit: (event) => events.push(event),
        runId: 'run' as RunId,
        traceId: 'trace' as TraceId,
        spanOf: (task) => `span-${task}` as SpanId,
        slots: { cpus: jobs, gpus: 1, memory: 100 },
        durations: () => ({}),
        attempt: (task, _decision, _number, _cause, signal) =>
          new Promise((resolve) => {
            const attempt = {
              task: task.id,
              isOver: false,
              end: (outcome: AttemptResult['outcome'], output: string): void => {
                if (attempt.isOver) return;
                attempt.isOver = true;
                if (outcome === 'success') for (const each of task.outputs) write(each === 'made' ? 'made/1' : each.replace('*', '1'), output);
                resolve({ outcome, returns: {}, observed: noUse });
              },
            };
            signal.addEventListener('abort', () => attempt.end('cancellation', ''));
            attempts.push(attempt);
          }),
      },
    );
  return {
    write,
    remove: (file: string) => rmSync(path.join(folder, file), { force: true }),
    touch: (...files: readonly string[]) => memory?.touch(files.map((file) => path.join(folder, file))),
    start,
    running: () => attempts.filter((attempt) => !attempt.isOver),
    /** What was told since it was asked for last. */
    told: () => {
      const said = events.map((event) => `${event.type} ${'task' in event ? event.task : ''} ${'outcome' in event ? event.outcome : ''} ${'reason' in event ? event.reason : ''} ${'reasons' in event ? JSON.stringify(event.reasons) : ''}`);
      events = [];
      return said.sort();
    },
  };
}

/** Decisions are made from small files, which are read at once: what follows from a change follows within a few turns. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await nextTurn();
}

const shell = (name: string, inputs: readonly string[], outputs: readonly string[], needs: readonly string[] = []): Task => taskOf({ id: name, source: { kind: 'shell', command: 'cat' }, inputs, outputs, dependencies: needs.map(id) });

describe('changes during a run', () => {
  it('do the same whether decisions are remembered or made anew', async () => {
    const tasks = [
      ...[0, 1, 2, 3].map((n) => shell(`t${n}`, [`in${n}.txt`, 'shared.txt'], [`out/t${n}`])),
      shell('folder', ['data'], ['out/folder']),
      shell('glob', ['data/*.csv', 'out/t0'], ['made/*.txt'], ['t0']),
      shell('last', ['out/t1', 'out/folder', 'in0.txt'], ['out/last'], ['t1', 'folder']),
      shell('end', ['out/last'], ['out/end'], ['last', 'glob']),
    ];
    const files = ['in0.txt', 'in1.txt', 'in2.txt', 'in3.txt', 'shared.txt', 'data/a.csv'];
    const names = [...files, 'data/b.csv', 'data/sub/c.txt', 'out/t1', 'out/t3', 'out/folder', 'made/1.txt', 'unrelated.txt'];
    // All can run at once: which of several takes a slot first depends on how fast they are decided.
    const worlds = [true, false].map((isRemembering) => createWorld(String(isRemembering), tasks, { isRemembering, jobs: 100 }));
    for (const world of worlds) for (const file of files) world.write(file, 'first');
    const random = randomFrom(5);
    let runs: readonly { readonly run: RunningPipeline; isOver: boolean }[] = [];
    let stale = 0;
    for (let step = 0; step < 250; step += 1) {
      if (runs.length === 0 || runs.every(({ isOver }) => isOver)) {
        runs = worlds.map((world) => {
          const started = { run: world.start(), isOver: false };
          void started.run.done.then(() => (started.isOver = true));
          return started;
        });
        await settled();
      }
      const action = random(5);
      const name = names[random(names.length)] ?? '';
      const content = `content ${random(3)}`;
      const which = random(8);
      const outcome = random(6) === 0 ? 'failure' : 'success';
      const running = (worlds[0]?.running() ?? []).map(({ task }) => task).sort();
      for (const [at, world] of worlds.entries()) {
        if (action <= 2 && running.length > 0) {
          const attempt = world.running().find(({ task }) => task === running[which % running.length]);
          attempt?.end(outcome, `made ${content}`);
          await settled();
          world.touch(...(tasks.find((task) => task.id === attempt?.task)?.outputs ?? []).map((output) => output.replace('*', '1')));
        } else {
          if (action === 3) world.remove(name);
          else world.write(name, content);
          world.touch(name, path.dirname(name));
        }
        await runs[at]?.run.changed();
        await settled();
      }
      const [remembering = [], anew = []] = worlds.map((world) => world.told());
      stale += anew.filter((each) => each.startsWith('task-stale')).length;
      assert.deepEqual(remembering, anew, `step ${step}: action ${action}, ${name}`);
      assert.deepEqual(worlds[0]?.running().map(({ task }) => task).sort(), worlds[1]?.running().map(({ task }) => task).sort(), `step ${step}`);
    }
    assert.ok(stale > 200, `${stale} stale`);
    for (const { run } of runs) run.cancel();
    await Promise.all(runs.map(({ run }) => run.done));
  });

  it('cost what they touch, however many tasks wait', async () => {
    const looked: string[] = [];
    const tasks = Array.from({ length: 40 }, (_, n) => shell(`t${n}`, [`in${n}.txt`], [`out/t${n}`]));
    const world = createWorld('many', tasks, { isRemembering: true, jobs: 2, onLook: (file) => looked.push(file) });
    for (const task of tasks) world.write(task.inputs[0] ?? '', 'first');
    const run = world.start();
    await settled();
    assert.equal(world.running().length, 2);
    // What was started since is looked at once more.
    world.touch('other.txt');
    await run.changed();
    await settled();
    looked.length = 0;
    world.write('in7.txt', 'second');
    world.touch('in7.txt');
    await run.changed();
    await settled();
    assert.deepEqual([...new Set(looked)].sort(), ['in7.txt']);
    run.cancel();
    await run.done;
  });

  for (const [what, output] of [['a file', 'out/a'], ['a folder', 'made'], ['a glob', 'made/*.txt']] as const) {
    it(`find out of ${what} that it has gone, before that is told, when a task that uses it is to start`, async () => {
      const [a, b] = [shell('a', ['in.txt'], [output]), shell('b', [output, 'other.txt'], ['out/b'], ['a'])];
      // Decided with what was there earlier, and of no consequence here.
      const c = shell('c', [output], ['out/c'], ['b']);
      const world = createWorld(output.replace('*', '1'), [a, b, c], { isRemembering: true, jobs: 2 });
      const made = { 'out/a': 'out/a', made: 'made/1', 'made/*.txt': 'made/1.txt' }[output];
      for (const file of ['in.txt', 'other.txt']) world.write(file, 'first');
      const runAll = async (run: RunningPipeline): Promise<void> => {
        const state = { isOver: false };
        void run.done.then(() => (state.isOver = true));
        await settled();
        while (!state.isOver) {
          for (const each of world.running()) {
            const file = each.task === id('a') ? made : `out/${each.task}`;
            each.end('success', 'made');
            await settled();
            world.touch(file, path.dirname(file));
          }
          await settled();
        }
      };
      await runAll(world.start());
      await runAll(world.start());
      world.remove(made);
      world.write('other.txt', 'second');
      world.touch('other.txt');
      const run = world.start();
      await settled();
      assert.deepEqual(world.running().map(({ task }) => task), ['a']);
      await runAll(run);
      assert.equal(await run.done, 'success');
    });
  }
});
