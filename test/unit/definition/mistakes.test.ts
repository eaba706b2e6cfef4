import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Diagnostic } from '../../../src/model/diagnostic.ts';
import { loadPipeline } from '../../../src/definition/load-pipeline.ts';
import { mistakes } from '../../fixtures/mistakes.ts';
import type { ExpectedMistake, MistakeCase } from '../../fixtures/mistakes.ts';

const folder = '/project';

function load({ text, files }: Pick<MistakeCase, 'text' | 'files'>): ReturnType<typeof loadPipeline> {
  const existing = new Set(files.map((file) => `${folder}/${file}`));
  return loadPipeline({ file: `${folder}/runweave.yaml`, text, environment: {}, disk: { fileExists: (path) => existing.has(path), exists: (path) => existing.has(path) } });
}

function asExpected({ code, message, suggestion, replacement, range: { start, end } }: Diagnostic): ExpectedMistake {
  assert.equal(start.line, end.line);
  const at = `${start.line + 1}:${start.character + 1}-${end.character + 1}`;
  return { code, at, message, ...(suggestion === undefined ? {} : { suggestion }), ...(replacement === undefined ? {} : { replacement }) };
}

describe('mistakes in a pipeline file', () => {
  if (process.env['UPDATE_GOLDEN'] !== undefined) {
    const golden = Object.fromEntries(mistakes.map((each) => [each.name, load(each).graph.diagnostics.map(asExpected)]));
    writeFileSync(new URL('../../fixtures/mistakes.expected.json', import.meta.url), `${JSON.stringify(golden, null, 2)}\n`);
    return;
  }
  for (const each of mistakes) {
    it(each.name, () => {
      const { pipeline, graph } = load(each);
      assert.ok(each.expected.length > 0, 'a mistake is expected');
      assert.deepEqual(graph.diagnostics.map(asExpected), each.expected);
      assert.equal(pipeline, undefined);
      for (const { file, severity } of graph.diagnostics) assert.deepEqual([file, severity], [`${folder}/runweave.yaml`, 'error']);
    });
  }

  it('has quick fixes that mend what they stand at', () => {
    let fixes = 0;
    for (const each of mistakes) {
      for (const { range, replacement, message } of load(each).graph.diagnostics) {
        if (replacement === undefined) continue;
        fixes++;
        const lines = each.text.split('\n');
        const line = lines[range.start.line] ?? '';
        lines[range.start.line] = line.slice(0, range.start.character) + replacement + line.slice(range.end.character);
        const left = load({ ...each, text: lines.join('\n') }).graph.diagnostics;
        assert.ok(!left.some((other) => other.message === message && other.range.start.line === range.start.line), `${each.name}: ${message}`);
        assert.ok(!left.some((other) => other.code === 'syntax'), `${each.name}: ${replacement} is no YAML there`);
      }
    }
    assert.ok(fixes > 20);
  });
});
