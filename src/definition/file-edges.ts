/**
 * Edges that files make: a task whose input is another task's output comes after it. And the mistakes: two tasks that
 * write the same file, and an input that nobody makes and that is not there.
 *
 * Everything is looked up by whole paths, by their folders, or by prefix in a sorted list, so that thousands of tasks
 * with thousands of files are not compared each with each.
 */
import type { TaskId } from '../model/pipeline.ts';
import type { Dependencies } from './dependencies.ts';
import { canOverlap, filePattern, type FilePattern } from './overlap.ts';
import { globMatcher, isGlob, literalPrefix } from './paths.ts';
import type { PathInFile, ReadTask } from './read-task.ts';
import { didYouMean, quoted } from './reporter.ts';
import type { Reporter, Span } from './reporter.ts';

interface Use extends PathInFile {
  readonly task: ReadTask;
}

/** The files of an input and of an output may be the same, as far as patterns tell. */
interface PossibleEdge {
  readonly maker: TaskId;
  readonly at: Span;
}

/** More of them say nothing about the order that is meant. */
const mostPossibleEdges = 100_000;

/** `exists` of a path relative to the pipeline's folder. */
export function addFileEdges(tasks: readonly ReadTask[], dependencies: Dependencies, reporter: Reporter, exists: (path: string) => boolean): void {
  const outputs = pathIndex(tasks.flatMap((task) => task.outputs.map((output) => ({ ...output, task }))));
  reportSharedOutputs(outputs, reporter);

  const possible = new Map<ReadTask, PossibleEdge[]>();
  for (const task of tasks) {
    const ofTask: PossibleEdge[] = [];
    for (const input of task.inputs) {
      const makers = outputs.touching(input.path);
      if (makers.length === 0 && !isGlob(input.path) && !exists(input.path)) reportMissingInput(task, input, outputs, dependencies, reporter);
      // A pattern of all files is one of sources: no folder is meant by it.
      const isOfAll = isGlob(input.path) && literalPrefix(input.path) === '';
      for (const { use: output, isSure } of makers) {
        if (!isSure) {
          // Nor do tasks of one matrix come after one another.
          if (output.task.declared !== task.declared && !(isOfAll && !isGlob(output.path))) ofTask.push({ maker: output.task.id, at: input.at });
        } else if (output.task !== task) dependencies.add(task, output.task.id, input.at);
        else reporter.report({ code: 'cycle', at: input.at, message: `task ${quoted(task.declared.name)} has its own output ${quoted(output.path)} as input`, suggestion: 'remove one of the two' });
      }
    }
    if (ofTask.length > 0) possible.set(task, ofTask);
  }
  if (possible.size > 0) addPossibleEdges(possible, tasks, dependencies);
}

/**
 * That files may be the same is no mistake: where such an edge would make a cycle, there is none, and of two tasks that may
 * each come after the other nothing is known.
 */
function addPossibleEdges(possible: ReadonlyMap<ReadTask, readonly PossibleEdge[]>, tasks: readonly ReadTask[], dependencies: Dependencies): void {
  const makersOf = new Map([...possible].map(([{ id }, edges]) => [id, new Set(edges.map(({ maker }) => maker))]));
  const dependents = new Map<TaskId, TaskId[]>(tasks.map(({ id }) => [id, []]));
  for (const { id } of tasks) for (const upstream of dependencies.of(id)) dependents.get(upstream)?.push(id);
  let room = mostPossibleEdges;
  for (const [task, edges] of possible) {
    const after = new Set([task.id]);
    for (const id of after) for (const dependent of dependents.get(id) ?? []) after.add(dependent);
    for (const { maker, at } of edges) {
      if (after.has(maker) || makersOf.get(maker)?.has(task.id) === true || room === 0) continue;
      room -= 1;
      dependencies.add(task, maker, at);
      dependents.get(maker)?.push(task.id);
    }
  }
}

/** A warning: a task before this one may make it and not say so, and nothing but this task needs it. */
function reportMissingInput(task: ReadTask, { path, at }: PathInFile, outputs: PathIndex, dependencies: Dependencies, reporter: Reporter): void {
  // One for all values of a matrix.
  if (reporter.hasReported(at)) return;
  const near = reporter.near(path, pathsOf(outputs.uses));
  const hasUpstream = dependencies.of(task.id).length > 0;
  reporter.report({
    code: 'missing-file',
    severity: 'warning',
    at,
    message: `input ${quoted(path)} does not exist, and no task has it as output`,
    ...(near === undefined ? { suggestion: hasUpstream ? 'list it as output of the task that makes it, or correct the path' : 'create it, or correct the path' } : didYouMean(near)),
  });
}

/** Not made before they are asked for: after a hundred questions there is no answer any more. */
function* pathsOf(uses: readonly Use[]): Generator<string> {
  for (const { path } of uses) yield path;
}

/** One output, or one inside of another, must have one maker: else which of the two is there depends on who came last. */
function reportSharedOutputs(outputs: PathIndex, reporter: Reporter): void {
  const order = new Map([...new Set(outputs.uses.map((use) => use.task))].map((task, index) => [task, index]));
  for (const use of outputs.uses) {
    const { task, at, path } = use;
    // Reported at the later of the two.
    const others = outputs.touching(path).filter(({ use: each }) => each.task !== task && (order.get(each.task) ?? 0) < (order.get(task) ?? 0));
    const isSame = ({ use: each, isSure }: Met): boolean => isSure || outputs.touching(each.path).some((back) => back.use === use && back.isSure);
    const met = others.find(isSame) ?? others[0];
    if (met === undefined) continue;
    const other = met.use;
    if (!isSame(met)) {
      reporter.report({ code: 'same-output', severity: 'warning', at, message: `${quoted(path)} can be the same files as the output ${quoted(other.path)} of task ${quoted(other.task.declared.name)}`, suggestion: 'give each task a folder of its own' });
      continue;
    }
    if (other.task.declared === task.declared) {
      const [axis] = task.declared.matrix.keys();
      reporter.report({ code: 'same-output', at, message: `all tasks of the matrix ${quoted(task.declared.name)} write ${quoted(path)}`, ...(axis === undefined ? {} : { suggestion: `put \${matrix.${axis}} into the path` }) });
    } else {
      const what = other.path === path ? quoted(path) : `${quoted(other.path)}, and this one ${quoted(path)}`;
      reporter.report({ code: 'same-output', at, message: `task ${quoted(other.task.declared.name)} already writes ${what}`, suggestion: 'give each task an output of its own' });
    }
  }
}

interface Met {
  readonly use: Use;
  /** The same, inside, around, or matched by the other as it is written. */
  readonly isSure: boolean;
}

interface PathIndex {
  readonly uses: readonly Use[];
  /** The outputs that share files with a path, or may do so. */
  touching(path: string): readonly Met[];
}

function pathIndex(uses: readonly Use[]): PathIndex {
  const byPath = new Map<string, Use[]>();
  for (const use of uses) {
    const same = byPath.get(use.path);
    if (same === undefined) byPath.set(use.path, [use]);
    else same.push(use);
  }
  const sorted = [...byPath.keys()].sort();
  /** Globs by the literal text that they begin with: found from a path by each of its beginnings. */
  const globs = new Map<string, { readonly glob: string; readonly matches: (path: string) => boolean }[]>();
  let longestPrefix = 0;
  for (const glob of sorted.filter(isGlob)) {
    const prefix = literalPrefix(glob);
    longestPrefix = Math.max(longestPrefix, prefix.length);
    const matcher = { glob, matches: globMatcher(glob) };
    const same = globs.get(prefix);
    if (same === undefined) globs.set(prefix, [matcher]);
    else same.push(matcher);
  }

  const startingWith = (prefix: string): readonly string[] => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] ?? '') < prefix) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (sorted[end]?.startsWith(prefix)) end++;
    return end === low ? [] : sorted.slice(low, end);
  };

  const patterns = new Map<string, FilePattern>();
  const patternOf = (path: string): FilePattern => {
    let pattern = patterns.get(path);
    if (pattern === undefined) patterns.set(path, (pattern = filePattern(path)));
    return pattern;
  };

  const find = (path: string): readonly Met[] => {
    const found = new Map<string, boolean>();
    const consider = (candidate: string, isSure: boolean): void => {
      if (isSure) found.set(candidate, true);
      else if (!found.has(candidate) && canOverlap(patternOf(path), patternOf(candidate))) found.set(candidate, false);
    };
    if (byPath.has(path)) consider(path, true);
    const isPattern = isGlob(path);
    const begin = isPattern ? literalPrefix(path) : path;
    const matches = isPattern ? globMatcher(path) : undefined;
    for (const candidate of startingWith(isPattern ? begin : path === '.' ? '' : `${path}/`)) consider(candidate, matches?.(candidate) ?? true);
    for (let length = Math.min(begin.length, longestPrefix); length >= 0 && globs.size > 0; length--) {
      for (const { glob, matches: isMatched } of globs.get(begin.slice(0, length)) ?? []) consider(glob, !isPattern && isMatched(path));
    }
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (byPath.has(folder)) consider(folder, true);
    }
    return [...found].flatMap(([each, isSure]) => (byPath.get(each) ?? []).map((use) => ({ use, isSure })));
  };

  const known = new Map<string, readonly Met[]>();
  return {
    uses,
    touching(path) {
      let result = known.get(path);
      if (result === undefined) known.set(path, (result = find(path)));
      return result;
    },
  };
}
