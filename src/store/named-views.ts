/**
 * `.runweave/views.jsonl`: the named views of the runs table, beside the annotations and kept as they are: a line for
 * each view that was saved or removed, appended, so that copies of two machines are merged by putting their lines
 * together. Of a name, the latest line counts. What this version does not understand is passed over, and stays.
 *
 *   {"name":"best","time":"2026-11-21T10:00:00.000Z","table":{"filter":"star","sort":[…],"group":[],"archived":false}}
 *   {"name":"best","time":"2026-11-22T10:00:00.000Z"}                                              it was removed
 */
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { ColumnState, NamedView, SortState, TableState } from '../protocol/tracker-view.ts';

interface ViewLine {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Absent: removed. */
  readonly table?: TableState;
}

/** Of several folders, by name. A file that can't be read has none. */
export async function readNamedViews(folders: readonly { readonly store: string }[]): Promise<readonly NamedView[]> {
  const lines = (await Promise.all(folders.map(({ store }) => readLines(store)))).flat();
  const latest = new Map<string, ViewLine>();
  for (const line of lines) if (Date.parse(line.time) >= Date.parse(latest.get(line.name)?.time ?? '1970')) latest.set(line.name, line);
  return [...latest.values()].flatMap(({ name, table }) => (table === undefined ? [] : [{ name, table }])).sort((a, b) => a.name.localeCompare(b.name));
}

/** Writes what of `after` is another than in `before`, and what is there no more. Throws when the disk refuses. */
export async function saveNamedViews(folder: string, before: readonly NamedView[], after: readonly NamedView[], now: Date): Promise<void> {
  const time = now.toISOString();
  const known = new Map(before.map((view) => [view.name, JSON.stringify(view.table)]));
  const kept = new Set(after.map(({ name }) => name));
  const changes: readonly ViewLine[] = [
    ...after.filter(({ name, table }) => known.get(name) !== JSON.stringify(table)).map(({ name, table }) => ({ name, time, table })),
    ...before.filter(({ name }) => !kept.has(name)).map(({ name }) => ({ name, time })),
  ];
  if (changes.length === 0) return;
  await mkdir(folder, { recursive: true });
  const there = await readFile(fileOf(folder), 'utf8').catch(() => '');
  const handle = await open(fileOf(folder), 'a');
  try {
    // After a line that a full disk has cut, a new one.
    await handle.writeFile(`${there === '' || there.endsWith('\n') ? '' : '\n'}${changes.map((line) => `${JSON.stringify(line)}\n`).join('')}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function fileOf(folder: string): string {
  return path.join(folder, 'views.jsonl');
}

async function readLines(folder: string): Promise<readonly ViewLine[]> {
  const text = await readFile(fileOf(folder), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): ViewLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { name, time, table } = value;
  if (typeof name !== 'string' || typeof time !== 'string' || Number.isNaN(Date.parse(time))) return undefined;
  if (table === undefined) return { name, time };
  const read = isJsonObject(table) ? tableOf(table) : undefined;
  return read === undefined ? undefined : { name, time, table: read };
}

function tableOf({ filter, sort, columns, group, archived }: JsonObject): TableState | undefined {
  if (typeof filter !== 'string' || !isList(sort, isSort) || !isList(group, (each) => typeof each === 'string') || typeof archived !== 'boolean') return undefined;
  if (columns !== undefined && !isList(columns, isColumn)) return undefined;
  return { filter, sort, group, archived, ...(columns !== undefined && { columns }) };
}

function isList<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isSort(value: unknown): value is SortState {
  return isJsonObject(value) && typeof value['field'] === 'string' && typeof value['descending'] === 'boolean';
}

function isColumn(value: unknown): value is ColumnState {
  if (!isJsonObject(value)) return false;
  const { field, title, width, pinned } = value;
  return typeof field === 'string' && ['string', 'undefined'].includes(typeof title) && ['number', 'undefined'].includes(typeof width) && ['boolean', 'undefined'].includes(typeof pinned);
}
