import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lensRefresh } from '../../../src/vscode/lens-refresh.ts';
import { fakeTimers } from './fake-timers.ts';

describe('lensRefresh', () => {
  it('tells of changes at most once a second, so that the editor comes to ask', () => {
    const timers = fakeTimers();
    let told = 0;
    const { request, answered } = lensRefresh(() => (told += 1), timers);
    for (let passed = 0; passed < 3000; passed += 50) {
      request();
      timers.pass(50);
      answered();
    }
    // At the start, and after each of three seconds.
    assert.equal(told, 4);
  });

  it('tells again until the editor has asked', () => {
    const timers = fakeTimers();
    let told = 0;
    const { request, answered } = lensRefresh(() => (told += 1), timers);
    request();
    timers.pass(1500);
    assert.equal(told, 2);
    answered();
    timers.pass(10_000);
    assert.equal(told, 2);
  });

  it('gives up where nobody asks, until something changes', () => {
    const timers = fakeTimers();
    let told = 0;
    const { request } = lensRefresh(() => (told += 1), timers);
    request();
    timers.pass(60_000);
    assert.equal(told, 4);
    request();
    timers.pass(1);
    assert.equal(told, 5);
  });
});
