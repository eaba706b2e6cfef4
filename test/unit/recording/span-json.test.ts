import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpanStatusCode } from '@opentelemetry/api';
import type { Json } from '../../../src/model/json.ts';
import type { SpanId, TraceId } from '../../../src/model/run-event.ts';
import { toAttributes } from '../../../src/recording/attributes.ts';
import { createRunCollector } from '../../../src/recording/run-to-spans.ts';
import { createSpanSerializer, type SpanDescription, type WrittenSpan } from '../../../src/recording/spans.ts';
import type { UnixNano } from '../../../src/model/time.ts';
import { generateRun } from './generated-run.ts';
import { spanText } from './span-text.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c' as TraceId;

/** Alone in a document, a span is written by OpenTelemetry's SDK. */
function assertAsSdk(span: SpanDescription): void {
  const [, spans] = /"spans":\[(.*)\]\}\]\}\]\}$/s.exec(createSpanSerializer(traceId, {}).serialize([span])) ?? [];
  assert.equal(spanText(traceId, span), spans?.replaceAll(/,"dropped\w+Count":0/g, ''));
}

function assertWrittenAsSdk(span: WrittenSpan): void {
  const values: Record<string, Json | undefined> = {};
  span.attributes((name, value) => (values[name] = value));
  const links: SpanLink[] = [];
  span.links((written, otherTrace, spanId) => {
    const attributes = JSON.parse(`[${written}]`) as readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
    links.push({ traceId: otherTrace, spanId, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])) });
  });
  const described = { ...span, attributes: toAttributes(values), links };
  assertAsSdk(described);
  assert.equal(spanText(traceId, span), spanText(traceId, described));
}

type SpanLink = NonNullable<SpanDescription['links']>[number];

function isWritten(span: SpanDescription | WrittenSpan): span is WrittenSpan {
  return typeof span.attributes === 'function';
}

describe('createSpanWriter', () => {
  it('writes every span of a run as the SDK does, but for counts of zero', () => {
    let count = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const collector = createRunCollector();
      for (const event of generateRun(seed)) collector.apply(event);
      const { run, tasks } = collector.head();
      for (const span of [run, ...tasks, ...collector.rest()]) {
        if (isWritten(span)) assertWrittenAsSdk(span);
        else assertAsSdk(span);
        count += 1;
      }
    }
    assert.ok(count > 1000, `${count} spans`);
  });

  it('writes values that are seldom as the SDK does', () => {
    const span: SpanDescription = { name: 'a "b"\n\u2028 \ud800', spanId: 'b7ad6b7169203331' as SpanId, start: '1' as UnixNano, end: '1795000000000000001' as UnixNano, attributes: {} };
    for (const attributes of [{ a: 0 }, { a: -0 }, { a: 1.5 }, { a: 1e-7 }, { a: 2 ** 53 - 1 }, { a: [] }, { a: [1, null, 2.5] }, { a: ['x', '\u0000'] }, { 'ä "': true }, { a: '' }]) {
      assertAsSdk({ ...span, attributes, status: { code: SpanStatusCode.ERROR, message: '' }, events: [{ name: 'e', time: '0' as UnixNano, attributes }], links: [{ traceId, spanId: span.spanId, attributes }] });
    }
  });
});
