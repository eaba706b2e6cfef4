import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { observedKey } from '../../../src/fingerprint/task-fingerprint.ts';
import type { Fingerprint } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import { createUsedFiles } from '../../../src/execution/used-files.ts';
import { taskOf } from '../sketch.ts';

const id = (text: string): TaskId => text as TaskId;

interface Uses {
  readonly read?: readonly string[];
  readonly sources?: readonly string[];
  /** By folder: patterns. */
  readonly listed?: Readonly<Record<string, readonly string[]>>;
}

function fingerprint({ read = [], sources = [], listed = {} }: Uses): Fingerprint {
  const table = (names: readonly string[]): Record<string, unknown> => Object.fromEntries(names.map((name) => [name, {}]));
  return { inputs: table(read.map(observedKey)), sources: table(sources), listings: Object.fromEntries(Object.entries(listed).map(([folder, patterns]) => [folder, table(patterns)])) } as unknown as Fingerprint;
}

/** What `b`, which needs `a`, is known to use; `c` does not need it. */
function used({ last = {}, kept = [], other = {}, inputs = [] }: { readonly last?: Uses; readonly kept?: readonly Uses[]; readonly other?: Uses; readonly inputs?: readonly string[] }): (...files: readonly string[]) => boolean {
  const tasks = [taskOf({ id: 'a' }), taskOf({ id: 'b', dependencies: [id('a')], inputs }), taskOf({ id: 'c' })];
  const latest: Record<string, Uses> = { a: { read: ['own.txt'] }, b: last, c: other };
  const isUsedElsewhere = createUsedFiles({ tasks } as never, { result: (task) => ({ fingerprint: fingerprint(latest[task] ?? {}) }), kept: (task) => (task === 'b' ? kept.map(fingerprint) : []) });
  return (...files) => isUsedElsewhere(id('a'), files);
}

describe('files that tasks use', () => {
  it('are what others were seen to read, import, start or list, and their inputs', () => {
    assert.equal(used({})(), false);
    assert.equal(used({})('own.txt'), false);
    assert.equal(used({ last: { read: ['state'] } })('log', 'state'), true);
    assert.equal(used({ other: { read: ['state'] } })('state'), true);
    assert.equal(used({ last: { read: ['state'] } })('log'), false);
    assert.equal(used({ last: { sources: ['gen.py'] } })('gen.py'), true);
    assert.equal(used({ inputs: ['data'] })('data/in.txt'), true);
    assert.equal(used({ inputs: ['data'] })('data.txt'), false);
    assert.equal(used({ inputs: ['x/*.csv'] })('x/a.csv'), true);
    assert.equal(used({ inputs: ['x/*.csv'] })('x/a.log'), false);
  });

  it('count in a folder that was listed by their names, or those of the folders that they lie in', () => {
    const listed = used({ last: { listed: { parts: ['*'], '.': ['*.csv', 'm*'] } } });
    assert.equal(listed('parts/0'), true);
    assert.equal(listed('parts/deep/0'), true);
    assert.equal(listed('a.csv'), true);
    assert.equal(listed('models/a'), true);
    assert.equal(listed('a.log', 'logs/a.csv'), false);
    assert.equal(used({ last: { listed: { data: ['**/*.csv'] } } })('data/deep/a'), true);
  });

  it('are all in a folder where only that is known', () => {
    assert.equal(used({ last: { read: ['deep/er/file'] } })('deep/'), true);
    assert.equal(used({ last: { read: ['deep/er/file'] } })('dee/'), false);
    assert.equal(used({ last: { read: ['state'] } })('./'), true);
    assert.equal(used({ inputs: ['data'] })('data/x/'), true);
    assert.equal(used({ inputs: ['data/*/5'] })('data/x/'), true);
    assert.equal(used({ inputs: ['other/*/5'] })('data/x/'), false);
    assert.equal(used({ last: { listed: { 'data/x': ['*'] } } })('data/x/'), true);
  });

  it('are also what a task after it used in a state that may come back', () => {
    assert.equal(used({ last: { read: ['new'] }, kept: [{ read: ['state'] }] })('state'), true);
  });
});
