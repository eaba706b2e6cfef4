import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NamedView } from '../../src/protocol/tracker-view.ts';
import type { Memory } from '../../webview/site/storage.ts';
import { visitorViews } from '../../webview/site/visitor-views.ts';

const view = (name: string, filter = ''): NamedView => ({ name, table: { filter, sort: [], group: [], archived: false } });

function browser(): Memory {
  const kept = new Map<string, string>();
  return { get: (name) => (kept.has(name) ? (JSON.parse(kept.get(name) ?? '') as unknown) : undefined), set: (name, value) => void kept.set(name, JSON.stringify(value)) };
}
const names = (views: readonly NamedView[]): readonly string[] => views.map(({ name, table }) => `${name}:${table.filter}`);

describe('named views of a site', () => {
  it('are those it was built with, and what a visitor made of them', () => {
    const memory = browser();
    const first = visitorViews([view('best', 'star'), view('failed', 'status = failed')], memory);
    assert.deepEqual(names(first.all()), ['best:star', 'failed:status = failed']);
    first.save([view('best', 'tag = good'), view('mine'), view('failed', 'status = failed')]);
    assert.deepEqual(names(first.all()), ['best:tag = good', 'failed:status = failed', 'mine:']);
    first.save([view('best', 'tag = good'), view('mine')]);
    assert.deepEqual(names(first.all()), ['best:tag = good', 'mine:']);
    // Built again: what the visitor left alone is as the site has it now.
    assert.deepEqual(names(visitorViews([view('best', 'x'), view('failed', 'y'), view('new')], memory).all()), ['best:tag = good', 'mine:', 'new:']);
    assert.deepEqual(names(visitorViews([], memory).all()), ['best:tag = good', 'mine:']);
  });

  it('are the site’s where the browser keeps nothing, or something else', () => {
    const site = [view('best')];
    assert.deepEqual(visitorViews(site, { get: () => undefined, set: () => undefined }).all(), site);
    assert.deepEqual(visitorViews(site, { get: () => 'no list', set: () => undefined }).all(), site);
  });
});
