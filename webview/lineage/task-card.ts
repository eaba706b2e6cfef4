/** All that is known of one execution of a task. */
import { formatDuration } from '../../src/model/time.ts';
import type { AnnotationChange, AnnotationTarget } from '../../src/model/annotation.ts';
import type { OutputView, TaskRunView } from '../../src/query/lineage-answer.ts';
import { valueText } from '../../src/model/whole-float.ts';
import { h, type Child } from '../dom.ts';
import { remarkMarks } from '../remarks.ts';
import { askText } from '../tracker/dialogs.ts';
import { formatNumber, phaseMark } from '../run/format.ts';
import type { Page } from './page.ts';

const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function timeText(start: number): string {
  return timeFormat.format(start);
}

export function runButton(runId: string, page: Page, label: Child = runId): HTMLElement {
  return page.can().openRun ? h('button', { class: 'link', title: `Open run ${runId}`, onclick: () => page.post({ type: 'open-run', runId: runId as never }) }, label) : h('span', {}, label);
}

export function traceButton(runId: string, task: string, output: string, page: Page, label: Child): HTMLElement {
  return h('button', { class: 'link', onclick: () => page.ask({ type: 'trace', output: `${runId}/${task}/${output}`, direction: 'upstream' }) }, label);
}

const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 8);

function rows(entries: readonly (readonly [string, Child])[]): Child {
  return entries.length > 0 && h('table', { class: 'pairs' }, h('tbody', {}, ...entries.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', { class: 'mono' }, value)))));
}

function section(title: string, ...content: readonly Child[]): Child {
  return content.some((each) => each !== false && each !== null && each !== undefined) && h('section', {}, h('h3', {}, title), ...content);
}

export function flagAction(target: { readonly runId: string; readonly task: string; readonly output: string }, flagged: boolean, page: Page): Child {
  if (!page.can().annotate) return false;
  const { output } = target;
  const post = (on: boolean, why?: string): void => page.post({ type: 'annotate', target: target as AnnotationTarget, change: { type: 'flag', on, ...(why !== undefined && why !== '' && { why }) } });
  return h(
    'button',
    {
      class: 'link',
      'aria-label': `${flagged ? 'Unflag' : 'Flag as bad'}: ${output}`,
      onclick: (event: Event) => {
        const from = event.currentTarget as HTMLElement;
        if (flagged) post(false);
        else askText('What is wrong with it? (may be left empty)', '', (why) => post(true, why), () => from.focus());
      },
    },
    flagged ? 'Unflag' : 'Flag as bad…',
  );
}

/** Ways to tag an output or a task, and to write a note on it. */
export function remarkActions(target: { readonly runId: string; readonly task: string; readonly output?: string }, page: Page): Child {
  if (!page.can().annotate) return false;
  const of = target.output ?? target.task;
  const action = (label: string, question: string, changeOf: (text: string) => Extract<AnnotationChange, { readonly type: 'tag' | 'note' }>): HTMLElement =>
    h(
      'button',
      {
        class: 'link',
        'aria-label': `${label}: ${of}`,
        onclick: (event: Event) => {
          const from = event.currentTarget as HTMLElement;
          askText(question, '', (text) => {
            if (text.replace(/^-/, '') !== '') page.post({ type: 'annotate', target: target as AnnotationTarget, change: changeOf(text) });
          }, () => from.focus());
        },
      },
      `${label}…`,
    );
  return h(
    'span',
    { class: 'inline' },
    action('Tag', `Tag of ${of}, or -tag to take it off`, (text) => ({ type: 'tag', tag: text.replace(/^-/, ''), on: !text.startsWith('-') })),
    ' ',
    action('Note', `Note on ${of}`, (text) => ({ type: 'note', text })),
  );
}

function outputRow(output: OutputView, run: TaskRunView, page: Page): readonly [string, Child] {
  const { kind, name, digest, flagged, why } = output;
  const value = run.metrics[name];
  return [
    name,
    h(
      'span',
      { class: 'output inline' },
      kind === 'file' ? shortDigest(digest ?? '') : kind === 'artifact' ? `artifact ${shortDigest(digest ?? '')}` : value === undefined ? 'value' : formatNumber(value),
      ...remarkMarks({ ...output, ...(flagged && { flag: { ...(why !== undefined && { why }) } }) }),
      traceButton(run.runId, run.task, name, page, h('span', {}, 'Trace', h('span', { class: 'visually-hidden' }, ` ${name}`))),
      flagAction({ runId: run.runId, task: run.task, output: name }, flagged, page),
      remarkActions({ runId: run.runId, task: run.task, output: name }, page),
    ),
  ];
}

export function warningList(run: TaskRunView): Child {
  return run.warnings.length > 0 && h('ul', { class: 'warnings' }, ...run.warnings.map(({ text, exact }) => h('li', { class: exact ? 'exact' : 'hint' }, text)));
}

export function taskCard(run: TaskRunView, page: Page): HTMLElement {
  const { task, runId, outcome, description, owner, tags, version, params, sources, inputs, reasons, pipeline, kind, left, said } = run;
  const facts: (readonly [string, Child])[] = [
    ['run', runButton(runId, page)],
    ['pipeline', `${pipeline}, ${kind} task`],
    ['started', timeText(run.start)],
    ['took', formatDuration(run.duration)],
    ...(version === undefined ? [] : [['commit', version] as const]),
    ...(owner === undefined ? [] : [['owner', owner] as const]),
    ...(tags.length === 0 ? [] : [['tags', tags.join(', ')] as const]),
  ];
  const files = (of: Readonly<Record<string, string>>): Child => rows(Object.entries(of).map(([path, digest]) => [path, shortDigest(digest)]));
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, task, ' ', phaseMark(outcome)),
    description !== undefined && h('p', {}, description),
    warningList(run),
    rows(facts),
    said !== undefined && h('p', { class: 'inline' }, ...remarkMarks(said)),
    h('p', { class: 'inline' }, h('button', { class: 'link', onclick: () => page.ask({ type: 'history', task }) }, 'All executions of this task'), ' ', remarkActions({ runId, task }, page)),
    section('Why it ran', reasons.length > 0 && h('ul', {}, ...reasons.map((reason) => h('li', {}, reason)))),
    section('Parameters', rows(Object.entries(params).map(([name, value]) => [name, valueText(value)]))),
    section('Code', files(sources)),
    section('Inputs from outside', files(inputs)),
    section('Outputs', rows(run.outputs.map((output) => outputRow(output, run, page)))),
    left > 0 && h('p', { class: 'quiet' }, `${left} more files and values are left out here.`),
  );
}
