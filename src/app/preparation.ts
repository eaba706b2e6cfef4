/** What a run of a pipeline would have to do: which tasks, with which interpreter, and what is known of them. */
import path from 'node:path';
import { tasksNamed, withUpstream, type Pipeline, type TaskId } from '../model/pipeline.ts';
import type { Digest } from '../model/fingerprint.ts';
import { nearName } from '../model/near-name.ts';
import type { Interpreter, OpenOptions, ProblemCode, SessionMessage } from '../protocol/session.ts';
import type { LoadedPipeline } from '../definition/load-pipeline.ts';
import { outputLookup } from '../fingerprint/listings.ts';
import type { KeptResults } from '../fingerprint/kept-results.ts';
import { checkSyntax } from '../execution/check-syntax.ts';
import { lookBeyond, type DecisionContext } from '../execution/decide.ts';
import type { DecisionMemory } from '../execution/decision-memory.ts';
import { environmentsStamp, findInterpreter, interpreterStamp } from '../execution/interpreter.ts';
import { createUsedFiles } from '../execution/used-files.ts';
import type { Decided, PlanScope } from '../execution/plan.ts';
import { followSettled, settledTasks, type Settled } from '../execution/settled-tasks.ts';
import { needsInterpreter } from '../execution/task/command.ts';
import { objectPath } from '../recording/artifacts.ts';
import { objectState, type ObjectState } from '../recording/stored-objects.ts';
import type { PipelineSource } from './pipeline-source.ts';
import type { TaskMemory } from './task-memory.ts';

export type Problem = Extract<SessionMessage, { readonly type: 'problem' }>;

export function problem(code: ProblemCode, message: string): Problem {
  return { type: 'problem', code, message };
}

export type RememberingContext = DecisionContext & { readonly memory: DecisionMemory };

export interface Prepared {
  readonly pipeline: Pipeline;
  readonly scope: PlanScope;
  readonly decision: RememberingContext;
  readonly settled: Settled;
  /** Of the memory, when it was asked. */
  readonly revision: number;
  /** Why there is to be a run, if that was decided; it counts as long as the memory is at that revision. */
  readonly first?: Decided;
}

export interface Preparation {
  /** As it was read last. */
  readonly loaded: () => LoadedPipeline;
  /** Whether the pipeline file is as it was then. */
  readonly isCurrent: () => boolean;
  /** Reads the pipeline file again; whether it is another. */
  readonly reload: () => Promise<boolean>;
  readonly pipelineOrProblem: () => Pipeline | Problem;
  /** `undefined`: no task needs one. */
  readonly interpreterFor: (pipeline: Pipeline) => Promise<Interpreter | Problem | undefined>;
  /** Told of changes from now on, if anybody tells of them. */
  readonly memoryOf: (pipeline: Pipeline) => DecisionMemory;
  readonly decisionContext: (pipeline: Pipeline) => Promise<RememberingContext | Problem>;
  /** `tasks`: ids or declared names; empty for all. */
  readonly scopeFor: (pipeline: Pipeline, tasks: readonly string[], force: boolean, unasked: boolean) => PlanScope | Problem;
  /** What tasks are to be brought up to date, and which of them are. `of`: with other parameters than the file's. */
  readonly prepare: (tasks: readonly string[], force: boolean, unasked: boolean, of?: LoadedPipeline) => Promise<Prepared | Problem>;
  /** Those of these files (absolute) that have changed without being told of. */
  readonly missedOf: (files: Iterable<string>) => readonly string[];
  /** All such files, in pieces between which other work goes on, as long as it `goesOn`. */
  readonly missed: (goesOn: () => boolean) => AsyncIterable<string>;
  /** Has what was decided for files that changed without being told of decided anew. */
  readonly lookAtAll: () => Promise<void>;
  /** Whether changes are told by `touch` from now on. */
  readonly trustEvents: (on: boolean) => void;
}

export interface PreparationContext {
  readonly options: OpenOptions;
  /** The pipeline's; absolute, as all paths. */
  readonly file: string;
  readonly folder: string;
  readonly workspace: string;
  /** `.runweave`. */
  readonly store: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly source: PipelineSource;
  readonly memory: TaskMemory;
  readonly kept: KeptResults;
  readonly listener: (message: SessionMessage) => void;
}

export function createPreparation({ options, file, folder, workspace, store, environment, source, memory, kept, listener }: PreparationContext): Preparation {
  const { loaded } = source;
  let told = loaded();
  let interpreter: Promise<Interpreter | Problem> | undefined;
  /** What its files were like when it was first used. */
  let interpreterSeen: string | undefined;
  /** What environments there were before it was looked for. */
  let environmentsSeen = '';
  let passedOver: string | undefined;
  let isTold = false;
  /** Whether all files were looked at since changes are told. */
  let isTrusted = false;
  /** What is asked for again after every change. */
  let standing: { readonly pipeline: Pipeline; readonly tasks: readonly string[]; readonly scope: PlanScope } | undefined;
  let followed: { readonly scope: PlanScope; readonly memory: DecisionMemory; readonly settled: () => Settled } | undefined;
  const stateOfObject = (digest: Digest): Promise<ObjectState> => objectState(objectPath(store, digest) ?? '');
  /** Of a run with other parameters than the file's they are others. */
  const decisionsOf = (pipeline: Pipeline): DecisionMemory => memory.decisions(pipeline, () => `${source.key()} ${JSON.stringify(pipeline.params)}`);

  const memoryOf = (pipeline: Pipeline): DecisionMemory => {
    const decisions = decisionsOf(pipeline);
    decisions.trustEvents(isTold);
    return decisions;
  };

  const reload = async (): Promise<boolean> => {
    const now = await source.read();
    // Somebody else may have waited for it, too.
    const before = told;
    told = now;
    if (before !== now && JSON.stringify(before.graph) !== JSON.stringify(now.graph)) listener({ type: 'graph', graph: now.graph });
    return before !== now;
  };

  const pipelineOrProblem = (): Pipeline | Problem => {
    const { pipeline, graph } = loaded();
    if (pipeline !== undefined) return pipeline;
    const errors = graph.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    return problem('bad-pipeline', `${path.basename(file)} has ${errors} ${errors === 1 ? 'mistake' : 'mistakes'}; nothing runs until they are corrected`);
  };

  const interpreterFor = async (pipeline: Pipeline): Promise<Interpreter | Problem | undefined> => {
    if (!usesInterpreter(pipeline)) return undefined;
    const question = { folder, workspace, environment, ...(options.python !== undefined && { chosen: options.python, chosenBy: options.pythonOrigin ?? 'setting' }) };
    // Before it is looked for: what is made meanwhile is looked for again.
    if (interpreter === undefined) environmentsSeen = environmentsStamp(question);
    const asked = (interpreter ??= findInterpreter(question).then((found) => {
      if (!found.ok) return problem('no-interpreter', found.message);
      listener({ type: 'interpreter', interpreter: found.interpreter });
      if (found.passedOver !== undefined && found.passedOver !== passedOver) listener({ type: 'notice', message: found.passedOver });
      passedOver = found.passedOver;
      return found.interpreter;
    }));
    const found = await asked;
    // It was looked for anew meanwhile.
    if (interpreter !== asked) return interpreterFor(pipeline);
    // Somebody may install one while we watch, or make the environment anew.
    if ('code' in found) interpreter = undefined;
    else {
      const stamp = interpreterStamp(found);
      if (stamp !== (interpreterSeen ??= stamp) || environmentsSeen !== environmentsStamp(question)) {
        interpreter = undefined;
        interpreterSeen = undefined;
        return interpreterFor(pipeline);
      }
    }
    return found;
  };

  const decisionContext = async (pipeline: Pipeline): Promise<RememberingContext | Problem> => {
    const python = await interpreterFor(pipeline);
    if (python !== undefined && 'code' in python) return python;
    const results = await memory.results(pipeline);
    const decisions = memoryOf(pipeline);
    // Without a watcher, any file may have changed since; and before it began.
    if (!isTold || !isTrusted) decisions.touch();
    isTrusted = isTold;
    lookBeyond({ memory: decisions, interpreter: python });
    return { folder, digests: memory.digests(), interpreter: python, result: results.get, kept, checkSyntax, objectState: stateOfObject, memory: decisions, isUsedElsewhere: createUsedFiles(pipeline, { result: results.get, kept: kept.fingerprints }), isOutput: (task) => (relative) => outputsOf(loaded().pipeline ?? pipeline)(task)(relative) };
  };

  const scopeFor: Preparation['scopeFor'] = (pipeline, tasks, force, unasked) => {
    if (unasked && !force && standing?.pipeline === pipeline && standing.tasks === tasks) return standing.scope;
    const named: TaskId[] = [];
    for (const name of tasks) {
      const found = tasksNamed(pipeline, name);
      if (found.length === 0) return problem('unknown-task', unknownTask(pipeline, name));
      named.push(...found);
    }
    const wanted = withUpstream(pipeline, named);
    const scope = { wanted, named: new Set(named), forced: new Set(force ? (named.length > 0 ? named : wanted) : []), unasked };
    if (unasked && !force) standing = { pipeline, tasks, scope };
    return scope;
  };

  const settledFor = (pipeline: Pipeline, scope: PlanScope, decisions: DecisionMemory): Settled => {
    if (standing?.scope !== scope) return settledTasks(pipeline, scope, decisions);
    if (followed?.scope !== scope || followed.memory !== decisions) followed = { scope, memory: decisions, settled: followSettled(pipeline, scope, decisions) };
    return followed.settled();
  };

  return {
    loaded,
    isCurrent: source.isAsRead,
    reload,
    pipelineOrProblem,
    interpreterFor,
    memoryOf,
    decisionContext,
    scopeFor,
    prepare: async (tasks, force, unasked, of = loaded()) => {
      const pipeline = of.pipeline ?? pipelineOrProblem();
      if ('code' in pipeline) return pipeline;
      const scope = scopeFor(pipeline, tasks, force, unasked);
      if ('code' in scope) return scope;
      const decision = await decisionContext(pipeline);
      if ('code' in decision) return decision;
      return { pipeline, scope, decision, revision: decision.memory.revision(), settled: settledFor(pipeline, scope, decision.memory) };
    },
    missedOf: (files) => {
      const { pipeline } = loaded();
      return pipeline === undefined ? [] : decisionsOf(pipeline).verifyOf(files);
    },
    async *missed(goesOn) {
      const { pipeline } = loaded();
      if (pipeline !== undefined) yield* decisionsOf(pipeline).verify(goesOn);
    },
    lookAtAll: async () => {
      const { pipeline } = loaded();
      if (pipeline === undefined) return;
      const looks = decisionsOf(pipeline).verify();
      while ((await looks.next()).done !== true);
    },
    trustEvents: (on) => {
      isTold = on;
      isTrusted = false;
    },
  };
}

function usesInterpreter(pipeline: Pipeline): boolean {
  let uses = interpreterUses.get(pipeline);
  if (uses === undefined) interpreterUses.set(pipeline, (uses = pipeline.tasks.some(needsInterpreter)));
  return uses;
}
const interpreterUses = new WeakMap<Pipeline, boolean>();

/** Made when a task lists a folder: most do not. */
function outputsOf(pipeline: Pipeline): ReturnType<typeof outputLookup> {
  let lookup = outputLookups.get(pipeline);
  if (lookup === undefined) outputLookups.set(pipeline, (lookup = outputLookup(pipeline.tasks)));
  return lookup;
}
const outputLookups = new WeakMap<Pipeline, ReturnType<typeof outputLookup>>();

function unknownTask(pipeline: Pipeline, name: string): string {
  const values = pipeline.tasks.filter((task) => task.id !== task.name && name.startsWith(`${task.name}[`)).map((task) => task.id);
  if (values.length > 0) return `there is no task ${name}: the tasks of this name are ${values.slice(0, 6).join(' ')}${values.length > 6 ? ' …' : ''}`;
  const near = nearName(name, [...new Set(pipeline.tasks.flatMap((task) => [task.name, task.id]))]);
  const names = [...new Set(pipeline.tasks.map((task) => task.name))];
  const suggestion = near === undefined ? `the tasks are ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}` : `did you mean ${near}?`;
  return `there is no task ${name}: ${suggestion}`;
}
