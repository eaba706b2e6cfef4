import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { otlp } from '../../../../src/collector/otlp/otlp-service.ts';
import type { ServiceResponse } from '../../../../src/collector/service.ts';
import type { JsonObject } from '../../../../src/model/json.ts';
import type { Report } from '../../../../src/model/reported.ts';

const traceId = '5b8efff798038103d269b633813fc60c';
const spanId = 'eee19b7ec3c1b174';
const attempt = { runId: 'r1', task: 'train[rate=0.1]', attempt: 1, traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', start: '1', scratch: '/nowhere' } as const;

function open() {
  const reports: Report[] = [];
  const service = otlp.open({ ...attempt, report: (report: Report) => reports.push(report) } as never);
  const send = (path: string, body: unknown, contentType = 'application/json', method = 'POST'): Promise<ServiceResponse> =>
    service.handle({
      method,
      path,
      query: new URLSearchParams(),
      headers: { 'content-type': contentType },
      body: () => Promise.resolve(Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))),
      bodyAsFile: () => Promise.reject(new Error('not asked for')),
    });
  return { reports, send };
}

/** Of an answer in JSON. */
const json = ({ body }: ServiceResponse): unknown => JSON.parse(typeof body === 'string' ? body : 'null');

const spans = (...items: readonly JsonObject[]): JsonObject => ({ resourceSpans: [{ scopeSpans: [{ spans: items }] }] });
const metrics = (...items: readonly JsonObject[]): JsonObject => ({ resourceMetrics: [{ scopeMetrics: [{ metrics: items }] }] });
const minimal = { traceId, spanId, name: 'x', startTimeUnixNano: '10', endTimeUnixNano: '20' };

describe('OTLP, spans', () => {
  it('are reported with all that they say', async () => {
    const { reports, send } = open();
    const answer = await send('/v1/traces', {
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }, { key: 'cicd.pipeline.run.id', value: { stringValue: 'r1' } }, { key: 'cicd.pipeline.task.run.id', value: { stringValue: 'r1/train[rate=0.1]' } }] },
          scopeSpans: [
            {
              scope: { name: 'lib', version: '1.0', attributes: [{ key: 'a', value: { boolValue: true } }] },
              spans: [
                {
                  traceId: traceId.toUpperCase(),
                  spanId,
                  parentSpanId: 'eee19b7ec3c1b173',
                  traceState: 'k=v',
                  name: 'GET',
                  kind: 'SPAN_KIND_CLIENT',
                  startTimeUnixNano: 1544712660000000000,
                  endTimeUnixNano: '1544712661000000001',
                  attributes: [
                    { key: 'int', value: { intValue: '7' } },
                    { key: 'large', value: { intValue: '9223372036854775807' } },
                    { key: 'nan', value: { doubleValue: 'NaN' } },
                    { key: 'list', value: { arrayValue: { values: [{ doubleValue: 0.5 }, {}] } } },
                    { key: 'map', value: { kvlistValue: { values: [{ key: 'b', value: { bytesValue: 'AAE=' } }] } } },
                  ],
                  events: [{ timeUnixNano: '1544712660500000000', name: 'e', attributes: [{ key: 'k', value: { stringValue: 'v' } }], droppedAttributesCount: 1 }],
                  links: [{ traceId, spanId: 'eee19b7ec3c1b170' }],
                  status: { code: 2, message: 'broken' },
                  droppedEventsCount: 3,
                },
              ],
            },
          ],
        },
      ],
    });
    assert.deepEqual([answer.status, answer.headers, answer.body], [200, { 'content-type': 'application/json' }, '{}']);
    assert.deepEqual(reports, [
      {
        type: 'span',
        span: {
          traceId,
          spanId,
          parentSpanId: 'eee19b7ec3c1b173',
          name: 'GET',
          kind: 3,
          start: '1544712660000000000',
          end: '1544712661000000001',
          attributes: { int: 7, large: '9223372036854775807', nan: 'NaN', list: [0.5, null], map: { b: 'AAE=' }, 'otel.scope.a': true, 'w3c.tracestate': 'k=v', 'otel.dropped_events_count': 3 },
          events: [{ name: 'e', time: '1544712660500000000', attributes: { k: 'v', 'otel.dropped_attributes_count': 1 } }],
          links: [{ traceId, spanId: 'eee19b7ec3c1b170', attributes: {} }],
          status: { code: 2, message: 'broken' },
          scope: { name: 'lib', version: '1.0' },
          resource: { 'service.name': 'shop' },
        },
      },
    ]);
  });

  it('are taken once, also when the client sends them again', async () => {
    const { reports, send } = open();
    await send('/v1/traces', spans(minimal));
    assert.equal((await send('/v1/traces', spans(minimal))).body, '{}');
    assert.equal(reports.length, 1);
  });

  it('without usable ids or times are counted as rejected, or get times', async () => {
    const { reports, send } = open();
    const answer = await send('/v1/traces', spans({ ...minimal, spanId: '' }, { ...minimal, traceId: '00000000000000000000000000000000' }, { ...minimal, spanId: attempt.spanId }, { traceId, spanId, endTimeUnixNano: '5', startTimeUnixNano: '9' }));
    assert.deepEqual(json(answer), { partialSuccess: { rejectedSpans: '3', errorMessage: 'a span with the id of the span that it is reported to' } });
    assert.deepEqual(reports.map((report) => report.type === 'span' && [report.span.start, report.span.end, report.span.parentSpanId]), [['9', '9', attempt.spanId]]);
  });

  it('are answered in protobuf when they came in protobuf', async () => {
    const { reports, send } = open();
    const message = (number: number, ...parts: readonly Uint8Array[]): Uint8Array => new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(Buffer.concat(parts)).finish();
    const bytes = (number: number, hex: string): Uint8Array => message(number, Buffer.from(hex, 'hex'));
    const good = message(2, bytes(1, traceId), bytes(2, spanId), message(5, Buffer.from('x')));
    const request = message(1, message(2, good, message(2, bytes(1, 'abcd'))));
    const answer = await send('/v1/traces', Buffer.from(request), 'application/x-protobuf');
    assert.equal(answer.status, 200);
    assert.equal(reports.length, 1);
    const outer = new BinaryReader(answer.body as Buffer);
    assert.deepEqual(outer.tag(), [1, WireType.LengthDelimited]);
    const inner = new BinaryReader(outer.bytes());
    assert.deepEqual([inner.tag()[0], String(inner.int64()), inner.tag()[0], inner.string()], [1, '1', 2, 'a span without a valid trace id and span id']);
    assert.equal((await send('/v1/traces', Buffer.from(message(1, message(2, good))), 'application/x-protobuf')).body, undefined);
  });
});

describe('OTLP, metrics', () => {
  const values = (reports: readonly Report[]): readonly unknown[] => reports.map((report) => report.type === 'metric' && [report.name, report.value, report.attributes, report.detail]);
  const attributes = [{ key: 'path', value: { stringValue: '/x' } }];

  it('of one number become points, and what is constant is told once', async () => {
    const { reports, send } = open();
    const sum = (value: object): JsonObject => metrics({ name: 'requests', unit: '1', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ timeUnixNano: '20', startTimeUnixNano: '10', attributes, ...value }] } });
    await send('/v1/metrics', sum({ asInt: '3' }));
    await send('/v1/metrics', sum({ asDouble: 'Infinity' }));
    await send('/v1/metrics', metrics({ name: 'temperature', gauge: { dataPoints: [{ timeUnixNano: '30', asDouble: 'NaN' }, { flags: 1 }] } }));
    assert.deepEqual(values(reports), [
      ['requests', 3, { path: '/x' }, { type: 'sum', unit: '1', temporality: 'cumulative', monotonic: true, start: '10' }],
      ['requests', Infinity, { path: '/x' }, undefined],
      ['temperature', NaN, undefined, { type: 'gauge' }],
    ]);
    assert.equal(reports[0]?.type === 'metric' && reports[0].time, '20');
  });

  it('that are distributions become series, with their buckets', async () => {
    const { reports, send } = open();
    await send(
      '/v1/metrics',
      metrics(
        { name: 'h', histogram: { aggregationTemporality: 1, dataPoints: [{ timeUnixNano: '9', count: '3', sum: 30, bucketCounts: ['1', '2'], explicitBounds: [10], min: 1, max: 20, exemplars: [{ asInt: '4', traceId, spanId }] }] } },
        { name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: '9', count: 2, scale: 1, zeroCount: '1', positive: { offset: -1, bucketCounts: ['1'] } }] } },
        { name: 's', summary: { dataPoints: [{ timeUnixNano: '9', count: '2', sum: 5, quantileValues: [{ quantile: 0.5, value: 2 }, { quantile: 0.99, value: 3 }] }] } },
      ),
    );
    const temporality = { type: 'histogram', temporality: 'delta' };
    assert.deepEqual(values(reports), [
      ['h.count', 3, undefined, { ...temporality, buckets: { bounds: [10], counts: [1, 2] }, exemplars: [{ value: 4, traceId, spanId }] }],
      ['h.sum', 30, undefined, temporality],
      ['h.min', 1, undefined, temporality],
      ['h.max', 20, undefined, temporality],
      ['e.count', 2, undefined, { type: 'exponential histogram', temporality: 'cumulative', buckets: { scale: 1, zeroCount: 1, positive: { offset: -1, counts: [1] } } }],
      ['s.count', 2, undefined, { type: 'summary' }],
      ['s.sum', 5, undefined, { type: 'summary' }],
      ['s', 2, { quantile: 0.5 }, { type: 'summary' }],
      ['s', 3, { quantile: 0.99 }, { type: 'summary' }],
    ]);
  });
});

describe('OTLP, logs', () => {
  it('keep severity, body, attributes and trace', async () => {
    const { reports, send } = open();
    await send('/v1/logs', {
      resourceLogs: [
        {
          scopeLogs: [
            {
              scope: { name: 'app' },
              logRecords: [
                { timeUnixNano: '5', severityNumber: 13, severityText: 'WARNING', body: { stringValue: 'low' }, traceId, spanId, attributes: [{ key: 'disk', value: { intValue: 1 } }] },
                { observed_time_unix_nano: '6', severity_number: 'SEVERITY_NUMBER_ERROR2', body: { kvlistValue: { values: [{ key: 'a', value: { intValue: '1' } }] } } },
              ],
            },
          ],
        },
      ],
    });
    assert.deepEqual(reports, [
      { type: 'log', log: { time: '5', severityNumber: 13, severityText: 'WARNING', body: 'low', attributes: { disk: 1 }, traceId, spanId, scope: 'app' } },
      { type: 'log', log: { time: '6', severityNumber: 18, body: { a: 1 }, attributes: {}, scope: 'app' } },
    ]);
  });
});

describe('OTLP, requests that are none', () => {
  it('are answered by the specification, and take nothing', async () => {
    const { reports, send } = open();
    const good = JSON.stringify(spans(minimal));
    const cases: readonly (readonly [status: number, body: unknown, type?: string, method?: string])[] = [
      [400, good.slice(0, -5)],
      [400, '[]'],
      [400, '{"resourceSpans":{}}'],
      [400, spans(minimal, { ...minimal, startTimeUnixNano: 'yesterday' })],
      [400, spans(minimal, 'x' as never)],
      [400, spans({ ...minimal, attributes: [{ key: 'k', value: JSON.parse(`${'{"arrayValue":{"values":['.repeat(200)}{}${']}}'.repeat(200)}`) as JsonObject }] })],
      [400, Buffer.from('0a05', 'hex'), 'application/x-protobuf'],
      [400, Buffer.from('0d00000000', 'hex'), 'application/x-protobuf'],
      [400, Buffer.from('ffffffffffffffffffffff', 'hex'), 'application/x-protobuf'],
      [415, good, 'text/plain'],
      [405, good, 'application/json', 'GET'],
    ];
    for (const [status, body, type, method] of cases) {
      const answer = await send('/v1/traces', body, type, method);
      assert.equal(answer.status, status, JSON.stringify(body).slice(0, 100));
      if (type !== 'application/x-protobuf') assert.equal(typeof (json(answer) as { message?: unknown }).message, 'string');
    }
    assert.deepEqual(reports, []);
  });

  it('are refused where a part of protobuf is cut off, wherever that is', async () => {
    const { send } = open();
    const message = (number: number, ...parts: readonly Uint8Array[]): Uint8Array => new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(Buffer.concat(parts)).finish();
    const request = Buffer.from(message(1, message(2, message(2, message(1, Buffer.from(traceId, 'hex')), message(2, Buffer.from(spanId, 'hex')), message(5, Buffer.from('a name'))))));
    for (let length = 1; length < request.length; length += 1) assert.equal((await send('/v1/traces', request.subarray(0, length), 'application/x-protobuf')).status, 400, String(length));
    assert.equal((await send('/v1/traces', request, 'application/x-protobuf')).status, 200);
  });

  it('pass over what they do not know', async () => {
    const { reports, send } = open();
    assert.equal((await send('/v1/traces', { ...spans({ ...minimal, colour: 'red' }), other: 1 }, 'application/json; charset=utf-8')).status, 200);
    assert.equal(reports.length, 1);
    assert.equal((await send('/v1/traces', {})).body, '{}');
    assert.equal((await send('/v1/traces', Buffer.alloc(0), 'application/x-protobuf')).status, 200);
  });
});
