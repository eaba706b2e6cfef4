import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskEvent, maskValue } from '../../../src/model/masked-event.ts';
import { createMasker, type Masker } from '../../../src/model/masker.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';

function masker(...secrets: readonly string[]): Masker {
  const made = createMasker(secrets);
  assert.ok(made !== undefined);
  return made;
}

/** What of an event the secrets leave. */
function left(event: JsonObject, ...secrets: readonly string[]): unknown {
  return maskEvent(event as unknown as RunEvent, masker(...secrets));
}

const of = { task: 'train', attempt: 4821, time: '1763671234000000001' };

describe('masking an event', () => {
  it('takes secrets out of texts, the keys within, and what is in them', () => {
    const value = { list: ['hf_secret', 1, null, true], 'key hf_secret': { deep: 'xhf_secret' } };
    assert.deepEqual(left({ type: 'param', ...of, name: 'hf_secret', value }, 'hf_secret'), {
      type: 'param',
      ...of,
      name: '***',
      value: { list: ['***', 1, null, true], 'key ***': { deep: 'x***' } },
    });
  });

  it('takes numbers out of what a user said, not out of what is counted', () => {
    const event = { type: 'return', ...of, name: 'r', value: { pin: 4821, rest: [4821, 48210] } };
    assert.deepEqual(left(event, '4821'), { ...event, value: { pin: '***', rest: ['***', 48210] } });
    const float = { type: 'task-ended', ...of, outcome: 'success', outputs: [], returns: {}, floats: { a: [{ 'runweave.float': 4821 }, { 'runweave.float': 1 }] } };
    assert.deepEqual(left(float, '4821'), { ...float, floats: { a: ['***', { 'runweave.float': 1 }] } });
    const logged = { type: 'log', ...of, log: { time: '4821', severityNumber: 9, body: 4821, attributes: { pin: -4821 }, resource: { 'process.pid': 4821 } } };
    assert.deepEqual(left(logged, '4821'), { ...logged, log: { ...logged.log, body: '***', attributes: { pin: '***' }, resource: { 'process.pid': '***' } } });
    const unchanged: readonly JsonObject[] = [
      { type: 'attempt-started', ...of, spanId: 'b7ad6b7169203331', cause: 'first', command: ['x'], cwd: '.', pid: 4821 },
      { type: 'resources', ...of, cpu: 4821, memory: 4821, read: 4821, written: 4821 },
      { type: 'task-ended', ...of, outcome: 'success', outputs: [{ path: 'a', digest: 'sha256:4821', size: 4821, made: { 'a/b': 'sha256:4821' } }], inputSizes: { a: 4821 }, returns: {} },
    ];
    for (const each of unchanged) assert.equal(left(each, '4821'), each, JSON.stringify(each));
  });

  it('leaves a metric a number, or none', () => {
    assert.deepEqual(left({ type: 'metric', ...of, name: 'm', value: 4821, step: 4821 }, '4821'), { type: 'metric', ...of, name: 'm', value: 'NaN', step: 4821 });
    assert.deepEqual(left({ type: 'metrics', ...of, name: 'm', times: [0, 4821], values: [4821, 'Infinity'] }, '4821', 'Infinity'), { type: 'metrics', ...of, name: 'm', times: [0, 4821], values: ['NaN', 'Infinity'] });
  });

  it('leaves ids, digests, times and words of ours, in which a short secret may occur by chance, and nothing that only looks so', () => {
    const [digest, id, long] = [`sha256:${'beef'.repeat(16)}`, 'beef1234beef1234', 'beefbeefbeefbeefbeefbeefbeefbeef'];
    const runId = '20261234T224011Z-digits-beef';
    const madeBy = { runId, traceId: long, spanId: id };
    const exempt: readonly JsonObject[] = [
      { type: 'output', time: '1763671234000000001', task: 'a', attempt: 1, stream: 'stdout', text: 'nothing' },
      { type: 'task-skipped', time: '1', task: 'a', reason: 'up-to-date', madeBy },
      { type: 'sources', time: '1', task: 'a', files: { 'a.py': digest } },
      { type: 'task-stale', time: '1', task: 'a', reasons: [{ type: 'last-run-failed', runId }, { type: 'input-changed', path: 'a', from: digest, to: digest }] },
      { type: 'task-started', time: '1', task: 'a', params: {}, fingerprint: { definition: digest, sources: { a: digest }, inputs: { a: digest }, upstream: { b: digest }, listings: { '.': { '*': { digest } } } } },
      { type: 'artifact', ...of, name: 'a', mediaType: 'b', size: 1, digest, content: { type: 'base64', data: 'beef' } },
      { type: 'run-started', time: '1', runId, traceId: long, spanId: id, pipeline: { name: 'p', file: 'f' }, params: {}, trigger: { type: 'manual', tasks: [] }, tasks: [], resource: { 'cicd.pipeline.run.id': runId } },
      { type: 'span', ...of, span: { traceId: long, spanId: id, parentSpanId: id, start: '1234', end: '1234', name: 'n', kind: 1, attributes: {}, events: [{ name: 'e', time: '1234', attributes: {} }], links: [{ traceId: long, spanId: id, attributes: {} }], status: { code: 0 } } },
    ];
    for (const event of exempt) assert.equal(left(event, '1234', 'beef', 'output', 'stdout', 'name', 'file', 'from', 'last-run-failed'), event, JSON.stringify(event));
    const like: readonly (readonly [string, string])[] = [[digest, 'beefbeef'], [id, 'beef1234'], [long, 'beefbeef'], [runId, 'digits-beef'], ['1763671234000000001', '671234']];
    for (const [value, secret] of like) {
      const masked = JSON.stringify(left({ type: 'param', ...of, time: '1', name: 'x', value }, secret));
      assert.ok(!masked.includes(secret) && masked.includes('***'), masked);
      assert.ok(!JSON.stringify(left({ type: 'task-stale', time: '1', task: 'a', reasons: [{ type: 'param-changed', name: 'x', from: value, to: [value] }] }, secret)).includes(secret));
    }
  });

  it('gives back the value itself when there is nothing to mask', () => {
    const value = { text: 'nothing', deep: [1] };
    assert.equal(maskValue(value, masker('4821')), value);
  });
});
