import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { automaticOtlpSettings, otlpSettings, type OtlpSettings } from '../../../src/exporters/otlp-settings.ts';

function settings(environment: Readonly<Record<string, string>>, endpoint?: string): OtlpSettings {
  const read = otlpSettings(environment, endpoint);
  if (read.type !== 'settings') return assert.fail(JSON.stringify(read));
  return read.settings;
}

describe('otlpSettings', () => {
  it('has the defaults of the specification', () => {
    assert.deepEqual(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }), { url: 'http://localhost:4318/v1/traces', headers: {}, encoding: 'protobuf', compression: 'none', timeout: 10_000 });
  });

  it('takes the endpoint for all signals as where their paths begin, and that for traces as it is', () => {
    assert.equal(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c.example/otlp/' }).url, 'https://c.example/otlp/v1/traces');
    assert.equal(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b/in?x=1' }).url, 'http://b/in?x=1');
    assert.equal(settings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b' }, 'http://c').url, 'http://c/v1/traces');
    assert.equal(settings({}, 'http://c/v1/traces').url, 'http://c/v1/traces');
  });

  it('lets what is for traces win', () => {
    const read = settings({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20all, x-scope = team ,broken,=empty,a b=c',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Bearer%20traces',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
    });
    assert.deepEqual(read, { url: 'http://a/v1/traces', headers: { authorization: 'Bearer traces', 'x-scope': 'team' }, encoding: 'json', compression: 'gzip', timeout: 500, certificate: '/ca.pem' });
  });

  it('sends headers that were meant for one server to no other', () => {
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://a.example', OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret' };
    assert.deepEqual(settings(environment, 'https://b.example').headers, {});
    assert.deepEqual(settings(environment, 'https://a.example/other').headers, { authorization: 'secret' });
    assert.deepEqual(settings({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret' }, 'https://b.example').headers, { authorization: 'secret' });
  });

  it('refuses what it can not do, by name', () => {
    const message = (environment: Readonly<Record<string, string>>, endpoint?: string): string => {
      const read = otlpSettings(environment, endpoint);
      return read.type === 'problem' ? read.message : read.type;
    };
    assert.match(message({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), /OTEL_EXPORTER_OTLP_PROTOCOL is grpc/);
    assert.match(message({ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost' }), /OTEL_EXPORTER_OTLP_ENDPOINT is no URL/);
    assert.equal(message({}, 'ftp://a'), 'ftp://a is no URL of HTTP');
    assert.equal(message({}, 'out'), 'out is no URL');
    assert.equal(message({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }), 'none');
  });

  it('pushes nothing unasked inside of a run, or where the SDK is switched off', () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a' };
    assert.equal(automaticOtlpSettings(endpoint).type, 'settings');
    assert.equal(automaticOtlpSettings({ ...endpoint, RUNWEAVE_RUN_ID: 'x' }).type, 'none');
    assert.equal(automaticOtlpSettings({ ...endpoint, OTEL_SDK_DISABLED: 'true' }).type, 'none');
    assert.equal(automaticOtlpSettings({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }).type, 'none');
  });
});
