/** What the tasks of a run logged, each with how it is shown and what can be done with it. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { ArtifactState, TaskState } from '../../src/model/run-state.ts';
import type { RunViewMessage } from '../../src/protocol/run-view.ts';
import { h } from '../dom.ts';
import { remarkMarks } from '../remarks.ts';
import { formatSize, phaseMark } from './format.ts';
import type { Context } from './panel.ts';
import { isSmall, showArtifact, viewerOf } from './viewers.ts';

/** Pictures that are shown without being asked for. */
const openPictures = 12;

type ArtifactAction = Extract<RunViewMessage, { readonly digest: Digest; readonly name: string }>['type'];

const actions: readonly (readonly [ArtifactAction, string])[] = [
  ['open-artifact', 'Open'],
  ['save-artifact', 'Save as…'],
  ['copy-artifact-path', 'Copy path'],
];

/** What was shown once stays as it was left: unfolded, scrolled, with as many rows. */
const bodies = new Map<string, HTMLElement>();

function item(task: TaskState, artifact: ArtifactState, open: boolean, context: Context): HTMLElement {
  const { name, mediaType, size, digest } = artifact;
  const of = h('span', { class: 'visually-hidden' }, ` ${name} of ${task.node.id}`);
  const versions = task.artifacts.filter((other) => other.name === name);
  const version = versions.indexOf(artifact) + 1;
  const head = [h('strong', {}, name), h('span', { class: 'quiet' }, `${mediaType} · ${formatSize(size)}${versions.length > 1 ? ` · version ${version} of ${versions.length}` : ''}`)];
  const remark = context.remarkOn(task, name);
  if (remark !== undefined) head.push(h('span', { class: 'inline' }, ...remarkMarks(remark)));
  const key = `${task.node.id}/${name}/${version}`;
  const offered = actions.filter(([type]) => context.can(type));
  const buttons = h('span', { class: 'actions inline' }, ...offered.map(([type, label]) => h('button', { class: 'link', 'data-key': `${type} ${key}`, onclick: () => context.post({ type, digest, name }) }, label, of.cloneNode(true))));
  if (context.can('trace')) buttons.append(h('button', { class: 'link', 'data-key': `trace ${key}`, onclick: () => context.post({ type: 'trace', task: task.node.id, output: name }) }, 'Trace', of.cloneNode(true)));
  if (viewerOf(artifact) === undefined) return h('div', { class: 'artifact' }, h('div', { class: 'artifact-head' }, ...head, buttons));
  const body = bodies.get(`${context.run.runId} ${key} ${digest}`) ?? h('div', { class: 'preview' });
  bodies.set(`${context.run.runId} ${key} ${digest}`, body);
  const details = h('details', { open, 'data-key': key }, h('summary', {}, ...head), body);
  const fillBody = (): void => {
    if (details.open && body.childElementCount === 0) void showArtifact(body, artifact, context.load);
  };
  details.addEventListener('toggle', fillBody);
  if (open) fillBody();
  return h('div', { class: 'artifact' }, details, buttons);
}

export function artifactsTab(context: Context): HTMLElement {
  const withArtifacts = context.run.tasks.filter((task) => task.artifacts.length > 0);
  if (withArtifacts.length === 0) return h('p', { class: 'quiet pad' }, 'No task of this run logged an artifact. In Python: runweave.log_artifact(path), log_figure(name, figure), log_table(name, rows).');
  let pictures = 0;
  return h(
    'div',
    { class: 'pad' },
    ...withArtifacts.map((task) =>
      h('section', {}, h('h2', { class: 'group-head' }, task.node.id, phaseMark(task.phase)), ...task.artifacts.map((artifact) => item(task, artifact, viewerOf(artifact) === 'picture' && isSmall(artifact) && (pictures += 1) <= openPictures, context))),
    ),
  );
}
