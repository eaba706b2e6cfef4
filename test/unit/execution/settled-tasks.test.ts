import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { createDecisionMemory } from '../../../src/execution/decision-memory.ts';
import { followSettled, noneSettled, settledTasks } from '../../../src/execution/settled-tasks.ts';
import type { Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import { randomFrom } from '../random.ts';
import { taskOf } from '../sketch.ts';

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-settled-')));
after(() => rmSync(folder, { recursive: true, force: true }));

const ids = (tasks: readonly Task[]): readonly TaskId[] => tasks.map(({ id }) => id);
const ofPipeline = (tasks: readonly Task[]): Pipeline => ({ name: 'p', file: path.join(folder, 'runweave.yaml'), folder, params: {}, secrets: [], record: { env: [], inline: 65536 }, onFailure: 'stop', slots: {}, tasks });

/** Each task reads a file of its own, and needs two tasks before it. */
function layers(count: number): readonly Task[] {
  return Array.from({ length: count }, (_, n) =>
    taskOf({ id: `t${n}`, source: { kind: 'shell', command: 'true' }, inputs: [`in${n}.txt`], outputs: [], dependencies: (n < 4 ? [] : [`t${n - 4}`, `t${n - 3}`]) as TaskId[] }),
  );
}

describe('settled tasks', () => {
  it('that are followed from change to change are those that are found by looking at every task', () => {
    const tasks = layers(30);
    const pipeline = ofPipeline(tasks);
    const random = randomFrom(11);
    const file = (n: number): string => path.join(folder, `in${n}.txt`);
    const save = (n: number): void => writeFileSync(file(n), 'x'.repeat(1 + random(4)));
    for (let n = 0; n < tasks.length; n += 1) save(n);
    const memory = createDecisionMemory(pipeline, undefined, () => Date.now() + 10_000);
    memory.trustEvents(true);
    const all = { wanted: new Set(ids(tasks)), forced: new Set<TaskId>() };
    const some = { wanted: new Set(ids(tasks.filter((_, n) => n % 5 !== 0))), forced: new Set(['t7' as TaskId]) };
    const followers = [all, some].flatMap((scope) => [1, 4, 60].map((every) => ({ scope, every, now: followSettled(pipeline, scope, memory) })));
    const found = new Set<number>();
    for (let step = 0; step < 600; step += 1) {
      const n = random(tasks.length);
      const task = tasks[n] ?? assert.fail();
      switch (random(step % 100 === 0 ? 6 : 5)) {
        case 0:
        case 1:
          save(n);
          memory.touch([file(n)]);
          break;
        case 2:
          memory.resultChanged(task.id);
          break;
        case 5:
          memory.touch();
          break;
        default:
          // Found up to date, all of them or one.
          for (const each of random(3) === 0 ? tasks : [task]) memory.observe(each)?.({ runId: 'run' as RunId, traceId: 'trace' as TraceId, spanId: 'span' as SpanId });
      }
      for (const { scope, every, now } of followers) {
        if (step % every !== 0) continue;
        const settled = now();
        const expected = settledTasks(pipeline, scope, memory);
        assert.deepEqual(ids(settled.open), ids(expected.open), `step ${step}`);
        assert.deepEqual(ids(tasks.filter(({ id }) => settled.has(id))), ids(tasks.filter(({ id }) => scope.wanted.has(id) && !expected.open.some((open) => open.id === id))));
        found.add(settled.open.length);
      }
    }
    assert.ok(found.has(0) && found.size > 10, [...found].join(' '));
  });

  it('are not looked at again when another one is touched', () => {
    const tasks = layers(100);
    let asked: string[] = [];
    let touched: TaskId[] = [];
    let revision = 0;
    const stale = new Set<string>();
    const holds = ({ id }: Task): boolean => {
      asked.push(id);
      return !stale.has(id);
    };
    const scope = { wanted: new Set(ids(tasks)), forced: new Set<TaskId>() };
    const now = followSettled({ tasks }, scope, { holds, revision: () => revision, doubtedSince: () => touched });
    assert.deepEqual(now().open, []);
    assert.equal(asked.length, 100);
    const touch = (id: string): readonly string[] => {
      asked = [];
      touched = [id as TaskId];
      revision += 1;
      return ids(now().open);
    };
    assert.deepEqual(touch('t98'), []);
    assert.deepEqual(asked, ['t98']);
    stale.add('t92');
    assert.deepEqual(touch('t92'), ['t92', 't95', 't96', 't98', 't99']);
    assert.deepEqual([...new Set(asked)], ['t92'], 'what depends on it need not be asked');
    stale.clear();
    assert.deepEqual(touch('t3'), []);
    assert.deepEqual(new Set(asked), new Set(['t3', 't92', 't95', 't96', 't98', 't99']));
  });

  it('are none where nothing is known', () => {
    const tasks = layers(6);
    const settled = noneSettled({ tasks }, { wanted: new Set(['t1', 't5'] as TaskId[]) });
    assert.deepEqual(ids(settled.open), ['t1', 't5']);
    assert.equal(settled.has('t1' as TaskId), false);
  });
});
