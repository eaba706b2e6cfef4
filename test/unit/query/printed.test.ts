import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparePrinted } from '../../../src/query/compare-contents.ts';
import { lineKey, linesOf } from '../../../src/query/printed.ts';

describe('what tasks printed', () => {
  it('is compared as a terminal shows it at the end', () => {
    assert.deepEqual(linesOf('\u001b[32mgreen\u001b[0m\r\n10 %\r50 %\r100 %\nend\r\r\n'), ['green', '100 %', 'end']);
    assert.deepEqual(linesOf(''), []);
    assert.deepEqual(linesOf('\n'), ['']);
  });

  it('is the same where only times of day and addresses differ', () => {
    assert.equal(lineKey('2026-11-21 12:00:01,123 INFO fit'), lineKey('2026-11-22T09:30:00Z INFO fit'));
    assert.equal(lineKey('<Model at 0x7f21aa00>  '), lineKey('<Model at 0x7fffbb10>'));
    assert.notEqual(lineKey('loss 0.51'), lineKey('loss 0.52'));
    assert.notEqual(lineKey('0x1f'), lineKey('0x2f'));
    assert.deepEqual([comparePrinted('12:00:01 a\nb\n', '13:00:01 a\nc\n')].map(({ added, removed }) => [added, removed]), [[1, 1]]);
  });

  it('takes linear time over a line of carriage returns', () => {
    assert.deepEqual(linesOf(`${'\r'.repeat(1_000_000)}\n${'x\r'.repeat(400_000)}`).map((line) => line.length), [0, 1]);
  });
});
