/** What differs between the chosen runs, most telling first, on one page. */
import type { Json } from '../../src/model/json.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { ComparedRun, ComparisonData, TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import { differenceTitles, type Difference, type LineCounts, type PerRun, type Verdict } from '../../src/query/compare.ts';
import type { Timelines } from '../../src/query/compare-timelines.ts';
import { sayLines } from '../../src/query/compare-contents.ts';
import { versionsOf, worthReading } from '../../src/query/compared-versions.ts';
import { unpackComparison } from '../../src/query/packed-comparison.ts';
import { tellingOf } from '../../src/query/telling.ts';
import { valueText } from '../../src/model/whole-float.ts';
import { fill, h, type Child } from '../dom.ts';
import { formatNumber } from '../run/format.ts';
import { contentView } from './content-view.ts';
import { createContents, type Contents } from './contents.ts';
import { letter } from './letters.ts';
import { timelinesView } from './timelines.ts';

/** Of each kind, so many are shown before one asks for the rest. */
const shownOfKind = 12;
/** With fewer differences, all of them are on one screen as they are. */
const fewDifferences = 6;

export interface ComparisonView {
  readonly element: HTMLElement;
  readonly wait: () => void;
  readonly show: (result: Extract<TrackerHostMessage, { readonly type: 'comparison' }>['result']) => void;
  readonly receive: (message: Extract<TrackerHostMessage, { readonly type: 'content' }>) => void;
  readonly focus: () => void;
}

interface Compared {
  readonly runs: readonly ComparedRun[];
  readonly differences: readonly Difference[];
  readonly timelines: Timelines;
  readonly canOpen: boolean;
}

export interface ComparisonHandlers {
  readonly onBack: () => void;
  /** The run with that key is the one that the others are to be compared with. */
  readonly onFirst: (key: string) => void;
}

export function createComparison(post: (message: TrackerViewMessage) => void, { onBack, onFirst }: ComparisonHandlers): ComparisonView {
  const content = h('div', { class: 'compared' });
  const back = h('button', { class: 'action', onclick: onBack }, '← Back to the table');
  const element = h('section', { class: 'comparison', 'aria-label': 'Comparison' }, h('div', { class: 'top' }, back, h('h2', {}, 'What differs')), content);
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') onBack();
  });
  let contents = createContents(post);

  const show = ({ runs, comparison, canOpen }: ComparisonData): void => {
    const data: Compared = { runs, canOpen, ...unpackComparison(comparison) };
    const { differences, timelines } = data;
    const kinds = [...new Set(differences.map(({ type }) => type))];
    contents = createContents(post);
    const read = new Set(worthReading(differences));
    const sections = new Map(kinds.map((kind) => [kind, section(kind, data, { contents, read, post })]));
    fill(
      content,
      runsView(data, post, onFirst),
      differences.length === 0 && h('p', {}, 'No difference: same parameters, code, data and environment, same results.'),
      differences.length > fewDifferences && tellingView(data, (kind) => sections.get(kind)?.querySelector('h3')?.focus()),
      ...sections.values(),
      timelines.rows.length > 0 && h('section', { class: 'differences' }, h('h3', {}, 'Timelines'), timelinesView(timelines)),
    );
  };

  return {
    element,
    wait: () => fill(content, h('p', { class: 'quiet' }, 'Reading the records…')),
    show: (result) => {
      if (result.type === 'compared') show(result.data);
      else fill(content, h('p', { class: 'banner', role: 'alert' }, result.message));
    },
    receive: (message) => contents.receive(message),
    focus: () => back.focus(),
  };
}

function runsView({ runs, timelines }: Compared, post: (message: TrackerViewMessage) => void, onFirst: (key: string) => void): HTMLElement {
  return h(
    'ol',
    { class: 'compared-runs' },
    ...runs.map(({ key, runId }, at) =>
      h(
        'li',
        { class: 'inline' },
        h('span', { class: 'letter' }, letter(at)),
        h('button', { class: 'link', onclick: () => post({ type: 'open', key }) }, runId),
        h('span', { class: 'quiet' }, ` ${formatDuration(timelines.lengths[at] ?? 0)} `),
        at === 0 ? h('span', { class: 'quiet' }, 'what the others are compared with') : h('button', { class: 'link', onclick: () => onFirst(key) }, 'compare with this', h('span', { class: 'visually-hidden' }, ` one, ${letter(at)}`)),
      ),
    ),
  );
}

/** The few that answer the question at a glance; each leads to its section. */
function tellingView({ runs, differences }: Compared, goTo: (kind: Difference['type']) => void): HTMLElement {
  const telling = tellingOf(differences);
  const part = (title: string, places: readonly number[]): Child =>
    places.length > 0 &&
    h(
      'section',
      { class: 'telling-part' },
      h('h3', {}, title),
      table(
        title,
        runs,
        places.flatMap((place) => {
          const difference = differences[place];
          if (difference === undefined) return [];
          const { name, values, note } = describe(difference);
          const isPlain = difference.type !== 'param' && difference.type !== 'outcome';
          return [{ head: h('button', { class: 'link', onclick: () => goTo(difference.type) }, name), values, last: [h('span', { class: 'quiet' }, differenceTitles[difference.type]), isPlain || note === undefined ? '' : ` ${note}`] }];
        }),
      ),
    );
  return h('div', { class: 'telling' }, part('What was changed', telling.causes), part('What came of it', telling.effects), ...runs.slice(1).map((_, at) => metricsSentence(differences, at + 1)));
}

/** `B: 3 metrics better, 14 worse.` */
function metricsSentence(differences: readonly Difference[], run: number): Child {
  const count = (verdict: Verdict): number => differences.filter((difference) => difference.type === 'metric' && difference.verdicts[run] === verdict).length;
  const [better, worse] = [count('better'), count('worse')];
  return better + worse > 1 && h('p', { class: 'telling-sentence' }, `${letter(run)}: ${better} ${better === 1 ? 'metric' : 'metrics'} better, ${worse} worse.`);
}

interface TableLine {
  readonly head: Child;
  readonly values: readonly (readonly Child[])[];
  readonly last: readonly Child[];
}

function table(label: string, runs: readonly ComparedRun[], lines: readonly TableLine[], lastTitle = 'Note'): HTMLElement {
  const row = ({ head, values, last }: TableLine): HTMLElement => h('tr', {}, h('th', { scope: 'row' }, head), ...values.map((value) => h('td', { class: 'mono' }, ...value)), h('td', { class: 'inline' }, ...last));
  const body = h('tbody', {}, ...lines.slice(0, shownOfKind).map(row));
  const more = lines.length - shownOfKind;
  return h(
    'div',
    { class: 'scroll-x', tabindex: 0, role: 'region', 'aria-label': label },
    h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'What'), ...runs.map(({ runId }, at) => h('th', { scope: 'col', title: runId }, letter(at))), h('th', { scope: 'col' }, lastTitle))), body),
    more > 0 && moreButton(more, () => body.append(...lines.slice(shownOfKind).map(row))),
  );
}

function moreButton(count: number, show: () => void): HTMLElement {
  const button = h('button', { class: 'action', onclick: () => {
    show();
    button.remove();
  } }, `Show ${count} more`);
  return button;
}

interface SectionParts {
  readonly contents: Contents;
  /** Places of differences whose contents are read at once. */
  readonly read: ReadonlySet<number>;
  readonly post: (message: TrackerViewMessage) => void;
}

function section(kind: Difference['type'], data: Compared, { contents, read, post }: SectionParts): HTMLElement {
  const { runs, differences, canOpen } = data;
  const rows = differences.flatMap((difference, index) => (difference.type === kind ? [{ difference, index }] : []));
  const opens = canOpen && (kind === 'source' || kind === 'input' || kind === 'definition' || kind === 'output');
  const openers = (index: number, name: string): readonly Child[] =>
    opens ? runs.slice(1).map((_, at) => h('button', { class: 'link', onclick: () => post({ type: 'open-difference', difference: index, run: at + 1 }) }, `${letter(0)} ↔ ${letter(at + 1)}`, h('span', { class: 'visually-hidden' }, ` ${name}, in the editor`))) : [];
  const head = h('h3', { tabindex: -1 }, differenceTitles[kind], h('span', { class: 'quiet' }, ` ${rows.length}`));
  if (rows.some(({ difference }) => versionsOf(difference) === undefined)) {
    const lines = rows.map(({ difference, index }): TableLine => {
      const { name, values, note } = describe(difference);
      return { head: name, values, last: [...openers(index, name), note] };
    });
    return h('section', { class: 'differences' }, head, table(differenceTitles[kind], runs, lines, opens ? 'Open' : 'Note'));
  }
  const item = ({ difference, index }: (typeof rows)[number]): readonly HTMLElement[] => {
    const versions = versionsOf(difference);
    if (versions === undefined) return [];
    const { name, note } = describe(difference);
    return [contentView({ versions, title: name, notes: [...(difference.type === 'printed' ? [printedText(difference.changes)] : [versionsText(versions.contents.map((address) => (address?.type === 'stored' ? address.digest : undefined)), difference)]), note === undefined || note === '' ? '' : ` · ${note}`], eager: read.has(index), actions: openers(index, name) }, contents)];
  };
  const list = h('div', { class: 'content-list' }, ...rows.slice(0, shownOfKind).flatMap(item));
  const more = rows.length - shownOfKind;
  return h('section', { class: 'differences' }, head, list, more > 0 && moreButton(more, () => list.append(...rows.slice(shownOfKind).flatMap(item))));
}

/** `a608516c → f5583d96`; of more runs, which of them have the same. */
function versionsText(contents: PerRun<string>, difference: Difference): string {
  // A source may be another one without its text having been kept.
  const digests = 'digests' in difference ? difference.digests : contents;
  if (digests.length === 2) return digests.map((digest) => (digest === undefined ? 'none' : shortDigest(digest))).join(' → ');
  const versions = [...new Set(digests)];
  return versions.map((digest) => `${digests.flatMap((each, at) => (each === digest ? [letter(at)] : [])).join(' ')}: ${digest === undefined ? 'none' : shortDigest(digest)}`).join(' · ');
}

function printedText(changes: PerRun<LineCounts | 'uncounted'>): string {
  return changes
    .flatMap((counts, at) => (counts === undefined ? [] : [`${changes.length > 2 ? `${letter(at)}: ` : ''}${counts === 'uncounted' ? 'differs' : sayLines(counts)}`]))
    .join('; ');
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
      return { name: difference.name, values: per(difference.values, valueText), ...(difference.task !== undefined && { note: `of ${difference.task}` }) };
    case 'definition':
      return { name: `${difference.task}: ${difference.part}`, values: per(difference.values, valueText) };
    case 'return':
      return { name: `${difference.task}: ${difference.name}`, values: per<Json>(difference.values, valueText) };
    case 'source':
    case 'input':
      return { name: difference.path, values: per(difference.digests, shortDigest), note: `used by ${list(difference.tasks)}` };
    case 'dataset':
      return { name: `${difference.task}: ${difference.name}`, values: per(difference.digests, shortDigest) };
    case 'environment':
      return { name: difference.name, values: per(difference.values, (text) => text), note: difference.tasks.length === 0 ? 'of the machine' : `of ${list(difference.tasks)}` };
    case 'version':
      return { name: difference.name, values: per(difference.values, (text) => (difference.name === 'branch' ? text : shortDigest(text))) };
    case 'outcome': {
      const message = difference.messages.find((each) => each !== undefined);
      return { name: difference.task, values: per(difference.phases, (phase) => phaseLook[phase].label), ...(message !== undefined && { note: plainText(message).slice(0, 200) }) };
    }
    case 'metric':
      return { name: `${difference.task}: ${difference.name}`, values: difference.values.map((value, at) => (value === undefined ? ['none'] : [formatNumber(value), at > 0 && verdict(difference.verdicts[at])])), note: difference.direction === 'none' ? '' : `${difference.direction} is better` };
    case 'artifact':
      return { name: `${difference.task}: ${difference.name}`, values: per(difference.digests, shortDigest), note: difference.mediaType };
    case 'output':
      return { name: `${difference.task}: ${difference.path}`, values: per(difference.digests, shortDigest) };
    case 'printed':
      return { name: `${difference.task} ${difference.stream}`, values: difference.changes.map((counts, at) => [at === 0 ? '' : counts === undefined ? 'did not run' : counts === 'uncounted' ? 'differs' : sayLines(counts)]) };
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
