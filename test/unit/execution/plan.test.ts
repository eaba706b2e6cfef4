import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeclared, type DecisionContext } from '../../../src/execution/decide.ts';
import { firstToDo, makePlan, waitsForRequest, type PlanScope } from '../../../src/execution/plan.ts';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import { fingerprintTask, resultDigest } from '../../../src/fingerprint/task-fingerprint.ts';
import type { Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { taskOf } from '../sketch.ts';

const id = (name: string): TaskId => name as TaskId;

/** Tasks in a world of files that are strings, each with a success unless said otherwise. */
function world(sketch: Readonly<Record<string, Partial<Omit<Task, 'dependencies'>> & { readonly needs?: readonly string[] }>>) {
  const tasks = Object.entries(sketch).map(([name, { needs = [], ...fields }]) => taskOf({ outputs: [`out/${name}`], source: { kind: 'shell', command: `run ${name}` }, ...fields, id: name, dependencies: needs.map(id) }));
  const files = new Map(tasks.map((task) => [`out/${task.id}`, `made by ${task.id}`]));
  const results = new Map<TaskId, TaskResult>();
  const context: DecisionContext = {
    folder: '/nowhere/runweave-test',
    digests: {
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
      export: () => ({}), isNew: () => false, sizeOf: () => undefined, takeContent: () => undefined, lastWrite: () => undefined, lastChange: () => undefined, lastChangeWithin: () => undefined,
    },
    interpreter: undefined,
    result: (task) => results.get(task),
  };
  const pipeline: Pipeline = { name: 'p', file: '/nowhere/runweave.yaml', folder: '/nowhere', params: {}, secrets: [], record: { env: [], inline: 65536 }, onFailure: 'stop', slots: {}, tasks };
  const succeed = async (...names: readonly string[]): Promise<void> => {
    for (const task of tasks.filter((each) => names.includes(each.id))) {
      const fingerprint = await fingerprintTask({ task, folder: context.folder, params: task.params, interpreter: undefined, upstream: context.result, last: undefined }, context.digests);
      const outputs = task.outputs.map((output) => ({ path: output, digest: digestOf(files.get(output) ?? ''), size: 1 }));
      results.set(task.id, { runId: 'run-1' as RunId, traceId: 't' as TraceId, spanId: `span-${task.id}` as SpanId, outcome: 'success', fingerprint, outputs, returns: {}, duration: 1, end: '1' as UnixNano });
    }
  };
  const fail = (name: string): void => {
    const last = results.get(id(name));
    assert.ok(last);
    results.set(id(name), { ...last, outcome: 'failure', outputs: [] });
  };
  const plan = async (scope: Partial<PlanScope> = {}): Promise<Readonly<Record<string, string>>> => {
    const entries = await makePlan(pipeline, { wanted: new Set(tasks.map((task) => task.id)), named: new Set(), forced: new Set(), unasked: false, ...scope }, context);
    return Object.fromEntries(entries.map((entry) => [entry.task, entry.action === 'skip' ? 'skip' : `${entry.action}: ${entry.reasons.map((reason) => reason.type).join(' ')}`]));
  };
  const first = async (isTold = true): Promise<string | undefined> => (await firstToDo(tasks, { named: new Set(), forced: new Set(), unasked: false }, context, isTold))?.task.id;
  return { files, results, succeed, fail, plan, first, pipeline, context };
}

/** Every result in `of` fits what is there now. */
function keptResults(of: Readonly<Record<string, TaskResult | undefined>>): NonNullable<DecisionContext['kept']> {
  return {
    find: ({ task }) => {
      const result = of[task.id];
      return Promise.resolve(result?.fingerprint === undefined ? undefined : { file: '', size: 0, entry: { version: 1, key: '', used: 0, task: task.id, result: { ...result, fingerprint: result.fingerprint }, files: [] } });
    },
    restore: () => assert.fail('a plan changes nothing'),
    clear: () => assert.fail('a plan changes nothing'),
    keep: () => assert.fail('a plan changes nothing'),
    fingerprints: () => [],
    prepare: () => undefined,
    makeRoom: () => undefined,
  };
}

const chain = { a: { inputs: ['in'] }, b: { needs: ['a'] }, c: { needs: ['b'] } };

describe('a plan', () => {
  it('runs everything the first time', async () => {
    assert.deepEqual(await world(chain).plan(), { a: 'run: never-ran', b: 'run: never-ran upstream-will-run', c: 'run: never-ran upstream-will-run' });
  });

  it('restores what is kept, and leaves open what depends on it', async () => {
    const { succeed, plan, files, results, pipeline, context } = world(chain);
    await succeed('a', 'b', 'c');
    files.set('in', 'changed');
    const kept = { ...context, kept: keptResults({ a: results.get(id('a')), b: results.get(id('b')) }) };
    const entries = await makePlan(pipeline, { wanted: new Set(pipeline.tasks.map((task) => task.id)), named: new Set(), forced: new Set(), unasked: false }, kept);
    assert.deepEqual(entries.map((entry) => [entry.task, entry.action]), [['a', 'restore'], ['b', 'maybe'], ['c', 'maybe']]);
    assert.deepEqual(entries[0]?.action === 'restore' && entries[0].madeBy.runId, 'run-1');
    assert.deepEqual(entries[1]?.action === 'maybe' && entries[1].reasons, [{ type: 'upstream-will-be-restored', task: 'a' }]);
    assert.equal((await plan())['a'], 'run: input-changed');
    const forced = await makePlan(pipeline, { wanted: new Set([id('a')]), named: new Set(), forced: new Set([id('a')]), unasked: false }, kept);
    assert.equal(forced[0]?.action, 'run');
  });

  it('finds nothing to do, where nothing was told, in what would fail for a return that is not there', async () => {
    const { succeed, first } = world({ a: {}, b: { needs: ['a'], params: { n: '${tasks.a.returns.n}' } }, c: { needs: ['b'] } });
    await succeed('a');
    assert.deepEqual([await first(), await first(false)], ['b', undefined]);
  });

  it('runs nothing when all is up to date, and says who made it', async () => {
    const { succeed, plan, pipeline, context } = world(chain);
    await succeed('a', 'b', 'c');
    assert.deepEqual(await plan(), { a: 'skip', b: 'skip', c: 'skip' });
    const [entry] = await makePlan(pipeline, { wanted: new Set([id('a')]), named: new Set(), forced: new Set(), unasked: false }, context);
    assert.deepEqual(entry, { task: 'a', action: 'skip', madeBy: { runId: 'run-1', traceId: 't', spanId: 'span-a' } });
  });

  it('may run what depends on what runs', async () => {
    const { files, succeed, plan } = world(chain);
    await succeed('a', 'b', 'c');
    files.set('in', 'new');
    assert.deepEqual(await plan(), { a: 'run: input-changed', b: 'maybe: upstream-will-run', c: 'maybe: upstream-may-run' });
  });

  it('tells what was made anew elsewhere', async () => {
    const { files, succeed, plan } = world(chain);
    await succeed('a', 'b', 'c');
    files.set('out/a', 'other');
    await succeed('a');
    assert.deepEqual(await plan(), { a: 'skip', b: 'run: upstream-changed', c: 'maybe: upstream-will-run' });
  });

  it('leaves open what was made anew upstream where that may be made once more', async () => {
    const { files, succeed, plan } = world(chain);
    await succeed('a', 'b', 'c');
    files.set('out/b', 'other');
    await succeed('b');
    files.set('in', 'new');
    assert.deepEqual(await plan(), { a: 'run: input-changed', b: 'maybe: upstream-will-run', c: 'maybe: upstream-changed upstream-may-run' });
  });

  it('leaves open what a task that is about to run will return', async () => {
    const { succeed, fail, plan } = world({ a: {}, b: { needs: ['a'], params: { got: ['${tasks.a.returns.v}'] } } });
    await succeed('a', 'b');
    fail('a');
    assert.deepEqual(await plan(), { a: 'run: last-run-failed', b: 'maybe: param-changed upstream-will-run' });
  });

  it('leaves open whether files that are about to be made again are others then', async () => {
    const { files, succeed, plan, context } = world({ a: {}, b: { inputs: ['out/a'], needs: ['a'] }, c: { inputs: ['out/*'], needs: ['b'] }, d: { inputs: ['out/a', 'in'], needs: ['a'] } });
    await succeed('a', 'b', 'c', 'd');
    files.delete('out/a');
    const b = 'maybe: input-changed upstream-will-run';
    assert.deepEqual(await plan(), { a: 'run: output-missing', b, c: 'maybe: upstream-may-run', d: b });
    files.set('in', 'new');
    files.delete('out/c');
    assert.deepEqual(await plan(), { a: 'run: output-missing', b, c: 'run: output-missing upstream-may-run', d: 'run: input-changed input-changed upstream-will-run' });
    assert.equal(context.kept, undefined);
  });

  it('leaves out what is not wanted', async () => {
    assert.deepEqual(await world(chain).plan({ wanted: new Set([id('a')]) }), { a: 'run: never-ran' });
  });

  it('runs what is forced', async () => {
    const { succeed, plan } = world(chain);
    await succeed('a', 'b', 'c');
    assert.deepEqual(await plan({ forced: new Set([id('b')]) }), { a: 'skip', b: 'run: forced', c: 'maybe: upstream-will-run' });
  });

  it('leaves a manual task to be asked for by name', async () => {
    const { succeed, plan, files } = world({ a: { inputs: ['in'], watch: 'manual' }, b: { needs: ['a'] } });
    await succeed('a', 'b');
    files.set('in', 'new');
    assert.deepEqual(await plan(), { a: 'manual: input-changed', b: 'skip' });
    assert.deepEqual(await plan({ named: new Set([id('a')]) }), { a: 'run: input-changed', b: 'maybe: upstream-will-run' });
  });

  it('lets wait what depends on a manual task that gave nothing yet', async () => {
    const { plan } = world({ a: { watch: 'manual' }, b: { needs: ['a'] }, c: { needs: ['b'] }, d: {} });
    assert.deepEqual(await plan(), { a: 'manual: never-ran', b: 'manual: never-ran', c: 'manual: never-ran', d: 'run: never-ran' });
  });

  it('lets wait what depends on a manual task of which an output is gone', async () => {
    const { succeed, plan, first, files } = world({ a: { watch: 'manual' }, b: { needs: ['a'], inputs: ['b.txt'] } });
    await succeed('a', 'b');
    files.set('b.txt', 'changed');
    assert.equal(await first(), 'b');
    const made = files.get('out/a') ?? '';
    files.delete('out/a');
    assert.deepEqual(await plan(), { a: 'manual: output-missing', b: 'manual: input-changed' });
    assert.equal(await first(), undefined);
    files.set('out/a', made);
    assert.deepEqual(await plan(), { a: 'skip', b: 'run: input-changed' });
  });

  it('after a change does not try again what failed, nor what depends on it', async () => {
    const { succeed, fail, plan, files } = world({ a: { inputs: ['in'] }, b: { needs: ['a'], inputs: ['b.txt'] } });
    await succeed('a', 'b');
    fail('a');
    files.set('b.txt', 'changed');
    assert.deepEqual(await plan({ unasked: true }), { a: 'manual: last-run-failed', b: 'manual: input-changed upstream-changed' });
    assert.deepEqual(await plan(), { a: 'run: last-run-failed', b: 'run: input-changed upstream-will-run' });
    files.set('in', 'mended');
    assert.deepEqual(await plan({ unasked: true }), { a: 'run: last-run-failed input-changed', b: 'run: input-changed upstream-will-run' });
  });
});

describe('what waits for a request', () => {
  const asked = { named: new Set<TaskId>(), unasked: false };
  const unasked = { named: new Set<TaskId>(), unasked: true };
  const named = { named: new Set([id('task')]), unasked: true };
  const changed = [{ type: 'forced' }] as const;
  const failed = [{ type: 'last-run-failed', runId: 'r' }, { type: 'never-cached' }] as const;
  const table: readonly (readonly [watch: Task['watch'], scope: typeof asked, reasons: typeof changed | typeof failed, waits: boolean])[] = [
    ['auto', asked, changed, false],
    ['auto', asked, failed, false],
    ['auto', unasked, changed, false],
    ['auto', unasked, failed, true],
    ['lazy', asked, changed, false],
    ['lazy', unasked, changed, true],
    ['manual', asked, changed, true],
    ['manual', unasked, changed, true],
    ['manual', named, failed, false],
    ['lazy', named, failed, false],
  ];
  for (const [watch, scope, reasons, waits] of table) {
    it(`${watch}, ${scope === named ? 'named' : scope.unasked ? 'after a change' : 'in a run of all'}, ${reasons[0].type}: ${waits ? 'waits' : 'runs'}`, () => {
      assert.equal(waitsForRequest(taskOf({ watch }), scope, reasons), waits);
    });
  }
});

describe('what is declared', () => {
  const table: readonly (readonly [file: string, declared: readonly string[], expected: boolean])[] = [
    ['out/a.csv', ['out/a.csv'], true],
    ['out/a.csv', ['out'], true],
    ['out/a.csv', ['.'], true],
    ['output.csv', ['out'], false],
    ['out/a.csv', ['out/*.csv'], true],
    ['out/a.txt', ['out/*.csv'], false],
    ['out/sub/a.csv', ['out/*.csv'], false],
    ['out/sub/a.csv', ['out/**/*.csv'], true],
    ['../data/a.csv', ['../data/*.csv'], true],
    ['train[n=1].txt', ['train[n=1].txt'], true],
    // A glob without a folder once took in every module that the task imported.
    ['lib.py', ['*.csv'], false],
    ['lib/a.py', ['**/*.onnx'], false],
    ['a.csv', [], false],
  ];
  for (const [file, declared, expected] of table) it(`${file} by ${JSON.stringify(declared)}: ${expected}`, () => assert.equal(isDeclared(file, declared), expected));
});

it('the digest of a failure differs from that of the success before it', async () => {
  const { succeed, fail, results } = world(chain);
  await succeed('a');
  const before = results.get(id('a'));
  fail('a');
  const after = results.get(id('a'));
  assert.ok(before && after);
  assert.notEqual(resultDigest(before), resultDigest(after));
});
