import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { GraphTask, TaskStatus } from '../../../src/model/graph-task.ts';
import type { LoadedTask } from '../../../src/protocol/session.ts';
import { matrixLook, spokenTask, taskLook, taskRows, tooltipLines } from '../../../src/vscode/task-tree.ts';

const nowhere = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

function task(id: string, matrix: LoadedTask['matrix'] = {}): LoadedTask {
  return { id: id as TaskId, name: id.replace(/\[.*/, ''), kind: 'notebook', matrix, dependencies: [], source: 'n.py', outputs: [], tags: [], range: nowhere, watch: 'auto' };
}
function status(phase: TaskStatus['phase'], more: Partial<TaskStatus> = {}): TaskStatus {
  return { phase, reasons: [], ...more };
}

const value = (phase: TaskStatus['phase'], at = 0): GraphTask => ({ ...task(`t[n=${at}]`, { n: at }), hasOutput: false, status: status(phase) });

describe('taskRows', () => {
  it('makes one row of a matrix, also of one with a single value, at the place of its first task', () => {
    const rows = taskRows([task('split'), task('train[n=4,lr=0.1]', { n: 4, lr: 0.1 }), task('eda'), task('train[n=5,lr=0.1]', { n: 5, lr: 0.1 }), task('one[x=1]', { x: 1 })]);
    assert.deepEqual(rows, [
      { type: 'task', id: 'split', label: 'split' },
      { type: 'matrix', name: 'train', rows: [{ type: 'task', id: 'train[n=4,lr=0.1]', label: 'n=4,lr=0.1' }, { type: 'task', id: 'train[n=5,lr=0.1]', label: 'n=5,lr=0.1' }] },
      { type: 'task', id: 'eda', label: 'eda' },
      { type: 'matrix', name: 'one', rows: [{ type: 'task', id: 'one[x=1]', label: 'x=1' }] },
    ]);
  });
});

describe('taskLook', () => {
  it('shows the time of a running task as it goes on', () => {
    const look = taskLook(status('running', { startedAt: 1000 }), 4200);
    assert.deepEqual([look.icon, look.description, look.contextValue], ['sync~spin', 'running · 3.2 s', 'task.running']);
  });
  it('shows a result that no longer stands as stale', () => {
    assert.equal(taskLook(status('success', { stale: true, duration: 640 }), 0).description, 'stale · 640 ms');
    assert.equal(taskLook(status('success', { stale: false, duration: 640 }), 0).description, '640 ms');
  });
  it('keeps a failure a failure', () => {
    assert.equal(taskLook(status('failure', { stale: true }), 0).icon, 'error');
  });
});

describe('spokenTask', () => {
  it('has every word once', () => {
    const spoken = (of: TaskStatus): string => spokenTask('report', of, taskLook(of, 3000));
    assert.deepEqual(
      [status('pending'), status('success', { duration: 87 }), status('running', { startedAt: 0 }), status('failure', { duration: 5 })].map(spoken),
      ['report, pending', 'report, succeeded, 87 ms', 'report, running · 3.0 s', 'report, failed · 5 ms'],
    );
  });
});

describe('matrixLook', () => {
  it('has the most urgent state as its icon and counts them all', () => {
    const look = matrixLook((['success', 'failure', 'success', 'running'] as const).map(value));
    assert.deepEqual([look.icon, look.description, look.contextValue], ['sync~spin', '× 4 · 2 succeeded, 1 failed, 1 running', 'matrix.running']);
  });
  it('counts nothing before the first run', () => {
    assert.equal(matrixLook([value('pending'), value('pending')]).description, '× 2');
  });
});

describe('tooltipLines', () => {
  it('has what the task is, how it is, and why', () => {
    const { facts, reasons } = tooltipLines({ ...task('train'), dependencies: ['split' as TaskId], owner: 'ml' }, status('success', { duration: 1500, reasons: ['forced'], metrics: { auc: 0.98765432 } }));
    assert.deepEqual(facts, ['notebook: n.py', 'owner: ml', 'after split', 'succeeded, last execution 1.5 s', 'auc 0.987654']);
    assert.deepEqual(reasons, ['forced']);
    assert.deepEqual(tooltipLines(task('train'), status('failure', { failure: 'ValueError: no such digit' })).facts, ['notebook: n.py', 'failed', 'ValueError: no such digit']);
  });
});
