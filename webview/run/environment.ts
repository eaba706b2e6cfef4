/** What a run ran in. */
import { runEnvironment, type Facts, type PackageUse } from '../../src/query/run-environment.ts';
import { valueText } from '../../src/model/whole-float.ts';
import { h, type Child } from '../dom.ts';
import { pairs } from './format.ts';
import type { Context } from './panel.ts';
import { changesView } from './surroundings.ts';

const mostTasks = 3;

function usedBy(tasks: readonly string[], all: number): string {
  if (tasks.length === all) return '';
  return tasks.length > mostTasks ? `${tasks.length} tasks` : tasks.join(', ');
}

export function environmentTab(context: Context): HTMLElement {
  const { run } = context;
  const { interpreters, packages, variables, git, ci, machine, other } = runEnvironment(run);
  const executed = run.tasks.filter(({ observed }) => observed !== undefined).length;
  const facts = (title: string, of: Facts): readonly Child[] => (of.length === 0 ? [] : [h('h2', {}, title), pairs(of.map(([name, value]) => [name, valueText(value)]), [title === 'Variables' ? 'Variable' : 'Attribute', 'Value'])]);
  const versions = ({ versions: of }: PackageUse): string => of.map(({ version, tasks }) => [version, of.length > 1 || tasks.length < executed ? `(${usedBy(tasks, 0)})` : ''].filter(Boolean).join(' ')).join(', ');
  return h(
    'div',
    { class: 'pad' },
    h('h2', {}, 'Interpreter'),
    interpreters.length === 0 ? h('p', { class: 'quiet' }, 'None was used.') : h('ul', { class: 'mono' }, ...interpreters.map(({ text, tasks }) => h('li', {}, text, interpreters.length > 1 && h('span', { class: 'quiet' }, ` ${usedBy(tasks, 0)}`)))),
    ...(packages.length === 0 ? [] : [h('h2', {}, 'Packages that tasks imported'), pairs(packages.map((each) => [each.name, versions(each)]), ['Package', 'Version'])]),
    ...facts('Variables', variables),
    ...facts('Git', git),
    ...(run.changes === undefined ? [] : [h('h2', {}, 'Changes since the commit'), changesView(run.changes, context)]),
    // Every run has a name and an id; what else begins so is of a CI system.
    ...facts(ci.some(([name]) => !name.startsWith('cicd.pipeline.name') && name !== 'cicd.pipeline.run.id') ? 'CI' : 'Pipeline', ci),
    ...facts('Machine', machine),
    ...facts('Other', other),
  );
}
