import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnosticCount, diagnosticLines } from '../../../src/cli/diagnostics.ts';
import { createStyle } from '../../../src/cli/text.ts';
import type { Diagnostic } from '../../../src/model/diagnostic.ts';

const unknownKey: Diagnostic = {
  code: 'unknown-key',
  severity: 'error',
  message: 'unknown key "need"',
  suggestion: 'did you mean "needs"?',
  file: '/p/runweave.yaml',
  range: { start: { line: 2, character: 4 }, end: { line: 2, character: 8 } },
};
const text = 'tasks:\n  漢:\n    need: [a]\n';
const options = { nameFile: () => 'runweave.yaml', textOf: () => text, style: createStyle(false), withSource: true, columns: 80 };

describe('diagnostics', () => {
  it('are located, and shown in their line on a terminal', () => {
    assert.deepEqual(diagnosticLines([unknownKey], options), [
      'runweave.yaml:3:5: error: unknown key "need" (did you mean "needs"?)',
      '  3 │     need: [a]',
      '    │     ^^^^',
    ]);
  });

  it('are one line each elsewhere', () => {
    assert.deepEqual(diagnosticLines([unknownKey], { ...options, withSource: false }), ['runweave.yaml:3:5: error: unknown key "need" (did you mean "needs"?)']);
  });

  it('mark wide characters, and the rest of the line of a longer range', () => {
    const wide: Diagnostic = { ...unknownKey, range: { start: { line: 1, character: 3 }, end: { line: 2, character: 8 } } };
    assert.deepEqual(diagnosticLines([wide], options).slice(1), ['  2 │   漢:', '    │     ^']);
    const key: Diagnostic = { ...unknownKey, range: { start: { line: 1, character: 2 }, end: { line: 1, character: 3 } } };
    assert.equal(diagnosticLines([key], options)[2], '    │   ^^');
  });

  it('do without a line that is not there', () => {
    assert.equal(diagnosticLines([unknownKey], { ...options, textOf: () => undefined }).length, 1);
    assert.equal(diagnosticLines([{ ...unknownKey, range: { start: { line: 99, character: 0 }, end: { line: 99, character: 0 } } }], options).length, 1);
  });

  it('blame what was asked for, not a line of the file, where that is the mistake', () => {
    const asked: Diagnostic = { ...unknownKey, code: 'unknown-param', message: '--set rat: the pipeline has no such param', suggestion: 'did you mean "rate"?' };
    assert.deepEqual(diagnosticLines([asked], { ...options, style: createStyle(true) }), ['\u001b[31merror:\u001b[39m --set rat: the pipeline has no such param (did you mean "rate"?)']);
  });

  it('leave hints to editors, and count the rest', () => {
    const warning: Diagnostic = { ...unknownKey, severity: 'warning' };
    const hint: Diagnostic = { ...unknownKey, severity: 'hint' };
    assert.equal(diagnosticLines([hint], options).length, 0);
    assert.equal(diagnosticCount([unknownKey, unknownKey, warning, hint]), '2 errors, 1 warning');
  });
});
