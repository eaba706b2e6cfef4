import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spansOf } from '../../../src/model/otlp-json.ts';
import { createPieceReader, type Found } from '../../../src/model/otlp-pieces.ts';
import { createSplitter, type SplitOptions } from '../../../src/model/otlp-splitter.ts';

/** Deterministic: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function split(text: string, chunk: number, options: SplitOptions = {}): Found[] {
  const splitter = createSplitter(1, options);
  const found: Found[] = [];
  const bytes = Buffer.from(text);
  // Reused, as who reads a file does.
  const buffer = Buffer.alloc(chunk);
  for (let at = 0; at < bytes.length; at += chunk) splitter.push(buffer.subarray(0, bytes.copy(buffer, 0, at)), found);
  splitter.end(found);
  return found;
}

function read(text: string, chunk = 64 * 1024, options: SplitOptions = {}): readonly Found[] {
  const reader = createPieceReader(options);
  const bytes = Buffer.from(text);
  const found: Found[] = [];
  for (let at = 0; at < bytes.length; at += chunk) found.push(...reader.push(Uint8Array.from(bytes.subarray(at, at + chunk))));
  return [...found, ...reader.end()];
}

const documents = (found: readonly Found[]): readonly unknown[] => found.flatMap((each) => (each.type === 'piece' ? [JSON.parse(each.text) as unknown] : []));
const spans = (parsed: readonly unknown[]): readonly unknown[] => parsed.flatMap((document) => [...spansOf(document)]);
const problems = (found: readonly Found[]): readonly Found[] => found.filter((each) => each.type === 'problem');

function generate(random: () => number): unknown {
  const some = <T>(most: number, make: () => T): readonly T[] => Array.from({ length: Math.floor(random() * (most + 1)) }, make);
  const text = (): string => ['', 'x', '"', '\\', '\\"', 'ä€𝄞', '\n{[', ']}', 'a'.repeat(40), '\u2028'][Math.floor(random() * 10)] ?? '';
  const attributes = (): unknown => some(3, () => ({ key: text(), value: random() < 0.5 ? { stringValue: text() } : { arrayValue: { values: some(3, () => ({ intValue: 1 })) } } }));
  const resource = (): object => (random() < 0.8 ? { resource: { attributes: attributes() } } : {});
  return {
    ...(random() < 0.2 && { spans: [1, '{', []] }),
    resourceSpans: some(4, () => ({
      ...resource(),
      ...(random() < 0.3 && { schemaUrl: text() }),
      scopeSpans: some(3, () => ({ ...(random() < 0.8 && { scope: { name: text(), version: text() } }), spans: some(6, () => ({ spanId: text(), name: text(), attributes: attributes(), events: some(2, () => ({ name: text(), attributes: attributes() })) })) })),
      unknown: [{ spans: [text()] }],
    })),
    ...(random() < 0.3 && { resourceLogs: some(2, () => ({ ...resource(), scopeLogs: [{ logRecords: some(5, () => ({ body: { stringValue: text() } })) }] })) }),
  };
}

function count(document: unknown, ...way: readonly string[]): number {
  const [name, ...rest] = way;
  if (name === undefined) return 1;
  const list = (document as Readonly<Record<string, unknown>>)[name];
  return Array.isArray(list) ? list.reduce((sum: number, item) => sum + count(item, ...rest), 0) : 0;
}

describe('createSplitter', () => {
  it('gives the same spans and log records, whatever the sizes of pieces and chunks', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = randomOf(seed);
      const whole = Array.from({ length: 1 + Math.floor(random() * 3) }, () => generate(random));
      const text = whole.map((document) => JSON.stringify(document, null, random() < 0.5 ? 2 : 0)).join(random() < 0.5 ? '\n' : '');
      const found = split(text, 1 + Math.floor(random() * 40), { pieceSize: Math.floor(random() * 200) });
      assert.deepEqual(problems(found), [], `seed ${seed}`);
      const pieces = documents(found);
      assert.deepEqual(spans(pieces), spans(whole), `seed ${seed}`);
      const logs = (parsed: readonly unknown[]): number => parsed.reduce<number>((sum, each) => sum + count(each, 'resourceLogs', 'scopeLogs', 'logRecords'), 0);
      assert.equal(logs(pieces), logs(whole), `seed ${seed}`);
    }
  });

  it('gives of a document that is cut off, anywhere, the spans that are whole, and says so', () => {
    const random = randomOf(7);
    const document = Array.from({ length: 50 }, () => generate(random)).find((each) => spans([each]).length > 10);
    const text = JSON.stringify(document);
    const all = spans([document]);
    let most = 0;
    for (let length = 1; length < text.length; length += 1) {
      const found = split(text.slice(0, length), 50, { pieceSize: 300 });
      assert.equal(problems(found).length, 1);
      const whole = spans(documents(found));
      assert.deepEqual(whole, all.slice(0, whole.length));
      assert.ok(whole.length >= most);
      most = whole.length;
    }
    assert.equal(most, all.length);
  });

  it('cuts where there is something to cut, and repeats a large resource seldom', () => {
    const attribute = { key: 'k', value: { stringValue: 'r'.repeat(1000) } };
    const text = JSON.stringify({ resourceSpans: [{ resource: { attributes: [attribute] }, scopeSpans: [{ spans: Array.from({ length: 100 }, (_, index) => ({ name: `span ${index}` })) }] }] });
    const found = split(text, 100, { pieceSize: 10 });
    assert.ok(found.length > 2);
    const { length } = found.map((each) => (each.type === 'piece' ? each.text : '')).join('');
    assert.ok(length < 3 * text.length, `${length} of ${text.length}`);
  });

  it('leaves a value out that is too long, and says in which line', () => {
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"},\n{"name":"${'b'.repeat(500)}"},\n{"name":"c"}]}]}]}`;
    const found = split(text, 20, { itemLimit: 200 });
    assert.deepEqual(spans(documents(found)).map((span) => (span as { readonly name: string }).name), ['a', 'c']);
    assert.deepEqual(problems(found).map((each) => each.line), [2]);
  });

  it('takes any bytes', () => {
    const random = randomOf(3);
    const characters = '{}[]",:\\ \n1a';
    for (let turn = 0; turn < 3000; turn += 1) {
      const text = `${random() < 0.5 ? '{"resourceSpans":[{"scopeSpans":[{"spans":[' : ''}${Array.from({ length: 40 }, () => characters[Math.floor(random() * characters.length)]).join('')}`;
      split(text, 1 + Math.floor(random() * 9), { pieceSize: 5 });
      read(text, 7, { pieceSize: 5 });
    }
    for (const deep of ['['.repeat(300_000), '{"a":'.repeat(300_000), '{"resourceSpans":'.repeat(100_000), '{"resourceSpans":[{"scopeSpans":[{"spans":['.repeat(50_000)]) assert.ok(read(deep).length > 0);
  });
});

describe('createPieceReader', () => {
  const line = (name: string): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ name }] }] }] });

  it('gives lines with their numbers, also after empty and damaged ones', () => {
    const found = read(`\n${line('a')}\r\n\n{"cut\n${line('b')}`, 10);
    assert.deepEqual(found.map((each) => each.line), [2, 4, 5]);
    assert.equal(found[2]?.type === 'piece' && found[2].text, line('b'));
  });

  it('splits a line that is long, and goes on behind it', () => {
    const long = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: 60_000 }, (_, index) => ({ name: `${index}`, attributes: [{ key: 'x', value: { stringValue: 'x'.repeat(30) } }] })) }] }] });
    assert.ok(long.length > 4 * 1024 * 1024);
    const found = read(`${line('a')}\n${long}\n${long.slice(0, -3)}\n${line('b')}\n`, 64 * 1024);
    assert.deepEqual(problems(found).map((each) => each.line), [3]);
    assert.equal(spans(documents(found)).length, 120_002);
    assert.equal(found.at(-1)?.line, 4);
    assert.ok(found.length > 50);
  });
});
