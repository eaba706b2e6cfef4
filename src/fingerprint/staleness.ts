/** The difference between what a task's last result stands for and what is there now, as reasons. Pure. */
import type { Digest, Fingerprint, Reason } from '../model/fingerprint.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';

export interface OutputNow {
  readonly path: string;
  /** `undefined`: missing. */
  readonly digest: Digest | undefined;
  /** Of one that counts as missing: something else is in its place. */
  readonly isDamaged?: boolean;
}

export interface StalenessQuestion {
  readonly cache: boolean;
  readonly forced: boolean;
  readonly last: TaskResult | undefined;
  readonly current: Fingerprint;
  readonly outputs: readonly OutputNow[];
}

/** Every reason to run; empty when the task is up to date. */
export function reasonsToRun({ cache, forced, last, current, outputs }: StalenessQuestion): readonly Reason[] {
  const reasons: Reason[] = [];
  if (forced) reasons.push({ type: 'forced' });
  if (last === undefined) return [...reasons, { type: 'never-ran' }];
  if (!cache) reasons.push({ type: 'never-cached' });
  if (last.outcome !== 'success' || last.fingerprint === undefined) reasons.push({ type: 'last-run-failed', runId: last.runId, ...(last.superseded && { superseded: true }), ...(last.unfinished && { unfinished: true }) });
  if (last.fingerprint !== undefined) reasons.push(...fingerprintDifference(last.fingerprint, current));
  if (last.outcome !== 'success') return reasons;
  const made = new Map(last.outputs.map((output) => [output.path, output.digest]));
  for (const { path, digest, isDamaged } of outputs) {
    const from = made.get(path);
    if (digest === undefined) reasons.push({ type: 'output-missing', path, ...(isDamaged === true && { damaged: true }) });
    else if (from !== undefined && from !== digest) reasons.push({ type: 'output-changed', path, from, to: digest });
  }
  return reasons;
}

export function fingerprintDifference(last: Fingerprint, current: Fingerprint): readonly Reason[] {
  const reasons: Reason[] = [];
  if (last.definition !== current.definition) {
    for (const [part, from, to] of changes<Json>(last.definitionParts, current.definitionParts, sameJson)) {
      reasons.push({ type: 'definition-changed', part, ...defined({ from, to }) });
    }
  }
  for (const [name, from, to] of changes<Json>(last.params, current.params, sameOrderedJson)) reasons.push({ type: 'param-changed', name, ...defined({ from, to }) });
  for (const [path, from, to] of changes(last.sources, current.sources)) reasons.push({ type: 'source-changed', path, ...defined({ from, to }) });
  for (const [path, from, to] of changes(last.inputs, current.inputs)) reasons.push({ type: 'input-changed', path, ...defined({ from, to }) });
  for (const [folder, patterns] of Object.entries(last.listings ?? {})) {
    for (const [pattern, { digest: from }] of Object.entries(patterns)) {
      const to = current.listings?.[folder]?.[pattern]?.digest;
      if (to !== undefined && to !== from) reasons.push({ type: 'listing-changed', folder, pattern, from, to });
    }
  }
  for (const [task, from, to] of changes(last.upstream, current.upstream)) reasons.push({ type: 'upstream-changed', task: task as TaskId, ...defined({ from, to }) });
  for (const [name, from, to] of changes(last.env, current.env)) reasons.push({ type: 'env-changed', name, ...defined({ from, to }) });
  if (last.interpreter !== current.interpreter) reasons.push({ type: 'interpreter-changed', from: last.interpreter, to: current.interpreter });
  for (const site of new Set([...Object.keys(last.packages ?? {}), ...Object.keys(current.packages ?? {})])) {
    for (const [name, from, to] of changes(last.packages?.[site] ?? {}, current.packages?.[site] ?? {})) reasons.push({ type: 'package-changed', name, ...defined({ from, to }) });
  }
  return reasons;
}

function sameJson(a: Json, b: Json): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** A task sees in which order the keys of a map are. (Names of params it always gets in one order.) */
function sameOrderedJson(a: Json, b: Json): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function* changes<T>(
  last: Readonly<Record<string, T>>,
  current: Readonly<Record<string, T>>,
  same: (a: T, b: T) => boolean = Object.is,
): Generator<readonly [name: string, from: T | undefined, to: T | undefined]> {
  for (const name of new Set([...Object.keys(last), ...Object.keys(current)])) {
    const from = Object.hasOwn(last, name) ? last[name] : undefined;
    const to = Object.hasOwn(current, name) ? current[name] : undefined;
    if (from !== undefined && to !== undefined ? !same(from, to) : from !== to) yield [name, from, to];
  }
}

function defined<T>(pair: { readonly from: T | undefined; readonly to: T | undefined }): { readonly from?: T; readonly to?: T } {
  return { ...(pair.from !== undefined && { from: pair.from }), ...(pair.to !== undefined && { to: pair.to }) };
}
