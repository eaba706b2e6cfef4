/** What differs between the chosen runs, most telling first, on one page. */
import type { Json } from '../../src/model/json.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { ComparisonData, TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import { differenceTitles, type Difference, type PerRun, type Verdict } from '../../src/query/compare.ts';
import { fill, h, type Child } from '../dom.ts';
import { formatNumber, jsonText } from '../run/format.ts';
import { createImages } from './images.ts';

export interface ComparisonView {
  readonly element: HTMLElement;
  readonly wait: (keys: readonly string[]) => void;
  readonly show: (result: Extract<TrackerHostMessage, { readonly type: 'comparison' }>['result']) => void;
  readonly showImage: (digest: string, data: string | undefined) => void;
  readonly focus: () => void;
}

export interface ComparisonHost {
  readonly post: (message: TrackerViewMessage) => void;
  /** Whether there is an editor in which a difference can be opened. */
  readonly editor: boolean;
}

export function createComparison({ post, editor }: ComparisonHost, onBack: () => void): ComparisonView {
  const content = h('div', { class: 'compared' });
  const back = h('button', { class: 'action', onclick: onBack }, '← Back to the table');
  const element = h('section', { class: 'comparison', 'aria-label': 'Comparison' }, h('div', { class: 'top' }, back, h('h2', {}, 'What differs')), content);
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') onBack();
  });
  let images = createImages([], [], post);

  const show = (data: ComparisonData): void => {
    const { runs, differences } = data;
    const kinds = [...new Set(differences.map(({ type }) => type))];
    images = createImages(runs, differences, post);
    fill(
      content,
      h('ol', { class: 'compared-runs' }, ...runs.map(({ key, runId }, at) => h('li', {}, h('span', { class: 'letter' }, letter(at)), h('button', { class: 'link', onclick: () => post({ type: 'open', key }) }, runId), at === 0 && h('span', { class: 'quiet' }, ' what the others are compared with')))),
      differences.length === 0 && h('p', {}, 'No difference: same parameters, code, data and environment, same results.'),
      ...kinds.flatMap((kind) => [
        section(kind, data, { post, editor }),
        kind === 'artifact' && images.element,
      ]),
    );
  };

  return {
    element,
    wait: () => fill(content, h('p', { class: 'quiet' }, 'Reading the records…')),
    show: (result) => {
      if (result.type === 'compared') show(result.data);
      else fill(content, h('p', { class: 'banner', role: 'alert' }, result.message));
    },
    showImage: (digest, data) => images.show(digest, data),
    focus: () => back.focus(),
  };
}

/** A, B, C…: short names for long ids. */
export function letter(at: number): string {
  return at < 26 ? String.fromCharCode(65 + at) : String(at + 1);
}

function section(kind: Difference['type'], { runs, differences }: ComparisonData, { post, editor }: ComparisonHost): HTMLElement {
  const rows = differences.flatMap((difference, index) => (difference.type === kind ? [{ difference, index }] : []));
  const canOpen = editor && (kind === 'source' || kind === 'input' || kind === 'definition' || kind === 'output');
  return h(
    'section',
    { class: 'differences' },
    h('h3', {}, differenceTitles[kind], h('span', { class: 'quiet' }, ` ${rows.length}`)),
    h(
      'div',
      { class: 'scroll-x', tabindex: 0, role: 'region', 'aria-label': differenceTitles[kind] },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'What'), ...runs.map(({ runId }, at) => h('th', { scope: 'col', title: runId }, letter(at))), h('th', { scope: 'col' }, canOpen ? 'Open' : 'Note'))),
        h(
          'tbody',
          {},
          ...rows.map(({ difference, index }) => {
            const { name, values, note } = describe(difference);
            const opens = canOpen ? runs.slice(1).map((_, at) => h('button', { class: 'link', onclick: () => post({ type: 'open-difference', difference: index, run: at + 1 }) }, `${letter(0)} ↔ ${letter(at + 1)}`, h('span', { class: 'visually-hidden' }, ` ${name}`))) : [];
            return h('tr', {}, h('th', { scope: 'row' }, name), ...values.map((value) => h('td', { class: 'mono' }, ...value)), h('td', { class: 'inline' }, ...opens, note));
          }),
        ),
      ),
    ),
  );
}

interface Described {
  readonly name: string;
  readonly values: readonly (readonly Child[])[];
  readonly note?: string;
}

function describe(difference: Difference): Described {
  switch (difference.type) {
    case 'tasks':
      return { name: difference.task, values: difference.there.map((there) => [there ? 'there' : 'not there']) };
    case 'param':
      return { name: difference.name, values: per(difference.values, jsonText), ...(difference.task !== undefined && { note: `of ${difference.task}` }) };
    case 'definition':
      return { name: `${difference.task}: ${difference.part}`, values: per(difference.values, jsonText) };
    case 'return':
      return { name: `${difference.task}: ${difference.name}`, values: per<Json>(difference.values, jsonText) };
    case 'source':
    case 'input':
      return { name: difference.path, values: per(difference.digests, shortDigest), note: ` used by ${list(difference.tasks)}` };
    case 'environment':
      return { name: difference.name, values: per(difference.values, (text) => text), note: `of ${list(difference.tasks)}` };
    case 'version':
      return { name: difference.name, values: per(difference.values, (text) => (difference.name === 'commit' ? text.slice(0, 8) : text)) };
    case 'outcome':
      return { name: difference.task, values: per(difference.phases, (phase) => phaseLook[phase].label) };
    case 'metric':
      return { name: `${difference.task}: ${difference.name}`, values: difference.values.map((value, at) => (value === undefined ? ['none'] : [formatNumber(value), at > 0 && verdict(difference.verdicts[at])])), note: difference.direction === 'none' ? '' : `${difference.direction} is better` };
    case 'artifact':
      return { name: `${difference.task}: ${difference.name}`, values: per(difference.digests, shortDigest), note: difference.mediaType };
    case 'output':
      return { name: `${difference.task}: ${difference.path}`, values: per(difference.digests, shortDigest) };
    case 'duration':
      return { name: difference.task, values: per(difference.values, formatDuration) };
    default:
      return difference satisfies never;
  }
}

function per<T>(values: PerRun<T>, text: (value: T) => string): readonly (readonly Child[])[] {
  return values.map((value) => (value === undefined ? [h('span', { class: 'quiet' }, 'none')] : [text(value)]));
}

function verdict(value: Verdict | undefined): Child {
  switch (value) {
    case 'better':
      return h('span', { class: 'verdict phase-success' }, ' ▲ ', h('span', { class: 'phase-text' }, 'better'));
    case 'worse':
      return h('span', { class: 'verdict phase-failure' }, ' ▽ ', h('span', { class: 'phase-text' }, 'worse'));
    case 'changed':
    case 'same':
      return h('span', { class: 'quiet' }, ` ${value}`);
    case undefined:
      return undefined;
    default:
      return value satisfies never;
  }
}

function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 8);
}

function list(tasks: readonly string[]): string {
  return tasks.length > 3 ? `${tasks.slice(0, 3).join(', ')} and ${tasks.length - 3} more` : tasks.join(', ');
}
