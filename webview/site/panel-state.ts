/**
 * What a panel remembers, on a site: the address has the part of it that a link should carry, the tab the rest. Of the
 * panels' states only the names are known here that are part of the address.
 */
import type { ColumnState, SortState } from '../../src/protocol/tracker-view.ts';
import type { LineageQuestion } from '../../src/query/lineage-answer.ts';
import { formatRoute, type Route } from './route.ts';
import { ofTab } from './storage.ts';

type State = Readonly<Record<string, unknown>>;

interface Table {
  readonly filter: string;
  readonly sort: readonly SortState[];
  readonly group: readonly string[];
  readonly columns?: readonly ColumnState[];
}

const emptyTable = { filter: '', sort: [], group: [], archived: false };

function nameOf(route: Route): string {
  return 'key' in route ? `${route.panel}/${route.key}` : route.panel;
}

export function readState(route: Route): State | undefined {
  const kept = ofTab.get(nameOf(route)) as State | undefined;
  switch (route.panel) {
    case 'tracker': {
      const { compared: _, ...before } = kept ?? {};
      const table = { ...emptyTable, ...(before['table'] as Table | undefined), ...route.table };
      return { selected: [], ...before, table, ...(route.compared !== undefined && { compared: route.compared }) };
    }
    case 'run': {
      const { tab, task } = route;
      return tab === undefined ? kept : { ...kept, tab, ...(task !== undefined && { task }) };
    }
    case 'lineage':
      return route.question === undefined ? kept : { before: [], ...kept, question: route.question };
    default:
      return route satisfies never;
  }
}

/** Keeps the state. What a person would come back from is a step of the history; anything else belongs to the step that is shown. */
export function writeState(route: Route, state: State): Route {
  ofTab.set(nameOf(route), state);
  const next = routeOf(route, state);
  const [before, after] = [formatRoute(route), formatRoute(next)];
  if (before === after) return next;
  const isStep = route.panel === 'tracker' && next.panel === 'tracker' && (route.compared === undefined) !== (next.compared === undefined);
  if (isStep) history.pushState(null, '', after);
  else history.replaceState(null, '', after);
  return next;
}

function routeOf(route: Route, state: State): Route {
  switch (route.panel) {
    case 'tracker': {
      const { filter, sort, group } = state['table'] as Table;
      const compared = state['compared'] as readonly string[] | undefined;
      return { panel: 'tracker', ...(compared === undefined ? { table: { filter, sort, group } } : { compared }) };
    }
    case 'run': {
      const { tab, task } = state as { readonly tab?: string; readonly task?: string };
      const isSame = tab === route.tab && task === route.task;
      return { panel: 'run', key: route.key, ...(tab !== undefined && { tab }), ...(task !== undefined && { task }), ...(isSame && route.artifact !== undefined && { artifact: route.artifact }) };
    }
    case 'lineage':
      return { panel: 'lineage', question: state['question'] as LineageQuestion };
    default:
      return route satisfies never;
  }
}
