/**
 * What the fragment of a site's address stands for. A fragment never reaches a server, so that every link works on any
 * of them, below any path, and from a file.
 *
 *   #/                                     the table, as it was left; ?filter=…&sort=-metrics.auc,params.lr&group=…
 *   #/compare/KEY/KEY…
 *   #/runs/KEY[/TAB[/TASK[/ARTIFACT]]]
 *   #/lineage[/trace/OUTPUT | /from/OUTPUT | /history/TASK | /review]
 */
import type { LineageQuestion } from '../../src/query/lineage-answer.ts';

export type Route =
  | { readonly panel: 'tracker'; readonly compared?: readonly string[]; readonly table?: { readonly filter: string; readonly sort: readonly { readonly field: string; readonly descending: boolean }[]; readonly group: readonly string[] } }
  | { readonly panel: 'run'; readonly key: string; readonly tab?: string; readonly task?: string; readonly artifact?: string }
  | { readonly panel: 'lineage'; readonly question?: LineageQuestion };

/** Anything else is the table. */
export function parseRoute(fragment: string): Route {
  const [path = '', query = ''] = splitOnce(fragment.replace(/^#/, ''), '?');
  const [first, ...rest] = path.split('/').filter((part) => part !== '').map(decode);
  const [key, tab, task, artifact] = rest;
  if (first === 'runs' && key !== undefined) return { panel: 'run', key, ...(tab !== undefined && { tab }), ...(task !== undefined && { task }), ...(artifact !== undefined && { artifact }) };
  if (first === 'lineage') {
    const question = questionOf(key, tab);
    return { panel: 'lineage', ...(question !== undefined && { question }) };
  }
  if (first === 'compare' && rest.length > 1) return { panel: 'tracker', compared: rest };
  const values = new URLSearchParams(query);
  if ([...values.keys()].length === 0) return { panel: 'tracker' };
  const list = (name: string): readonly string[] => (values.get(name) ?? '').split(',').filter((field) => field !== '').map(decode);
  const sort = list('sort').map((field) => (field.startsWith('-') ? { field: field.slice(1), descending: true } : { field, descending: false }));
  return { panel: 'tracker', table: { filter: values.get('filter') ?? '', sort, group: list('group') } };
}

/** With its `#`. */
export function formatRoute(route: Route): string {
  const path = (...parts: readonly (string | undefined)[]): string => `#/${parts.filter((part) => part !== undefined).map(encodeURIComponent).join('/')}`;
  switch (route.panel) {
    case 'run': {
      const { key, tab, task, artifact } = route;
      return path('runs', key, tab, ...(tab === undefined ? [] : [task, ...(task === undefined ? [] : [artifact])]));
    }
    case 'lineage': {
      const { question } = route;
      switch (question?.type) {
        case 'trace':
          return path('lineage', question.direction === 'upstream' ? 'trace' : 'from', question.output);
        case 'history':
          return path('lineage', 'history', question.task);
        case 'review':
          return path('lineage', 'review');
        case undefined:
          return path('lineage');
        default:
          return question satisfies never;
      }
    }
    case 'tracker': {
      const { compared, table } = route;
      if (compared !== undefined) return path('compare', ...compared);
      // A field may have a comma in its name.
      const list = (fields: readonly string[]): string => fields.map((field) => field.replaceAll(/[%,]/g, encodeURIComponent)).join(',');
      const values = Object.entries({ filter: table?.filter ?? '', sort: list((table?.sort ?? []).map(({ field, descending }) => `${descending ? '-' : ''}${field}`)), group: list(table?.group ?? []) }).filter(([, value]) => value !== '');
      return values.length === 0 ? '#/' : `#/?${String(new URLSearchParams(values))}`;
    }
    default:
      return route satisfies never;
  }
}

function questionOf(kind: string | undefined, of = ''): LineageQuestion | undefined {
  switch (kind) {
    case 'trace':
    case 'from':
      return { type: 'trace', output: of, direction: kind === 'trace' ? 'upstream' : 'downstream' };
    case 'history':
      return { type: 'history', task: of };
    case 'review':
      return { type: 'review' };
    default:
      return undefined;
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
