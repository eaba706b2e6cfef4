/** The edges of the graph while it is being made: each with the place in the file that it comes from. */
import type { TaskId } from '../model/pipeline.ts';
import { didYouMean, quoted } from './reporter.ts';
import type { Mistake, Reporter, Span } from './reporter.ts';
import { pairing, reportMismatch } from './matrix.ts';
import type { DeclaredTask, Instance } from './matrix.ts';
import type { Reference } from './references.ts';
import type { SequenceNode } from './yaml-tree.ts';

/** Two matrices without a common key wait for each other's every task; this bounds the product. */
const mostDependencies = 500_000;

export interface Dependencies {
  add(task: Instance, upstream: TaskId, at: Span): void;
  readonly of: (task: TaskId) => readonly TaskId[];
  /** Where the file says that `task` depends on `upstream`. */
  origin(task: TaskId, upstream: TaskId): Span | undefined;
}

export function createDependencies(declared: ReadonlyMap<string, DeclaredTask>, reporter: Reporter): Dependencies {
  const byTask = new Map<TaskId, Set<TaskId>>();
  const nameOf = new Map<TaskId, string>();
  for (const task of declared.values()) for (const { id } of task.instances) nameOf.set(id, task.name);
  /** By declared names: a matrix has one place for all its edges. */
  const origins = new Map<string, Span>();
  const originKey = (task: TaskId, upstream: TaskId): string => `${nameOf.get(task) ?? ''}\0${nameOf.get(upstream) ?? ''}`;
  let count = 0;
  return {
    add({ id }, upstream, at) {
      if (count > mostDependencies) return;
      let set = byTask.get(id);
      if (set === undefined) byTask.set(id, (set = new Set()));
      if (set.has(upstream)) return;
      if (++count > mostDependencies) {
        reporter.report({ code: 'too-large', at, message: `the pipeline has more than ${mostDependencies.toLocaleString('en')} dependencies`, suggestion: 'give both matrices a common key, or put a task between them' });
        return;
      }
      set.add(upstream);
      const key = originKey(id, upstream);
      if (!origins.has(key)) origins.set(key, at);
    },
    of: (task) => [...(byTask.get(task) ?? [])],
    origin: (task, upstream) => origins.get(originKey(task, upstream)),
  };
}

/** The edges that `needs` declares. */
export function addNeeds(task: DeclaredTask, needs: SequenceNode, declared: ReadonlyMap<string, DeclaredTask>, byId: ReadonlyMap<string, DeclaredTask>, dependencies: Dependencies, reporter: Reporter): void {
  for (const need of needs.items) {
    const name = need.type === 'scalar' ? String(need.value) : '';
    const whole = declared.get(name);
    const upstream = whole ?? byId.get(name);
    if (upstream === undefined) {
      reporter.report({ code: 'unknown-task', at: need, message: `unknown task ${quoted(name)}`, ...nearTask(name, declared, reporter) });
    } else if (upstream === task) {
      reporter.report({ code: 'cycle', at: need, message: `task ${quoted(task.name)} needs itself`, suggestion: 'remove it from needs' });
    } else if (whole === undefined) {
      for (const instance of task.instances) dependencies.add(instance, name as TaskId, need);
    } else {
      reportMismatch(upstream, task, need, reporter);
      const paired = pairing(upstream, task);
      for (const instance of task.instances) for (const id of paired(instance.matrix)) dependencies.add(instance, id, need);
    }
  }
}

function nearTask(name: string, declared: ReadonlyMap<string, DeclaredTask>, reporter: Reporter): Pick<Mistake, 'suggestion' | 'replacement'> {
  const bracket = name.indexOf('[');
  const family = bracket === -1 ? undefined : declared.get(name.slice(0, bracket));
  const near = reporter.near(name, family === undefined ? declared.keys() : family.instances.map((instance) => instance.id));
  if (near !== undefined) return didYouMean(near);
  const first = family?.instances[0]?.id;
  return first === undefined ? {} : { suggestion: `there is for example ${quoted(first)}` };
}

export interface ReturnsLookup {
  readonly declared: ReadonlyMap<string, DeclaredTask>;
  readonly byId: ReadonlyMap<string, DeclaredTask>;
  readonly dependencies: Dependencies;
  readonly reporter: Reporter;
}

/** Makes `${tasks.ID.returns.NAME}` name one task for sure, and that task a dependency. Its value is known only in a run. */
export function lookUpReturns({ declared, byId, dependencies, reporter }: ReturnsLookup): (reference: Reference, task: DeclaredTask, instance: Instance) => string | undefined {
  const pairings = new Map<DeclaredTask, Map<DeclaredTask, ReturnType<typeof pairing>>>();
  const paired = (upstream: DeclaredTask, task: DeclaredTask, instance: Instance): readonly TaskId[] => {
    let ofTask = pairings.get(task);
    if (ofTask === undefined) pairings.set(task, (ofTask = new Map<DeclaredTask, ReturnType<typeof pairing>>()));
    let pair = ofTask.get(upstream);
    if (pair === undefined) ofTask.set(upstream, (pair = pairing(upstream, task)));
    return pair(instance.matrix);
  };

  return ({ name, body, at }, task, instance) => {
    const match = /^(.+?)\.returns\.([A-Za-z_][\w-]*)$/.exec(name);
    if (match === null) {
      const id = name.split('.')[0] ?? '';
      reporter.report({ code: 'unknown-reference', at, message: `${quoted(`\${${body}}`)} is not \${tasks.ID.returns.NAME}`, ...(declared.has(id) ? { suggestion: `write \${tasks.${id}.returns.NAME}` } : {}) });
      return undefined;
    }
    const [, id = '', returned = ''] = match;
    const upstream = declared.get(id) ?? byId.get(id);
    const text = (upstreamId: string): string => `\${tasks.${upstreamId}.returns.${returned}}`;
    if (upstream === undefined) {
      if (reporter.hasReported(at)) return undefined;
      const near = reporter.near(id, declared.keys());
      reporter.report({ code: 'unknown-task', at, message: `unknown task ${quoted(id)}`, ...(near === undefined ? {} : { suggestion: `did you mean ${quoted(near)}?`, replacement: text(near) }) });
      return undefined;
    }
    if (upstream === task) {
      reporter.report({ code: 'cycle', at, message: `task ${quoted(task.name)} refers to what it returns itself` });
      return undefined;
    }
    const candidates = declared.has(id) ? paired(upstream, task, instance) : [id as TaskId];
    const [only] = candidates;
    if (only === undefined || candidates.length > 1) {
      if (!upstream.matrixIsBroken && !task.matrixIsBroken) {
        const message = only === undefined ? `no task of ${quoted(id)} has the matrix values of ${quoted(instance.id)}` : `${quoted(id)} stands for ${candidates.length} tasks here: which one's ${quoted(returned)} is meant?`;
        reporter.report({ code: 'matrix-mismatch', at, message, suggestion: `name one of them: ${text(only ?? upstream.instances[0]?.id ?? id)}` });
      }
      return undefined;
    }
    dependencies.add(instance, only, at);
    return text(only);
  };
}
