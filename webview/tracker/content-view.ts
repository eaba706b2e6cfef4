/** A difference with a content: its versions, and what is in them between the first run and another, read when it is opened. */
import type { PerRun } from '../../src/query/compare.ts';
import { sayContentDiff, type ContentDiff } from '../../src/query/compare-contents.ts';
import { compareVersions, type ComparedVersions } from '../../src/query/compared-versions.ts';
import { fill, h, type Child } from '../dom.ts';
import type { Contents, Loaded } from './contents.ts';
import { diffView, showProblem } from './diff-view.ts';
import { imageView } from './images.ts';
import { letter } from './letters.ts';

export interface ContentItem {
  readonly versions: ComparedVersions;
  readonly title: string;
  /** Beside the title. */
  readonly notes: readonly Child[];
  /** Reads the contents at once, to say in the title what differs. */
  readonly eager: boolean;
  /** Buttons. */
  readonly actions: readonly Child[];
}

export function contentView({ versions, title, notes, eager, actions }: ContentItem, contents: Contents): HTMLElement {
  const { kind } = versions;
  const others = versions.contents.flatMap((address, run) => (run > 0 && address !== undefined ? [run] : []));
  const isReadable = kind !== 'bytes' && (kind === 'image' ? versions.contents.some((address) => address !== undefined) : versions.contents[0] !== undefined && others.length > 0);
  const said = h('span', { class: 'said' });
  const body = h('div', { class: 'content-body' });
  const head = [h('span', { class: 'content-title' }, title), ' ', h('span', { class: 'quiet' }, ...notes), ' ', said];
  const buttons = h('span', { class: 'actions inline' }, ...actions);
  if (!isReadable) return h('div', { class: 'content-item' }, h('div', { class: 'content-head' }, ...head), buttons);
  const details = h('details', {}, h('summary', {}, ...head), body);

  const loadAll = (): Promise<PerRun<Loaded>> => Promise.all(versions.contents.map((address) => (address === undefined ? Promise.resolve(undefined) : contents.load(address))));
  const between = (before: Loaded | undefined, after: Loaded | undefined, key?: string): ContentDiff => {
    if (before?.ok !== true || after?.ok !== true) return { type: 'none', why: [before, after].map((side) => (side?.ok === false ? side.why : '')).find((why) => why !== '') ?? 'There is nothing to compare.' };
    return compareVersions(versions, before.text(), after.text(), key);
  };
  const say = (loaded: PerRun<Loaded>): void => {
    const texts = others.map((run) => {
      const text = sayContentDiff(between(loaded[0], loaded[run]));
      return text === '' || others.length === 1 ? text : `${letter(run)}: ${text}`;
    });
    said.textContent = texts.filter((text) => text !== '').join('; ');
  };
  const draw = async (): Promise<void> => {
    showProblem(body, 'Loading…');
    const loaded = await loadAll();
    if (kind === 'image') {
      fill(body, imageView({ name: versions.name, mediaType: versions.mediaType, loaded }));
      return;
    }
    say(loaded);
    const place = h('div');
    const choose = h('select', { onchange: () => show() }, ...others.map((run) => h('option', { value: run }, letter(run))));
    const show = (key?: string): void => {
      const run = Number(choose.value);
      fill(place, diffView(between(loaded[0], loaded[run], key), { label: title, letters: [letter(0), letter(run)], onKey: (chosen) => {
        show(chosen);
        // What was chosen was drawn anew.
        place.querySelector('select')?.focus();
      } }));
    };
    fill(body, others.length > 1 && h('p', {}, h('label', {}, `${letter(0)} and `, choose)), place);
    show();
  };
  let isDrawn = false;
  details.addEventListener('toggle', () => {
    if (!details.open || isDrawn) return;
    isDrawn = true;
    void draw();
  });
  if (eager) void loadAll().then(say);
  return h('div', { class: 'content-item' }, details, buttons);
}
