import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAnnotation, type Annotation, type AnnotationChange } from '../../../src/model/annotation.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunId } from '../../../src/model/run-event.ts';
import { indexAnnotations, remarkFinder } from '../../../src/query/annotations.ts';
import { noAnnotations } from '../../../src/query/run-row.ts';

const a = 'run-a' as RunId;

/** The first is made at second 0, the second at second 1, … */
function made(...changes: readonly (AnnotationChange | readonly [Partial<Annotation['target']>, AnnotationChange])[]): Annotation[] {
  return changes.map((each, index) => {
    const [target, change] = Array.isArray(each) ? (each as readonly [Partial<Annotation['target']>, AnnotationChange]) : [{}, each as AnnotationChange];
    return { id: `id-${index}`, time: new Date(index * 1000).toISOString(), target: { runId: a, ...target }, change };
  });
}

describe('annotations', () => {
  it('say nothing of a run that nobody spoke of', () => {
    assert.deepEqual(indexAnnotations([]).ofRun(a), noAnnotations);
  });

  it('hold in the order in which they were made, whatever the order of the lines, and once', () => {
    const all = made({ type: 'star', on: true }, { type: 'tag', tag: 'x', on: true }, { type: 'tag', tag: 'y', on: true }, { type: 'tag', tag: 'x', on: false }, { type: 'name', name: 'first' }, { type: 'name', name: 'best' }, { type: 'note', text: 'n' }, { type: 'archive', on: true });
    const expected = { star: true, archived: true, tags: ['y'], notes: ['n'], flags: [], name: 'best' };
    assert.deepEqual(indexAnnotations(all).ofRun(a), expected);
    assert.deepEqual(indexAnnotations([...all.toReversed(), ...all]).ofRun(a), expected);
  });

  it('can be undone, and that too', () => {
    const all = made({ type: 'star', on: true }, { type: 'note', text: 'n' }, { type: 'undo', id: 'id-1' });
    assert.deepEqual(indexAnnotations(all).ofRun(a), { ...noAnnotations, star: true });
    assert.equal(indexAnnotations(all).latest()?.id, 'id-0');
    const again = [...all, ...made({ type: 'undo', id: 'id-2' }).map((each) => ({ ...each, id: 'id-3', time: new Date(9000).toISOString() }))];
    assert.deepEqual(indexAnnotations(again).ofRun(a).notes, ['n']);
  });

  it('flag outputs one by one', () => {
    const task = 'train' as TaskId;
    const all = made([{ task, output: 'model.pkl' }, { type: 'flag', on: true, why: 'all zeros' }], [{ task }, { type: 'flag', on: true }], [{ task }, { type: 'flag', on: false }]);
    const index = indexAnnotations(all);
    assert.deepEqual(index.ofRun(a).flags, ['model.pkl']);
    assert.deepEqual(index.flags(), [{ runId: a, task, output: 'model.pkl', why: 'all zeros', time: new Date(0).toISOString() }]);
  });

  it('are of a run, a task or an output by themselves', () => {
    const task = 'train' as TaskId;
    const output = { task, output: 'model.pkl' };
    const all = made({ type: 'tag', tag: 'x', on: true }, [output, { type: 'tag', tag: 'x', on: true }], [output, { type: 'note', text: 'odd' }], [{ task }, { type: 'note', text: 'slow' }], [output, { type: 'flag', on: true, why: 'zeros' }]);
    const { remarksOf, remarks, ofRun } = indexAnnotations(all);
    const time = (second: number): string => new Date(second * 1000).toISOString();
    assert.deepEqual(remarksOf(a), [
      { runId: a, tags: ['x'], notes: [] },
      { runId: a, ...output, tags: ['x'], notes: [{ text: 'odd', time: time(2) }], flag: { why: 'zeros' } },
      { runId: a, task, tags: [], notes: [{ text: 'slow', time: time(3) }] },
    ]);
    assert.deepEqual(ofRun(a), { ...noAnnotations, tags: ['x'], notes: ['odd', 'slow'], flags: ['model.pkl'] });
    assert.equal(remarkFinder(remarks())({ runId: a, ...output })?.flag?.why, 'zeros');
    assert.equal(remarkFinder(remarks())({ runId: a, task, output: 'other' }), undefined);

    const later = (change: AnnotationChange, target = {}): readonly Annotation[] => [...all, ...made([target, change]).map((each) => ({ ...each, id: 'later', time: time(60) }))];
    assert.deepEqual(indexAnnotations(later({ type: 'tag', tag: 'x', on: false }, output)).remarksOf(a).map(({ tags }) => tags), [['x'], [], []], 'from the output alone');
    assert.deepEqual(indexAnnotations(later({ type: 'tag', tag: 'x', on: false })).ofRun(a).tags, [], 'from the run and all that is in it');
    assert.deepEqual(indexAnnotations(later({ type: 'undo', id: 'id-1' })).remarksOf(a).map(({ tags }) => tags), [['x'], [], []]);
  });
});

describe('a line of the file', () => {
  it('is read back as it was written', () => {
    for (const annotation of made({ type: 'star', on: true }, { type: 'archive', on: false }, { type: 'tag', tag: 't', on: true }, { type: 'note', text: 'n' }, { type: 'name', name: '' }, [{ task: 't' as TaskId, output: 'o' }, { type: 'flag', on: true, why: 'w' }], { type: 'undo', id: 'i' })) {
      assert.deepEqual(parseAnnotation(JSON.stringify(annotation)), annotation);
    }
  });

  it('is nothing where it is torn or not understood', () => {
    const good = JSON.stringify(made({ type: 'star', on: true })[0]);
    for (const line of ['', 'x', '[]', 'null', '{}', good.slice(0, -3), good.replace('"star"', '"later"'), good.replace('true', '1'), good.replace('run-a', '').replace('""', '5'), good.replace(/"time":"[^"]*"/, '"time":"soon"')]) assert.equal(parseAnnotation(line), undefined, line);
  });
});
