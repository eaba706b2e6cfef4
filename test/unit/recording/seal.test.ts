import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { maskEvent } from '../../../src/model/masked-event.ts';
import { createMasker } from '../../../src/model/masker.ts';
import type { MetricValue } from '../../../src/model/metric-series.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { createRunFold } from '../../../src/model/run-state.ts';
import type { OutputChunk, RunState } from '../../../src/model/run-state.ts';
import { openEventLog } from '../../../src/recording/event-log.ts';
import { flushObjects, objectPath, storeArtifact } from '../../../src/recording/artifacts.ts';
import { RecordExistsError, recoverRuns, sealRun } from '../../../src/recording/seal.ts';
import { readRecord, readRecordHead } from '../../../src/store/read-record.ts';
import { generateRun } from './generated-run.ts';
import { temporaryFolder } from './temporary-folder.ts';

function fold(events: Iterable<RunEvent>): RunState {
  const run = createRunFold();
  for (const event of events) run.apply(event);
  const state = run.state();
  assert.ok(state);
  return state;
}

/** Plain JSON, with the one thing that a record joins joined: neighbouring output on one stream. */
function comparable(state: RunState): unknown {
  const join = (chunks: readonly OutputChunk[]): readonly { stream: string; text: string; log?: unknown }[] => {
    const joined: { stream: string; text: string; log?: unknown }[] = [];
    for (const { stream, text, log } of chunks) {
      const last = joined.at(-1);
      if (log !== undefined) joined.push({ stream, text, log });
      else if (last?.stream === stream && last.log === undefined) last.text += text;
      else joined.push({ stream, text });
    }
    return joined;
  };
  const tasks = state.tasks.map((task) => ({ ...task, attempts: task.attempts.map((attempt) => ({ ...attempt, output: join(attempt.output) })) }));
  return sorted(JSON.parse(JSON.stringify({ ...state, tasks })));
}

/** Order of keys has no meaning; as entries, so that `__proto__` is a key like any other. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return { object: Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]) };
}

async function stateOf(record: string): Promise<RunState> {
  const read = await readRecord(record);
  if (read.type !== 'run') assert.fail(JSON.stringify(read).slice(0, 300));
  return read.state;
}

describe('sealRun', () => {
  it('gives back from the record what the events folded to, for runs of every kind', async (t) => {
    const folder = temporaryFolder(t);
    const seen = new Set<string>();
    for (let seed = 1; seed <= 60; seed += 1) {
      const all = generateRun(seed);
      // Every third as a crash in the middle would leave it.
      const events = seed % 3 === 0 ? generateRun(seed, { cutAfter: Math.max(1, Math.floor(all.length * 0.6)) }) : all;
      for (const event of events) seen.add(event.type);
      const record = await sealRun(path.join(folder, String(seed)), events);
      assert.deepEqual(comparable(await stateOf(record)), comparable(fold(events)), `seed ${seed}`);
    }
    assert.equal(seen.size, 27, 'every type of event is among them');
  });

  it('gives back what is left of a run when secrets are taken out of it, whatever words and numbers they are', async (t) => {
    const folder = temporaryFolder(t);
    const words = ['text', 'loss', 'name', 'type', 'task', 'train', 'success', 'failure', 'first', 'stdout', 'shell', 'http', 'data', 'numpy', 'never-ran', 'param-changed', 'utf8', 'running', 'build', 'digest', 'sha256'];
    const numbers = ['123456789', '12345678901234567890', '1795', '4711'];
    for (let seed = 1; seed <= 20; seed += 1) {
      const masker = createMasker([...words, ...numbers, seed.toString(16).padStart(4, '0')]);
      assert.ok(masker !== undefined);
      const events = generateRun(seed).map((event) => maskEvent(event, masker));
      const state = comparable(fold(events));
      assert.deepEqual(comparable(await stateOf(await sealRun(path.join(folder, String(seed)), events))), state, `seed ${seed}`);
      const text = JSON.stringify(state);
      for (const secret of [/\bloss\b/, /\btrain\b/, /numpy/, /123456789(?!\d)/, /12345678901234567/]) assert.doesNotMatch(text, secret);
    }
  });

  it('gives back long series, which are packed, with every value, time and step', async (t) => {
    const events = [...generateRun(8)];
    const started = events.find((event) => event.type === 'attempt-started');
    assert.ok(started !== undefined);
    const length = 40_000;
    const values = Array.from({ length }, (_, index): MetricValue => (index % 1000 === 7 ? 'NaN' : index === 20_000 ? '-Infinity' : Math.sin(index)));
    const metrics = (name: string, steps?: readonly (number | null)[]): RunEvent => ({ type: 'metrics', task: started.task, attempt: started.attempt, time: started.time, name, times: values.map((_, index) => index * 1001), values, ...(steps !== undefined && { steps }) });
    const lastAttempt = events.findLastIndex((event) => 'task' in event && event.task === started.task && event.type === 'attempt-started');
    events.splice(lastAttempt + 1, 0, ...[metrics('long', values.map((_, index) => index * 10)), metrics('some steps', values.map((_, index) => (index % 2 === 0 ? null : index))), metrics('none')].map((event) => ({ ...event, attempt: (events[lastAttempt] as typeof started).attempt })));
    const record = await sealRun(temporaryFolder(t), events);
    assert.deepEqual(comparable(await stateOf(record)), comparable(fold(events)));
    const head = await readRecordHead(record);
    const { count, finite, last, min, max, mean } = fold(events).tasks.find((task) => task.node.id === started.task)?.metrics['long'] ?? assert.fail();
    const inHead = head.tasks.find((task) => task.node.id === started.task)?.metrics['long'];
    assert.deepEqual([inHead?.count, inHead?.finite, inHead?.last, inHead?.min, inHead?.max, inHead?.mean], [count, finite, last, min, max, mean], 'a list of runs reads no further than line 1');
    assert.deepEqual([count, finite, last], [length, length - 41, Math.sin(length - 1)]);
  });

  it('writes line 1 with the run and its tasks, and the rest in lines of 100 spans, each a document', async (t) => {
    const events = generateRun(8, { tasks: 60 });
    const record = await sealRun(temporaryFolder(t), events);
    const text = readFileSync(record, 'utf8');
    assert.ok(text.endsWith('\n'));
    const counts = text.trimEnd().split('\n').map((line) => {
      const document = JSON.parse(line) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] };
      assert.equal(document.resourceSpans.length, 1);
      return (document.resourceSpans[0]?.scopeSpans ?? []).reduce((sum, { spans }) => sum + spans.length, 0);
    });
    assert.equal(counts[0], fold(events).tasks.length + 1);
    assert.ok(counts.length > 2);
    assert.ok(counts.slice(1, -1).every((count) => count === 100), counts.join(' '));
  });

  it('drops nothing past the limits of the SDK, whatever the environment says', async (t) => {
    const events = [...generateRun(4)];
    const started = events.find((event) => event.type === 'attempt-started');
    assert.ok(started);
    const metrics: RunEvent[] = Array.from({ length: 5000 }, (_, step) => ({ type: 'metric', task: started.task, attempt: started.attempt, time: started.time, name: `m${step % 300}`, value: step / 7, step }));
    events.splice(events.indexOf(started) + 1, 0, ...metrics);
    process.env['OTEL_TRACES_SAMPLER'] = 'always_off';
    process.env['OTEL_SPAN_EVENT_COUNT_LIMIT'] = '1';
    t.after(() => {
      delete process.env['OTEL_TRACES_SAMPLER'];
      delete process.env['OTEL_SPAN_EVENT_COUNT_LIMIT'];
    });
    const record = await sealRun(temporaryFolder(t), events);
    assert.deepEqual(comparable(await stateOf(record)), comparable(fold(events)));
    assert.doesNotMatch(readFileSync(record, 'utf8'), /"dropped\w+Count":[1-9]/);
  });

  it('removes the event log, and leaves no other file', async (t) => {
    const folder = temporaryFolder(t);
    const events = generateRun(2);
    const first = events[0];
    assert.ok(first?.type === 'run-started');
    const log = await openEventLog(folder, first.runId);
    for (const event of events) log.append(event);
    await log.close();
    mkdirSync(path.join(folder, 'runs'));
    writeFileSync(path.join(folder, 'runs', `.${first.runId}.4711.tmp`), 'of a process that was killed');
    const record = await sealRun(folder, log.path);
    assert.deepEqual(comparable(await stateOf(record)), comparable(fold(events)));
    assert.deepEqual(readdirSync(path.join(folder, 'runs')), [`${first.runId}.otlp.jsonl`]);
    assert.deepEqual(readdirSync(path.join(folder, 'live')), []);
  });

  it('of a run that started nothing leaves no file where it was cut off', async (t) => {
    const folder = temporaryFolder(t);
    const [first] = generateRun(2);
    assert.ok(first?.type === 'run-started');
    const log = await openEventLog(folder, first.runId);
    log.begin();
    mkdirSync(path.join(folder, 'runs'));
    writeFileSync(path.join(folder, 'runs', `.${first.runId}.4711.tmp`), 'of a process that was killed');
    assert.deepEqual(await recoverRuns(folder, () => false), []);
    assert.deepEqual(readdirSync(path.join(folder, 'runs')), []);
    assert.deepEqual(readdirSync(path.join(folder, 'live')), []);
    log.discard();
  });

  it('of a log that was given up before the end of the run says that it was cut off', async (t) => {
    const folder = temporaryFolder(t);
    const all = generateRun(5);
    const [first] = all;
    assert.ok(first?.type === 'run-started');
    const log = await openEventLog(folder, first.runId);
    for (const event of all.slice(0, all.findIndex(({ type }) => type === 'attempt-started') + 1)) log.append(event);
    await log.close();
    const state = await stateOf(await sealRun(folder, log.path));
    assert.equal(state.interrupted, true);
    assert.equal(state.outcome, 'error');
    assert.ok(state.tasks.every(({ end }) => end !== undefined));
  });

  it('has on the disk what it refers to, before it has its name', async (t) => {
    const folder = temporaryFolder(t);
    const { digest } = await storeArtifact(folder, Buffer.from('model'), { name: 'x', inlineLimit: 0 });
    const other = path.join(folder, 'other');
    await storeArtifact(other, Buffer.from('model'), { name: 'x', inlineLimit: 0 });
    const flushed: string[] = [];
    await flushObjects(folder, (file) => {
      flushed.push(file);
      return Promise.resolve();
    });
    const object = objectPath(folder, digest) ?? '';
    assert.deepEqual(flushed, [object, path.dirname(object), ...['objects/sha256', 'objects', ''].map((name) => path.join(folder, name))]);
    // Once.
    await flushObjects(folder, () => Promise.reject(new Error('there is nothing')));
  });

  it('never writes over a record', async (t) => {
    const folder = temporaryFolder(t);
    const events = generateRun(3);
    const record = await sealRun(folder, events);
    const before = readFileSync(record);
    await assert.rejects(sealRun(folder, events), RecordExistsError);
    assert.deepEqual(readFileSync(record), before);
    assert.equal(readdirSync(path.dirname(record)).length, 1);
  });

  it('fails without a trace of itself when there is no run or no place', async (t) => {
    const folder = temporaryFolder(t);
    await assert.rejects(sealRun(folder, []), /no run-started/);
    writeFileSync(path.join(folder, 'runs'), 'a file where the folder should be');
    await assert.rejects(sealRun(folder, generateRun(1)));
    assert.deepEqual(readdirSync(folder), ['runs']);
  });
});

describe('recoverRuns', () => {
  const dead = (): boolean => false;

  async function leftBehind(folder: string, events: readonly RunEvent[]): Promise<string> {
    const first = events[0];
    assert.ok(first?.type === 'run-started');
    const log = await openEventLog(folder, first.runId);
    for (const event of events) log.append(event);
    await log.close();
    return log.path;
  }

  it('seals what a dead writer left, with all that was running as interrupted', async (t) => {
    const folder = temporaryFolder(t);
    const all = generateRun(5);
    const events = all.slice(0, all.findIndex((event) => event.type === 'attempt-started') + 2);
    const log = await leftBehind(folder, events);
    writeFileSync(log, readFileSync(log, 'utf8') + '{"type":"output","ta', 'utf8');
    const results = await recoverRuns(folder, dead);
    assert.equal(results.length, 1);
    assert.equal(results[0]?.outcome, 'error');
    const state = await stateOf(results[0].record);
    assert.equal(state.interrupted, true);
    assert.equal(state.outcome, 'error');
    const task = state.tasks.find((candidate) => candidate.attempts.length > 0);
    assert.equal(task?.phase, 'error');
    assert.equal(task.failure?.type, 'interrupted');
    assert.equal(task.attempts[0]?.failure?.type, 'interrupted');
    assert.equal(task.attempts[0].outcome, 'error');
    assert.ok(state.tasks.every((other) => other.end !== undefined));
    assert.equal(existsSync(log), false);
  });

  it('seals the others when one can not be', async (t) => {
    const folder = temporaryFolder(t);
    const log = await leftBehind(folder, generateRun(5));
    // The room that is reserved for its end can't be given back.
    mkdirSync(path.join(folder, 'live', '0.jsonl.reserve'));
    writeFileSync(path.join(folder, 'live', '0.jsonl'), 'x\n');
    assert.equal((await recoverRuns(folder, dead)).length, 1);
    assert.equal(existsSync(log), false);
  });

  it('leaves the log of a living writer, by default this process', async (t) => {
    const folder = temporaryFolder(t);
    const log = await leftBehind(folder, generateRun(5, { cutAfter: 3 }));
    assert.deepEqual(await recoverRuns(folder), []);
    assert.ok(existsSync(log));
  });

  it('keeps the outcome of a run that had ended, and removes the log of a run that had its record', async (t) => {
    const folder = temporaryFolder(t);
    const events: readonly RunEvent[] = [...generateRun(7).filter((event) => event.type !== 'run-ended'), { type: 'run-ended', time: '1896000000000000000' as never, outcome: 'success' }];
    const log = await leftBehind(folder, events);
    const record = await sealRun(folder, events);
    const before = readFileSync(record);
    await leftBehind(folder, events);
    const results = await recoverRuns(folder, dead);
    assert.deepEqual(results.map(({ outcome, record: path }) => ({ outcome, path })), [{ outcome: 'success', path: record }]);
    assert.deepEqual(readFileSync(record), before);
    assert.equal(existsSync(log), false);
  });

  it('puts aside a log that tells of no run, and does not lose it', async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(path.join(folder, 'live'));
    for (const [name, text] of [
      ['garbage', 'x\ny\n'],
      ['headless', '{"type":"warning","time":"1","message":"m"}\n'],
      ['hostile', '{"type":"run-started","time":"1","runId":"../../x","tasks":[]}\n'],
      ['shapeless', '{"type":"run-started","time":"1"}\n{"type":"warning","time":"1","message":"m"}\n'],
    ] as const) {
      writeFileSync(path.join(folder, 'live', `${name}.jsonl`), text);
    }
    assert.deepEqual(await recoverRuns(folder, dead), []);
    assert.deepEqual(
      readdirSync(path.join(folder, 'live')).sort(),
      ['garbage', 'headless', 'hostile', 'shapeless'].map((name) => `${name}.jsonl.unreadable`),
    );
  });

  it('removes a log whose process died before the first event', async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(path.join(folder, 'live'));
    const writer = '{"type":"writer","pid":1,"host":"h"}\n';
    for (const [name, text] of [
      ['empty', ''],
      ['begun', writer],
      ['torn', writer.slice(0, -4)],
    ] as const) {
      writeFileSync(path.join(folder, 'live', `${name}.jsonl`), text);
    }
    assert.deepEqual(await recoverRuns(folder, dead), []);
    assert.deepEqual(readdirSync(path.join(folder, 'live')), ['torn.jsonl.unreadable']);
  });

  it('does nothing where there is nothing', async (t) => {
    assert.deepEqual(await recoverRuns(path.join(temporaryFolder(t), 'nowhere')), []);
  });
});

