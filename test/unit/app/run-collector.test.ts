import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import test from 'node:test';
import { createCollectorSource } from '../../../src/app/run-collector.ts';
import { createCollector, type Collector } from '../../../src/collector/server.ts';

async function listens({ url }: Collector): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const noWarning = (message: string): void => assert.fail(message);

void test('each run has a collector of its own, started early or not', async () => {
  const source = createCollectorSource();
  source.soon();
  source.soon();
  const [first, second] = await Promise.all([source.take(noWarning), source.take(noWarning)]);
  assert.notEqual(first.url, second.url);
  await source.close();
  assert.deepEqual([await listens(first), await listens(second)], [true, true]);
  await first.close();
  assert.deepEqual([await listens(first), await listens(second)], [false, true]);
  await second.close();
});

void test('nothing listens any more when no run has followed, or the session is closed', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const started: Promise<Collector>[] = [];
  const source = createCollectorSource((onWarning) => {
    const listen = createCollector({ services: [], onWarning });
    return Promise.resolve(() => {
      const collector = listen();
      started.push(collector);
      return collector;
    });
  });
  const afterwards = async (number: number): Promise<boolean> => {
    const collector = await started[number];
    assert.ok(collector !== undefined);
    return listens(collector);
  };
  source.soon();
  context.mock.timers.tick(500);
  source.soon();
  context.mock.timers.tick(999);
  while (started.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await afterwards(0), true);
  context.mock.timers.tick(1);
  while (await afterwards(0));

  source.soon();
  await source.close();
  assert.equal(started.length, 2);
  assert.equal(await afterwards(1), false);
});

void test('where an early start failed, a run tries again', async () => {
  const problems = [new Error('no loopback')];
  const source = createCollectorSource((onWarning) =>
    Promise.resolve(() => {
      const problem = problems.pop();
      return problem === undefined ? createCollector({ services: [], onWarning })() : Promise.reject(problem);
    }),
  );
  source.soon();
  await new Promise((resolve) => setImmediate(resolve));
  const collector = await source.take(noWarning);
  assert.equal(await listens(collector), true);
  await collector.close();
});

void test('one that is made ahead listens when something stirs, and what it warns of is told to the run that took it', async () => {
  const made: ((message: string) => void)[] = [];
  let listening = 0;
  const source = createCollectorSource((onWarning) => {
    made.push(onWarning);
    const listen = createCollector({ services: [], onWarning });
    return Promise.resolve(() => {
      listening += 1;
      return listen();
    });
  });
  source.prepare();
  source.prepare();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([made.length, listening], [1, 0]);
  source.soon();
  source.prepare();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([made.length, listening], [1, 1]);
  const warnings: string[] = [];
  const collector = await source.take((message) => warnings.push(message));
  made[0]?.('odd');
  assert.deepEqual([made.length, listening, warnings], [1, 1, ['odd']]);
  await collector.close();

  source.prepare();
  const next = await source.take(noWarning);
  assert.deepEqual([made.length, listening, await listens(next)], [2, 2, true]);
  await next.close();
});
