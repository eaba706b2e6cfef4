/** What a task depends on now, each component said why it counts. */
import path from 'node:path';
import { closeSync, openSync, readSync } from 'node:fs';
import { globMatcher, isGlob, leadsOutside } from '../definition/paths.ts';
import { canonicalJson, type JsonObject } from '../model/json.ts';
import { absent, type Digest, type Fingerprint, type PackageVersions } from '../model/fingerprint.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { namedScripts } from './command-scripts.ts';
import { filesWithMistakes, slicesOf, type Compiler } from './called-sources.ts';
import { digestOf, type FileDigests } from './file-digests.ts';
import { filesFound, packagesFound, packageVersion } from './import-lookups.ts';
import { listingsNow, type IsOutput } from './listings.ts';
import { sourceKind, viewOf, type Meaning, type View } from './meaning.ts';
import { statOf } from './stat-of.ts';

export interface FingerprintInputs {
  readonly task: Task;
  /** Absolute path of the pipeline's folder. */
  readonly folder: string;
  /** The task's params and matrix values, all references resolved. */
  readonly params: JsonObject;
  /** Absent for shell tasks. */
  readonly interpreter: string | undefined;
  readonly upstream: (task: TaskId) => TaskResult | undefined;
  /** The task's last success: what it was seen to use then counts now. */
  readonly last: Fingerprint | undefined;
  /** Absent: the modules of a `call` task are compared as a whole. */
  readonly compiler?: Compiler | undefined;
  /** As the task's listings have it; absent: there are none. */
  readonly isOutput?: IsOutput | undefined;
}

export async function fingerprintTask(inputs: FingerprintInputs, digests: FileDigests): Promise<Fingerprint> {
  const { task, folder } = inputs;
  const { parts: definitionParts, digest: definition } = definitionOf(task);
  const digest = async (relative: string): Promise<Digest> => (await digests.ofPath(folder, relative))?.digest ?? absent;

  // Imports and reads of the last success are dependencies like declared ones, as a compiler's depfile has it.
  // (A shell command's are only those that it names.)
  const used = task.source.kind === 'shell' ? [] : [...Object.keys(inputs.last?.sources ?? {}), ...filesFound(folder, inputs.last?.lookups ?? {}, digests)];
  const { sources } = await digestSources(task, folder, [...sourceFiles(task, folder), ...used], digests, { compiler: inputs.compiler, expected: inputs.last?.sources ?? {} });
  // Without prototypes: a file or a task may be called `__proto__`.
  const files = Object.create(null) as Record<string, Digest>;
  for (const input of task.inputs) files[input] = await digest(input);
  for (const file of Object.keys(inputs.last?.inputs ?? {})) {
    // A declared input that is no longer declared must not linger; observed files are marked as such.
    if (isObserved(file)) files[file] ??= await digest(observedPath(file));
  }

  const upstream = Object.create(null) as Record<string, Digest>;
  for (const id of task.dependencies) {
    const result = inputs.upstream(id);
    upstream[id] = result === undefined ? absent : resultDigest(result);
  }
  return {
    definition,
    definitionParts,
    params: inputs.params,
    sources,
    inputs: { ...files },
    upstream: { ...upstream },
    env: task.env,
    interpreter: inputs.interpreter ?? '',
    ...(inputs.last?.packages !== undefined && { packages: merged(versionsNow(inputs.last.packages, digests), packagesFound(folder, inputs.last.lookups ?? {}, digests)) }),
    ...(inputs.last?.lookups !== undefined && { lookups: inputs.last.lookups }),
    ...(inputs.last?.moving !== undefined && { moving: inputs.last.moving }),
    ...(inputs.last?.own !== undefined && { own: inputs.last.own }),
    ...(inputs.last?.listings !== undefined && { listings: listingsNow(folder, inputs.last.listings, inputs.isOutput, digests) }),
  };
}

export type Packages = NonNullable<Fingerprint['packages']>;

export function merged(a: Packages, b: Packages): Packages {
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((site) => [site, { ...a[site], ...b[site] }]));
}

function versionsNow(packages: Packages, digests: FileDigests): Packages {
  const now: Record<string, PackageVersions> = {};
  for (const [site, versions] of Object.entries(packages)) {
    const found: Record<string, string> = {};
    for (const name of Object.keys(versions)) {
      const version = packageVersion(site, name, digests);
      if (version !== undefined) found[name] = version;
    }
    now[site] = found;
  }
  return now;
}

interface SourceOptions {
  readonly compiler: Compiler | undefined;
  /**
   * Where only a part of a module counts, and has this digest, the module is looked at for mistakes in the rest; in
   * others the task finds them itself. `all`: in any case.
   */
  readonly expected: Readonly<Record<string, Digest>> | 'all';
}

interface DigestedSources {
  readonly view: View;
  /** Of some modules only a part counts. */
  readonly isSliced: boolean;
  readonly sources: Record<string, Digest>;
}

/** Digests of a task's sources: of their meaning where the task compares it and nothing in them could tell the difference, of a function's modules over what it can use. */
export async function digestSources(task: Task, folder: string, files: readonly string[], digests: FileDigests, { compiler, expected }: SourceOptions): Promise<DigestedSources> {
  // Without prototypes: a script may be called `constructor`.
  const meanings = Object.create(null) as Record<string, Meaning | undefined>;
  const called = task.source.kind === 'call' && compiler !== undefined ? task.source : undefined;
  const isComparedByMeaning = task.compare === 'meaning' && task.source.kind !== 'shell';
  // They do not run in the task's process, so they can't see its sources; each counts with every byte.
  const scripts = new Set(isComparedByMeaning ? scriptFiles(task, folder) : []);
  scripts.delete(files[0] ?? '');
  if (isComparedByMeaning) {
    for (const file of files) {
      if (scripts.has(file) && sourceKind(file, 'python') === undefined) continue;
      const kind = sourceKind(file, task.source.kind === 'notebook' && file === task.source.notebook ? 'notebook' : called === undefined ? 'python' : 'module');
      const absolute = path.resolve(folder, file);
      // One that is not there says nothing; it counts as absent.
      if (statOf(absolute) !== undefined) meanings[file] = kind && digests.meaningOf(absolute, kind);
    }
  }
  const view = isComparedByMeaning ? viewOf(meanings, task.source.kind === 'call') : 'bytes';
  const slices = called !== undefined && view === 'code' ? slicesOf(called, meanings, digests) : {};
  const doubtful = Object.entries(slices).flatMap(([file, slice]) => (slice.isPart && (expected === 'all' || expected[file] === slice.digest) ? [file] : []));
  const mistaken = compiler === undefined ? new Set() : await filesWithMistakes(doubtful, folder, compiler, digests);
  const sources = Object.create(null) as Record<string, Digest>;
  for (const file of files) {
    const meaning = view === 'bytes' || scripts.has(file) ? undefined : meanings[file];
    const slice = mistaken.has(file) || scripts.has(file) ? undefined : slices[file];
    sources[file] ??= slice?.digest ?? (meaning === undefined ? ((await digests.ofPath(folder, file))?.digest ?? absent) : view === 'code' ? meaning.code : meaning.docstrings);
  }
  return { view, isSliced: Object.values(slices).some((slice) => slice.isPart), sources: { ...sources } };
}

/** Key of a file that the task was seen to read without declaring it. */
export function observedKey(relative: string): string {
  return `${relative} (read)`;
}
export function isObserved(key: string): boolean {
  return key.endsWith(' (read)');
}
export function observedPath(key: string): string {
  return key.slice(0, -' (read)'.length);
}

/** Every file, folder and glob that a fingerprint was made from, relative to the pipeline's folder. */
export function filesUsed({ sources, inputs }: Fingerprint): readonly string[] {
  return [...Object.keys(sources), ...Object.keys(inputs).map((key) => (isObserved(key) ? observedPath(key) : key))];
}

/**
 * Digest of what a result gives to those that depend on it: its outputs and returns. A task that has neither gives
 * something we can't see, so each of its executions counts as different.
 */
export function resultDigest(result: TaskResult): Digest {
  let digest = resultDigests.get(result);
  if (digest === undefined) resultDigests.set(result, (digest = newResultDigest(result)));
  return digest;
}

/** A result is asked for by every task that depends on it, in every decision. */
const resultDigests = new WeakMap<TaskResult, Digest>();

function newResultDigest(result: TaskResult): Digest {
  if (result.outputs.length === 0 && Object.keys(result.returns).length === 0) return digestOf(`${result.traceId}/${result.spanId}`);
  const outputs = Object.fromEntries(result.outputs.map((output) => [output.path, output.digest]));
  const pickles = Object.entries(result.pickles ?? {}).map(([name, pickle]) => [name, pickle.digest] as const);
  return digestOf(canonicalJson({ outputs, returns: result.returns, ...(pickles.length > 0 && { pickles: Object.fromEntries(pickles) }) }));
}

const definitions = new WeakMap<Task, { readonly parts: JsonObject; readonly digest: Digest }>();

function definitionOf(task: Task): { readonly parts: JsonObject; readonly digest: Digest } {
  let definition = definitions.get(task);
  if (definition === undefined) {
    const parts = partsOf(task);
    definitions.set(task, (definition = { parts, digest: digestOf(canonicalJson(parts)) }));
  }
  return definition;
}

/** What the task does, without what only says when or how often: retries, timeout, slots, watch, tags, owner. */
function partsOf(task: Task): JsonObject {
  const source: JsonObject =
    task.source.kind === 'python'
      ? { python: task.source.script }
      : task.source.kind === 'notebook'
        ? { notebook: task.source.notebook }
        : task.source.kind === 'call'
          ? { call: `${task.source.module}:${task.source.function}` }
          : { shell: task.source.command };
  const checks = task.checks.map((check) => (check.type === 'condition' ? check.text : { [check.type]: check.command }));
  return { ...source, cwd: task.cwd, outputs: task.outputs, ...(checks.length > 0 && { checks }) };
}

/** Files that a task's shell commands, also those of its checks, name as scripts: absolute, and within the pipeline's folder. */
export function shellScripts(task: Task, folder: string): readonly string[] {
  return scriptsOf(task, folder).map(({ file }) => file);
}

interface Script {
  readonly file: string;
  readonly mayBeCompiled: boolean;
}

function scriptsOf(task: Task, folder: string): readonly Script[] {
  const known = scripts.get(task);
  if (known?.folder === folder) return known.found;
  const found = findScripts(task, folder);
  scripts.set(task, { folder, found });
  return found;
}
/** Asked for in every decision. */
const scripts = new WeakMap<Task, { readonly folder: string; readonly found: readonly Script[] }>();

function findScripts(task: Task, folder: string): readonly Script[] {
  const commands = [...(task.source.kind === 'shell' ? [task.source.command] : []), ...task.checks.flatMap((check) => (check.type === 'condition' ? [] : [check.command]))];
  const found = new Map<string, Script>();
  for (const named of commands.flatMap((command) => namedScripts(command, { pythonPath: task.env['PYTHONPATH'] }))) {
    const file = path.resolve(folder, task.cwd, named.path);
    const relative = path.relative(folder, file).replaceAll(path.sep, '/');
    if (relative === '' || leadsOutside(relative) || isOutputOf(task, relative)) continue;
    found.set(file, { file, mayBeCompiled: named.mayBeCompiled && found.get(file)?.mayBeCompiled !== false });
  }
  return [...found.values()];
}

function isOutputOf(task: Task, relative: string): boolean {
  return task.outputs.some((output) => relative === output || relative.startsWith(`${output}/`) || (isGlob(output) && globMatcher(output)(relative)));
}

/** The file that the definition names as source, relative to the pipeline's folder with `/`; of shell commands the scripts that they name. */
export function sourceFiles(task: Task, folder: string): readonly string[] {
  return [...new Set([...ownSource(task, folder), ...scriptFiles(task, folder)])];
}

/** Files (absolute) of which it counts whether they are there, whatever else is known of the task. */
export function filesAskedFor(task: Task, folder: string): readonly string[] {
  return [...shellScripts(task, folder), ...(task.source.kind === 'call' ? [packageFile(task.source, folder)] : [])];
}

/** Of a module that is a package. */
function packageFile({ module }: Extract<Task['source'], { readonly kind: 'call' }>, folder: string): string {
  return path.join(folder, module.replaceAll('.', '/'), '__init__.py');
}

/** What the task's shell commands name and is there, as `sourceFiles`. */
export function scriptFiles(task: Task, folder: string): readonly string[] {
  const counts = ({ file, mayBeCompiled }: Script): boolean => statOf(file)?.isFile() === true && (!mayBeCompiled || isText(file));
  return scriptsOf(task, folder).filter(counts).map(({ file }) => path.relative(folder, file).replaceAll(path.sep, '/'));
}

/** Text: what was compiled has zeros in its first bytes, on every system. */
function isText(file: string): boolean {
  const start = Buffer.alloc(64, ' ');
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, start);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
  return !start.includes(0);
}

function ownSource(task: Task, folder: string): readonly string[] {
  switch (task.source.kind) {
    case 'python':
      return [task.source.script];
    case 'notebook':
      return [task.source.notebook];
    case 'call': {
      const base = task.source.module.replaceAll('.', '/');
      const isPackage = statOf(packageFile(task.source, folder)) !== undefined;
      return [isPackage ? `${base}/__init__.py` : `${base}.py`];
    }
    case 'shell':
      return [];
    default:
      return task.source satisfies never;
  }
}
