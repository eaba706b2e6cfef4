import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createTaskMemory } from '../../../src/app/task-memory.ts';
import type { DecisionMemory } from '../../../src/execution/decision-memory.ts';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import type { Pipeline, Task, TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { taskOf } from '../sketch.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-task-memory-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const first = taskOf({ id: 'first', source: { kind: 'shell', command: 'true' } });
/** Looks at no file that is there, so that its decision is remembered whatever the time is. */
const second = taskOf({ id: 'second', source: { kind: 'shell', command: 'true' }, dependencies: ['first' as TaskId] });
const span = { runId: 'run-1' as RunId, traceId: 't' as TraceId, spanId: 's' as SpanId };
const fingerprint = { definition: digestOf(''), definitionParts: {}, params: {}, sources: {}, inputs: {}, upstream: {}, env: {}, interpreter: '' };
const success: TaskResult = { ...span, outcome: 'success', fingerprint, outputs: [], returns: {}, duration: 1, end: '1' as UnixNano };

function pipelineOf(tasks: readonly Task[]): Pipeline {
  return { name: 'p', file: path.join(folder, 'runweave.yaml'), folder, params: {}, secrets: [], record: { env: [], inline: 65536 }, onFailure: 'stop', slots: {}, tasks };
}

function remember(memory: DecisionMemory, task: Task): void {
  memory.observe(task)?.(span);
  assert.equal(memory.holds(task), true);
}

describe('what is known of tasks', () => {
  it('has sources that a module did not fit, for a day, also in the next process', (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: 1e12 });
    const open = (): ReturnType<typeof createTaskMemory> => createTaskMemory(path.join(folder, '.runweave'), path.join(folder, 'runweave.yaml'));
    const known = open().misfits();
    known.set('/w/a.py', 'numpy is imported after A was set');
    known.save();
    assert.deepEqual(['/w/a.py', '/w/b.py'].map(open().misfits().of), ['numpy is imported after A was set', undefined]);
    context.mock.timers.tick(24 * 3600 * 1000);
    assert.equal(open().misfits().of('/w/a.py'), undefined);
    const later = open().misfits();
    later.set('/w/b.py', 'another');
    later.save();
    assert.doesNotMatch(readFileSync(path.join(folder, '.runweave', 'cache', 'misfits-runweave.yaml.json'), 'utf8'), /a\.py/);
  });

  it('is told of results also where another state of the pipeline file was read since', async () => {
    const known = createTaskMemory(path.join(folder, '.runweave'), path.join(folder, 'runweave.yaml'));
    const pipeline = pipelineOf([first, second]);
    const results = await known.results(pipeline);
    const ofRun = known.decisions(pipeline, () => 'before');
    remember(ofRun, second);
    known.decisions(pipelineOf([first, second]), () => 'now');
    results.ended(first.id, success);
    assert.equal(ofRun.holds(second), false);
  });

  it('holds no longer when the results are gone by the time that they are read', async () => {
    const store = path.join(folder, '.runweave');
    const file = path.join(store, 'cache', 'results-runweave.yaml.jsonl');
    const pipeline = pipelineOf([first, second]);
    const writing = await createTaskMemory(store, pipeline.file).results(pipeline);
    for (const { id } of pipeline.tasks) writing.ended(id, success);
    writing.close();
    const known = createTaskMemory(store, pipeline.file);
    const results = await known.results(pipeline);
    const memory = known.decisions(pipeline, () => 'key');
    for (const task of pipeline.tasks) remember(memory, task);
    rmSync(file);
    assert.equal(results.get(first.id), undefined);
    assert.deepEqual(pipeline.tasks.filter(memory.holds), []);
  });

  it('is saved for the state of the pipeline file that it is about, also when another was read since', async () => {
    const store = path.join(folder, '.runweave');
    const pipeline = pipelineOf([first, second]);
    const known = createTaskMemory(store, pipeline.file);
    const writing = await known.results(pipeline);
    for (const { id } of pipeline.tasks) writing.ended(id, success);
    let key = 'before';
    remember(known.decisions(pipeline, () => key), second);
    key = 'now';
    known.save();
    writing.close();
    const holds = (of: string): boolean => createTaskMemory(store, pipeline.file).decisions(pipeline, () => of).holds(second);
    assert.deepEqual({ before: holds('before'), now: holds('now') }, { before: true, now: false });
  });

  it('is told of changes whatever state of the pipeline file it is about', () => {
    const known = createTaskMemory(path.join(folder, '.runweave'), path.join(folder, 'runweave.yaml'));
    const reads = taskOf({ id: 'reads', source: { kind: 'shell', command: 'true' }, inputs: ['missing.txt'] });
    const memories = [pipelineOf([reads]), pipelineOf([reads])].map((pipeline) => known.decisions(pipeline, () => ''));
    for (const memory of memories) memory.trustEvents(true);
    for (const memory of memories) remember(memory, reads);
    writeFileSync(path.join(folder, 'missing.txt'), '');
    known.touch([path.join(folder, 'missing.txt')]);
    assert.deepEqual(memories.map((memory) => memory.holds(reads)), [false, false]);
  });
});
