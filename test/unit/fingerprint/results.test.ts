import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { hasResults, openResults, readResults, type StartedTask } from '../../../src/fingerprint/results.ts';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-results-'));
  file = path.join(folder, 'cache', 'results-runweave.yaml.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const a = 'a' as TaskId;
const b = 'b' as TaskId;
const fingerprint = { definition: digestOf(''), definitionParts: {}, params: {}, sources: {}, inputs: {}, upstream: {}, env: {}, interpreter: '' };
const span = { runId: 'run-1' as RunId, traceId: 'trace' as TraceId, spanId: 'span' as SpanId };
const success: TaskResult = { ...span, outcome: 'success', fingerprint, outputs: [{ path: 'out', digest: digestOf('1'), size: 1 }], returns: { n: 1 }, duration: 2, end: '5' as UnixNano };
const started: StartedTask = { ...span, runId: 'run-2' as RunId, fingerprint, time: '7' as UnixNano };

/** What another process would find. */
function read(): ReadonlyMap<TaskId, TaskResult> | undefined {
  const known = readResults(file);
  if (known === undefined) return undefined;
  const results = openResults(file, known);
  return new Map([...known.keys()].flatMap((task) => {
    const result = results.get(task);
    return result === undefined ? [] : [[task, { ...result }]];
  }));
}

describe('results', () => {
  it('are read back as they were written', () => {
    const results = openResults(file, new Map());
    results.ended(a, success);
    results.ended(b, { ...success, outcome: 'failure' });
    assert.deepEqual(results.get(a), success);
    results.close();
    assert.deepEqual(read(), new Map([[a, success], [b, { ...success, outcome: 'failure' }]]));
  });

  it('of a task that started and did not end are no success', () => {
    const results = openResults(file, new Map([[a, success]]));
    results.started(a, started);
    const expected: TaskResult = { ...span, runId: 'run-2' as RunId, fingerprint, outcome: 'error', unfinished: true, outputs: [], returns: {}, duration: 0, end: '7' as UnixNano };
    assert.deepEqual(results.get(a), expected);
    // No close: the executor was killed here.
    assert.deepEqual(read()?.get(a), expected);
    results.ended(a, success);
    assert.deepEqual(read()?.get(a), success);
    results.close();
  });

  it('are read when they are asked for, or before the first that is written', () => {
    openResults(file, new Map([[a, success]])).ended(b, success);
    let reads = 0;
    const open = () =>
      openResults(file, () => {
        reads += 1;
        return readResults(file) ?? assert.fail();
      });
    assert.deepEqual([hasResults(file), hasResults(path.join(folder, 'none'))], [true, false]);
    const asked = open();
    assert.equal(reads, 0);
    assert.deepEqual([{ ...asked.get(a) }, asked.get('c' as TaskId), reads], [success, undefined, 1]);
    const written = open();
    written.started(b, started);
    assert.equal(reads, 2);
    assert.deepEqual([read()?.get(a), read()?.get(b)?.runId], [success, 'run-2']);
    written.close();
    writeFileSync(file, '{"runweave":"results","version":1}\n');
    assert.equal(hasResults(file), false);
  });

  it('are on disk as soon as they are told', () => {
    const results = openResults(file, new Map());
    results.ended(a, success);
    assert.deepEqual(read()?.get(a), success);
    results.close();
  });

  it('survive a torn last line, and what is written after it', () => {
    openResults(file, new Map()).ended(a, success);
    appendFileSync(file, '{"task":"b","resu');
    assert.deepEqual(read(), new Map([[a, success]]));
    const results = openResults(file, readResults(file) ?? new Map<TaskId, TaskResult | string>());
    results.ended(b, success);
    results.close();
    assert.deepEqual(read(), new Map([[a, success], [b, success]]));
  });

  it('change nothing on disk while they are only read', () => {
    openResults(file, new Map([[a, success]])).close();
    assert.equal(existsSync(file), false);
  });

  it('take one line a task after they are opened anew', () => {
    const first = openResults(file, new Map());
    for (let time = 0; time < 20; time += 1) first.ended(a, { ...success, duration: time });
    first.close();
    const second = openResults(file, readResults(file) ?? new Map<TaskId, TaskResult | string>());
    second.ended(b, success);
    second.close();
    assert.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 1 + 2);
    assert.deepEqual(readdirSync(path.dirname(file)), [path.basename(file)]);
  });

  it('are unknown when there is no file, or one of another version', () => {
    assert.equal(readResults(file), undefined);
    mkdirSync(path.dirname(file));
    writeFileSync(file, '{"runweave":"results","version":99}\n');
    assert.equal(readResults(file), undefined);
    writeFileSync(file, '');
    assert.equal(readResults(file), undefined);
  });

  it('stay in memory when they can not be written', () => {
    writeFileSync(path.join(folder, 'cache'), 'a file where the folder should be');
    const results = openResults(file, new Map());
    results.ended(a, success);
    results.started(b, started);
    assert.deepEqual(results.get(a), success);
    results.close();
    assert.equal(readResults(file), undefined);
  });

  it('leave no file with gaps when they can not be written', () => {
    openResults(file, new Map()).ended(a, success);
    const results = openResults(file, new Map([[a, success]]));
    mkdirSync(`${file}.${process.pid}.tmp`);
    results.started(a, started);
    results.close();
    assert.equal(readResults(file), undefined);
  });
});
