/**
 * The search over the spans of a run: tasks, their attempts, the cells of notebooks, and what tasks reported
 * themselves. A span is found by its name or by an attribute, written as `name=value`.
 */
import type { Json, JsonObject } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import { spanTree, type ReportedSpan } from '../model/reported.ts';
import type { AttemptState, CellState, RunState, TaskPhase, TaskState } from '../model/run-state.ts';
import { elapsed, type Milliseconds, type UnixNano } from '../model/time.ts';

export interface SpanRow {
  /** Of this run, and lasting: `train/1/cell 3`. */
  readonly key: string;
  readonly type: 'task' | 'attempt' | 'cell' | 'span';
  readonly task: TaskId;
  readonly attempt?: number;
  readonly name: string;
  /** Below its task. */
  readonly depth: number;
  /** From the start of the run. */
  readonly start: Milliseconds;
  readonly end: Milliseconds;
  readonly phase: TaskPhase;
  /** What is known of it, as `name` and text. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
  /** The attribute in which the search found it; absent when that was its name. */
  readonly where?: readonly [name: string, value: string];
  /** Found itself; the others stand for where it belongs. */
  readonly found: boolean;
}

export interface FoundSpans {
  /** The found, each below its task, by the start of the tasks. */
  readonly rows: readonly SpanRow[];
  /** How many were found; `rows` holds the first of them. */
  readonly total: number;
}

const mostRows = 5000;

/** Words that must all be there, in any case; `"two words"` are one. */
export function wordsOf(query: string): readonly string[] {
  return [...query.matchAll(/"([^"]*)"?|\S+/g)].map((match) => (match[1] ?? match[0]).toLowerCase()).filter((word) => word !== '');
}

/** Whether all words are in the name or in an attribute; with the first attribute in which one is that the name has not. */
export function matchSpan(words: readonly string[], name: string, attributes: readonly (readonly [string, string])[]): { readonly where?: readonly [string, string] } | undefined {
  const title = name.toLowerCase();
  let where: readonly [string, string] | undefined;
  for (const word of words) {
    if (title.includes(word)) continue;
    const attribute = attributes.find(([key, value]) => `${key}=${value}`.toLowerCase().includes(word));
    if (attribute === undefined) return undefined;
    where ??= attribute;
  }
  return where === undefined ? {} : { where };
}

/** All spans where there is no query. Open ones end at `now` (default: at the end of the run, or where they began). */
export function findSpans(state: RunState, query: string, now?: UnixNano): FoundSpans {
  const words = wordsOf(query);
  const last = now ?? state.end;
  const at = (time: UnixNano): Milliseconds => Math.max(0, elapsed(state.start, time));
  const until = (start: UnixNano, end: UnixNano | undefined): Milliseconds => Math.max(at(start), at(end ?? last ?? start));
  const rows: SpanRow[] = [];
  let total = 0;
  const ran = state.tasks.flatMap((task) => (task.attempts.length > 0 && task.start !== undefined ? [{ task, start: task.start }] : []));
  ran.sort((a, b) => at(a.start) - at(b.start));
  for (const { task, start } of ran) {
    const { id } = task.node;
    const below: Omit<SpanRow, 'found' | 'where'>[] = [];
    for (const attempt of task.attempts) {
      const { number } = attempt;
      const of = { task: id, attempt: number };
      const end = until(attempt.start, attempt.end ?? task.end);
      below.push({ ...of, key: `${id}/${number}`, type: 'attempt', name: `attempt ${number}`, depth: 1, start: at(attempt.start), end, phase: attempt.outcome ?? 'running', attributes: attributesOfAttempt(attempt) });
      for (const cell of attempt.cells) below.push({ ...of, key: `${id}/${number}/cell ${cell.index}`, type: 'cell', name: `cell ${cell.index}: ${cell.label}`, depth: 2, start: at(cell.start), end: Math.max(at(cell.start), cell.end === undefined ? end : at(cell.end)), phase: cell.status, attributes: attributesOfCell(cell) });
      for (const { span, depth } of spanTree(attempt.spans)) below.push({ ...of, key: `${id}/${number}/${span.traceId}${span.spanId}`, type: 'span', name: span.name, depth: 2 + depth, start: at(span.start), end: until(span.start, span.end), phase: span.status.code === 2 ? 'failure' : 'success', attributes: attributesOfSpan(span) });
    }
    const own: Omit<SpanRow, 'found' | 'where'> = { key: id, type: 'task', task: id, name: id, depth: 0, start: at(start), end: until(start, task.phase === 'running' ? undefined : task.end), phase: task.phase, attributes: attributesOfTask(task) };
    const found = [own, ...below].flatMap((row) => {
      const match = matchSpan(words, row.name, row.attributes);
      return match === undefined ? [] : [{ ...row, ...match, found: true }];
    });
    if (found.length === 0) continue;
    total += found.length;
    if (found[0]?.type !== 'task') rows.push({ ...own, found: false });
    rows.push(...found);
  }
  return { rows: rows.slice(0, mostRows), total };
}

const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function flat(object: JsonObject, prefix = ''): [string, string][] {
  return Object.entries(object).map(([name, value]) => [`${prefix}${name}`, text(value)]);
}

function attributesOfTask({ node, params, loggedParams, tags, failure }: TaskState): readonly (readonly [string, string])[] {
  return [
    ['kind', node.kind],
    ['source', node.source],
    ...(node.owner === undefined ? [] : [['owner', node.owner] as const]),
    ...(node.description === undefined ? [] : [['description', node.description] as const]),
    ...node.tags.map((tag) => ['tag', tag] as const),
    ...flat(params, 'param.'),
    ...flat(loggedParams, 'param.'),
    ...flat(tags, 'tag.'),
    ...(failure === undefined ? [] : [['failure', `${failure.type}: ${failure.message}`] as const]),
  ];
}

function attributesOfAttempt({ cause, command, pid, exitCode, signal, failure, note }: AttemptState): readonly (readonly [string, string])[] {
  return [
    ['cause', cause],
    ['command', command.join(' ')],
    ['pid', String(pid)],
    ...(exitCode === undefined ? [] : [['exit_code', String(exitCode)] as const]),
    ...(signal === undefined ? [] : [['signal', signal] as const]),
    ...(failure === undefined ? [] : [['failure', `${failure.type}: ${failure.message}`] as const]),
    ...(note === undefined ? [] : [['note', note] as const]),
  ];
}

function attributesOfCell({ label, source, status }: CellState): readonly (readonly [string, string])[] {
  return [['status', status], ['code', source ?? label]];
}

function attributesOfSpan({ attributes, scope, status, events, resource = {} }: ReportedSpan): readonly (readonly [string, string])[] {
  return [
    ...(scope === undefined ? [] : [['scope', scope.name] as const]),
    ...(status.message === undefined ? [] : [['error', status.message] as const]),
    ...flat(attributes),
    ...flat(resource, 'resource.'),
    ...events.flatMap((event) => [['event', event.name] as const, ...flat(event.attributes, `${event.name}.`)]),
  ];
}
