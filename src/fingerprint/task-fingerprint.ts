/** What a task depends on now, each component said why it counts. */
import path from 'node:path';
import { statSync } from 'node:fs';
import { canonicalJson, type JsonObject } from '../model/json.ts';
import type { Digest, Fingerprint } from '../model/fingerprint.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import { digestOf, type FileDigests, type PathDigest } from './file-digests.ts';

/** Digest of a file that counts but is not there: going from absent to present is a change too. */
export const absent = digestOf('absent');
/** Digest of a file that changed while the task used it: what was used is not known, so nothing equals it. */
const unsettled = digestOf('changed while the task ran');
/** Milliseconds by which a file's mtime may lag behind the clock: Linux stamps files with the time of its last tick. */
const coarseClock = 10;

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
}

export async function fingerprintTask(inputs: FingerprintInputs, digests: FileDigests): Promise<Fingerprint> {
  const { task, folder } = inputs;
  const definitionParts = definitionOf(task);
  const digest = async (relative: string): Promise<Digest> => (await digests.ofPath(folder, relative))?.digest ?? absent;

  const sources: Record<string, Digest> = {};
  for (const file of sourceFiles(task, folder)) sources[file] = await digest(file);
  const files: Record<string, Digest> = {};
  for (const input of task.inputs) files[input] = await digest(input);
  // Imports and reads of the last success are dependencies like declared ones, as a compiler's depfile has it.
  // (A shell command's are only those that it names.)
  if (task.source.kind !== 'shell') for (const file of Object.keys(inputs.last?.sources ?? {})) sources[file] ??= await digest(file);
  for (const file of Object.keys(inputs.last?.inputs ?? {})) {
    // A declared input that is no longer declared must not linger; observed files are marked as such.
    if (isObserved(file)) files[file] ??= await digest(observedPath(file));
  }

  const upstream: Record<string, Digest> = {};
  for (const id of task.dependencies) {
    const result = inputs.upstream(id);
    upstream[id] = result === undefined ? absent : resultDigest(result);
  }
  return {
    definition: digestOf(canonicalJson(definitionParts)),
    definitionParts,
    params: inputs.params,
    sources,
    inputs: files,
    upstream,
    env: task.env,
    interpreter: inputs.interpreter ?? '',
  };
}

/** Key of a file that the task was seen to read without declaring it. */
export function observedKey(relative: string): string {
  return `${relative} (read)`;
}
function isObserved(key: string): boolean {
  return key.endsWith(' (read)');
}
function observedPath(key: string): string {
  return key.slice(0, -' (read)'.length);
}

export interface ObservationContext {
  readonly folder: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly last: Fingerprint | undefined;
  /** Counts already: a declared input, or an output of a task that this one depends on. */
  readonly isCovered: (relative: string) => boolean;
  /** An output of any task of the pipeline: nobody else writes it while the run goes on. */
  readonly isMade: (relative: string) => boolean;
}

/**
 * The fingerprint that a success stands for: the one it started with, and what the task was seen to use. A file that
 * changed after the task started may have been read before or after the change: it counts as changed next time.
 */
export async function withObserved(
  fingerprint: Fingerprint,
  observed: { readonly modules: readonly string[]; readonly read: readonly string[] },
  options: ObservationContext,
  digests: FileDigests,
): Promise<Fingerprint> {
  // Nothing was reported: a shell command, or a task that was killed. What was known of it stays known, so that a
  // change of what it hangs in is seen.
  if (observed.modules.length === 0 && observed.read.length === 0) return fingerprint;
  const settled = async (relative: string, before: Digest | undefined): Promise<Digest> => {
    const absolute = path.resolve(options.folder, relative);
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats === undefined) return absent;
    // A file that is new at every execution is made by the task itself, or by a process that it starts.
    // The ctime too: a file that was moved here meanwhile keeps an older mtime.
    const isNew = Math.max(stats.mtimeMs, stats.ctimeMs) > options.startedAt - coarseClock;
    if (isNew && before !== unsettled && !options.isMade(relative)) return unsettled;
    const found: PathDigest | undefined = await digests.ofFile(absolute);
    return found?.digest ?? absent;
  };
  const own = new Set(Object.keys(fingerprint.sources));
  const sources: Record<string, Digest> = {};
  for (const file of ownSources(fingerprint, observed.modules)) sources[file] = fingerprint.sources[file] ?? absent;
  for (const file of observed.modules) if (!own.has(file)) sources[file] = await settled(file, options.last?.sources[file]);
  const inputs: Record<string, Digest> = Object.fromEntries(Object.entries(fingerprint.inputs).filter(([key]) => !isObserved(key)));
  for (const file of observed.read) {
    if (options.isCovered(file) || sources[file] !== undefined) continue;
    const key = observedKey(file);
    inputs[key] = fingerprint.inputs[key] ?? (await settled(file, options.last?.inputs[key]));
  }
  return { ...fingerprint, sources, inputs };
}

/** Sources of the last success that this one did not import any more are dropped; what the definition names stays first. */
function ownSources(fingerprint: Fingerprint, modules: readonly string[]): readonly string[] {
  const seen = new Set(modules);
  const [first, ...rest] = Object.keys(fingerprint.sources);
  return first === undefined ? [] : [first, ...rest.filter((file) => seen.has(file))];
}

/**
 * Digest of what a result gives to those that depend on it: its outputs and returns. A task that has neither gives
 * something we can't see, so each of its executions counts as different.
 */
export function resultDigest(result: TaskResult): Digest {
  if (result.outputs.length === 0 && Object.keys(result.returns).length === 0) return digestOf(`${result.traceId}/${result.spanId}`);
  const outputs = Object.fromEntries(result.outputs.map((output) => [output.path, output.digest]));
  return digestOf(canonicalJson({ outputs, returns: result.returns }));
}

/** What the task does, without what only says when or how often: retries, timeout, slots, watch, tags, owner. */
function definitionOf(task: Task): JsonObject {
  const source: JsonObject =
    task.source.kind === 'python'
      ? { python: task.source.script }
      : task.source.kind === 'notebook'
        ? { notebook: task.source.notebook }
        : task.source.kind === 'call'
          ? { call: `${task.source.module}:${task.source.function}` }
          : { shell: task.source.command };
  return { ...source, cwd: task.cwd, outputs: task.outputs };
}

const interpreters = new Set(['sh', 'bash', 'zsh', 'dash', 'python', 'python3', 'node', 'Rscript', 'julia', 'perl', 'ruby', 'pwsh', 'source', '.']);
const scriptName = /\.(py|ipynb|sh|bash|zsh|R|jl|m?js|ts|pl|rb|sql|ps1|bat|cmd)$/i;

/** The file that the definition names as source, relative to the pipeline's folder with `/`; of a shell command the scripts that it names. */
export function sourceFiles(task: Task, folder: string): readonly string[] {
  switch (task.source.kind) {
    case 'python':
      return [task.source.script];
    case 'notebook':
      return [task.source.notebook];
    case 'call': {
      const base = task.source.module.replaceAll('.', '/');
      const isPackage = statSync(path.join(folder, base, '__init__.py'), { throwIfNoEntry: false }) !== undefined;
      return [isPackage ? `${base}/__init__.py` : `${base}.py`];
    }
    case 'shell': {
      const words = task.source.command.split(/[\s;&|()"'`]+/).filter((word) => word !== '');
      const started = interpreters.has(words[0] ?? '') ? words.slice(1).find((word) => !word.startsWith('-')) : words[0];
      const scripts = [...(started === undefined ? [] : [started]), ...words.filter((word) => scriptName.test(word))];
      const files = scripts.flatMap((script) => {
        const absolute = path.resolve(folder, task.cwd, script);
        const relative = path.relative(folder, absolute).replaceAll(path.sep, '/');
        const isOwn = !relative.startsWith('..') && !path.isAbsolute(relative) && !task.outputs.includes(relative);
        return isOwn && statSync(absolute, { throwIfNoEntry: false })?.isFile() === true ? [relative] : [];
      });
      return [...new Set(files)];
    }
    default:
      return task.source satisfies never;
  }
}
