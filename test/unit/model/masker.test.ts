import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMasker, type MaskedStream } from '../../../src/model/masker.ts';

function masker(...secrets: readonly string[]) {
  const made = createMasker(secrets);
  assert.ok(made !== undefined);
  return made;
}

/** What comes out of a stream that is fed these pieces. */
function through(stream: MaskedStream, pieces: readonly string[]): string {
  return pieces.map((piece) => stream.push(piece)).join('') + stream.end();
}

const token = 'hf_aB3+/x9=Q&zé~';

describe('a masker', () => {
  it('masks the longer of two secrets whole', () => {
    assert.equal(masker('hf_secret', 'hf_secret_longer').text('hf_secret_longer hf_secret'), '*** ***');
  });

  it('takes secrets as text, not as a pattern', () => {
    assert.equal(masker('$&.*(\\').text('a $&.*(\\ b'), 'a *** b');
  });

  it('is none without secrets', () => {
    assert.equal(createMasker([]), undefined);
  });

  it('exempts nothing by its looks', () => {
    const { text } = masker('0123456789abcdef');
    assert.equal(text('20261121T000000Z-0123456789abcdef'), '20261121T000000Z-***');
    assert.equal(text('0123456789abcdef0000000000000000'), '***0000000000000000');
    assert.equal(text(`sha256:${'0123456789abcdef'.repeat(4)}`), 'sha256:************');
  });

  it('knows a secret that is read as a number, whatever is lost by that', () => {
    const { isSecret } = masker('48213377', '0012345', '12345678901234567890', '+49.300', '0000', '0x1f2e3d4c', 'word', '-Infinity');
    for (const number of [48213377, -48213377, 12345, 12345678901234567890, 49.3, 0x1f2e3d4c]) assert.ok(isSecret(number), String(number));
    for (const number of [0, 1, 48213378, 482133770, 0.48213377, NaN, Infinity]) assert.ok(!isSecret(number), String(number));
  });

  const python = (text: string): string => [...Buffer.from(text)].map((byte) => (/[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('');
  const encodings: readonly (readonly [string, (text: string) => string])[] = [
    ['as it is', (text) => text],
    ['in JSON', (text) => JSON.stringify({ text })],
    ['in JSON of ASCII alone', (text) => JSON.stringify(text).replaceAll('é', '\\u00e9')],
    ['encoded for a URL by JavaScript', encodeURIComponent],
    ['encoded for a URL by Python', python],
    ['encoded for a URL with slashes', (text) => python(text).replaceAll('%2F', '/')],
    ['encoded for a form', (text) => new URLSearchParams({ text }).toString()],
    ['in HTML', (text) => text.replaceAll('&', '&amp;')],
    ...['', 'x', 'xy', 'xyz'].flatMap((before): (readonly [string, (text: string) => string])[] => [
      [`in base64 after "${before}"`, (text) => Buffer.from(`${before}${text}, and more`).toString('base64')],
      [`in URL-safe base64 after "${before}"`, (text) => Buffer.from(`${before}${text}`).toString('base64url')],
    ]),
  ];
  for (const [name, encode] of encodings) {
    it(`finds a secret ${name}`, () => {
      const masked = masker(token).text(`begin ${encode(token)} end`);
      assert.match(masked, /^begin .*\*\*\*.* end$/);
      // At most what a character of base64 shares with its neighbour is left.
      assert.ok(masked.length <= `begin ${encode('')} end`.length + 24, masked);
    });
  }

  const pem = `-----BEGIN PRIVATE KEY-----\n${Array.from({ length: 3 }, (_, line) => `${line}MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJ`).join('\n')}\n-----END PRIVATE KEY-----`;
  it('finds a key of several lines, whole and line by line, also broken base64 of it', () => {
    const { text } = masker(pem);
    assert.equal(text(`key:\n${pem}\n`), 'key:\n***\n');
    assert.equal(text(pem.replaceAll('\n', '\r\n')), '***');
    assert.doesNotMatch(text(pem.split('\n').map((line) => `log: ${line}`).join('\n')), /MIIE/);
    assert.doesNotMatch(text(pem.replaceAll('\n', '\\n')), /MIIE/);
    const broken = (Buffer.from(`${pem}\n`).toString('base64').match(/.{1,76}/g) ?? []).join('\n');
    const left = text(broken).replaceAll(/\*\*\*|\n/g, '');
    assert.ok(left.length < 16, left);
  });

  it('finds a secret wherever two pieces are divided', () => {
    const text = `a${token}b ${Buffer.from(token).toString('base64')} c`;
    const whole = through(masker(token).stream(), [text]);
    assert.equal(whole, masker(token).text(text));
    for (let at = 0; at <= text.length; at += 1) assert.equal(through(masker(token).stream(), [text.slice(0, at), text.slice(at)]), whole, `divided at ${at}`);
    assert.equal(through(masker(token).stream(), Array.from(text)), whole, 'by single characters');
  });

  it('waits for the longer of two secrets', () => {
    const { stream } = masker('abcdefgh', 'abcdefghijkl', 'hxyz');
    assert.equal(through(stream(), ['abcdefgh', 'ijkl.']), '***.');
    assert.equal(through(stream(), ['abcdefgh', 'ijk.']), '***ijk.');
    assert.equal(through(stream(), ['abcdefgh']), '***');
    assert.equal(through(stream(), ['abcdefghh', 'xyz']), '******');
  });

  it('holds back no more than what may be the beginning of a secret, and three characters of it not for long', () => {
    const stream = masker('secret-value').stream();
    assert.equal(stream.push('progress: s'), 'progress: ');
    assert.equal(stream.idle(), 's');
    assert.equal(stream.idle(), '');
    assert.equal(stream.push('ecr'), '');
    assert.equal(stream.idle(), '', 'four characters stay');
    assert.equal(stream.push('et-value!'), '***!', 'the first character was shown, the rest is masked');
    assert.equal(stream.push('sec'), '');
    assert.equal(stream.idle(), 'sec');
    assert.equal(stream.push('ond'), 'ond');
    assert.equal(stream.push('secre'), '');
    assert.equal(stream.end(), 'secre');
  });

  it('finds a secret in bytes, divided anywhere, and changes no others', () => {
    const bytes = Buffer.concat([Buffer.from([0, 255, 254, 195]), Buffer.from(token), Buffer.from([169, 0])]);
    for (let at = 0; at <= bytes.length; at += 1) {
      const stream = masker(token).byteStream();
      const result = Buffer.from(through(stream, [bytes.toString('latin1', 0, at), bytes.toString('latin1', at)]), 'latin1');
      assert.deepEqual(result, Buffer.concat([Buffer.from([0, 255, 254, 195]), Buffer.from('***'), Buffer.from([169, 0])]));
      assert.ok(stream.found());
    }
  });
});
