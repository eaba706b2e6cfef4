import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mistakes } from '../fixtures/mistakes.ts';
import { project, runCli, stackTrace } from './cli-process.ts';

describe('a pipeline file with mistakes', () => {
  for (const mistake of mistakes) {
    it(mistake.name, async () => {
      const cwd = await project({ ...Object.fromEntries(mistake.files.map((file) => [file, ''])), 'runweave.yaml': mistake.text });
      const [text, json] = await Promise.all([runCli(['run'], { cwd }), runCli(['plan', '--json'], { cwd })]);
      assert.deepEqual([text.code, json.code], [2, 2], text.stdout + text.stderr);
      const lines = mistake.expected.map(({ at, message, suggestion }) => `runweave.yaml:${at.split('-')[0] ?? ''}: error: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`);
      assert.deepEqual(text.stderr.trimEnd().split('\n').slice(0, -1), lines);
      assert.match(text.stderr, new RegExp(`^${lines.length} errors? in runweave\\.yaml$`, 'm'));
      assert.equal(text.stdout, '');
      assert.doesNotMatch(text.stderr, stackTrace);
      const { diagnostics } = JSON.parse(json.stdout) as { readonly diagnostics: readonly { readonly code: string; readonly message: string }[] };
      assert.deepEqual(diagnostics.map(({ code, message }) => ({ code, message })), mistake.expected.map(({ code, message }) => ({ code, message })));
      assert.equal(json.stderr, '');
    });
  }
});
