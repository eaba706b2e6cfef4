import assert from 'node:assert/strict';
import { it } from 'node:test';
import { orderTasks } from '../../../src/definition/order-tasks.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';

function order(graph: Readonly<Record<string, readonly string[]>>): ReturnType<typeof orderTasks> {
  return orderTasks(Object.keys(graph) as TaskId[], (id) => (graph[id] ?? []) as TaskId[]);
}

it('keeps the order of the file where it can', () => {
  assert.deepEqual(order({ a: [], b: ['a'], c: [], d: ['b', 'c'] }), { order: ['a', 'b', 'c', 'd'], cycles: [] });
  assert.deepEqual(order({ d: ['c', 'b'], b: ['a'], a: [], c: [] }), { order: ['a', 'b', 'c', 'd'], cycles: [] });
});

it('names each cycle, and goes on', () => {
  assert.deepEqual(order({ x: ['b'], a: ['b'], b: ['c'], c: ['a'], d: ['d'] }).cycles, [['b', 'c', 'a', 'b'], ['d', 'd']]);
});

it('walks chains that are longer than the stack is deep', () => {
  const ids = Array.from({ length: 50_000 }, (_, index) => String(index) as TaskId);
  const result = orderTasks(ids, (id) => (id === '49999' ? [] : [String(Number(id) + 1) as TaskId]));
  assert.equal(result.order[0], '49999');
});
