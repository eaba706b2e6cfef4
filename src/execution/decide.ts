/** Whether one task is up to date, with everything that an execution of it needs. Shared by plan and scheduler. */
import path from 'node:path';
import { globMatcher, isGlob } from '../definition/paths.ts';
import type { Digest, Fingerprint, Reason } from '../model/fingerprint.ts';
import type { JsonObject } from '../model/json.ts';
import { pickledParams, type PickledParam } from '../model/pickled-return.ts';
import { resolveReturns, taskParams, type Task, type TaskId } from '../model/pipeline.ts';
import type { OutputFile, RecordedFailure } from '../model/run-event.ts';
import type { TaskResult } from '../model/task-result.ts';
import type { Interpreter } from '../protocol/session.ts';
import type { FileDigests } from '../fingerprint/file-digests.ts';
import { importersOf } from '../fingerprint/import-chain.ts';
import { changedNames, type IsOutput } from '../fingerprint/listings.ts';
import { tellSourceChanges } from '../fingerprint/source-changes.ts';
import { fingerprintDifference, reasonsToRun } from '../fingerprint/staleness.ts';
import type { KeptResult, KeptResults } from '../fingerprint/kept-results.ts';
import { fingerprintTask, type FingerprintInputs } from '../fingerprint/task-fingerprint.ts';
import type { DecisionMemory } from './decision-memory.ts';
import type { Compiler } from '../fingerprint/called-sources.ts';
import type { CheckSyntax } from './check-syntax.ts';
import { needsInterpreter } from './task/command.ts';

/** Whether another task than `by` uses one of these files, or what is in one of these folders (with a `/` at the end), by its inputs or as it was seen. */
export type IsUsedElsewhere = (by: TaskId, files: readonly string[]) => boolean;

export interface DecisionContext {
  readonly folder: string;
  readonly digests: FileDigests;
  readonly interpreter: Interpreter | undefined;
  readonly result: (task: TaskId) => TaskResult | undefined;
  /** Results that can be restored; absent: none are. */
  readonly kept?: KeptResults;
  /** What does not count where a task lists it; absent: there are no outputs. */
  readonly isOutput?: (task: Task) => IsOutput;
  /** Absent: nothing is used but what is declared. */
  readonly isUsedElsewhere?: IsUsedElsewhere;
  /** Decisions that hold still; absent: each is made anew. */
  readonly memory?: DecisionMemory | undefined;
  /** Absent: modules of functions are compared as a whole. */
  readonly checkSyntax?: CheckSyntax;
  /** What `objects/` holds under a digest; absent: nothing. */
  readonly objectState?: (digest: Digest) => Promise<'sound' | 'damaged' | 'missing'>;
}

export interface Decision {
  readonly fingerprint: Fingerprint;
  readonly params: JsonObject;
  /** Empty: up to date. */
  readonly reasons: readonly Reason[];
  /** References to returns that the upstream task did not give: `split.returns.n`. */
  readonly missingReturns: readonly string[];
  /** Those of `params` that are pickled objects; in `params` a text stands for each. */
  readonly pickles?: readonly PickledParam[];
  /** References within a longer text to what is no JSON. */
  readonly picklesInText?: readonly string[];
}

export async function decide(task: Task, forced: boolean, context: DecisionContext): Promise<Decision> {
  const last = context.result(task.id);
  if (!forced && last !== undefined && context.memory?.holds(task) === true) return stillUpToDate(last);
  const standing = forced ? undefined : context.memory?.standing(task);
  if (standing !== undefined) return standing;
  const remember = last?.outcome === 'success' ? context.memory?.observe(task) : undefined;
  // Whether the objects that it returned are still kept is nobody's to tell.
  const isTraceable = !forced && Object.keys(last?.pickles ?? {}).length === 0;
  const tracing = isTraceable ? context.memory?.trace(task, context.digests) : undefined;
  const digests = tracing?.digests ?? context.digests;
  const missingReturns: string[] = [];
  const returnsOf = (id: TaskId): JsonObject | undefined => context.result(id)?.returns;
  const onMissing = (id: TaskId, name: string): void => {
    missingReturns.push(`${id}.returns.${name}`);
  };
  const params = resolveReturns(taskParams(task), returnsOf, onMissing) as JsonObject;
  const pickled = pickledParams(taskParams(task), (id) => context.result(id)?.pickles);
  const fingerprint = await fingerprintTask({ ...fingerprintInputs(task, params, context), last: last?.fingerprint }, digests);
  // Of a task that never ran they say nothing.
  const outputs = last === undefined ? [] : await Promise.all(task.outputs.map(async (output) => ({ path: output, digest: (await digests.ofPath(context.folder, output))?.digest })));
  const lost = (await lostPickles(last, context)).map(({ name, isDamaged }) => ({ path: `returns.${name}`, digest: undefined, isDamaged }));
  const reasons = reasonsToRun({ cache: task.cache, forced, last, current: fingerprint, outputs: [...outputs, ...lost] });
  const decision = { fingerprint, params, missingReturns, pickles: pickled.params, picklesInText: pickled.inText, reasons: await withPlaces(withImporters(reasons, fingerprint, context), task, context) };
  const isUpToDate = reasons.length === 0 && missingReturns.length === 0 && pickled.params.length === 0 && pickled.inText.length === 0;
  if (isUpToDate && last !== undefined && remember !== undefined) remember(last);
  else tracing?.remember(isUpToDate && last?.outcome === 'success' ? undefined : decision);
  return decision;
}

/** Before tasks are decided: what was decided is forgotten where another interpreter, or something that no watch tells of, says so. */
export function lookBeyond({ memory, interpreter }: Pick<DecisionContext, 'memory' | 'interpreter'>): void {
  memory?.lookBeyond(nameOf(interpreter));
}

function nameOf(interpreter: Interpreter | undefined): string | undefined {
  return interpreter && `${interpreter.version} ${interpreter.path}`;
}

/** A reference to a return that is not there, or that can't stand where it is. */
export function referenceFailure({ missingReturns, picklesInText = [] }: Decision): RecordedFailure | undefined {
  const [missing] = missingReturns;
  if (missing !== undefined) return { type: 'missing-return', message: `\${tasks.${missing}} is not known: the task did not return it` };
  const [inText] = picklesInText;
  if (inText !== undefined) return { type: 'pickled-return', message: `\${tasks.${inText}} is an object of Python, which can't be a part of a text: let the parameter be the reference alone` };
  return undefined;
}

/** What a task returned that is no JSON, and is no longer kept, or no longer what it returned. */
async function lostPickles(result: Pick<TaskResult, 'pickles'> | undefined, { objectState }: DecisionContext): Promise<readonly { readonly name: string; readonly isDamaged: boolean }[]> {
  const lost: { readonly name: string; readonly isDamaged: boolean }[] = [];
  for (const [name, { digest }] of Object.entries(result?.pickles ?? {})) {
    const state = (await objectState?.(digest)) ?? 'missing';
    if (state !== 'sound') lost.push({ name, isDamaged: state === 'damaged' });
  }
  return lost;
}

/** The result's fingerprint is what a decision would find once more. */
function stillUpToDate(last: TaskResult): Decision {
  const fingerprint = (): Fingerprint => {
    if (last.fingerprint === undefined) throw new Error('a result without a fingerprint is not up to date');
    return last.fingerprint;
  };
  return {
    get fingerprint() {
      return fingerprint();
    },
    get params() {
      return fingerprint().params;
    },
    reasons: [],
    missingReturns: [],
    pickles: [],
    picklesInText: [],
  };
}

/** The first source is the task's own; the others were imported. */
function withImporters(reasons: readonly Reason[], { sources }: Fingerprint, { folder, digests }: DecisionContext): readonly Reason[] {
  const files = Object.keys(sources);
  const [own] = files;
  const importsOf = (file: string): readonly string[] => digests.importsOf(path.resolve(folder, file));
  return reasons.map((reason) => {
    if (reason.type !== 'source-changed' || own === undefined || reason.path === own) return reason;
    const via = importersOf(reason.path, own, files, importsOf);
    return via === undefined ? reason : { ...reason, via };
  });
}

/** Which cells, functions or names changed, where what was there is known. */
async function withPlaces(reasons: readonly Reason[], task: Task, context: DecisionContext): Promise<readonly Reason[]> {
  const { folder, digests } = context;
  const changes = await tellSourceChanges(reasons.filter((reason) => reason.type === 'source-changed'), { task, folder, digests, compiler: compilerOf(task, context) });
  const told = new Map(changes.map((change) => [change.path, change]));
  return reasons.map((reason) => {
    if (reason.type === 'source-changed') return told.get(reason.path) ?? reason;
    const isOfFiles = reason.type === 'listing-changed' || reason.type === 'input-changed' || reason.type === 'output-changed';
    return isOfFiles && reason.from !== undefined && reason.to !== undefined ? { ...reason, ...changedNames(reason.from, reason.to, digests) } : reason;
  });
}

/** What a fingerprint of the task is made from, but for what it was seen to use. */
export function fingerprintInputs(task: Task, params: JsonObject, context: DecisionContext): Omit<FingerprintInputs, 'last'> {
  const { folder, interpreter, result, isOutput } = context;
  const python = needsInterpreter(task) ? interpreter : undefined;
  return { task, folder, params, interpreter: nameOf(python), upstream: result, compiler: compilerOf(task, context), isOutput: isOutput?.(task) };
}

/** Absent: modules of functions are compared as a whole. So they are if the function gets objects, which bring their own classes. */
export function compilerOf(task: Task, { interpreter, checkSyntax, result }: DecisionContext): Compiler | undefined {
  if (interpreter === undefined || checkSyntax === undefined || pickledParams(taskParams(task), (id) => result(id)?.pickles).params.length > 0) return undefined;
  return { name: `${interpreter.version} ${interpreter.path}`, check: (files) => checkSyntax(interpreter.path, files) };
}

/**
 * An earlier result of a stale task that was made from what is there now. Not for a task that was to run in any case,
 * and not where the same state did not succeed last: whoever asks again wants to see it tried. `isOpen` as in `KeptResults`.
 */
export async function findKept(task: Task, decision: Decision, context: DecisionContext, isOpen?: (reason: Reason) => boolean): Promise<KeptResult | undefined> {
  if (context.kept === undefined || decision.reasons.some((reason) => reason.type === 'forced' || reason.type === 'never-cached')) return undefined;
  const last = context.result(task.id);
  const isNewState = isOpen !== undefined || last?.fingerprint === undefined || fingerprintDifference(last.fingerprint, decision.fingerprint).length > 0;
  if (last !== undefined && last.outcome !== 'success' && !isNewState) return undefined;
  const found = await context.kept.find(fingerprintInputs(task, decision.params, context), decision.fingerprint, { isOpen, left: last?.left });
  // They would stay as another state has left them.
  if (context.isUsedElsewhere?.(task.id, found?.entry.beside ?? []) === true) return undefined;
  return (await lostPickles(found?.entry.result, context)).length === 0 ? found : undefined;
}

/** The declared outputs as a task that has ended left them; those that are not there are named apart. */
export async function readOutputs(task: Pick<Task, 'outputs'>, folder: string, digests: FileDigests): Promise<{ readonly outputs: readonly OutputFile[]; readonly missing: readonly string[] }> {
  const outputs: OutputFile[] = [];
  const missing: string[] = [];
  for (const output of task.outputs) {
    const found = await digests.ofPath(folder, output, true);
    if (found === undefined) missing.push(output);
    else outputs.push({ path: output, digest: found.digest, size: found.size });
  }
  return { outputs, missing };
}

/** Whether `relative` is, or lies in, one of `declared` files, folders and globs. */
export function isDeclared(relative: string, declared: readonly string[]): boolean {
  return declared.some((entry) => (isGlob(entry) ? globMatcher(entry)(relative) : relative === entry || entry === '.' || relative.startsWith(`${entry}/`)));
}
