import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batchesOf } from '../../../src/exporters/otlp-batches.ts';

const line = (...scopes: readonly (readonly string[])[]): string => JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: scopes.map((names, index) => ({ scope: { name: `s${index}` }, spans: names.map((name) => ({ name })) })) }] });
const names = (text: string, limits: { readonly spans: number; readonly size: number }): readonly (readonly [number, string])[] =>
  [...batchesOf(text, limits)].map(({ data, spans }) => [spans, JSON.stringify(data).replaceAll(/[^]*?"name":"([^"]*)"|[^]+$/g, '$1 ').trim()]);

describe('batchesOf', () => {
  it('keeps resource and scope with each batch, and the order of the spans', () => {
    assert.deepEqual(names(line(['a', 'b', 'c'], ['d']), { spans: 2, size: 1e6 }), [[2, 's0 a b'], [1, 's0 c'], [1, 's1 d']]);
  });

  it('lets a span that is too long go alone', () => {
    const long = 'x'.repeat(100);
    assert.deepEqual(names(line(['a', long, 'b', 'c']), { spans: 10, size: 60 }), [[1, 's0 a'], [1, `s0 ${long}`], [2, 's0 b c']]);
  });

  it('has none for a line without spans', () => {
    assert.deepEqual([...batchesOf('{}'), ...batchesOf(line([]))], []);
  });
});
