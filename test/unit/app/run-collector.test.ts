import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import test from 'node:test';
import { createCollectorSource } from '../../../src/app/run-collector.ts';
import { startCollector, type Collector } from '../../../src/collector/server.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { UnixNano } from '../../../src/model/time.ts';

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

const start = (onWarning: (message: string) => void): Promise<Collector> => startCollector({ services: [], onWarning });

void test('two runs at once have a collector each, which ends with the run where none follows', async () => {
  const source = createCollectorSource(() => false);
  const [first, second] = await Promise.all([source.take(noWarning), source.take(noWarning)]);
  assert.notEqual(first.url, second.url);
  await source.close();
  assert.deepEqual([await listens(first), await listens(second)], [true, true]);
  await first.close();
  assert.deepEqual([await listens(first), await listens(second)], [false, true]);
  await second.close();
  assert.equal(await listens(second), false);
});

void test('the next run has the same one, in which nothing of the run before counts', async () => {
  const made: ((message: string) => void)[] = [];
  const source = createCollectorSource(
    () => true,
    (onWarning) => {
      made.push(onWarning);
      return start(onWarning);
    },
  );
  const first = await source.take(noWarning);
  const { token } = first.open({ runId: 'run' as RunId, task: 'a' as TaskId, attempt: 1, traceId: '' as TraceId, spanId: '' as SpanId, start: 0n as unknown as UnixNano, scratch: '', report: () => assert.fail() });
  const asked = async (): Promise<number> => (await fetch(`${first.url}/v1/traces`, { headers: { authorization: `Bearer ${token}` } })).status;
  // Nothing is at that path, for who may ask.
  assert.equal(await asked(), 404);
  await first.close();
  made[0]?.('told to nobody');
  assert.equal(await asked(), 401);

  const warnings: string[] = [];
  const second = await source.take((message) => warnings.push(message));
  made[0]?.('odd');
  assert.deepEqual([second.url, made.length, warnings, await asked()], [first.url, 1, ['odd'], 401]);
  await second.close();
  await source.close();
  assert.equal(await listens(second), false);
});

void test('nothing listens any more a minute after a run', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const source = createCollectorSource(() => true, start);
  const first = await source.take(noWarning);
  await first.close();
  context.mock.timers.tick(59_999);
  const second = await source.take(noWarning);
  context.mock.timers.tick(60_000);
  assert.deepEqual([second.url, await listens(second)], [first.url, true]);
  await second.close();
  context.mock.timers.tick(59_999);
  assert.equal(await listens(second), true);
  context.mock.timers.tick(1);
  while (await listens(second));
  const third = await source.take(noWarning);
  assert.equal(await listens(third), true);
  await third.close();
  await source.close();
});

void test('where one could not listen, the next run tries again', async () => {
  const problems = [new Error('no loopback')];
  const source = createCollectorSource(
    () => true,
    (onWarning) => {
      const problem = problems.pop();
      return problem === undefined ? start(onWarning) : Promise.reject(problem);
    },
  );
  await assert.rejects(source.take(noWarning), /no loopback/);
  const collector = await source.take(noWarning);
  assert.equal(await listens(collector), true);
  await collector.close();
  await source.close();
});
