import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { openEventLog } from '../../../src/recording/event-log.ts';
import { createRunCollector } from '../../../src/recording/run-to-spans.ts';
import { sealCollected, sealRun } from '../../../src/recording/seal.ts';
import { readRecord } from '../../../src/store/read-record.ts';
import { generateRun } from './generated-run.ts';
import { temporaryFolder } from './temporary-folder.ts';

type Write = (this: FileHandle, data: Buffer) => Promise<void>;

/** What stands for the writes of records that follow; `write` is the real one. */
async function replaceWrites(context: TestContext, replacement: (handle: FileHandle, data: Buffer, write: () => Promise<void>) => Promise<void>): Promise<void> {
  const handle = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as { writeFile: Write };
  await handle.close();
  const original = prototype.writeFile;
  context.mock.method(prototype, 'writeFile', function (this: FileHandle, data: Buffer) {
    return replacement(this, data, () => original.call(this, data));
  });
}

async function logged(store: string, events: readonly RunEvent[]): Promise<string> {
  const [first] = events;
  if (first?.type !== 'run-started') assert.fail();
  const log = await openEventLog(store, first.runId);
  for (const event of events) log.append(event);
  await log.close();
  return log.path;
}

/** Some megabytes. */
const events = generateRun(7, { tasks: 1000 });

describe('a record that is written behind', () => {
  it('is the same where writing takes long, and nothing changes that is being written', async (context) => {
    const expected = readFileSync(await sealRun(temporaryFolder(context), events));
    let atOnce = 0;
    await replaceWrites(context, async (_handle, data, write) => {
      const before = Buffer.from(data);
      atOnce += 1;
      assert.equal(atOnce, 1, 'two at once');
      await setTimeout(5);
      assert.ok(before.equals(data), 'it changed while it was written');
      await write();
      atOnce -= 1;
    });
    const record = readFileSync(await sealRun(temporaryFolder(context), events));
    assert.ok(record.length > 2 * 1024 * 1024 && record.equals(expected));
  });

  it('is none if any write fails, the last as well, and the log stays', async (context) => {
    let failing = Infinity;
    let count = 0;
    await replaceWrites(context, async (_handle, _data, write) => {
      count += 1;
      const fails = count === failing;
      await setTimeout(1);
      if (fails) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
      await write();
    });
    await sealRun(temporaryFolder(context), events);
    const all = count;
    assert.ok(all > 4);
    for (failing of [1, 2, all - 1, all]) {
      count = 0;
      const store = temporaryFolder(context);
      const log = await logged(store, events);
      await assert.rejects(sealRun(store, log), /no room/);
      assert.deepEqual([readdirSync(path.join(store, 'runs')), readFileSync(log, 'utf8').length > 0], [[], true]);
    }
  });

  it('is closed only after the last write, also where its making fails', async (context) => {
    const closedEarly: boolean[] = [];
    await replaceWrites(context, async (handle, _data, write) => {
      await setTimeout(20);
      closedEarly.push(handle.fd === -1);
      await write();
    });
    const collector = createRunCollector();
    for (const event of events) collector.apply(event);
    const fails = {
      ...collector,
      rest: (): never => {
        throw new Error('it can not be made');
      },
    };
    const store = temporaryFolder(context);
    await assert.rejects(sealCollected(store, fails, () => []), /it can not be made/);
    const inFlight = closedEarly.length;
    await setTimeout(60);
    assert.deepEqual([closedEarly.includes(true), closedEarly.length], [false, inFlight]);
    assert.deepEqual(readdirSync(path.join(store, 'runs')), []);
  });

  it('has lines that end early where its spans are long', async (context) => {
    const [first] = events;
    if (first?.type !== 'run-started') assert.fail();
    const [node] = first.tasks;
    assert.ok(node !== undefined);
    const text = 'ü'.repeat(5_000_000);
    const said: RunEvent[] = [{ ...first, tasks: [node] }];
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      const of = { task: node.id, attempt, time: first.time };
      said.push({ ...of, type: 'attempt-started', spanId: attempt.toString(16).padStart(16, '0') as typeof node.spanId, cause: 'first', command: [], cwd: '.', pid: 1 }, { ...of, type: 'output', stream: 'stdout', text });
    }
    const record = await sealRun(temporaryFolder(context), said);
    const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
    assert.deepEqual(lines.map((line) => line.split('"name":"attempt ').length - 1), [0, 4, 4]);
    const read = await readRecord(record);
    assert.ok(read.type === 'run' && read.state.tasks[0]?.attempts.every(({ output }) => output[0]?.text === text));
  });
});
