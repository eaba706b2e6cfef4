import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { singlePage, sitePage } from '../../../../src/exporters/site/site-page.ts';

const index = { title: '</title><script>alert(1)</script>', version: '1', table: [], heads: [], flags: [], remarks: [], panels: ['run'] as const, start: '/' };

function policyOf(page: string): Readonly<Record<string, string>> {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
  return Object.fromEntries(policy.split('; ').map((directive): [string, string] => [directive.replace(/ .*/, ''), directive.replace(/^\S+ ?/, '')]));
}

describe('the page of a site', () => {
  it('runs only its own scripts, and sends nothing', () => {
    const page = sitePage(index, 'site/assets/1');
    const policy = policyOf(page);
    assert.equal(policy['default-src'], "'none'");
    assert.equal(policy['script-src'], "'self'");
    assert.equal(policy['connect-src'], undefined);
    assert.doesNotMatch(page, /<script>|https?:|alert\(1\)<\/script>/);
  });
});

describe('a self-contained page', () => {
  const text = 'const x = "</script><!-- <script>";\r\nrun(x);';
  const page = [...singlePage(index, { 'site.js': text, 'run.js': 'panel();', 'run-graph.js': 'graph();', 'site.css': 'a::after { content: "</style>" }', 'run.css': 'b {}' }, ['run-graph.js'], ['<data>'])].join('');

  it('names each of its scripts in its policy, by what a browser will hash', () => {
    const allowed = policyOf(page)['script-src']?.split(' ') ?? [];
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script]) => `'sha256-${createHash('sha256').update(script ?? '').digest('base64')}'`);
    assert.equal(scripts.length, 3);
    assert.deepEqual(allowed, scripts);
    assert.doesNotMatch(page, /\r/);
  });

  it('ends no script or style before its end, and leaves the script as it was', () => {
    assert.match(page, /const x = "\\x3c\/script>\\x3c!-- <script>";/);
    assert.equal(page.match(/<\/style>/g)?.length, 1);
  });
});
