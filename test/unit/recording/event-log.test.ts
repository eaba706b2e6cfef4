import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { RunEvent, RunId } from '../../../src/model/run-event.ts';
import { eventsOfLog, openEventLog } from '../../../src/recording/event-log.ts';
import { describeWriter, processStartTime, writerIsAlive } from '../../../src/recording/writer.ts';
import { zombie } from '../execution/processes.ts';
import { generateRun } from './generated-run.ts';
import { temporaryFolder } from './temporary-folder.ts';

const runId = '20261120T224011Z-digits-3f2a' as RunId;

async function eventsIn(file: string): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of eventsOfLog(file)) events.push(event);
  return events;
}

describe('openEventLog', () => {
  it('keeps every event in order, line by line', async (t) => {
    const folder = temporaryFolder(t);
    const events = generateRun(11, { tasks: 20 });
    const log = await openEventLog(folder, runId);
    assert.equal(log.path, path.join(folder, 'live', `${runId}.jsonl`));
    for (const event of events) log.append(event);
    await log.flush();
    assert.deepEqual(await eventsIn(log.path), events);
    await log.close();
  });

  it('has written what something follows from when append returns, with all that came before', async (t) => {
    const log = await openEventLog(temporaryFolder(t), runId);
    const events = generateRun(1);
    const lines = (): number => (existsSync(log.path) ? readFileSync(log.path, 'utf8').split('\n').length : 0);
    for (const [index, event] of events.entries()) {
      const before = lines();
      if (event.type === 'task-started') log.begin();
      log.append(event);
      const isWritten = ['attempt-started', 'task-ended', 'run-ended'].includes(event.type);
      // Who writes is in it before anything is started.
      const isOpened = event.type === 'task-started' && before === 0;
      assert.equal(lines(), isWritten ? index + 3 : isOpened ? 2 : before, event.type);
    }
    await log.close();
  });

  it('is made for a run that has started something, and leaves nothing when it is not needed', async (t) => {
    const folder = temporaryFolder(t);
    for (const isStarted of [false, true]) {
      const log = await openEventLog(folder, runId);
      for (const event of generateRun(1)) if (isStarted || event.type === 'run-started') log.append(event);
      assert.equal(existsSync(log.path), isStarted);
      log.discard();
      assert.deepEqual(existsSync(path.join(folder, 'live')) ? readdirSync(path.join(folder, 'live')) : [], []);
    }
  });

  it('writes within its interval without being asked', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const log = await openEventLog(temporaryFolder(t), runId);
    const warning = { type: 'warning', time: '1' as never, message: 'm' } as const;
    log.append(warning);
    t.mock.timers.tick(999);
    assert.equal(existsSync(log.path), false, 'nothing was started yet');
    t.mock.timers.tick(1);
    assert.match(readFileSync(log.path, 'utf8'), /warning/);
    log.append({ ...warning, message: 'second' });
    assert.doesNotMatch(readFileSync(log.path, 'utf8'), /second/);
    t.mock.timers.tick(20);
    assert.match(readFileSync(log.path, 'utf8'), /warning/);
    await log.close();
  });

  it('says once that it can not write, and never throws', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(path.join(folder, 'live'), 'a file where the folder should be');
    const errors: Error[] = [];
    const log = await openEventLog(folder, runId, { onError: (error) => errors.push(error) });
    for (const event of generateRun(1)) log.append(event);
    await log.flush();
    await log.close();
    assert.equal(errors.length, 1);
  });

  it('outlives a full disk: tells once, and goes on where it stopped', async (t) => {
    const errors: Error[] = [];
    let room = 200;
    const write = (descriptor: number, bytes: Buffer): number => {
      if (room === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      const written = writeSync(descriptor, bytes, 0, Math.min(room, bytes.length));
      room -= written;
      return written;
    };
    const log = await openEventLog(temporaryFolder(t), runId, { onError: (error) => errors.push(error), write });
    const events = generateRun(1);
    for (const event of events) log.append(event);
    await log.flush();
    assert.equal(readFileSync(log.path).length, 200);
    room = Infinity;
    await log.close();
    assert.deepEqual(await eventsIn(log.path), events);
    assert.deepEqual(errors.map((error) => error.message), ['no space left on device']);
  });

  it('takes no name that leads elsewhere', () => {
    for (const id of ['../x', 'a/b', '', '.hidden', 'a\\b']) assert.throws(() => openEventLog('.', id as RunId), /no run id/);
  });
});

describe('eventsOfLog', () => {
  it('leaves out a torn last line, and tells of a damaged line among others', async (t) => {
    const file = path.join(temporaryFolder(t), 'log.jsonl');
    const [first, second] = generateRun(1);
    writeFileSync(file, `${JSON.stringify(first)}\nnot json\n${JSON.stringify(second)}\n{"type":"outp`);
    const events = await eventsIn(file);
    assert.deepEqual(events.map((event) => event.type), ['run-started', second?.type, 'warning']);
    const warning = events[2];
    assert.equal(warning?.type === 'warning' && warning.message, 'line 2 of the event log was damaged and is left out');
  });

  it('reads lines with every character that JSON leaves as it is', async (t) => {
    const file = path.join(temporaryFolder(t), 'log.jsonl');
    const event = { type: 'warning', time: '1', message: 'a\u2028b\u2029c\r☃' };
    writeFileSync(file, `${JSON.stringify(event)}\n`);
    assert.deepEqual(await eventsIn(file), [event]);
  });
});

describe('writerIsAlive', () => {
  it('knows this process, and not one that is gone or another with its id', async (t) => {
    const folder = temporaryFolder(t);
    const log = await openEventLog(folder, runId);
    await log.close();
    assert.equal(writerIsAlive(log.path), true);
    const writer = JSON.parse(readFileSync(log.path, 'utf8')) as object;
    const says = (change: object): boolean => {
      writeFileSync(log.path, `${JSON.stringify({ ...writer, ...change })}\n`);
      return writerIsAlive(log.path);
    };
    assert.equal(says({ pid: 2 ** 22 + 1 }), false);
    assert.equal(says({ boot: 'another boot' }), false);
    if (process.platform === 'linux') assert.equal(says({ startTime: '1' }), false);
    assert.equal(says({ host: 'another-host' }), true, 'nobody can tell, and it was written to just now');
    assert.equal(says({ pidNamespace: undefined }), true, 'as it was written before');
  });

  it('knows that one has ended whose parent does not ask how', { skip: process.platform !== 'linux' && 'no other system tells' }, async (t) => {
    const file = path.join(temporaryFolder(t), 'log.jsonl');
    const pid = await zombie(t);
    const startTime = processStartTime(pid);
    writeFileSync(file, `${JSON.stringify({ ...describeWriter(), pid, startTime })}\n`);
    assert.equal(writerIsAlive(file), false);
  });

  it('knows one of another PID namespace by the lock that it touches', { skip: describeWriter().pidNamespace === undefined && 'the system has none' }, (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, 'log.jsonl');
    // Here this is the id of another process, if of any.
    const writer = { ...describeWriter(), pid: 1, startTime: '7', pidNamespace: 'pid:[1]' };
    writeFileSync(file, `${JSON.stringify(writer)}\n`);
    assert.equal(writerIsAlive(file), false);
    const lock = path.join(folder, 'runweave.yaml.lock');
    writeFileSync(lock, JSON.stringify({ ...writer, startTime: '8' }));
    assert.equal(writerIsAlive(file), false);
    writeFileSync(lock, JSON.stringify(writer));
    assert.equal(writerIsAlive(file), true);
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(lock, longAgo, longAgo);
    assert.equal(writerIsAlive(file), false);
  });

  it('takes an empty log for that of whoever else is at work beside it', (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, 'log.jsonl');
    const lock = path.join(folder, 'runweave.yaml.lock');
    writeFileSync(file, '');
    for (const [holder, isAlive] of [[{ pid: process.ppid, host: hostname() }, true], [describeWriter(), false], [{ pid: 2 ** 22 + 1, host: hostname() }, false]] as const) {
      writeFileSync(lock, JSON.stringify(holder));
      assert.equal(writerIsAlive(file), isAlive);
    }
  });

  it('takes a log without a writer for left behind', (t) => {
    const file = path.join(temporaryFolder(t), 'log.jsonl');
    for (const text of ['', 'x', '{"type":"writer"}\n', '{"type":"writer","pid":-1}\n', 'null\n']) {
      writeFileSync(file, text);
      assert.equal(writerIsAlive(file), false, text);
    }
  });
});
