/** Images of the same name in the compared runs: side by side, and one over the other with a slider. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { ComparedRun, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import type { Difference } from '../../src/query/compare.ts';
import { fill, h } from '../dom.ts';
import { letter } from './comparison.ts';

type ArtifactDifference = Extract<Difference, { readonly type: 'artifact' }>;

export interface Images {
  readonly element: HTMLElement;
  readonly show: (digest: string, data: string | undefined) => void;
}

/** SVG in an `img` runs no script and loads nothing. */
const isImage = ({ mediaType }: ArtifactDifference): boolean => /^image\/(png|jpeg|gif|webp|svg\+xml)$/.test(mediaType);

export function createImages(runs: readonly ComparedRun[], differences: readonly Difference[], post: (message: TrackerViewMessage) => void): Images {
  const waiting = new Map<string, { readonly mediaType: string; readonly places: HTMLElement[]; readonly label: string }[]>();
  const asked = new Set<string>();

  const place = (digest: string, mediaType: string, label: string): HTMLElement => {
    const element = h('div', { class: 'image-place' }, h('p', { class: 'quiet' }, 'Loading…'));
    (waiting.get(digest) ?? waiting.set(digest, []).get(digest))?.push({ mediaType, places: [element], label });
    if (!asked.has(digest)) {
      asked.add(digest);
      post({ type: 'load-image', digest: digest as Digest });
    }
    return element;
  };

  const item = ({ task, name, mediaType, digests }: ArtifactDifference): HTMLElement => {
    const body = h('div', { class: 'images' });
    const details = h('details', {}, h('summary', {}, `${task}: ${name}`), body);
    details.addEventListener('toggle', () => {
      if (!details.open || body.childElementCount > 0) return;
      const there = digests.flatMap((digest, at) => (digest === undefined ? [] : [{ digest, at }]));
      const sides = there.map(({ digest, at }) => h('figure', {}, place(digest, mediaType, `${name} of ${runs[at]?.runId ?? ''}`), h('figcaption', {}, letter(at))));
      fill(body, h('div', { class: 'side-by-side' }, ...sides), there.length > 1 && slider(there));
    });

    const slider = (there: readonly { readonly digest: string; readonly at: number }[]): HTMLElement => {
      const [first, ...others] = there;
      const over = h('div', { class: 'over' });
      const stage = h('div', { class: 'stage' });
      const range = h('input', { type: 'range', min: 0, max: 100, value: 50, class: 'slider', 'aria-label': `How much of ${letter(first?.at ?? 0)} covers the other, in percent` });
      const cut = (): void => {
        over.style.clipPath = `inset(0 ${100 - Number(range.value)}% 0 0)`;
      };
      const choose = h('select', { 'aria-label': 'Run below', onchange: () => draw() }, ...others.map(({ at }) => h('option', { value: at }, letter(at))));
      const draw = (): void => {
        const below = others.find(({ at }) => String(at) === choose.value) ?? others[0];
        if (first === undefined || below === undefined) return;
        fill(over, place(first.digest, mediaType, `${name}, ${letter(first.at)}`));
        fill(stage, place(below.digest, mediaType, `${name}, ${letter(below.at)}`), over);
        for (const digest of [first.digest, below.digest]) if (loaded.has(digest)) show(digest, loaded.get(digest));
        cut();
      };
      range.addEventListener('input', cut);
      draw();
      return h('div', { class: 'slide' }, h('p', {}, `${letter(first?.at ?? 0)} over `, others.length > 1 ? choose : letter(others[0]?.at ?? 1)), stage, range);
    };
    return details;
  };

  const loaded = new Map<string, string | undefined>();
  const show = (digest: string, data: string | undefined): void => {
    loaded.set(digest, data);
    for (const { mediaType, places, label } of waiting.get(digest) ?? []) {
      for (const each of places) fill(each, data === undefined ? h('p', {}, 'The bytes of this image are no longer on this machine.') : h('img', { src: `data:${mediaType};base64,${data}`, alt: label }));
    }
    waiting.delete(digest);
  };

  const pictures = differences.filter((difference): difference is ArtifactDifference => difference.type === 'artifact' && isImage(difference));
  return { element: h('div', { class: 'pictures' }, ...pictures.map(item)), show };
}
