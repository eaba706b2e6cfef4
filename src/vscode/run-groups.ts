/** Which rows the *Runs* view has: groups, runs in them, and what is not shown yet. Knows nothing of `vscode`. */
import { groupBy } from '../model/group-by.ts';
import type { RunListEntry } from '../model/record.ts';
import { toDate } from '../model/time.ts';
import { runKey } from '../query/run-row.ts';
import { runRow, type RunRow } from './run-row.ts';

export const groupings = ['day', 'branch', 'pipeline', 'nothing'] as const;
export type RunGrouping = (typeof groupings)[number];

/** Runs that a group shows before a person asks for more, and how many come then. */
export const pageSize = 200;

export type RunsNode =
  | { readonly type: 'group'; readonly key: string; readonly label: string; readonly description: string; readonly expanded: boolean; readonly children: readonly RunsNode[] }
  | { readonly type: 'entry'; readonly key: string; readonly entry: RunListEntry; readonly row: RunRow }
  | { readonly type: 'more'; readonly key: string; readonly group: string; readonly label: string };

export interface RunsQuestion {
  readonly grouping: RunGrouping;
  readonly now: Date;
  /** How many a group shows, where that was asked for; by the group's key, which is empty without groups. */
  readonly shown: ReadonlyMap<string, number>;
  /** Groups whose runs are wanted, by key: of the others they are not worked out. */
  readonly opened: ReadonlySet<string>;
  /** Said of a run where there are several folders of records. */
  readonly folderOf?: (entry: RunListEntry) => string;
}

/** `entries` newest first; so are the groups, by their newest run. */
export function runsTree(entries: readonly RunListEntry[], question: RunsQuestion): readonly RunsNode[] {
  const { grouping, now } = question;
  if (grouping === 'nothing') return page(entries, '', question);
  return [...groupBy(entries, (entry) => groupOf(entry, grouping, now))].map(([label, of], at): RunsNode => {
    const key = `group ${grouping} ${label}`;
    const failed = of.filter((entry) => entry.type === 'unreadable' || entry.summary.counts.failed > 0).length;
    return { type: 'group', key, label, description: `${of.length} ${of.length === 1 ? 'run' : 'runs'}${failed === 0 ? '' : `, ${failed} with failures`}`, expanded: at === 0, children: question.opened.has(key) ? page(of, key, question) : [] };
  });
}

export function entryKey(entry: RunListEntry): string {
  return runKey(entry.type === 'run' ? entry.summary.path : entry.path);
}

function page(entries: readonly RunListEntry[], group: string, { now, shown, folderOf }: RunsQuestion): readonly RunsNode[] {
  const count = shown.get(group) ?? pageSize;
  const rest = entries.length - count;
  return [
    ...entries.slice(0, count).map((entry): RunsNode => {
      const row = runRow(entry, now);
      const folder = folderOf?.(entry);
      return { type: 'entry', key: entryKey(entry), entry, row: folder === undefined ? row : { ...row, description: `${row.description} · ${folder}` } };
    }),
    ...(rest <= 0 ? [] : [{ type: 'more' as const, key: `more ${group}`, group, label: `Show ${Math.min(pageSize, rest)} of ${rest} older runs` }]),
  ];
}

function groupOf(entry: RunListEntry, grouping: Exclude<RunGrouping, 'nothing'>, now: Date): string {
  switch (grouping) {
    case 'day':
      return dayOf(entry, now);
    case 'branch':
      return entry.type === 'unreadable' ? 'unreadable' : (entry.summary.branch ?? 'no branch');
    case 'pipeline':
      return entry.type === 'unreadable' ? 'unreadable' : entry.summary.pipeline;
    default:
      return grouping satisfies never;
  }
}

/** In the time zone of this machine; of a record that can't be read, by its name. */
function dayOf(entry: RunListEntry, now: Date): string {
  const start = entry.type === 'run' ? toDate(entry.summary.start) : timeOfName(entryKey(entry));
  if (start === undefined) return 'unreadable';
  const days = Math.round((midnight(now) - midnight(start)) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return start.toLocaleDateString(undefined, { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' });
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function timeOfName(name: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(name);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * What a tree that shows `before` has to draw to show `after`: `all` where rows came, went or moved, or else the keys
 * of rows that look different. Nothing is drawn for what looks the same: a row that is drawn anew loses a click that is
 * on its way.
 */
export function rowsToDraw(before: readonly RunsNode[], after: readonly RunsNode[]): 'all' | readonly string[] {
  const known = new Map(flat(before).map((node) => [node.key, lookOf(node)]));
  const nodes = flat(after);
  if (shapeOf(before) !== shapeOf(after)) return 'all';
  return nodes.filter((node) => known.get(node.key) !== lookOf(node)).map(({ key }) => key);
}

function flat(nodes: readonly RunsNode[]): readonly RunsNode[] {
  return nodes.flatMap((node) => (node.type === 'group' ? [node, ...node.children] : [node]));
}

function shapeOf(nodes: readonly RunsNode[]): string {
  return flat(nodes).map((node) => `${node.type === 'group' ? '+' : '-'}${node.key}`).join('\n');
}

function lookOf(node: RunsNode): string {
  switch (node.type) {
    case 'group':
      return node.description;
    case 'entry':
      return JSON.stringify([node.row, node.entry.type === 'run' ? node.entry.summary.path : '']);
    case 'more':
      return node.label;
    default:
      return node satisfies never;
  }
}
