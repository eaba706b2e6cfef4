/** Versions of an image: side by side, and one over the other with a slider. */
import type { PerRun } from '../../src/query/compare.ts';
import { fill, h } from '../dom.ts';
import type { Loaded } from './contents.ts';
import { letter } from './letters.ts';

export interface ImageVersions {
  readonly name: string;
  readonly mediaType: string;
  /** Of the compared runs. */
  readonly loaded: PerRun<Loaded>;
}

/** SVG in an `img` runs no script and loads nothing. */
function picture({ name, mediaType, loaded }: ImageVersions, at: number): HTMLElement {
  const version = loaded[at];
  return h('div', { class: 'image-place' }, version?.ok === true ? h('img', { src: `data:${mediaType};base64,${version.base64}`, alt: `${name}, ${letter(at)}` }) : h('p', {}, version?.why));
}

export function imageView(versions: ImageVersions): HTMLElement {
  const there = versions.loaded.flatMap((version, at) => (version === undefined ? [] : [at]));
  const sides = there.map((at) => h('figure', {}, picture(versions, at), h('figcaption', {}, letter(at))));
  return h('div', { class: 'images' }, h('div', { class: 'side-by-side' }, ...sides), there.length > 1 && slider(versions, there));
}

function slider(versions: ImageVersions, [first = 0, ...others]: readonly number[]): HTMLElement {
  const over = h('div', { class: 'over' }, picture(versions, first));
  const stage = h('div', { class: 'stage' });
  const range = h('input', { type: 'range', min: 0, max: 100, value: 50, class: 'slider', 'aria-label': `How much of ${letter(first)} covers the other, in percent` });
  const cut = (): void => {
    over.style.clipPath = `inset(0 ${100 - Number(range.value)}% 0 0)`;
  };
  const choose = h('select', { 'aria-label': 'Run below', onchange: () => draw() }, ...others.map((at) => h('option', { value: at }, letter(at))));
  const draw = (): void => fill(stage, picture(versions, Number(choose.value)), over);
  range.addEventListener('input', cut);
  draw();
  cut();
  return h('div', { class: 'slide' }, h('p', {}, `${letter(first)} over `, others.length > 1 ? choose : letter(others[0] ?? 1)), stage, range);
}
