/**
 * What a task returned that is no JSON: an object of Python, pickled, kept under its digest in `objects/`. Nothing here
 * or in the executor reads it; a task that gets it as a parameter does, in its own process.
 *
 * Where values are shown, recorded and compared, a text stands for it. What is needed to read it is only in the results
 * that this machine has made (`TaskResult.pickles`), never taken from a record, which may come from anywhere.
 */
import type { Digest } from './fingerprint.ts';
import type { Json, JsonObject } from './json.ts';
import type { TaskId } from './pipeline.ts';

export interface PickledReturn {
  /** Of the object, as Python names it: `pandas.core.frame.DataFrame`. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
}

export type PickledReturns = Readonly<Record<string, PickledReturn>>;

export const pickleMediaType = 'application/x-python-pickle';

/** `DataFrame (pickle, 1.2 MB, sha256:0f3a…)`, with 16 digits of the digest. */
export function describePickle({ type, size, digest }: PickledReturn): string {
  return `${type.split('.').at(-1) ?? type} (pickle, ${sizeText(size)}, ${digest.slice(0, 'sha256:'.length + 16)})`;
}

/** Whether a returned value may be such a text. */
export function mayBePickle(value: Json): boolean {
  return typeof value === 'string' && /^\S+ \(pickle, .*, sha256:[0-9a-f]{16}\)$/.test(value);
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [bytes, 0];
  for (; size >= 999.5 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 || size >= 99.95 ? size.toFixed(0) : size.toFixed(1)} ${units[unit] ?? ''}`;
}

/** A parameter, or a place within one, that is a pickled return. */
export interface PickledParam {
  /** Keys and indices from the parameters down to it. */
  readonly at: readonly (string | number)[];
  readonly task: TaskId;
  readonly name: string;
  readonly pickle: PickledReturn;
}

export interface PickledParams {
  readonly params: readonly PickledParam[];
  /** References within a longer text, which can't hold an object: `split.returns.model`. */
  readonly inText: readonly string[];
}

/** Where `value`, with its references still in the text, refers to pickled returns. */
export function pickledParams(value: Json, picklesOf: (task: TaskId) => PickledReturns | undefined): PickledParams {
  const params: PickledParam[] = [];
  const inText: string[] = [];
  const visit = (each: Json, at: readonly (string | number)[]): void => {
    if (typeof each === 'string') {
      for (const [reference, id = '', name = ''] of each.matchAll(/\$\{tasks\.([^}]+?)\.returns\.([A-Za-z_][\w-]*)\}/g)) {
        const pickles = picklesOf(id as TaskId);
        const pickle = pickles !== undefined && Object.hasOwn(pickles, name) ? pickles[name] : undefined;
        if (pickle === undefined) continue;
        if (each === reference) params.push({ at, task: id as TaskId, name, pickle });
        else inText.push(`${id}.returns.${name}`);
      }
    } else if (Array.isArray(each)) (each as readonly Json[]).forEach((item, index) => visit(item, [...at, index]));
    else if (each !== null && typeof each === 'object') for (const [key, item] of Object.entries(each as JsonObject)) visit(item, [...at, key]);
  };
  visit(value, []);
  return { params, inText };
}

/** `params` with another value at the place of each pickle. */
export function withValues(params: JsonObject, pickles: readonly PickledParam[], valueOf: (pickle: PickledParam) => Json): JsonObject {
  const replaced = (value: Json, here: readonly PickledParam[], depth: number): Json => {
    if (here.length === 0) return value;
    const own = here.find((each) => each.at.length === depth);
    if (own !== undefined) return valueOf(own);
    const below = (key: string | number): readonly PickledParam[] => here.filter((each) => each.at[depth] === key);
    if (Array.isArray(value)) return (value as readonly Json[]).map((item, index) => replaced(item, below(index), depth + 1));
    return Object.fromEntries(Object.entries(value as JsonObject).map(([key, item]) => [key, replaced(item, below(key), depth + 1)]));
  };
  return replaced(params, pickles, 0) as JsonObject;
}
