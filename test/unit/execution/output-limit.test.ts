import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UnixNano } from '../../../src/model/time.ts';
import { limitOutput, type OutputPiece } from '../../../src/execution/output-limit.ts';

function limited(texts: readonly string[], limits = { head: 10, tail: 6 }): readonly OutputPiece<number>[] {
  const pieces: OutputPiece<number>[] = [];
  const limit = limitOutput<number>((piece) => pieces.push(piece), limits);
  for (const [time, text] of texts.entries()) limit.add({ stream: 'stdout', text, time });
  limit.end();
  return pieces;
}

describe('output of a task', () => {
  it('is whole up to the limit, and also where the end joins the beginning', () => {
    for (const texts of [[], ['a\n'], ['12345\n', '6789\n'], ['12345\n', '6789\n', 'abcd\n']]) assert.deepEqual(limited(texts).map((piece) => piece.text), texts);
  });

  it('counts what log records hold beside their text', () => {
    const log = { time: '1' as UnixNano, severityNumber: 9, body: 'x', attributes: { data: 'y'.repeat(60) } };
    const pieces: OutputPiece<number>[] = [];
    const limit = limitOutput<number>((piece) => pieces.push(piece), { head: 100, tail: 100 });
    for (let time = 0; time < 10; time += 1) limit.add({ stream: 'stderr', text: 'x\n', time, log });
    limit.end();
    assert.deepEqual(pieces.map((piece) => piece.log !== undefined), [true, true, false, true, true]);
  });

  it('is its beginning and its end beyond that, with what is missing in between', () => {
    const lines = Array.from({ length: 9 }, (_, index) => `line${index}\n`);
    assert.deepEqual(limited(lines), [
      { stream: 'stdout', text: 'line0\n', time: 0 },
      { stream: 'stdout', text: 'line1\n', time: 1 },
      { stream: 'stderr', text: '\nrunweave: 36 characters of output are left out here; of each attempt the first 10 characters and the last 6 characters are kept\n', time: 8 },
      { stream: 'stdout', text: 'line8\n', time: 8 },
    ]);
  });
});
