import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shortPath, statusText } from '../../../src/vscode/status-text.ts';
import type { StatusInput } from '../../../src/vscode/status-text.ts';

const idle: StatusInput = { pipeline: 'digits', folder: '/p', trusted: true, watching: false, running: false, progress: { done: 0, total: 0 }, failed: [], errors: 0 };

describe('statusText', () => {
  const cases: readonly (readonly [string, Partial<StatusInput>, string, 'none' | 'error'])[] = [
    ['off', {}, '$(eye-closed) Runweave: watch off', 'none'],
    ['watching', { watching: true }, '$(eye) Runweave: watching', 'none'],
    ['running', { running: true, progress: { done: 3, total: 10 } }, '$(sync~spin) Runweave: 3/10', 'none'],
    ['running in watch', { running: true, watching: true, progress: { done: 3, total: 10 } }, '$(sync~spin) Runweave: 3/10 $(eye)', 'none'],
    ['running, with an estimate', { running: true, watching: true, progress: { done: 3, total: 10 }, left: 11_300 }, '$(sync~spin) Runweave: 3/10, about 12 s left $(eye)', 'none'],
    ['running, and nearly done', { running: true, progress: { done: 9, total: 10 }, left: 300 }, '$(sync~spin) Runweave: 9/10', 'none'],
    ['failed', { watching: true, failed: ['a', 'b'] }, '$(eye) Runweave: 2 failed', 'error'],
    ['mistakes', { errors: 1, failed: ['a'] }, '$(eye-closed) Runweave: 1 mistake', 'error'],
    ['untrusted', { trusted: false, errors: 1 }, '$(shield) Runweave: restricted', 'none'],
  ];
  for (const [name, input, text, severity] of cases) {
    it(name, () => {
      const result = statusText({ ...idle, ...input });
      assert.deepEqual([result.text, result.severity], [text, severity]);
    });
  }

  it('says where the time left is from', () => {
    const { tooltip } = statusText({ ...idle, running: true, left: 61_000 });
    assert.ok(tooltip.includes('about 1 min 1 s left, from how long the tasks took before'), tooltip.join('\n'));
  });

  it('names the interpreter and why it is this one', () => {
    const { tooltip } = statusText({ ...idle, interpreter: { path: '/usr/bin/python3.11', version: 'CPython 3.11.7', origin: 'setting' } });
    assert.ok(tooltip.includes('CPython 3.11.7 · /usr/bin/python3.11 (setting)'));
  });

  it('writes paths from the pipeline or from home', () => {
    const short = (path: string): string => shortPath(path, '/home/me/p', '/home/me');
    assert.deepEqual(['/home/me/p/.venv/bin/python3', '/home/me/.pyenv/bin/python3', '/home/melanie/python3', '/usr/bin/python3'].map(short), ['.venv/bin/python3', '~/.pyenv/bin/python3', '/home/melanie/python3', '/usr/bin/python3']);
  });
});
