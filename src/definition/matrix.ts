/** A declared task and the tasks that its matrix makes of it; and which of them belong together. */
import type { JsonObject } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import { jsonText, valueText, type WholeFloat } from '../model/whole-float.ts';
import { checkShape } from './check-shape.ts';
import { taskShape } from './pipeline-schema.ts';
import { resolve } from './references.ts';
import type { Scope } from './references.ts';
import { quoted } from './reporter.ts';
import type { Reporter, Span } from './reporter.ts';
import { checkWholeNumbers } from './whole-numbers.ts';
import { fromJson, toJson } from './yaml-tree.ts';
import type { Entry, MappingNode, YamlNode } from './yaml-tree.ts';

export type MatrixValue = string | number | boolean | WholeFloat;

export interface DeclaredTask {
  readonly name: string;
  /** Where its name stands. */
  readonly key: Span;
  readonly node: MappingNode;
  readonly matrix: ReadonlyMap<string, readonly MatrixValue[]>;
  /** A mistake in the matrix was reported: what follows from it need not be. */
  readonly matrixIsBroken: boolean;
  readonly instances: readonly Instance[];
}

export interface Instance {
  readonly id: TaskId;
  readonly matrix: JsonObject;
}

export const mostTasks = 10_000;

/** `room` is how many more tasks the pipeline may have. */
export function declareTask(name: string, { key, value }: Entry & { readonly value: MappingNode }, scope: Scope, room: number): DeclaredTask {
  const { reporter } = scope;
  const entry = value.entries.get('matrix');
  const matrix = new Map<string, readonly MatrixValue[]>();
  let matrixIsBroken = false;
  if (entry?.value.type === 'mapping') {
    for (const [axis, values] of entry.value.entries) {
      const read = readAxis(axis, values, scope);
      if (read !== undefined) matrix.set(axis, read);
      else matrixIsBroken = true;
    }
  }
  const count = [...matrix.values()].reduce((product, values) => product * values.length, 1);
  if (count > room) {
    const at = entry?.key ?? key;
    reporter.report({ code: 'too-large', at, message: `the matrix of ${quoted(name)} makes ${count.toLocaleString('en')} tasks; a pipeline may have ${mostTasks.toLocaleString('en')}` });
    return { name, key, node: value, matrix: new Map(), matrixIsBroken: true, instances: [{ id: name as TaskId, matrix: {} }] };
  }
  return { name, key, node: value, matrix, matrixIsBroken, instances: expand(name, matrix) };
}

function readAxis(axis: string, { key, value: node }: Entry, scope: Scope): readonly MatrixValue[] | undefined {
  const { reporter } = scope;
  if (!checkWholeNumbers(node, reporter)) return undefined;
  let list: YamlNode | undefined = node;
  if (node.hasReference) {
    const resolved = resolve(node, scope);
    if (resolved === undefined) return undefined;
    list = checkShape(fromJson(resolved, node), taskShape.keys.matrix.value.of, { reporter, label: quoted(axis), key, references: false });
  }
  if (list?.type !== 'sequence' || list.items.length === 0) return undefined;
  const seen = new Map<string, MatrixValue>();
  for (const item of list.items) {
    if (item.type !== 'scalar' || item.value === null) return undefined;
    const value = toJson(item) as MatrixValue;
    const text = valueText(value);
    if (seen.has(text)) reporter.report({ code: 'bad-value', at: item, message: `${text} is twice in the matrix key ${quoted(axis)}`, suggestion: 'remove one of them' });
    else if (/[[\]{},\p{Cc}]/u.test(text)) {
      reporter.report({ code: 'bad-value', at: item, message: `the matrix value ${quoted(text)} contains one of [ ] { } , which task ids are made with`, suggestion: 'give it a short name, and look the rest up in the task' });
    } else seen.set(text, value);
  }
  return seen.size === 0 ? undefined : [...seen.values()];
}

/** The first key changes slowest, as nested loops in the order of the file would. */
function expand(name: string, matrix: ReadonlyMap<string, readonly MatrixValue[]>): readonly Instance[] {
  let combinations: readonly Readonly<Record<string, MatrixValue>>[] = [{}];
  for (const [axis, values] of matrix) combinations = combinations.flatMap((combination) => values.map((value) => ({ ...combination, [axis]: value })));
  return combinations.map((values) => ({ id: taskId(name, values), matrix: values }));
}

function taskId(name: string, matrix: Readonly<Record<string, MatrixValue>>): TaskId {
  const values = Object.entries(matrix).map(([axis, value]) => `${axis}=${valueText(value)}`);
  return (values.length === 0 ? name : `${name}[${values.join(',')}]`) as TaskId;
}

/**
 * The tasks of `upstream` that belong to one of `downstream`: those with the same values of the keys that both have;
 * all of them when they share no key.
 */
export function pairing(upstream: DeclaredTask, downstream: DeclaredTask): (matrix: JsonObject) => readonly TaskId[] {
  const shared = sharedAxes(upstream, downstream);
  if (shared.length === 0) {
    const all = upstream.instances.map(({ id }) => id);
    return () => all;
  }
  const keyOf = (matrix: JsonObject): string => JSON.stringify(shared.map((axis) => matrix[axis]));
  const byKey = new Map<string, TaskId[]>();
  for (const { id, matrix } of upstream.instances) {
    const key = keyOf(matrix);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [id]);
    else group.push(id);
  }
  return (matrix) => byKey.get(keyOf(matrix)) ?? [];
}

/** Paired tasks must have the same values: one that is left over would silently get no partner. */
export function reportMismatch(upstream: DeclaredTask, downstream: DeclaredTask, at: Span, reporter: Reporter): void {
  if (upstream.matrixIsBroken || downstream.matrixIsBroken) return;
  for (const axis of sharedAxes(upstream, downstream)) {
    const [above, below] = [upstream.matrix.get(axis) ?? [], downstream.matrix.get(axis) ?? []];
    const missing = (values: readonly MatrixValue[], from: readonly MatrixValue[]): MatrixValue | undefined => {
      const known = new Set(from.map((value) => jsonText(value)));
      return values.find((value) => !known.has(jsonText(value)));
    };
    const message = (has: string, value: MatrixValue, hasNot: string): string => `matrix key ${quoted(axis)}: ${quoted(has)} has ${jsonText(value)}, ${quoted(hasNot)} does not`;
    const suggestion = 'give both the same values, or use different keys to wait for all';
    const onlyBelow = missing(below, above);
    const onlyAbove = missing(above, below);
    if (onlyBelow !== undefined) reporter.report({ code: 'matrix-mismatch', at, message: message(downstream.name, onlyBelow, upstream.name), suggestion });
    else if (onlyAbove !== undefined) reporter.report({ code: 'matrix-mismatch', at, message: message(upstream.name, onlyAbove, downstream.name), suggestion });
  }
}

function sharedAxes(upstream: DeclaredTask, downstream: DeclaredTask): readonly string[] {
  return [...downstream.matrix.keys()].filter((axis) => upstream.matrix.has(axis));
}
