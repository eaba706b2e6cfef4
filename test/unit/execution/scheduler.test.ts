import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../src/model/json.ts';
import type { OnFailure, Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { digestOf, type FileDigests } from '../../../src/fingerprint/file-digests.ts';
import type { Results } from '../../../src/fingerprint/results.ts';
import type { DecisionContext } from '../../../src/execution/decide.ts';
import type { AttemptResult } from '../../../src/execution/attempt.ts';
import type { PlanScope } from '../../../src/execution/plan.ts';
import { startRun, type RunningPipeline } from '../../../src/execution/scheduler.ts';
import { taskOf } from '../sketch.ts';

const id = (text: string): TaskId => text as TaskId;

interface TaskSketch extends Partial<Pick<Task, 'watch' | 'cache' | 'cpus' | 'gpus' | 'memory' | 'params'>> {
  readonly needs?: readonly string[];
  readonly retries?: number;
  readonly inputs?: readonly string[];
}

function pipelineOf(sketch: Readonly<Record<string, TaskSketch>>): Pipeline {
  const tasks = Object.entries(sketch).map(([name, { needs = [], retries = 0, ...more }]) =>
    taskOf({ id: name, source: { kind: 'shell', command: `run ${name}` }, dependencies: needs.map(id), outputs: [`out/${name}`], retries: { max: retries, delay: 0, backoff: 1 }, ...more }),
  );
  return { name: 'sketch', file: '/p/runweave.yaml', folder: '/nowhere', params: {}, secrets: [], record: { env: [], inline: 65536 }, onFailure: 'stop', slots: {}, tasks };
}

/** A world without processes: a file is a string, an attempt is a promise that the test settles. `isPatient`: also one that is to end. */
function createWorld(slots = 8, { isPatient = false } = {}) {
  const files = new Map<string, string>();
  const results = new Map<TaskId, TaskResult>();
  const events: RunEvent[] = [];
  const attempts: { readonly task: string; readonly end: (outcome?: AttemptResult['outcome'], output?: string, returns?: JsonObject) => void; readonly signal: AbortSignal }[] = [];
  const waiters: (() => void)[] = [];
  let time = 1n;

  const digests: FileDigests = {
    importsOf: () => [], linksIn: () => new Set(), foldersIn: () => new Set(), rememberedParts: () => undefined,
    isFile: () => false, namesIn: () => undefined,
    meaningOf: () => undefined,
    changedCells: () => undefined,
    ofFile: () => Promise.resolve(undefined),
    isSlice: () => false,
    rememberParts: () => undefined,
    isCompiled: () => Promise.resolve(true),
    markCompiled: () => undefined,
    ofPath: (_folder, relative) => {
      const content = files.get(relative);
      return Promise.resolve(content === undefined ? undefined : { digest: digestOf(content), size: content.length });
    },
    export: () => ({}), isNew: () => false,
        sizeOf: () => undefined, takeContent: () => undefined, lastWrite: () => undefined, lastChange: () => undefined, lastChangeWithin: () => undefined,
  };
  const store: Results = {
    get: (task) => results.get(task),
    started: (task, { time: end, ...started }) => void results.set(task, { ...started, outcome: 'error', outputs: [], returns: {}, duration: 0, end }),
    ended: (task, result) => void results.set(task, result),
    close: () => undefined,
    prepare: () => undefined,
  };
  /** Results that fit what is there now, by task; a restore is settled by the test. */
  const keptOf = new Map<string, TaskResult>();
  const restores: { readonly task: string; readonly end: (isRestored: boolean) => void }[] = [];
  const kept: NonNullable<DecisionContext['kept']> = {
    find: ({ task }) => {
      const result = keptOf.get(task.id);
      return Promise.resolve(result?.fingerprint === undefined ? undefined : { file: '', size: 0, entry: { version: 1, key: '', used: 0, task: task.id, result: { ...result, fingerprint: result.fingerprint }, files: [] } });
    },
    restore: (task) =>
      new Promise((resolve) => {
        restores.push({ task: task.id, end: resolve });
        for (const wake of waiters.splice(0)) wake();
      }),
    clear: () => Promise.resolve({ putBack: () => Promise.resolve(undefined), settle: () => Promise.resolve(), stayed: new Set() }),
    keep: (task, result) => {
      keptOf.set(`${task.id} kept`, result);
      return Promise.resolve(undefined);
    },
    fingerprints: () => [],
    prepare: () => undefined,
    makeRoom: () => undefined,
  };
  const run = (pipeline: Pipeline, options: { readonly onFailure?: OnFailure; readonly scope?: Partial<PlanScope>; readonly changesSettled?: () => Promise<void> } = {}): RunningPipeline => {
    const scope: PlanScope = { wanted: new Set(pipeline.tasks.map((task) => task.id)), named: new Set(), forced: new Set(), unasked: false, ...options.scope };
    return startRun(
      { pipeline, scope, onFailure: options.onFailure ?? 'stop' },
      {
        decision: { folder: '/nowhere/runweave-test', digests, interpreter: undefined, result: store.get, kept },
        results: store,
        clock: { now: () => String(time++) as UnixNano },
        emit: (event) => {
          events.push(event);
          for (const wake of waiters.splice(0)) wake();
        },
        runId: 'run' as RunId,
        traceId: 'trace' as TraceId,
        spanOf: (task) => `span-${task}` as SpanId,
        slots: { cpus: slots, gpus: 1, memory: 100 },
        ...(options.changesSettled !== undefined && { changesSettled: options.changesSettled }),
        durations: () => Object.fromEntries([...results].map(([task, { duration }]) => [task, duration])),
        attempt: (task, _decision, _number, _cause, signal) =>
          new Promise((resolve) => {
            const end = (outcome: AttemptResult['outcome'] = 'success', output = `made by ${task.id}`, returns: JsonObject = {}): void => {
              if (outcome === 'success') files.set(`out/${task.id}`, output);
              resolve({ outcome, returns, observed: { modules: [], read: [], stamps: {}, written: [], packages: {}, lookups: {}, listed: {} } });
            };
            if (!isPatient) signal.addEventListener('abort', () => end('cancellation'));
            attempts.push({ task: task.id, end, signal });
            for (const wake of waiters.splice(0)) wake();
          }),
      },
    );
  };
  /** Resolves once `condition` holds; conditions are looked at after every event and every started attempt. */
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const started = (): readonly string[] => attempts.map((attempt) => attempt.task);
  const untilStarted = async (...names: readonly string[]): Promise<void> => until(() => names.every((name) => started().filter((task) => task === name).length >= names.filter((other) => other === name).length));
  /** Ends the latest attempt at a task. */
  const end = (task: string, ...how: Parameters<(typeof attempts)[number]['end']>): void => attempts.findLast((attempt) => attempt.task === task)?.end(...how);
  /** Runs everything to its end, every attempt a success. */
  const runAll = async (pipeline: Pipeline, scope?: Partial<PlanScope>): Promise<readonly string[]> => {
    const from = attempts.length;
    const running = run(pipeline, scope === undefined ? {} : { scope });
    let next = from;
    const state = { over: false };
    void running.done.then(() => {
      state.over = true;
      for (const wake of waiters.splice(0)) wake();
    });
    for (;;) {
      await until(() => state.over || attempts.length > next);
      if (state.over) return started().slice(from);
      attempts[next]?.end();
      next += 1;
    }
  };
  const outcomes = (): Readonly<Record<string, string>> => {
    const last: Record<string, string> = {};
    for (const event of events) {
      if (event.type === 'task-ended') last[event.task] = event.outcome;
      if (event.type === 'task-skipped') last[event.task] = `skip: ${event.reason}`;
    }
    return last;
  };
  return { keptOf, restores, files, results, events, attempts, run, runAll, until, untilStarted, end, started, outcomes };
}

/** a → b → d, a → c → d */
const diamond = pipelineOf({ a: {}, b: { needs: ['a'] }, c: { needs: ['a'] }, d: { needs: ['b', 'c'] } });

describe('restoring', () => {
  const pipeline = pipelineOf({ a: { inputs: ['in'] }, b: { needs: ['a'] } });
  /** Has run with `in` as it is now and with another one before. */
  const twice = async () => {
    const world = createWorld();
    world.files.set('in', 'one');
    await world.runAll(pipeline);
    const first = world.results.get(id('a'));
    assert.ok(first);
    world.files.set('in', 'two');
    await world.runAll(pipeline);
    world.files.set('in', 'one');
    return { ...world, first };
  };

  it('gives what the earlier run gave, with no attempt', async () => {
    const world = await twice();
    world.keptOf.set('a', { ...world.first, runId: 'earlier' as RunId });
    const before = world.attempts.length;
    const running = world.run(pipeline);
    await world.until(() => world.restores.length === 1);
    world.restores[0]?.end(true);
    assert.equal(await running.done, 'success');
    assert.equal(world.attempts.length, before);
    const skipped = world.events.findLast((event) => event.type === 'task-skipped' && event.task === 'a');
    assert.deepEqual(skipped?.type === 'task-skipped' && [skipped.reason, skipped.madeBy?.runId], ['restored', 'earlier']);
    assert.equal(world.results.get(id('a'))?.runId, 'earlier');
    assert.deepEqual(await world.runAll(pipeline), []);
  });

  it('that does not succeed runs the task', async () => {
    const world = await twice();
    world.keptOf.set('a', world.first);
    const before = world.attempts.length;
    const running = world.run(pipeline);
    await world.until(() => world.restores.length === 1);
    world.restores[0]?.end(false);
    await world.until(() => world.attempts.length > before);
    world.end('a');
    assert.equal(await running.done, 'success');
    assert.equal(world.outcomes()['a'], 'success');
    assert.equal(world.keptOf.get('a kept')?.outcome, 'success');
  });

  it('starts again when a change comes meanwhile, never two at once', async () => {
    const world = await twice();
    world.keptOf.set('a', world.first);
    const before = world.attempts.length;
    const running = world.run(pipeline);
    await world.until(() => world.restores.length === 1);
    world.files.set('in', 'three');
    world.keptOf.delete('a');
    await running.changed();
    assert.equal(world.attempts.length, before);
    world.restores[0]?.end(true);
    await world.until(() => world.attempts.length > before);
    world.end('a');
    assert.equal(await running.done, 'success');
    assert.equal(world.outcomes()['a'], 'success');
  });
});

describe('order and slots', () => {
  it('starts a task when all that it needs is done', async () => {
    const world = createWorld();
    const running = world.run(diamond);
    await world.untilStarted('a');
    assert.deepEqual(world.started(), ['a']);
    world.end('a');
    await world.untilStarted('b', 'c');
    world.end('c');
    world.end('b');
    await world.untilStarted('d');
    world.end('d');
    assert.equal(await running.done, 'success');
  });

  it('never uses more slots than there are', async () => {
    const world = createWorld(2);
    const running = world.run(pipelineOf({ a: {}, b: {}, c: {}, wide: { cpus: 64 } }));
    await world.untilStarted('a', 'b');
    assert.equal(world.started().length, 2);
    world.end('a');
    world.end('b');
    await world.untilStarted('c');
    world.end('c');
    await world.untilStarted('wide');
    world.end('wide');
    assert.equal(await running.done, 'success');
  });

  it('lets what needs no GPU pass a task that waits for one, and what needs none of its memory', async () => {
    const world = createWorld(8);
    const running = world.run(pipelineOf({ first: { gpus: 1 }, second: { gpus: 2 }, plain: {}, large: { memory: 60 }, larger: { memory: 500 }, small: { memory: 1 } }));
    await world.untilStarted('first', 'plain', 'large');
    // `small` would fit, but what it takes is awaited by `larger`.
    assert.deepEqual(world.started(), ['first', 'plain', 'large']);
    world.end('first');
    await world.untilStarted('second');
    world.end('large');
    await world.untilStarted('larger');
    assert.ok(!world.started().includes('small'));
    world.end('larger');
    await world.untilStarted('small');
    for (const task of ['second', 'plain', 'small']) world.end(task);
    assert.equal(await running.done, 'success');
  });

  it('starts what has the longest way to the end first, by how long tasks took before', async () => {
    const world = createWorld(1);
    const pipeline = pipelineOf({ short: {}, tall: {}, after: { needs: ['tall'] } });
    await world.runAll(pipeline);
    for (const [task, duration] of [['short', 50], ['tall', 10], ['after', 60]] as const) {
      const result = world.results.get(id(task));
      assert.ok(result);
      world.results.set(id(task), { ...result, duration });
    }
    const from = world.started().length;
    await world.runAll(pipeline, { forced: new Set(['short', 'tall', 'after'].map(id)) });
    // A slot is not kept free while it is decided whether `after` is stale.
    assert.deepEqual(world.started().slice(from), ['tall', 'short', 'after']);
  });

  it('goes through a chain of 5000 tasks without recursion', async () => {
    const chain = pipelineOf(Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`t${n}`, n === 0 ? {} : { needs: [`t${n - 1}`] }])));
    const world = createWorld();
    const running = world.run(chain);
    await world.untilStarted('t0');
    world.end('t0', 'failure');
    assert.equal(await running.done, 'failure');
    assert.equal(world.outcomes()['t4999'], 'skip: upstream');
  });
});

describe('staleness', () => {
  it('runs nothing the second time, and links to the span that made the outputs', async () => {
    const world = createWorld();
    assert.equal((await world.runAll(diamond)).length, 4);
    assert.deepEqual(await world.runAll(diamond), []);
    const skip = world.events.findLast((event) => event.type === 'task-skipped');
    assert.deepEqual(skip?.madeBy, { runId: 'run', traceId: 'trace', spanId: `span-${skip?.task ?? ''}` });
  });

  it('stops the wave at a task that makes the same again', async () => {
    const world = createWorld();
    await world.runAll(diamond);
    world.results.delete(id('a'));
    assert.deepEqual(await world.runAll(diamond), ['a']);
  });

  it('says what changed', async () => {
    const world = createWorld();
    const pipeline = pipelineOf({ a: { params: { rate: 1 }, inputs: ['in.csv'] } });
    await world.runAll(pipeline);
    world.files.set('in.csv', 'new');
    await world.runAll(pipelineOf({ a: { params: { rate: 2 }, inputs: ['in.csv'] } }));
    const stale = world.events.findLast((event) => event.type === 'task-stale');
    assert.deepEqual(
      stale?.reasons.map((reason) => reason.type),
      ['param-changed', 'input-changed'],
    );
  });

  it('runs again what was changed or deleted behind its back', async () => {
    const world = createWorld();
    await world.runAll(diamond);
    world.files.set('out/b', 'edited');
    world.files.delete('out/c');
    assert.deepEqual(new Set(await world.runAll(diamond)), new Set(['b', 'c']));
  });

  it('runs forced tasks alone when their outputs stay the same', async () => {
    const world = createWorld();
    await world.runAll(diamond);
    assert.deepEqual(await world.runAll(diamond, { forced: new Set([id('b')]) }), ['b']);
  });

  it('runs `cache: false` each time it is asked, but not because of a change elsewhere', async () => {
    const world = createWorld();
    const pipeline = pipelineOf({ a: { cache: false } });
    await world.runAll(pipeline);
    assert.deepEqual(await world.runAll(pipeline), ['a']);
    assert.deepEqual(await world.runAll(pipeline, { unasked: true }), []);
  });

  it('leaves manual tasks alone unless named, and lazy ones after a change', async () => {
    const world = createWorld();
    const pipeline = pipelineOf({ lazy: { watch: 'lazy' }, manual: { watch: 'manual' }, after: { needs: ['manual'] } });
    assert.deepEqual(await world.runAll(pipeline, { unasked: true }), []);
    assert.equal(world.outcomes()['after'], 'skip: upstream');
    assert.deepEqual(await world.runAll(pipeline), ['lazy']);
    assert.deepEqual(await world.runAll(pipeline, { named: new Set([id('manual')]) }), ['manual', 'after']);
  });

  it('lets wait what depends on a manual task as long as an output of that is gone', async () => {
    const world = createWorld();
    const pipeline = pipelineOf({ manual: { watch: 'manual' }, after: { needs: ['manual'], inputs: ['after.csv'] }, slow: { inputs: ['slow.csv'] } });
    await world.runAll(pipeline, { named: new Set([id('manual')]) });
    const before = world.attempts.length;
    const made = world.files.get('out/manual') ?? '';
    world.files.set('after.csv', 'new').set('slow.csv', 'new').delete('out/manual');
    const running = world.run(pipeline);
    await world.until(() => world.outcomes()['after'] === 'skip: upstream' && world.attempts.length > before);
    assert.deepEqual(world.started().slice(before), ['slow']);
    world.files.set('out/manual', made);
    await running.changed();
    await world.untilStarted('after', 'after');
    world.files.delete('out/manual');
    await running.changed();
    await world.until(() => world.attempts.at(-1)?.signal.aborted === true && world.outcomes()['after'] === 'skip: upstream');
    world.end('slow');
    assert.equal(await running.done, 'success');
  });

  it('resolves what an upstream task returned, and fails when it did not return it', async () => {
    const world = createWorld();
    const pipeline = pipelineOf({ a: {}, b: { needs: ['a'], params: { n: '${tasks.a.returns.n}' } } });
    const first = world.run(pipeline);
    await world.untilStarted('a');
    world.end('a', 'success', 'x', { n: 42 });
    await world.untilStarted('b');
    world.end('b');
    await first.done;
    const started = world.events.findLast((event) => event.type === 'task-started');
    assert.deepEqual(started?.params, { n: 42 });

    const second = world.run(pipeline, { scope: { forced: new Set([id('a')]) } });
    await world.untilStarted('a', 'a');
    world.end('a', 'success', 'x', {});
    assert.equal(await second.done, 'failure');
    const ended = world.events.findLast((event) => event.type === 'task-ended');
    assert.equal(ended?.failure?.type, 'missing-return');
  });
});

describe('failures', () => {
  it('tries again as often as the task allows', async () => {
    const world = createWorld();
    const running = world.run(pipelineOf({ a: { retries: 2 } }));
    await world.untilStarted('a');
    world.end('a', 'failure');
    await world.untilStarted('a', 'a');
    world.end('a', 'timeout');
    await world.untilStarted('a', 'a', 'a');
    world.end('a');
    assert.equal(await running.done, 'success');
  });

  const twoBranches = pipelineOf({ bad: {}, afterBad: { needs: ['bad'] }, good: {}, afterGood: { needs: ['good'] } });

  it('with on_failure: stop starts nothing more, and lets what runs end', async () => {
    const world = createWorld();
    const running = world.run(twoBranches);
    await world.untilStarted('bad', 'good');
    world.end('bad', 'failure');
    await world.until(() => world.outcomes()['bad'] === 'failure');
    world.end('good');
    assert.equal(await running.done, 'failure');
    assert.deepEqual(world.outcomes(), { bad: 'failure', afterBad: 'skip: upstream', good: 'success', afterGood: 'skip: stopped' });
  });

  it('with on_failure: continue goes on with all that does not depend on the failure', async () => {
    const world = createWorld();
    const running = world.run(twoBranches, { onFailure: 'continue' });
    await world.untilStarted('bad', 'good');
    world.end('bad', 'failure');
    world.end('good');
    await world.untilStarted('afterGood');
    world.end('afterGood');
    assert.equal(await running.done, 'failure');
    assert.equal(world.outcomes()['afterGood'], 'success');
  });

  it('is run again when asked, but after a change only if the change concerns it', async () => {
    const world = createWorld();
    const pipeline = pipelineOf({ a: { inputs: ['in.csv'] } });
    const running = world.run(pipeline);
    await world.untilStarted('a');
    world.end('a', 'failure');
    await running.done;
    assert.deepEqual(await world.runAll(pipeline, { unasked: true }), []);
    world.files.set('in.csv', 'new');
    assert.deepEqual(await world.runAll(pipeline, { unasked: true }), ['a']);
  });

  it('fails a task that did not make its output', async () => {
    const world = createWorld();
    const running = world.run(pipelineOf({ a: {} }));
    await world.untilStarted('a');
    const attempt = world.attempts[0];
    attempt?.end('success');
    world.files.delete('out/a');
    assert.equal(await running.done, 'failure');
    const ended = world.events.findLast((event) => event.type === 'task-ended');
    assert.equal(ended?.failure?.type, 'missing-output');
  });

  it('cancels what runs and skips the rest', async () => {
    const world = createWorld();
    const running = world.run(diamond);
    await world.untilStarted('a');
    running.cancel();
    assert.equal(await running.done, 'cancellation');
    assert.equal(world.outcomes()['a'], 'cancellation');
    assert.equal(world.outcomes()['d'], 'skip: stopped');
  });
});

describe('a change during the run', () => {
  const pipeline = pipelineOf({ a: { inputs: ['a.csv'] }, b: { inputs: ['b.csv'] }, c: { needs: ['a'] } });

  it('belongs to the run also when all is done, until changes are settled', async () => {
    const world = createWorld();
    const asked: (() => void)[] = [];
    let askedTwice = (): void => undefined;
    const twice = new Promise<void>((resolve) => (askedTwice = resolve));
    const running = world.run(pipelineOf({ a: { inputs: ['a.csv'] } }), {
      changesSettled: () =>
        new Promise((resolve) => {
          asked.push(resolve);
          if (asked.length === 2) askedTwice();
          // The second file of two that were saved together comes when the first one's task is done.
          else void running.changed().then(async () => {
            world.files.set('a.csv', 'more');
            assert.equal(await running.changed(), true);
            resolve();
            await world.untilStarted('a', 'a');
            world.end('a');
          });
        }),
    });
    await world.untilStarted('a');
    world.end('a');
    await twice;
    assert.deepEqual(world.started(), ['a', 'a']);
    asked[1]?.();
    assert.equal(await running.done, 'success');
    assert.equal(await running.changed(), false);
  });

  it('makes an output again that was taken away from a task that was up to date', async () => {
    const world = createWorld();
    await world.runAll(pipeline);
    const before = world.attempts.length;
    world.files.set('b.csv', 'new');
    const running = world.run(pipeline);
    await world.until(() => world.attempts.length > before && world.outcomes()['c'] === 'skip: up-to-date');
    world.files.delete('out/a');
    await running.changed();
    await world.until(() => world.attempts.length === before + 2);
    world.end('b', 'failure');
    world.end('a');
    assert.equal(await running.done, 'failure');
    assert.deepEqual(world.started().slice(before), ['b', 'a']);
    assert.equal(world.outcomes()['a'], 'success');
  });

  it('makes an output again that was taken away from a task of this run, but not without end', async () => {
    const world = createWorld();
    const running = world.run(pipelineOf({ a: {}, thief: { needs: ['a'] } }));
    for (let times = 1; times <= 4; times += 1) {
      await world.until(() => world.started().filter((task) => task === 'a').length === times);
      world.end('a');
      await world.until(() => world.started().filter((task) => task === 'thief').length === times);
      world.files.delete('out/a');
      await running.changed();
      assert.equal(world.attempts.findLast(({ task }) => task === 'thief')?.signal.aborted, times < 4);
    }
    world.end('thief');
    assert.equal(await running.done, 'success');
    assert.equal(world.attempts.length, 8);
  });

  it('lets a task go on to its end that writes to its input whenever it runs', async () => {
    const world = createWorld();
    const running = world.run(pipeline);
    await world.untilStarted('a', 'b');
    const last = 11;
    for (let attempt = 1; attempt <= last; attempt += 1) {
      await world.until(() => world.started().filter((task) => task === 'a').length === attempt);
      world.files.set('a.csv', String(attempt));
      await running.changed();
      assert.equal(world.attempts.findLast(({ task }) => task === 'a')?.signal.aborted, attempt < last);
    }
    world.end('a');
    world.end('b');
    await world.untilStarted('c');
    world.end('c');
    assert.equal(await running.done, 'success');
    assert.equal(world.started().filter((task) => task === 'a').length, last);
  });

  it('restarts the task it affects and leaves the rest running', async () => {
    const world = createWorld();
    const running = world.run(pipeline);
    await world.untilStarted('a', 'b');
    world.files.set('a.csv', 'new');
    await running.changed();
    await world.untilStarted('a', 'b', 'a');
    assert.equal(world.attempts[0]?.signal.aborted, true);
    assert.equal(world.attempts[1]?.signal.aborted, false);
    world.end('a');
    world.end('b');
    await world.untilStarted('c');
    world.end('c');
    assert.equal(await running.done, 'success');
    assert.equal(world.outcomes()['a'], 'success');
  });

  it('runs a task again that had ended, and ends what was built on its old outputs', async () => {
    const world = createWorld();
    const running = world.run(pipeline);
    await world.untilStarted('a', 'b');
    world.end('a');
    await world.untilStarted('c');
    world.files.set('a.csv', 'new');
    await running.changed();
    await world.untilStarted('a', 'a');
    assert.equal(world.attempts.find((attempt) => attempt.task === 'c')?.signal.aborted, true);
    world.end('a', 'success', 'other');
    await world.untilStarted('c', 'c');
    world.end('c');
    world.end('b');
    assert.equal(await running.done, 'success');
  });

  it('does not restart a task a second time for the change that restarted it', async () => {
    const world = createWorld();
    const running = world.run(pipeline);
    await world.untilStarted('a', 'b');
    world.end('a');
    await world.untilStarted('c');
    world.files.set('a.csv', 'new');
    await running.changed();
    await world.untilStarted('a', 'a');
    // The task's own output, or any other file, changes while it runs again.
    await running.changed();
    assert.equal(world.attempts.findLast((attempt) => attempt.task === 'a')?.signal.aborted, false);
    assert.equal(world.started().filter((task) => task === 'a').length, 2);
    world.end('a');
    await world.untilStarted('c', 'c');
    world.end('c');
    world.end('b');
    assert.equal(await running.done, 'success');
  });

  it('does nothing when nothing has changed in content', async () => {
    const world = createWorld();
    const running = world.run(pipeline);
    await world.untilStarted('a', 'b');
    await running.changed();
    assert.deepEqual(world.started(), ['a', 'b']);
    running.cancel();
    await running.done;
  });

  it('takes up a pipeline file that changed: new tasks, gone tasks, other definitions', async () => {
    const world = createWorld();
    const running = world.run(pipeline);
    await world.untilStarted('a', 'b');
    const next = pipelineOf({ a: { inputs: ['a.csv'] }, c: { needs: ['a', 'new'] }, new: {} });
    const tasks = [next.tasks[0], next.tasks[2], next.tasks[1]].filter((task) => task !== undefined);
    await running.changed({ pipeline: { ...next, tasks }, scope: { wanted: new Set(tasks.map((task) => task.id)), named: new Set(), forced: new Set(), unasked: false }, announce: () => undefined });
    await world.untilStarted('new');
    assert.equal(world.attempts[1]?.signal.aborted, true);
    world.end('a');
    world.end('new');
    await world.untilStarted('c');
    world.end('c');
    assert.equal(await running.done, 'success');
    assert.deepEqual(world.outcomes(), { a: 'success', b: 'cancellation', new: 'success', c: 'success' });
  });

  const changedTo = (next: Pipeline) => ({ pipeline: next, scope: { wanted: new Set(next.tasks.map((task) => task.id)), named: new Set<TaskId>(), forced: new Set<TaskId>(), unasked: false }, announce: () => undefined });

  it('does not start what waits for a slot, and waits for a request now', async () => {
    const world = createWorld(1);
    const running = world.run(pipelineOf({ a: {}, b: {} }));
    await world.untilStarted('a');
    await world.until(() => world.events.some((event) => event.type === 'task-stale' && event.task === 'b'));
    const next = changedTo(pipelineOf({ a: {}, b: { watch: 'lazy' } }));
    await running.changed({ ...next, scope: { ...next.scope, unasked: true } });
    world.end('a');
    assert.equal(await running.done, 'success');
    assert.deepEqual(world.outcomes(), { a: 'success', b: 'skip: manual' });
  });

  it('runs what needs a failed task no longer, or waits for a request no longer', async () => {
    const world = createWorld();
    const running = world.run(pipelineOf({ failing: {}, after: { needs: ['failing'] }, lazy: { watch: 'lazy' }, slow: {} }), { onFailure: 'continue', scope: { unasked: true } });
    await world.untilStarted('failing', 'slow');
    world.end('failing', 'failure');
    await world.until(() => world.outcomes()['after'] === 'skip: upstream' && world.outcomes()['lazy'] === 'skip: manual');
    const next = changedTo(pipelineOf({ failing: {}, after: {}, lazy: {}, slow: {} }));
    await running.changed({ ...next, scope: { ...next.scope, unasked: true } });
    await world.untilStarted('after', 'lazy');
    for (const task of ['after', 'lazy', 'slow']) world.end(task);
    assert.equal(await running.done, 'failure');
    assert.deepEqual(world.outcomes(), { failing: 'failure', after: 'success', lazy: 'success', slow: 'success' });
  });

  it('leaves what runs alone when the file is saved, and when a task that waits has changed', async () => {
    const world = createWorld();
    const first = pipelineOf({ fetch: { watch: 'manual', inputs: ['fetch.csv'] }, train: { needs: ['fetch'], inputs: ['train.csv'] }, failing: { inputs: ['failing.csv'] }, blocked: { needs: ['failing'] } });
    await world.runAll(first, { named: new Set(first.tasks.map((task) => task.id)) });
    for (const name of ['fetch.csv', 'train.csv', 'failing.csv']) world.files.set(name, 'new');
    const before = world.attempts.length;
    const running = world.run(first, { onFailure: 'continue' });
    await world.until(() => world.attempts.length === before + 2);
    world.end('failing', 'failure');
    await world.until(() => world.outcomes()['blocked'] === 'skip: upstream' && world.outcomes()['fetch'] === 'skip: manual');
    const told = world.events.length;
    await running.changed(changedTo(first));
    await running.changed(changedTo({ ...first, tasks: first.tasks.map((task) => ({ ...task })) }));
    assert.deepEqual(world.events.slice(told), []);
    world.files.set('fetch.csv', 'newer');
    await running.changed();
    assert.deepEqual(world.events.slice(told).map((event) => `${event.type} ${'task' in event ? event.task : ''}`), ['task-stale fetch', 'task-skipped fetch']);
    assert.equal(world.attempts.at(-1)?.signal.aborted, false);
    world.end('train');
    assert.equal(await running.done, 'failure');
    assert.deepEqual(world.started().slice(before).sort(), ['failing', 'train']);
  });

  it('goes on with what a failed task stopped that is gone', async () => {
    const world = createWorld(2);
    const running = world.run(pipelineOf({ failing: {}, slow: {}, queued: {} }));
    await world.untilStarted('failing', 'slow');
    world.end('failing', 'failure');
    await world.until(() => world.outcomes()['queued'] === 'skip: stopped');
    await running.changed(changedTo(pipelineOf({ slow: {}, queued: {} })));
    await world.untilStarted('queued');
    for (const task of ['slow', 'queued']) world.end(task);
    assert.equal(await running.done, 'success');
  });

  it('starts what writes the outputs of a task that is gone when that has ended', async () => {
    const world = createWorld(8, { isPatient: true });
    const old = pipelineOf({ old: {}, other: {} });
    const running = world.run(old);
    await world.untilStarted('old', 'other');
    const renamed = pipelineOf({ new: {}, other: {}, free: {} });
    const tasks = renamed.tasks.map((task) => (task.id === id('new') ? { ...task, outputs: ['out'] } : task.id === id('free') ? { ...task, outputs: ['outside/*'] } : task));
    await running.changed(changedTo({ ...renamed, tasks: tasks.filter((task) => task.id !== id('other')) }));
    await world.untilStarted('free');
    world.files.set('outside/*', 'made by free');
    assert.equal(world.attempts[0]?.signal.aborted, true);
    world.end('free');
    world.end('other', 'cancellation');
    await world.until(() => world.outcomes()['other'] === 'cancellation');
    assert.deepEqual(world.started(), ['old', 'other', 'free']);
    world.end('old', 'cancellation');
    await world.untilStarted('new');
    world.files.set('out', 'made by new');
    world.end('new');
    assert.equal(await running.done, 'success');
  });

  it('starts a task that was gone and is back when the one that was has ended', async () => {
    const world = createWorld(8, { isPatient: true });
    const both = pipelineOf({ a: {}, b: {} });
    const running = world.run(both);
    await world.untilStarted('a', 'b');
    await running.changed(changedTo(pipelineOf({ b: {} })));
    await running.changed(changedTo(pipelineOf({ a: {}, b: {} })));
    world.end('b');
    await world.until(() => world.outcomes()['b'] === 'success');
    assert.deepEqual(world.started(), ['a', 'b']);
    world.end('a', 'cancellation');
    await world.untilStarted('a', 'a');
    world.end('a');
    assert.equal(await running.done, 'success');
    assert.equal(world.results.get(id('a'))?.outcome, 'success');
  });

  it('lets a task that was gone while it ran run after the next change, and one that somebody cancelled wait', async () => {
    const both = pipelineOf({ a: {}, b: {} });
    for (const isGone of [true, false]) {
      const world = createWorld();
      const running = world.run(both);
      await world.untilStarted('a', 'b');
      if (isGone) await running.changed(changedTo(pipelineOf({ b: {} })));
      else running.cancel(id('a'));
      await world.until(() => world.outcomes()['a'] === 'cancellation');
      world.end('b');
      await running.done;
      assert.deepEqual(await world.runAll(both, { unasked: true }), isGone ? ['a'] : []);
    }
  });

  it('starts a task that somebody cancelled when what it uses changes, and for nothing else', async () => {
    const world = createWorld();
    const running = world.run(pipelineOf({ before: { inputs: ['before.csv'] }, a: { inputs: ['a.csv'], needs: ['before'] }, after: { needs: ['a'] }, other: { inputs: ['other.csv'] } }));
    await world.untilStarted('before', 'other');
    world.end('before');
    await world.untilStarted('a');
    running.cancel(id('a'));
    await world.until(() => world.outcomes()['after'] === 'skip: upstream');
    world.files.set('other.csv', 'new');
    await running.changed();
    await world.untilStarted('other', 'other');
    // Makes what it made before.
    world.files.set('before.csv', 'new');
    await running.changed();
    await world.untilStarted('before', 'before');
    world.end('before');
    await world.until(() => world.outcomes()['a'] === 'skip: stopped');
    world.files.set('a.csv', 'new');
    await running.changed();
    await world.untilStarted('a', 'a');
    world.end('a');
    await world.untilStarted('after');
    world.end('after');
    world.end('other');
    assert.equal(await running.done, 'success');
    assert.deepEqual(world.started().toSorted(), ['a', 'a', 'after', 'before', 'before', 'other', 'other']);
  });

  it('does not start a task again that somebody cancels while it ends for a change', async () => {
    const world = createWorld(8, { isPatient: true });
    const running = world.run(pipelineOf({ a: { inputs: ['a.csv'] } }));
    await world.untilStarted('a');
    world.files.set('a.csv', 'new');
    await running.changed();
    running.cancel(id('a'));
    world.end('a', 'cancellation');
    assert.equal(await running.done, 'cancellation');
    assert.deepEqual([world.started(), world.outcomes()], [['a'], { a: 'cancellation' }]);
  });

  it('does not start a task that somebody cancelled while it waited for a slot, unless what it uses changes', async () => {
    const world = createWorld(1);
    const running = world.run(pipelineOf({ a: {}, b: { inputs: ['b.csv'] }, c: {}, after: { needs: ['b'] } }));
    await world.untilStarted('a');
    await world.until(() => world.events.some((event) => event.type === 'task-stale' && event.task === 'b'));
    running.cancel(id('b'));
    await running.changed();
    world.end('a');
    await world.untilStarted('c');
    await running.changed();
    assert.deepEqual(world.outcomes(), { a: 'success', b: 'skip: stopped', after: 'skip: stopped' });
    world.files.set('b.csv', 'new');
    await running.changed();
    world.end('c');
    await world.untilStarted('b');
    world.end('b');
    await world.untilStarted('after');
    world.end('after');
    assert.equal(await running.done, 'success');
  });

  it('gives a failed task another chance, and with it those that its failure stopped', async () => {
    const world = createWorld(2);
    const running = world.run(pipelineOf({ a: { inputs: ['a.csv'] }, slow: { inputs: ['slow.csv'] }, queued: { inputs: ['queued.csv'] }, late: { needs: ['slow'] } }));
    await world.untilStarted('a', 'slow');
    world.end('a', 'failure');
    await world.until(() => world.outcomes()['queued'] === 'skip: stopped');
    world.files.set('a.csv', 'mended');
    await running.changed();
    // In either order, as one slot is left for both.
    for (const count of [3, 4]) {
      await world.until(() => world.started().length === count);
      world.end(world.started().at(-1) ?? '');
    }
    assert.deepEqual(world.started().slice(2).toSorted(), ['a', 'queued']);
    world.end('slow');
    await world.untilStarted('late');
    world.end('late');
    assert.equal(await running.done, 'success');
  });
});

