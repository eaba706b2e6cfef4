/** What is known from earlier runs: the last result of each task, the digests of files, and which tasks are up to date. */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Pipeline, TaskId } from '../model/pipeline.ts';
import { createFileDigests, type CachedDigests, type FileDigests } from '../fingerprint/file-digests.ts';
import { createDecisionMemory, type DecisionMemory } from '../execution/decision-memory.ts';
import type { SavedDecisions } from '../execution/saved-decisions.ts';
import { hasResults, openResults, readResults, type KnownResults, type Results } from '../fingerprint/results.ts';

export interface TaskMemory {
  readonly results: (pipeline: Pipeline) => Promise<Results>;
  readonly digests: () => FileDigests;
  /** Of a pipeline as its file says it now; `key`, asked at once, changes whenever what is understood of the file does. */
  readonly decisions: (pipeline: Pipeline, key: () => string) => DecisionMemory;
  /** These files (absolute) may have changed: told whatever state of the pipeline file a decision is about. */
  readonly touch: (files: readonly string[]) => void;
  /** For the next process. */
  readonly save: () => void;
  /** Installed modules that tasks imported when they ran last. */
  readonly imports: () => ImportMemory;
  /** Sources of tasks that a module which was loaded ahead did not fit. */
  readonly misfits: () => MisfitMemory;
  /** Another process may have written results: they are read again when they are asked for next. */
  readonly forgetResults: () => void;
}

export interface ImportMemory {
  readonly of: (task: TaskId) => readonly string[];
  readonly set: (task: TaskId, modules: readonly string[]) => void;
  readonly save: () => void;
}

export interface MisfitMemory {
  readonly of: (source: string) => string | undefined;
  readonly set: (source: string, reason: string) => void;
  readonly save: () => void;
}

/** Milliseconds after which a source is tried again: it may have been changed so that all fits. */
const longestMisfit = 24 * 3600 * 1000;

export function resultsFileOf(store: string, pipelineFile: string): string {
  return path.join(store, 'cache', `results-${path.basename(pipelineFile)}.jsonl`);
}

/** `store` is `.runweave`; `file` the pipeline file, of which there may be several in its folder. */
export function createTaskMemory(store: string, file: string): TaskMemory {
  const resultsFile = resultsFileOf(store, file);
  const digestsFile = path.join(store, 'cache', 'digests.json');
  const decisionsFile = path.join(store, 'cache', `decisions-${path.basename(file)}.json`);
  let results: Promise<Results> | undefined;
  let digests: FileDigests | undefined;
  let decisions: { readonly pipeline: Pipeline; readonly key: string; readonly memory: DecisionMemory } | undefined;

  /** Also those that a run has still which began with another state of the pipeline file. */
  const memories = new Set<WeakRef<DecisionMemory>>();
  const forEachMemory = (tell: (memory: DecisionMemory) => void): void => {
    for (const each of memories) {
      const memory = each.deref();
      if (memory === undefined) memories.delete(each);
      else tell(memory);
    }
  };
  const onChange = (task: TaskId): void => forEachMemory((memory) => memory.resultChanged(task));
  /** Decisions are made from results, too: those that were saved hold for the very file that they were saved with. */
  const keyOf = (key: string): string => {
    const stats = statSync(resultsFile, { throwIfNoEntry: false });
    return `${key} ${stats === undefined ? '' : `${stats.size} ${stats.mtimeMs} ${stats.ino}`}`;
  };
  let imports: ImportMemory | undefined;
  let misfits: MisfitMemory | undefined;

  /** Somebody has deleted the results since: nothing that was made from them holds. */
  const lost = (pipeline: Pipeline): KnownResults => {
    for (const { id } of pipeline.tasks) onChange(id);
    return new Map();
  };

  const open = async (pipeline: Pipeline): Promise<Results> => {
    // Where nothing has to be done, nobody asks for them.
    if (hasResults(resultsFile)) return openResults(resultsFile, () => readResults(resultsFile) ?? lost(pipeline), onChange);
    if (!existsSync(path.join(store, 'runs'))) return openResults(resultsFile, new Map(), onChange);
    // The cache was deleted, or is of another version: the records say the same.
    const { latestResults } = await import('../store/latest-results.ts');
    return openResults(resultsFile, new Map(await latestResults(store, pipeline, new Set(pipeline.tasks.map((task) => task.id)))), onChange);
  };
  return {
    results: (pipeline) => (results ??= open(pipeline)),
    digests: () => (digests ??= createFileDigests(() => (readJson(digestsFile) ?? {}) as CachedDigests)),
    decisions: (pipeline, key) => {
      if (decisions?.pipeline !== pipeline) {
        const saved = decisions === undefined ? (readJson(decisionsFile) as { readonly key: string; readonly decisions: SavedDecisions } | undefined) : undefined;
        const keyNow = key();
        decisions = { pipeline, key: keyNow, memory: createDecisionMemory(pipeline, saved?.key === keyOf(keyNow) ? saved.decisions : undefined) };
        memories.add(new WeakRef(decisions.memory));
      }
      return decisions.memory;
    },
    touch: (files) => forEachMemory((memory) => memory.touch(files)),
    save: () => {
      if (digests?.isNew() === true) writeJson(digestsFile, digests.export());
      // Without a file of results, decisions are about what the records say: no stamp tells when that changes.
      if (decisions?.memory.isNew() === true && existsSync(resultsFile)) writeJson(decisionsFile, { key: keyOf(decisions.key), decisions: decisions.memory.export() });
    },
    imports: () => (imports ??= openImports(path.join(store, 'cache', `imports-${path.basename(file)}.json`))),
    misfits: () => (misfits ??= openMisfits(path.join(store, 'cache', `misfits-${path.basename(file)}.json`))),
    forgetResults: () => {
      void results?.then((open) => open.close());
      results = undefined;
      decisions = undefined;
    },
  };
}

function openImports(file: string): ImportMemory {
  const known = new Map(Object.entries((readJson(file) ?? {}) as Readonly<Record<TaskId, readonly string[]>>)) as Map<TaskId, readonly string[]>;
  let isSaved = true;
  return {
    of: (task) => known.get(task) ?? [],
    set: (task, modules) => {
      if (JSON.stringify(known.get(task)) === JSON.stringify(modules)) return;
      known.set(task, modules);
      isSaved = false;
    },
    save: () => {
      if (!isSaved) writeJson(file, Object.fromEntries(known));
      isSaved = true;
    },
  };
}

function openMisfits(file: string): MisfitMemory {
  type Known = readonly [reason: string, since: number];
  let known: Map<string, unknown> | undefined;
  let isSaved = true;
  /** Nobody asks before a task starts. */
  const read = (): Map<string, unknown> => (known ??= new Map(Object.entries((readJson(file) ?? {}) as Readonly<Record<string, unknown>>)));
  const holds = (misfit: unknown): misfit is Known => Array.isArray(misfit) && typeof misfit[0] === 'string' && Date.now() - Number(misfit[1]) < longestMisfit;
  return {
    of: (source) => {
      const known = read().get(source);
      return holds(known) ? known[0] : undefined;
    },
    set: (source, reason) => {
      read().set(source, [reason, Date.now()]);
      isSaved = false;
    },
    save: () => {
      if (!isSaved) writeJson(file, Object.fromEntries([...read()].filter(([, known]) => holds(known))));
      isSaved = true;
    },
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Only caches: without them files are read and tasks decided again. */
function writeJson(file: string, value: unknown): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(value));
    renameSync(temporary, file);
  } catch {
    // The disk refuses, which is told where it matters.
  }
}
