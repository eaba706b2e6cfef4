import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { absent, describeReason, withMisfit, type Digest } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';

const content = `sha256:${'87637d66'.repeat(8)}` as Digest;

describe('describeReason', () => {
  it('says of a file that counts whether it has come or gone', () => {
    assert.equal(describeReason({ type: 'source-changed', path: 'a.py', from: content, to: absent }), 'source a.py is gone (87637d66 → none)');
    assert.equal(describeReason({ type: 'input-changed', path: 'a.csv (read)', from: absent, to: content }), 'input a.csv (read) is new (none → 87637d66)');
    // It may be there, and not be asked for.
    assert.equal(describeReason({ type: 'source-changed', path: 'a.sh', from: content }), 'source a.sh no longer counts (87637d66 → none)');
    assert.equal(describeReason({ type: 'input-changed', path: 'a.csv', from: content }), 'input a.csv no longer counts (87637d66 → none)');
    assert.equal(describeReason({ type: 'upstream-changed', task: 'a[n=3]' as TaskId, from: content }), 'no longer needs a[n=3]');
    assert.equal(describeReason({ type: 'upstream-changed', task: 'a[n=4]' as TaskId, to: content }), 'needs a[n=4] too');
    assert.equal(describeReason({ type: 'upstream-changed', task: 'a' as TaskId, from: content, to: absent }), 'outputs of a changed (87637d66 → none)');
  });

  it('says of a module that did not fit a warm task what it was', () => {
    const from = withMisfit('CPython 3.12.4', 'numpy loaded before it was imported after A was set');
    assert.equal(describeReason({ type: 'interpreter-changed', from, to: 'CPython 3.12.4' }), 'it ran with numpy loaded before it was imported after A was set');
  });

  it('shows of long values what differs', () => {
    const columns = ['id', 'name', 'price', 'quantity', 'discount', 'country', 'currency', 'ordered_at'];
    assert.equal(
      describeReason({ type: 'param-changed', name: 'columns', from: columns, to: columns.with(-1, 'delivered_at') }),
      'parameter columns: …ountry","currency","ordered_at"] → …ountry","currency","delivered_at"]',
    );
    const command = 'python train.py --epochs 10';
    assert.equal(describeReason({ type: 'definition-changed', part: 'shell', from: command, to: `${command} ${'--quiet '.repeat(9)}` }), `definition: shell changed, "${command}" → "${command} --quiet --quiet --quiet --quie…`);
    assert.equal(describeReason({ type: 'env-changed', name: 'MODE', to: 'fast' }), 'environment variable MODE: unset → "fast"');
  });

  it('tells a failure from a task that a change cut off', () => {
    assert.equal(describeReason({ type: 'last-run-failed', runId: 'R' }), 'did not succeed in R');
    assert.equal(describeReason({ type: 'last-run-failed', runId: 'R', unfinished: true }), 'has not ended in R, which runs still or was cut off');
    assert.equal(describeReason({ type: 'last-run-failed', runId: 'R', superseded: true }), 'was cancelled in R, as a change wanted it to run again');
  });
});
