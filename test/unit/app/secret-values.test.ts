import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secretValues } from '../../../src/app/secret-values.ts';
import { looksLikeCredential } from '../../../src/model/credential-names.ts';
import type { Pipeline } from '../../../src/model/pipeline.ts';

function of(environment: Readonly<Record<string, string>>, secrets: readonly string[] = [], env: Readonly<Record<string, string>> = {}): readonly string[] {
  return secretValues({ secrets, tasks: [{ env }] as unknown as Pipeline['tasks'] }, environment);
}

describe('names of credentials', () => {
  const credentials = 'GITHUB_TOKEN HF_TOKEN token AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN OPENAI_API_KEY API_KEY APIKEY PGPASSWORD DB_PASSWORD DB_PASSWORD_PROD DJANGO_SECRET_KEY CLIENT_SECRET SSH_PRIVATE_KEY CI_JOB_JWT NPM_CONFIG__AUTH DATABASE_DSN AZURE_STORAGE_CONNECTION_STRING TOKEN_2 MLFLOW_TRACKING_PASSWORD';
  const others = 'PATH PWD OLDPWD HOME TOKENIZERS_PARALLELISM MAX_TOKENS SSH_AUTH_SOCK AWS_ACCESS_KEY_ID SECRET_FILE PASSWORD_STORE_DIR MONKEY KEYBOARD COMPASS AUTHOR CREDENTIAL_HELPER TOKEN_LIMIT PATTERN';
  for (const name of credentials.split(' ')) it(`${name} is one`, () => assert.equal(looksLikeCredential(name), true));
  for (const name of others.split(' ')) it(`${name} is none`, () => assert.equal(looksLikeCredential(name), false));
});

describe('secret values', () => {
  it('are those of listed variables from four characters on, wherever these are set', () => {
    assert.deepEqual(of({ PIN: '1234', TINY: 'ab', EMPTY: '' }, ['PIN', 'TINY', 'EMPTY', 'UNSET']), ['1234']);
    assert.deepEqual(of({}, ['PIN'], { PIN: '5678' }), ['5678']);
  });

  it('are those of variables that look like credentials from eight on, but for switches and paths', () => {
    assert.deepEqual(of({ HF_TOKEN: 'hf-12345678', A_TOKEN: 'short', B_SECRET: 'disabled', C_PASSWORD: '/run/secrets/c', D_PASSWORD: '~/d/password', PATH: '/usr/bin:/bin' }), ['hf-12345678']);
    assert.deepEqual(of({}, [], { API_KEY: 'written-in-the-file' }), ['written-in-the-file']);
  });

  it('leave out what the pipeline file says is none', () => {
    assert.deepEqual(of({ HF_TOKEN: 'hf-12345678' }, ['!HF_TOKEN'], { HF_TOKEN: 'hf-12345678' }), []);
  });

  it('are passwords within URLs and connection strings, whatever the name', () => {
    assert.deepEqual(of({ DATABASE_URL: 'postgresql://me:p%40ssword@db.example.org:5432/x' }), ['p%40ssword', 'p@ssword']);
    assert.deepEqual(of({ QUEUE: 'Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=abcdef123456=' }), ['abcdef123456=']);
    assert.deepEqual(of({ LOCAL: 'postgres://postgres:postgres@localhost' }), [], 'the user again is no secret');
  });

  it('are tokens by the shape that their issuer gives them, and what headers carry', () => {
    assert.deepEqual(of({ X: `ghp_${'a1'.repeat(18)}`, Y: 'sk-short', Z: '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n' }), [`ghp_${'a1'.repeat(18)}`, '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----']);
    assert.deepEqual(of({ OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20abcdefgh,x-team=research-and-more,api-key=12345678' }), ['abcdefgh', '12345678']);
  });
});
