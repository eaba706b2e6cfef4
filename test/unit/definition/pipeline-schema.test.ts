import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { loadPipeline } from '../../../src/definition/load-pipeline.ts';
import { pipelineJsonSchema } from '../../../src/definition/pipeline-schema.ts';
import type { DiagnosticCode } from '../../../src/model/diagnostic.ts';

/** What keys and types alone decide; a schema can't know the rest. */
const shapeCodes: readonly DiagnosticCode[] = ['unknown-key', 'missing-key', 'wrong-type', 'bad-value', 'no-kind', 'several-kinds', 'bad-name'];

const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false });
for (const keyword of ['markdownDescription', 'markdownEnumDescriptions']) ajv.addKeyword(keyword);
const validate = ajv.compile(pipelineJsonSchema());

function validatorAccepts(text: string): boolean {
  const { graph } = loadPipeline({ file: '/p/runweave.yaml', text, environment: {}, disk: { fileExists: () => true, exists: () => true } });
  return !graph.diagnostics.some((each) => shapeCodes.includes(each.code));
}

const inTask = (entries: string): string => `params: {x: 1, b: true, l: [a], r: 2, t: 5s, w: auto}\ntasks: {a: {python: a.py, ${entries}}}`;

const good = [
  'tasks: {a: {shell: x}}',
  'name: my-pipeline_1.0\ntasks: {a: {call: "m:f"}, b: {notebook: n.ipynb}}',
  'params: {a: null, b: [1, {c: x}]}\nenv: {A: 1, B: "x", C: true}\nsecrets: [TOKEN_1]\non_failure: continue\ntasks: {a: {shell: x}}',
  'defaults: {retries: 2, timeout: 1.5h, cpus: 0.5, watch: lazy, cache: false, cwd: src, owner: me}\ntasks: {a: {shell: x}}',
  inTask('needs: [], inputs: [a], outputs: [b], tags: [c], description: d, owner: o'),
  inTask('retries: {max: 0, delay: 0, backoff: 1}'),
  'slots: {cpus: 2.5, gpus: 0, memory: 64GB}\ndefaults: {gpus: 1, memory: 1.5GiB}\ntasks: {a: {shell: x}}',
  inTask('gpus: 0.5, memory: 1000'),
  inTask('memory: 512 MB'),
  inTask('timeout: 500ms'),
  inTask('timeout: 0.1'),
  inTask('cpus: "${params.x}", retries: "${params.r}", timeout: "${params.t}", inputs: "${params.l}"'),
  inTask('matrix: {n: [1, a, true], m: "${params.l}"}'),
];

const bad = [
  '[]',
  'text',
  'name: x',
  'tasks: {}',
  'tasks: [a]',
  'tasks:',
  'tasks: {a: }',
  'tasks: {a: {}}',
  'tasks: {"a b": {shell: x}}',
  'tasks: {-a: {shell: x}}',
  'tasks: {a: {shell: x, python: y}}',
  'tasks: {a: {shell: x}}\nother: 1',
  'name: my pipeline\ntasks: {a: {shell: x}}',
  'name: ""\ntasks: {a: {shell: x}}',
  'params: [a]\ntasks: {a: {shell: x}}',
  'params:\ntasks: {a: {shell: x}}',
  'env: {A: [1]}\ntasks: {a: {shell: x}}',
  'env: {A: }\ntasks: {a: {shell: x}}',
  'env: {A-B: 1}\ntasks: {a: {shell: x}}',
  'secrets: TOKEN\ntasks: {a: {shell: x}}',
  'secrets: [1]\ntasks: {a: {shell: x}}',
  'secrets: ["${env.X}"]\ntasks: {a: {shell: x}}',
  'on_failure: "${params.x}"\ntasks: {a: {shell: x}}',
  'defaults: {needs: [a]}\ntasks: {a: {shell: x}}',
  'defaults: {cpus: 0}\ntasks: {a: {shell: x}}',
  inTask('need: [b]'),
  inTask('needs: b'),
  inTask('needs: "${params.l}"'),
  inTask('needs: [1]'),
  inTask('params: [1]'),
  inTask('params: "${params.l}"'),
  inTask('matrix: {}'),
  inTask('matrix: {n: []}'),
  inTask('matrix: {n: 1}'),
  inTask('matrix: {n: [[1]]}'),
  inTask('matrix: {n: [null]}'),
  inTask('matrix: {1n: [1]}'),
  inTask('inputs: a'),
  inTask('outputs: [1]'),
  inTask('outputs: [""]'),
  inTask('env: {A: {b: 1}}'),
  inTask('retries: -1'),
  inTask('retries: 1.5'),
  inTask('retries: many'),
  inTask('retries: {delay: 1s}'),
  inTask('retries: {max: 1, backoff: 0.5}'),
  inTask('retries: {max: 1, delays: 1s}'),
  inTask('timeout: 10 minutes'),
  inTask('timeout: 10'.replace('10', '-10')),
  inTask('timeout: 0'),
  inTask('timeout: 1d'),
  inTask('timeout: [1s]'),
  inTask('cpus: 0'),
  inTask('gpus: -1'),
  inTask('memory: -1'),
  inTask('memory: lots'),
  inTask('memory: 16 gigabytes'),
  inTask('memory: true'),
  'slots: {cpus: 0}\ntasks: {a: {shell: x}}',
  'slots: {disk: 1}\ntasks: {a: {shell: x}}',
  inTask('cpus: "2"'),
  inTask('watch: sometimes'),
  inTask('watch: "${params.w}"'),
  inTask('cache: no'),
  inTask('cache: "${params.b}"'),
  inTask('tags: etl'),
  inTask('owner: 1'),
  inTask('description: [a]'),
  inTask('cwd: true'),
];

describe('the JSON schema and the validator', () => {
  for (const text of good) {
    it(`accept ${text}`, () => assert.deepEqual([validate(parse(text)), validatorAccepts(text)], [true, true], ajv.errorsText(validate.errors)));
  }
  for (const text of bad) it(`refuse ${text}`, () => assert.deepEqual([validate(parse(text)), validatorAccepts(text)], [false, false]));
});

describe('media/pipeline.schema.json', () => {
  it('is what the table says (node src/definition/write-schema.ts)', () => {
    assert.deepEqual(JSON.parse(readFileSync(new URL('../../../media/pipeline.schema.json', import.meta.url), 'utf8')), pipelineJsonSchema());
  });

  it('describes every key', () => {
    const missing: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { properties } = schema as { properties?: Record<string, { description?: string }> };
      for (const [name, property] of Object.entries(properties ?? {})) if (!property.description) missing.push(`${path}.${name}`);
      for (const [key, value] of Object.entries(schema)) visit(value, `${path}.${key}`);
    };
    visit(pipelineJsonSchema(), '');
    assert.deepEqual(missing, []);
  });
});
