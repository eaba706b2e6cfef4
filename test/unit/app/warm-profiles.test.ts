import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { likelyImports } from '../../../src/app/warm-profiles.ts';
import type { Task } from '../../../src/model/pipeline.ts';

const task = (id: string, script: string): Task => ({ id, source: { kind: 'python', script } }) as unknown as Task;

describe('what a task will import', () => {
  const tasks = [task('train[1]', 'train.py'), task('train[2]', 'train.py'), task('report', 'report.py')];
  const importsOf = (known: Readonly<Record<string, readonly string[]>>, ofRun: readonly string[]): readonly (readonly string[])[] => {
    const of = likelyImports(tasks, (id) => known[id] ?? [], new Set(ofRun));
    return tasks.map(({ id }) => of(id));
  };

  it('is what it imported, else what its siblings did, else what this run did', () => {
    assert.deepEqual(importsOf({ 'train[1]': ['sklearn'] }, ['sklearn', 'numpy']), [['sklearn'], ['sklearn'], ['sklearn', 'numpy']]);
    assert.deepEqual(importsOf({}, ['numpy']), [['numpy'], ['numpy'], ['numpy']]);
    assert.deepEqual(importsOf({ report: ['json'] }, []), [[], [], ['json']]);
  });
});
