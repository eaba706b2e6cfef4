import { countPhases, type RunState, type TaskPhase } from '../../src/model/run-state.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { vcsDirty, vcsRefHeadName, vcsRefHeadRevision } from '../../src/model/semantic-conventions.ts';
import { elapsed, formatDuration } from '../../src/model/time.ts';
import type { Remark } from '../../src/query/annotations.ts';
import { h } from '../dom.ts';
import { icon } from '../icons.ts';
import { remarkMarks } from '../remarks.ts';
import { formatTime } from './format.ts';
import type { Context } from './panel.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function commitOf({ resource }: RunState): string | undefined {
  const [branch, commit] = [text(resource[vcsRefHeadName]), text(resource[vcsRefHeadRevision])];
  if (branch === undefined && commit === undefined) return undefined;
  return `${[branch, commit?.slice(0, 8)].filter(Boolean).join('@')}${resource[vcsDirty] === true ? ' + uncommitted changes' : ''}`;
}

function triggerOf({ trigger }: RunState): string {
  if (trigger.type === 'manual') return trigger.tasks.length === 0 ? 'started by hand' : `started by hand: ${trigger.tasks.join(', ')}`;
  const [first = 'a file'] = trigger.files;
  return trigger.count > 1 ? `${first} and ${trigger.count - 1} more changed` : `${first} changed`;
}

/** The phase that stands for a run as a whole. */
export function runPhase(run: RunState): TaskPhase {
  return run.outcome ?? 'running';
}

/** What can be done with the run, in the words of its host. */
const actions: readonly (readonly [type: 'run-again' | 'restore-parameters' | 'restore-sources', label: string, title: string])[] = [
  ['run-again', 'Run again', 'Run what this run was asked for, with its parameters'],
  ['restore-parameters', 'Restore parameters…', 'Write the parameters of this run into the pipeline file, as an edit that can be undone'],
  ['restore-sources', 'Restore sources…', 'Put the code of this run into a new folder'],
];

/** Apart from the facts, which are drawn again many times a second while the run goes on. */
export function headerActions(can: Context['can'], post: Context['post']): readonly HTMLElement[] {
  return actions.filter(([type]) => can(type)).map(([type, label, title]) => h('button', { class: 'action', title, onclick: () => post({ type }) }, label));
}

export function header(run: RunState, live: boolean, now: string, remark: Remark | undefined): HTMLElement {
  const phase = runPhase(run);
  const counts = countPhases(run);
  const length = run.end === undefined ? (live ? elapsed(run.start, now as never) : undefined) : elapsed(run.start, run.end);
  const facts = [
    ['Started', formatTime(run.start)],
    ['Duration', length === undefined ? undefined : formatDuration(length)],
    ['Source', commitOf(run)],
    ['Trigger', triggerOf(run)],
    ['Run', run.runId],
  ] as const;
  return h(
    'header',
    { class: 'run-header' },
    h('div', { class: 'run-title' }, h('h1', {}, run.pipeline.name), h('span', { class: `pill phase-${phase}` }, icon(phase), h('span', {}, live && run.outcome === undefined ? 'running' : phaseLook[phase].label))),
    remark !== undefined && h('p', { class: 'inline' }, ...remarkMarks(remark)),
    h('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => (value === undefined ? [] : [h('div', {}, h('dt', {}, name), h('dd', {}, value))]))),
    h('div', { class: 'counts' }, ...(Object.keys(counts) as TaskPhase[]).filter((each) => counts[each] > 0).map((each) => h('span', {}, h('span', { class: `phase-${each}` }, icon(each)), `${counts[each]} ${phaseLook[each].label}`))),
    run.interrupted && h('p', { class: 'banner warning' }, 'This run was interrupted: its process ended before the run did.'),
    ...run.warnings.map((warning) => h('p', { class: 'banner warning' }, warning)),
  );
}
