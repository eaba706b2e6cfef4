import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { yamlDocument } from '../../../src/model/yaml-document.ts';

describe('yamlDocument', () => {
  for (const depth of [10_000, 200_000]) {
    for (const [name, text] of [['brackets', `a: ${'['.repeat(depth)}${']'.repeat(depth)}`], ['braces', `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`], ['blocks', `a:\n  ${'- '.repeat(depth)}1`]] as const) {
      it(`${depth} levels of ${name} are a mistake`, () => {
        const { errors } = yamlDocument(text, { logLevel: 'error' });
        assert.equal(errors[0]?.code, 'RESOURCE_EXHAUSTION');
        assert.match(errors[0].message, /^nested too deeply/);
      });
    }
  }
});
