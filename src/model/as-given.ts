/**
 * Params and returns as they were given, floats that are whole included (`whole-float.ts`): for what reads them one by
 * one and writes them with `valueText`. What sorts, draws or filters numbers takes the plain ones.
 */
import type { JsonObject } from './json.ts';
import type { RunState, TaskState } from './run-state.ts';
import { floatsAmong } from './whole-float.ts';

export function runParamsGiven({ params, floats }: Pick<RunState, 'params' | 'floats'>): JsonObject {
  return { ...params, ...floats };
}

export function taskParamsGiven({ params, fingerprint }: Pick<TaskState, 'params' | 'fingerprint'>): JsonObject {
  return { ...params, ...floatsAmong(fingerprint?.params ?? {}) };
}

export function returnsGiven({ returns, floats }: Pick<TaskState, 'returns' | 'floats'>): JsonObject {
  return { ...returns, ...floats };
}
