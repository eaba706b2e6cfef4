import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createByteMasker, createMasker } from '../../../src/app/secrets.ts';

const environment = { HF_TOKEN: 'hf_secret', LONGER: 'hf_secret_longer', PIN: '1234', TINY: 'ab', EMPTY: '', UNSET: undefined };

describe('secrets', () => {
  it('are masked in every text, in keys, and within other text', () => {
    const masked = createMasker(['HF_TOKEN'], environment);
    assert.deepEqual(masked({ type: 'output', text: 'token=hf_secret.', params: { list: ['hf_secret', 1, null, true], 'key hf_secret': { deep: 'xhf_secret' } } }), {
      type: 'output',
      text: 'token=***.',
      params: { list: ['***', 1, null, true], 'key ***': { deep: 'x***' } },
    });
    assert.equal(masked('hf_secret hf_secret'), '*** ***');
  });

  it('that hold another are masked whole', () => {
    assert.equal(createMasker(['HF_TOKEN', 'LONGER'], environment)('hf_secret_longer'), '***');
  });

  it('that are not declared, not set or very short are not looked for', () => {
    const masked = createMasker(['TINY', 'EMPTY', 'UNSET', 'MISSING'], environment);
    const event = { text: 'ab hf_secret' };
    assert.equal(masked(event), event, 'the event itself, not a copy');
  });

  it('are taken as text, not as a pattern', () => {
    assert.equal(createMasker(['X'], { X: '$&.*' })('a $&.* b'), 'a *** b');
  });

  it('do not change ids, digests and times, in which a short one may occur by chance', () => {
    const masked = createMasker(['PIN', 'HEX', 'WORD'], { PIN: '1234', HEX: 'beef', WORD: 'output' });
    const event = {
      type: 'output',
      time: '1763671234000000001',
      spanId: 'beef1234beef1234',
      traceId: 'beefbeefbeefbeefbeefbeefbeefbeef',
      runId: '20261234T224011Z-digits-beef',
      digest: `sha256:${'beef'.repeat(16)}`,
      output: 1,
    };
    assert.deepEqual(masked(event), event);
    assert.deepEqual(masked({ type: 'output', text: 'pin 1234' }), { type: 'output', text: 'pin ***' });
  });

  it('are masked in bytes, whatever is around them', () => {
    const masked = createByteMasker(['HF_TOKEN', 'LONGER'], environment);
    assert.ok(masked !== undefined);
    assert.deepEqual(masked(Buffer.from('\0\xffhf_secret_longer|hf_secret|hf_secre', 'latin1')), Buffer.from('\0\xff***|***|hf_secre', 'latin1'));
    const clean = Buffer.from('nothing');
    assert.equal(masked(clean), clean);
    assert.equal(createByteMasker(['UNSET'], environment), undefined);
  });

  it('that look like an id themselves are masked', () => {
    const key = '0123456789abcdef0123456789abcdef';
    assert.deepEqual(createMasker(['KEY'], { KEY: key })({ params: { key, text: `key ${key}` } }), { params: { key: '***', text: 'key ***' } });
  });
});
