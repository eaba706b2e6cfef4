/** Colours of lines and ends of axes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { niceRange, placeInRange, valueAtPlace } from '../../../../src/query/charts/nice-range.ts';
import { contrastRatio, letterOf, looks } from '../../../../src/query/charts/palette.ts';

describe('looks of lines', () => {
  for (const [theme, background, contrast] of [['dark', '#1f1f1f', 3], ['light', '#ffffff', 3], ['high contrast', '#000000', 4.5], ['solarized', '#fdf6e3', 3], ['grey', '#7f7f7f', 3]] as const) {
    it(`stand out from the background: ${theme}`, () => {
      const look = looks(background, contrast);
      for (let slot = 0; slot < 7; slot += 1) assert.ok(contrastRatio(look(slot).color, background) >= contrast, `${look(slot).color} on ${background}`);
    });
  }

  it('are 42 different ones by colour and dash, and neighbours differ without the colour', () => {
    const look = looks('#ffffff');
    const all = Array.from({ length: 42 }, (_, slot) => look(slot));
    assert.equal(new Set(all.map(({ color, dash }) => `${color} ${dash.join()}`)).size, 42);
    for (let slot = 1; slot < 42; slot += 1) assert.notEqual(all[slot]?.dash.join(), all[slot - 1]?.dash.join());
  });

  it('have letters', () => {
    assert.deepEqual([0, 25, 26, 27, 52, 701, 702].map(letterOf), ['A', 'Z', 'AA', 'AB', 'BA', 'ZZ', 'AAA']);
  });

  it('know contrast as WCAG does', () => {
    assert.equal(contrastRatio('#000000', '#ffffff'), 21);
    assert.equal(contrastRatio('#777777', '#ffffff').toFixed(2), '4.48');
  });
});

describe('ends of an axis', () => {
  it('are numbers that read well, around all', () => {
    assert.deepEqual(niceRange(0.13, 0.87), { min: 0, max: 1, interval: 0.2 });
    assert.deepEqual(niceRange(-3, 97), { min: -20, max: 100, interval: 20 });
    assert.deepEqual(niceRange(0.2, 0.8), { min: 0.2, max: 0.8, interval: 0.2 });
    assert.deepEqual(niceRange(0.003, 700, true), { min: 0.001, max: 1000 });
  });

  it('are there for one value, and for none', () => {
    assert.deepEqual(niceRange(5, 5), { min: 2, max: 8, interval: 1 });
    assert.deepEqual(niceRange(0, 0), { min: -1, max: 1, interval: 0.5 });
    assert.deepEqual(niceRange(10, 10, true), { min: 10, max: 100 });
    assert.deepEqual(niceRange(Infinity, -Infinity), { min: 0, max: 1, interval: 0.2 });
  });

  it('say where a value stands, and back', () => {
    assert.equal(placeInRange(10, { min: 1, max: 100 }, true), 0.5);
    assert.equal(valueAtPlace(0.5, { min: 1, max: 100 }, true), 10);
    assert.equal(valueAtPlace(placeInRange(7, { min: 2, max: 12 }), { min: 2, max: 12 }), 7);
  });
});
